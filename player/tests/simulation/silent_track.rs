//! A track that says nothing, for a while or for ever: the other one plays.

use crate::camera::{AUDIO_RATE, Camera, EVEN, Habits, SECOND};
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

/// Nothing of the sound comes before `from`. What was watched, at the end of
/// `seconds`: the track of the sound, how far it lies behind the picture, and how
/// much of it was made up when it had flowed for a second.
fn mute(from: i64, seconds: i64) -> (Viewer, f64, u64) {
    let mut camera = Camera::new(HABITS, 23);
    let mut viewer = Viewer::new("");
    let (mut moment, mut made_up, mut behind) = (0, 0, 0.0_f64);
    while moment < seconds * SECOND {
        for sent in camera.next() {
            moment = sent.moment;
            if sent.channel / 2 == 1 && moment < from {
                continue;
            }
            viewer.take(&sent);
            let sound = viewer.audio.end as f64 / AUDIO_RATE as f64;
            // When the first second has passed.
            if moment > SECOND {
                behind = behind.max(viewer.video.time - sound);
            }
            if moment < from.saturating_add(SECOND) {
                made_up = viewer.audio.made_up;
            }
        }
    }
    (viewer, behind, made_up)
}

#[test]
fn sound_that_never_comes_is_silence() {
    let (viewer, behind, _) = mute(i64::MAX, 300);
    assert!(behind < 0.5, "{behind}");
    // Nor does it run ahead.
    let sound = viewer.audio.end as f64 / AUDIO_RATE as f64;
    assert!(sound < viewer.video.time + 0.5, "{sound}");
}

#[test]
fn sound_that_comes_late_is_joined_within_a_second() {
    for from in [SECOND * 3 / 2, 4 * SECOND, 90 * SECOND] {
        let (viewer, behind, made_up) = mute(from, from / SECOND + 30);
        assert!(behind < 0.5, "{from}: {behind}");
        assert!(made_up > 0);
        assert_eq!(viewer.audio.made_up, made_up, "{from}: all of it is heard");
        let apart = viewer.video.offset - viewer.audio.offset;
        assert!(apart.abs() < 0.030, "{from}: {apart}");
    }
}

#[test]
fn sound_in_time_has_no_silence_before_it() {
    let (viewer, _, _) = mute(0, 30);
    assert_eq!(viewer.audio.made_up, 0);
}
