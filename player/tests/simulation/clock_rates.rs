//! Clocks whose rate is another than was said.

use crate::camera::{Camera, EVEN, Habits, SECOND};
use crate::viewer::{SDP, Viewer};

const HABITS: Habits = Habits {
    picture: SECOND / 25,
    ..EVEN
};

/// Watches for two minutes; says how far apart picture and sound are then, and
/// how much longer the timeline became in the last minute than it took, seconds.
fn watch(sdp: &str, habits: Habits, mut change: impl FnMut(&mut Camera, i64)) -> (f64, f64) {
    let mut camera = Camera::new(habits, 5);
    let mut viewer = Viewer::of(sdp, "");
    let (mut moment, mut before) = (0, None);
    while moment < 120 * SECOND {
        change(&mut camera, moment);
        for sent in camera.next() {
            moment = sent.moment;
            viewer.take(&sent);
        }
        if moment > 60 * SECOND {
            before.get_or_insert(viewer.video.offset);
        }
    }
    let apart = viewer.video.offset - viewer.audio.offset;
    (apart, viewer.video.offset - before.unwrap_or(f64::MAX))
}

#[test]
fn pictures_stamped_in_milliseconds() {
    let (apart, grown) = watch(SDP, HABITS, |camera, _| camera.tracks()[0].rate = 1000);
    assert!(
        apart.abs() < 0.030 && grown.abs() < 0.030,
        "{apart} {grown}"
    );
}

#[test]
fn pictures_said_to_be_stamped_in_milliseconds() {
    let sdp = SDP.replace("H264/90000", "H264/1000");
    let (apart, grown) = watch(&sdp, HABITS, |_, _| {});
    assert!(
        apart.abs() < 0.030 && grown.abs() < 0.030,
        "{apart} {grown}"
    );
}

#[test]
fn sound_that_counts_as_its_codec_does_whatever_was_said() {
    for said in ["GENERIC/8000", "GENERIC/22050", "GENERIC/90000"] {
        let sdp = SDP.replace("GENERIC/44100", said);
        let (apart, grown) = watch(&sdp, HABITS, |_, _| {});
        assert!(
            apart.abs() < 0.030 && grown.abs() < 0.030,
            "{said}: {apart} {grown}"
        );
    }
}

#[test]
fn sound_that_counts_as_was_said_whatever_its_codec_does() {
    let sdp = SDP.replace("GENERIC/44100", "GENERIC/8000");
    let (apart, grown) = watch(&sdp, HABITS, |camera, _| camera.tracks()[1].rate = 8000);
    assert!(
        apart.abs() < 0.030 && grown.abs() < 0.030,
        "{apart} {grown}"
    );
}

#[test]
fn a_wall_clock_that_is_set() {
    for seconds in [-86_400, -2, 1, 4, 3_600] {
        let mut most = 0.0f64;
        let mut camera = Camera::new(HABITS, 9);
        let mut viewer = Viewer::new("");
        let (mut moment, mut set) = (0, false);
        while moment < 120 * SECOND {
            if moment > 62 * SECOND && !set {
                set = true;
                let tracks = camera.tracks();
                tracks
                    .into_iter()
                    .for_each(|track| track.wall += seconds * SECOND);
            }
            for sent in camera.next() {
                moment = sent.moment;
                viewer.take(&sent);
            }
            if moment > 30 * SECOND {
                most = most.max((viewer.video.offset - viewer.audio.offset).abs());
            }
        }
        assert!(most < 0.030, "{seconds}: {most}");
    }
}

#[test]
fn reports_that_are_wrong_are_not_believed() {
    // Each track by a wall clock of its own.
    let (apart, grown) = watch(SDP, HABITS, |camera, _| camera.tracks()[0].wall = SECOND);
    // The arrivals know no better than that sound comes by the packet.
    assert!(
        apart.abs() < 0.060 && grown.abs() < 0.030,
        "{apart} {grown}"
    );
}

#[test]
fn a_report_that_is_wild_alone_moves_nothing() {
    // Words of a report: the wall clock's seconds, the RTP time.
    for (word, by) in [(2, 3), (2, -3), (2, 3600), (4, 270_000), (4, 1 << 30)] {
        let mut camera = Camera::new(HABITS, 13);
        let mut viewer = Viewer::new("");
        let (mut moment, mut reports, mut most) = (0, 0, 0.0f64);
        while moment < 180 * SECOND {
            for mut sent in camera.next() {
                moment = sent.moment;
                if sent.channel % 2 == 1 {
                    reports += 1;
                    if reports % 9 == 0 {
                        let field = sent.bytes[word * 4..].first_chunk_mut::<4>().unwrap();
                        let value = u32::from_be_bytes(*field).wrapping_add_signed(by);
                        *field = value.to_be_bytes();
                    }
                }
                viewer.take(&sent);
            }
            if moment > 30 * SECOND {
                most = most.max((viewer.video.offset - viewer.audio.offset).abs());
            }
        }
        assert!(most < 0.030, "word {word} by {by}: {most}");
    }
}
