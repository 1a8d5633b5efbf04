//! Two days on end: both 32-bit clocks wrap, and sequence numbers every few
//! hours.

use crate::camera::{Camera, EVEN, Habits, SECOND};
use crate::viewer::Viewer;

const HOUR: i64 = 3600 * SECOND;

/// How far picture and sound may be apart, seconds: less than anybody notices
/// (ITU-R BT.1359: 45 ms).
const APART: f64 = 0.020;

/// Watches for so long, and says how far apart picture and sound came at most,
/// and how far the offset of sound to the camera moved. The first minute, in
/// which the tracks find together, does not count.
fn watch(habits: Habits, rtp_info: &str, until: i64) -> (Viewer, f64, f64) {
    let mut camera = Camera::new(habits, 1);
    let mut viewer = Viewer::new(rtp_info);
    let (mut apart, mut drift, mut first) = (0.0f64, 0.0f64, None);
    loop {
        for sent in camera.next() {
            if sent.moment > until {
                return (viewer, apart, drift);
            }
            viewer.take(&sent);
            if sent.moment > 60 * SECOND && viewer.audio.fragments > 0 {
                let first = *first.get_or_insert(viewer.audio.offset);
                drift = drift.max((viewer.audio.offset - first).abs());
                apart = apart.max((viewer.video.offset - viewer.audio.offset).abs());
            }
        }
    }
}

#[test]
fn two_days_with_clocks_that_drift() {
    let habits = Habits {
        video_ppm: 100,
        ..EVEN
    };
    let (viewer, apart, drift) = watch(habits, "", 48 * HOUR);
    assert!(apart < APART, "picture and sound {apart} s apart");
    assert!(drift < 0.001, "{drift} s away from the camera");
    let pictures = viewer.video.fragments as i64;
    assert!((48 * 3600 * 5 - pictures).abs() <= 2, "{pictures}");
    assert_eq!(viewer.audio.made_up, 0);
    assert_eq!(viewer.gateway.session.statistic(1), 0.0);
    // More than 32 bits of ticks.
    assert!(viewer.video.end > 15_500_000_000);
    assert!(viewer.audio.end > 7_600_000_000);
    let methods = &viewer.gateway.methods;
    let alive = methods.iter().filter(|method| *method == "OPTIONS").count();
    assert!((48 * 119..=48 * 120).contains(&alive), "{alive}");
}

#[test]
fn drifting_both_ways_from_the_wall_clock() {
    let habits = Habits {
        video_ppm: -50,
        audio_ppm: 50,
        ..EVEN
    };
    let (viewer, apart, drift) = watch(habits, "", 12 * HOUR);
    assert!(apart < APART, "picture and sound {apart} s apart");
    // Sound plays as it was recorded: it gains what its clock gains.
    assert!((drift - 12.0 * 3600.0 * 50e-6).abs() < 0.01, "{drift}");
    assert_eq!(viewer.audio.made_up, 0);
}

#[test]
fn without_reports_the_arrivals_keep_what_rtp_info_said() {
    let info =
        |track: &str, time: u32| format!("url=rtsp://10.0.0.1/stream/{track};rtptime={time}");
    let start = u32::MAX - 1_000_000;
    let info = [info("v", start), info("a", start)].join(",");
    let habits = Habits {
        video_ppm: 100,
        reports: false,
        ..EVEN
    };
    let (_, apart, drift) = watch(habits, &info, 12 * HOUR);
    assert!(apart < 2.0 * APART, "picture and sound {apart} s apart");
    assert!(drift < 0.001, "{drift}");
}

#[test]
fn by_arrivals_alone_the_delay_of_the_encoder_is_all_that_shows() {
    let habits = Habits {
        video_ppm: 100,
        reports: false,
        video_delay: 0,
        ..EVEN
    };
    let (_, apart, _) = watch(habits, "", 12 * HOUR);
    // A packet of sound holds 186 ms of it, and comes when it is full.
    assert!(
        (0.150..0.220).contains(&apart),
        "picture and sound {apart} s apart"
    );
}
