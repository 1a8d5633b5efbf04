//! Cameras that restart behind an open connection, and clocks that jump.

use crate::camera::{Camera, EVEN, Habits, SECOND, Track};
use crate::viewer::Viewer;

const HABITS: Habits = Habits {
    picture: SECOND / 25,
    ..EVEN
};

/// A minute of a stream, then `change`, then a minute more. Says how far apart
/// picture and sound are at the end, and how much further behind the camera
/// than before, seconds. The tracks are continuous.
fn over(gap: i64, habits: Habits, change: impl FnOnce(&mut Camera)) -> (f64, f64) {
    let mut camera = Camera::new(habits, 3);
    let mut viewer = Viewer::new("");
    let mut moment = 0;
    while moment < 60 * SECOND {
        for sent in camera.next() {
            moment = sent.moment;
            viewer.take(&sent);
        }
    }
    let before = viewer.audio.offset;
    let (pictures, sounds) = (viewer.video.fragments, viewer.audio.fragments);
    camera.pass(gap);
    change(&mut camera);
    while moment < gap + 120 * SECOND {
        for sent in camera.next() {
            moment = sent.moment;
            viewer.take(&sent);
        }
    }
    // Nothing waits longer than for the next sync sample, or so.
    let pictures = viewer.video.fragments - pictures;
    assert!(pictures > 59 * 25, "{pictures} pictures");
    assert!(viewer.audio.fragments - sounds > 300, "sound");
    let apart = viewer.video.offset - viewer.audio.offset;
    (apart, viewer.audio.offset - before)
}

fn restart(track: &mut Track) {
    track.ssrc ^= 0x5555_5555;
    track.sequence = track.sequence.wrapping_add(30_000);
    track.start = track.start.wrapping_add(0x9876_5432);
}

#[test]
fn a_restart_with_new_names_and_numbers() {
    for gap in [0, 8 * SECOND, 40 * SECOND] {
        let (apart, behind) = over(gap, HABITS, |camera| {
            camera.tracks().into_iter().for_each(restart);
        });
        assert!(apart.abs() < 0.030, "{gap}: {apart}");
        assert!(behind.abs() < 0.2, "{gap}: {behind}");
    }
}

#[test]
fn a_restart_of_one_track() {
    for which in [0, 1] {
        let (apart, behind) = over(0, HABITS, |camera| restart(camera.tracks()[which]));
        assert!(apart.abs() < 0.030, "{which}: {apart}");
        assert!(behind.abs() < 0.2, "{which}: {behind}");
    }
}

#[test]
fn clocks_that_jump() {
    for seconds in [-3000, -30, -6, -3, -1, 3, 6, 30, 3000] {
        for which in [&[0, 1][..], &[0], &[1]] {
            let (apart, behind) = over(0, HABITS, |camera| {
                for track in which {
                    let track = &mut camera.tracks()[*track];
                    let rate = if *which == [1] || track.ssrc == 97 {
                        44_100
                    } else {
                        90_000
                    };
                    track.start = track.start.wrapping_add((seconds * rate) as u32);
                }
            });
            assert!(apart.abs() < 0.050, "{seconds} s of {which:?}: {apart}");
            assert!(behind.abs() < 0.3, "{seconds} s of {which:?}: {behind}");
        }
    }
}

#[test]
fn a_stall_of_the_link_moves_nothing() {
    let (apart, behind) = over(20 * SECOND, HABITS, |_| {});
    assert!(apart.abs() < 0.030, "{apart}");
    assert!(behind.abs() < 0.1, "{behind}");
}

#[test]
fn a_restart_of_the_numbers_a_little_further_back() {
    for back in [8, 40, 100] {
        for which in [0, 1] {
            let (apart, behind) = over(0, HABITS, |camera| {
                let track = camera.tracks().into_iter().nth(which).unwrap();
                track.sequence = track.sequence.wrapping_sub(back);
            });
            assert!(apart.abs() < 0.030, "{back} of {which}: {apart}");
            assert!(behind.abs() < 0.2, "{back} of {which}: {behind}");
        }
    }
}
