use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;

/// A video track (0, 90 kHz) and an audio track (1, 48 kHz), with one packet each: the
/// timestamps 90000 and 48000 arrive at one second.
fn both() -> Timeline {
    let mut timeline = Timeline::default();
    timeline.add(90_000, false);
    timeline.add(48_000, true);
    assert!(timeline.arrive(0, 90_000, SECOND, false));
    assert!(timeline.arrive(1, 48_000, SECOND, false));
    timeline
}

#[test]
fn is_silent_until_anchored() {
    let mut timeline = both();
    assert_eq!(timeline.time(0, 90_000), None);
    timeline.anchor(0, 90_000, 0);
    assert_eq!(timeline.time(0, 180_000), Some(SECOND));
    assert_eq!(timeline.time(1, 48_000), Some(0));
}

#[test]
fn rtp_info_beats_arrival() {
    let mut timeline = both();
    // According to the PLAY response, video is half a second into the stream, and audio is
    // at its start.
    timeline.info(0, 45_000);
    timeline.info(1, 48_000);
    timeline.anchor(0, 90_000, 0);
    assert_eq!(timeline.time(1, 96_000), Some(SECOND / 2));
}

#[test]
fn sender_reports_beat_rtp_info() {
    let mut timeline = both();
    timeline.info(0, 45_000);
    timeline.info(1, 48_000);
    timeline.report(0, 500 * SECOND, 90_000);
    timeline.report(1, 499 * SECOND, 48_000);
    timeline.anchor(0, 90_000, 0);
    assert_eq!(timeline.time(1, 96_000), Some(0));
}

#[test]
fn nonsense_is_not_believed() {
    let mut timeline = both();
    timeline.info(0, 0x8000_0000);
    timeline.info(1, 48_000);
    timeline.report(0, 500 * SECOND, 90_000);
    timeline.report(1, 0, 48_000);
    timeline.anchor(0, 90_000, 0);
    assert_eq!(timeline.time(1, 48_000), Some(0));
}

#[test]
fn a_late_report_moves_the_video_gently() {
    let mut timeline = both();
    timeline.anchor(0, 90_000, 0);
    assert_eq!(timeline.time(1, 48_000), Some(0));
    timeline.report(0, 500 * SECOND + 100_000, 90_000);
    timeline.report(1, 500 * SECOND, 48_000);
    let mut last = 0;
    for second in 1..=5 {
        let ticks = 90_000 * (second + 1);
        assert!(timeline.arrive(0, ticks, SECOND * (second + 1), false));
        let time = timeline.time(0, ticks).unwrap();
        assert!((SECOND..=SECOND + SECOND / SLEW).contains(&(time - last)));
        last = time;
    }
    assert_eq!(last, 5 * SECOND + 100_000);
    assert_eq!(timeline.time(1, 96_000), Some(SECOND), "audio stays");
}

#[test]
fn leaps_are_new_beginnings_unless_time_passed() {
    let mut timeline = both();
    assert!(
        timeline.arrive(0, 90_000 * 31, 31 * SECOND, false),
        "a pause"
    );
    assert!(
        !timeline.arrive(0, 90_000 * 61, 32 * SECOND, false),
        "ahead"
    );
    assert!(!timeline.arrive(0, 90_000 * 25, 32 * SECOND, false), "back");
    assert!(
        timeline.arrive(0, 90_000 * 30, 32 * SECOND, false),
        "out of order"
    );
    assert!(
        timeline.arrive(0, 90_000 * 31, 90 * SECOND, false),
        "held up"
    );
    assert!(
        !timeline.arrive(0, 90_000 * 99, 158 * SECOND, false),
        "too long"
    );
    assert!(
        !timeline.arrive(0, 90_000 * 99, 158 * SECOND, false),
        "too long"
    );
}

#[test]
fn ahead_of_its_time_is_a_new_beginning() {
    let mut timeline = both();
    assert!(timeline.arrive(0, 93_600, SECOND + 40_000, false));
    assert!(!timeline.arrive(0, 93_600 + 4 * 90_000, SECOND + 80_000, false));
    // It is not if the pictures before it were as far apart, in a burst.
    assert!(timeline.arrive(0, 93_600 + 180_000, SECOND + 80_000, false));
    assert!(timeline.arrive(0, 93_600 + 6 * 90_000, SECOND + 80_000, false));
    // Nor is it if it was held up.
    assert!(timeline.arrive(1, 48_000 * 10, 20 * SECOND, false));
    assert!(timeline.arrive(1, 48_000 * 15, 20 * SECOND, false));
}

#[test]
fn sound_does_not_fall_back() {
    let mut timeline = both();
    assert!(timeline.arrive(1, 48_000 - 4_800, SECOND, false));
    assert!(!timeline.arrive(1, 48_000 - 24_000, SECOND, false));
}

#[test]
fn a_rate_shows_by_two_measurements() {
    let mut timeline = both();
    let mut renewed = 0;
    for second in 1..14 {
        if !timeline.arrive(0, 90_000 + 1_000 * second, (second + 1) * SECOND, false) {
            renewed += 1;
            timeline.reset_track(0);
            assert!(timeline.arrive(0, 90_000 + 1_000 * second, (second + 1) * SECOND, false));
        }
    }
    assert_eq!(renewed, 1);
    timeline.anchor(0, 103_000, 0);
    assert_eq!(timeline.time(0, 104_000), Some(SECOND));
}

#[test]
fn runs_for_years() {
    let mut timeline = Timeline::default();
    timeline.add(90_000, false);
    let years = 20 * 365 * 86_400;
    assert!(timeline.arrive(0, 5, 0, false));
    timeline.anchor(0, 5, 0);
    assert_eq!(timeline.time(0, 5 + 90_000 * years), Some(years * SECOND));
}

proptest! {
    #[test]
    fn any_order_of_anything_is_fine(
        rates in (any::<u32>(), any::<u32>()),
        steps in proptest::collection::vec((0u8..7, 0usize..3, any::<i64>(), any::<i64>()), 0..60),
    ) {
        let mut timeline = Timeline::default();
        timeline.add(rates.0, false);
        timeline.add(rates.1, true);
        for (what, track, a, b) in steps {
            match what {
                0 => timeline.info(track, a as u32),
                1 => timeline.report(track, a, b),
                2 => { let _ = timeline.arrive(track, a, b, a % 2 == 0); }
                3 => timeline.anchor(track, a, b),
                4 => timeline.reset(),
                5 => timeline.expect_rate(track, b as u32, a as u32, 2),
                _ => { let _ = timeline.time(track, a); }
            }
        }
    }
}
