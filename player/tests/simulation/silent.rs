//! A track that says nothing, for a while or for ever: the other one plays.

use crate::camera::{Camera, EVEN, Habits, SECOND};
use crate::viewer::Viewer;

const HABITS: Habits = Habits {
    picture: SECOND / 25,
    ..EVEN
};

/// Watches for a minute; nothing of the channels `which` comes before `from`.
/// The first fragments of picture and sound came at, seconds; and how far apart
/// they are at the end.
fn watch(which: u8, from: i64, reports: bool) -> ([Option<i64>; 2], f64) {
    let habits = Habits { reports, ..HABITS };
    let mut camera = Camera::new(habits, 19);
    let mut viewer = Viewer::new("");
    let (mut moment, mut first) = (0, [None; 2]);
    while moment < 60 * SECOND {
        for sent in camera.next() {
            moment = sent.moment;
            if sent.channel / 2 == which && moment < from {
                continue;
            }
            viewer.take(&sent);
            for (first, seen) in first.iter_mut().zip([&viewer.video, &viewer.audio]) {
                if seen.fragments > 0 && first.is_none() {
                    *first = Some(moment / SECOND);
                }
            }
        }
    }
    (first, viewer.video.offset - viewer.audio.offset)
}

#[test]
fn sound_does_not_wait_for_ever_for_the_picture() {
    let (first, _) = watch(0, i64::MAX, true);
    assert_eq!(first[0], None);
    assert!(first[1].is_some_and(|first| first < 6), "{first:?}");
}

#[test]
fn the_picture_joins_the_sound_in_sync() {
    for from in [2, 10, 30] {
        let (first, apart) = watch(0, from * SECOND, true);
        assert!(first[0].is_some_and(|first| first <= from + 1), "{first:?}");
        assert!(first[1].is_some_and(|first| first < 6), "{first:?}");
        assert!(apart.abs() < 0.030, "{from}: {apart}");
    }
}

#[test]
fn the_picture_does_not_wait_for_the_sound() {
    for from in [10, 30] {
        let (first, apart) = watch(1, from * SECOND, true);
        assert_eq!(first[0], Some(0));
        assert!(first[1].is_some_and(|first| first <= from + 1), "{first:?}");
        assert!(apart.abs() < 0.030, "{from}: {apart}");
    }
}

#[test]
fn without_reports_they_join_by_their_arrival() {
    for which in [0, 1] {
        let (_, apart) = watch(which, 10 * SECOND, false);
        // The encoder's delay, and that sound comes by the packet.
        assert!(apart.abs() < 0.250, "{which}: {apart}");
    }
}
