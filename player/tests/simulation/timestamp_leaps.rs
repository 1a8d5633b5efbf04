//! Timestamps that leap while no packet is missing: nothing is lost, nothing is
//! played of the leap, and picture and sound stay together.

use crate::camera::{AUDIO_RATE, Camera, EVEN, Habits, SECOND, Sent, VIDEO_RATE};
use crate::viewer::Viewer;

const HABITS: Habits = Habits {
    picture: SECOND / 25,
    slices: 3,
    ..EVEN
};

/// Ticks of video and of sound.
const RATES: [i64; 2] = [VIDEO_RATE, AUDIO_RATE];

/// Adds `seconds` to the timestamp of a packet.
fn stamp(sent: &mut Sent, seconds: i64) {
    let ticks = seconds * RATES[usize::from(sent.channel / 2)];
    let field = sent.bytes[4..8].first_chunk_mut::<4>().unwrap();
    *field = u32::from_be_bytes(*field)
        .wrapping_add(ticks as u32)
        .to_be_bytes();
}

/// A sound's or picture's number, by the track.
type Count = [i64; 2];

/// Watches for two minutes, with every packet off by as many seconds as `off`
/// says of its channel, its number, and whether it is a report. Returns how far
/// apart picture and sound came after the first half minute, seconds.
fn watch(habits: Habits, off: impl Fn(u8, i64) -> i64) -> f64 {
    let mut camera = Camera::new(habits, 11);
    let mut viewer = Viewer::new("");
    let (mut moment, mut apart) = (0, 0.0f64);
    let mut count: Count = [0, 0];
    while moment < 120 * SECOND {
        let packets = camera.next();
        let (channel, report) = (packets[0].channel / 2, packets[0].channel % 2 == 1);
        let number = count[usize::from(channel)];
        count[usize::from(channel)] += i64::from(!report);
        for mut sent in packets {
            moment = sent.moment;
            if !report {
                stamp(&mut sent, off(channel, number));
            }
            viewer.take(&sent);
        }
        if moment > 30 * SECOND {
            apart = apart.max((viewer.video.offset - viewer.audio.offset).abs());
        }
    }
    // The last picture is complete by its marker.
    assert_eq!(viewer.video.fragments, count[0].cast_unsigned(), "pictures");
    assert!(viewer.audio.made_up < 100, "{}", viewer.audio.made_up);
    assert!((viewer.video.time - 120.0).abs() < 0.5, "no leap is played");
    apart
}

/// Leaps of so many seconds: hours, minutes, and just beyond what may be a pause
/// or a picture out of order.
const LEAPS: [i64; 10] = [
    -40_000, -20_000, -3_600, -15, -3, 3, 15, 3_600, 20_000, 40_000,
];

#[test]
fn a_wild_stamp_alone_costs_nothing() {
    for seconds in LEAPS {
        for wild in [0, 1] {
            let apart = watch(HABITS, |channel, number| {
                i64::from(channel == wild && number % 250 == 249) * seconds
            });
            assert!(apart < 0.040, "{seconds} s of {wild}: {apart}");
        }
    }
}

#[test]
fn a_leap_that_stays_costs_nothing() {
    for seconds in LEAPS {
        for which in [&[0][..], &[1], &[0, 1]] {
            let apart = watch(HABITS, |channel, number| {
                let when = [1500, 323][usize::from(channel)];
                i64::from(which.contains(&channel) && number >= when) * seconds
            });
            assert!(apart < 0.040, "{seconds} s of {which:?}: {apart}");
        }
    }
}

#[test]
fn pictures_without_sound_or_reports_leap_unseen() {
    let habits = Habits {
        reports: false,
        ..HABITS
    };
    for seconds in LEAPS {
        let mut camera = Camera::new(habits, 17);
        let mut viewer = Viewer::new("");
        let (mut moment, mut number) = (0, 0i64);
        while moment < 60 * SECOND {
            let packets = camera.next();
            if packets[0].channel > 0 {
                continue;
            }
            for mut sent in packets {
                moment = sent.moment;
                let wild = number % 50 == 30 || number > 1000;
                stamp(&mut sent, i64::from(wild) * seconds);
                viewer.take(&sent);
            }
            number += 1;
            assert_eq!(viewer.video.fragments, number.cast_unsigned());
            assert!(viewer.video.offset.abs() < 0.001, "{}", viewer.video.offset);
        }
    }
}

#[test]
fn clocks_that_take_turns_cost_nothing() {
    for seconds in LEAPS {
        for turn in [1, 2, 7] {
            let apart = watch(HABITS, |channel, number| {
                i64::from(channel == 0 && number / turn % 2 == 1) * seconds
            });
            assert!(apart < 0.040, "{seconds} s, {turn} at a time: {apart}");
        }
    }
}
