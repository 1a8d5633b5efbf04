use super::*;
use crate::pacing::Pacing;
use proptest::prelude::*;

const FRAME: i64 = 40_000;

/// The sizes of the groups that pictures make which have one byte each and are shown at
/// these frames.
fn groups(order: &[i64]) -> Vec<usize> {
    let mut pacing = Pacing::default();
    pacing.describe(Some(2), Some(FRAME));
    let mut group = Group::default();
    let mut sizes = Vec::new();
    for frame in order {
        let time = frame * FRAME;
        if group.first().is_some() && group.ends_before(time) {
            sizes.push(group.samples().len());
            group.clear();
        }
        let place = pacing.place(time);
        if group.add(sample(1), place, time, FRAME) {
            sizes.push(group.samples().len());
            group.clear();
        } else {
            group.keep(&[0]);
        }
    }
    sizes
}

fn sample(size: u32) -> Sample {
    Sample {
        size,
        duration: 3600,
        composition: 0,
        sync: false,
    }
}

/// A group with a picture that was sent before others that are shown before it.
fn waiting() -> (Group, Place) {
    let mut group = Group {
        edge: Some(0),
        reorders: true,
        ..Group::default()
    };
    let place = Pacing::default().place(0);
    assert!(!group.add(sample(1), place, 9 * FRAME, FRAME));
    (group, place)
}

#[test]
fn pictures_in_order_never_wait() {
    assert_eq!(groups(&[0, 1, 2, 5, 6, 20, 21]), [1; 7]);
}

#[test]
fn pictures_ahead_wait_for_those_before_them() {
    // The first one is sent before it is known that it is ahead of others.
    let order = [0, 3, 1, 2, 6, 4, 5, 10, 8, 7, 9, 11];
    assert_eq!(groups(&order), [1, 1, 1, 1, 3, 4, 1]);
}

#[test]
fn the_next_picture_in_order_ends_a_group_with_a_hole() {
    let order = [0, 2, 1, 5, 4, 8, 6, 7, 9];
    assert_eq!(groups(&order), [1, 1, 1, 2, 3, 1]);
}

#[test]
fn what_comes_after_a_loss_waits_for_nothing() {
    let (mut group, place) = waiting();
    group.clear();
    group.lose();
    assert!(group.add(sample(1), place, 30 * FRAME, FRAME));
}

#[test]
fn no_more_than_some_pictures_and_bytes_wait() {
    let late: Vec<i64> = [0, 2, 1, 1000].into_iter().chain(3..70).collect();
    let sizes = groups(&late);
    assert_eq!(sizes[..5], [1, 1, 1, MAX_PICTURES, 1]);
    let (mut group, place) = waiting();
    group.keep(&vec![0; MAX_BYTES]);
    assert!(group.add(sample(1), place, FRAME, FRAME));
}

proptest! {
    #[test]
    fn any_times_are_fine(times in proptest::collection::vec(any::<i64>(), 1..60)) {
        let mut pacing = Pacing::default();
        let mut group = Group::default();
        for time in times {
            let place = pacing.place(time);
            if group.add(sample(1), place, time, pacing.frame_us()) {
                let (_, duration) = group.span();
                prop_assert!(duration > 0);
                group.clear();
            }
            prop_assert!(group.samples().len() < MAX_PICTURES);
        }
    }
}
