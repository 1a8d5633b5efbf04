//! The film of the shared camera: a group of pictures as an encoder makes them, again
//! and again.
//!
//! It has 25 pictures per second. Each group of [`GROUP`] pictures begins with a key
//! picture, which is [`KEY`] times as large as the others are on average. The others
//! are large and small in turn.

use std::time::Duration;

use crate::frame::{HEAD, PAYLOAD, Ring, Slot};

/// Bits per second.
pub const BITS: u64 = 4_000_000;

const PICTURE: Duration = Duration::from_millis(40);
/// The number of pictures from one key picture to the next.
const GROUP: u64 = 100;
/// The time from one key picture to the next.
pub const CYCLE: Duration = Duration::from_secs(4);
/// The size of a key picture, relative to the others.
const KEY: f64 = 8.0;
/// The largest deviation of the others from their mean.
const SPREAD: f64 = 0.3;

/// Knows when the next picture is due, and how many frames it has.
pub struct Film {
    /// The number of frames of each picture of a group.
    frames: Vec<u64>,
    picture: usize,
    next: Duration,
}

impl Film {
    pub fn new() -> Film {
        let frames = (0..GROUP).map(|picture| slots(picture).len() as u64);
        Film {
            frames: frames.collect(),
            picture: 0,
            next: Duration::ZERO,
        }
    }

    /// The frames of one group.
    pub fn ring() -> Ring {
        Ring::new((0..GROUP).flat_map(slots).collect())
    }

    /// Starts anew when the clock was set back to zero: the next picture is due at
    /// once.
    pub fn roll(&mut self) {
        self.next = Duration::ZERO;
    }

    /// The number of frames of the picture that is due at `time`, if one is.
    pub fn due(&mut self, time: Duration) -> Option<u64> {
        if time < self.next {
            return None;
        }
        let frames = self.frames[self.picture];
        self.picture = (self.picture + 1) % self.frames.len();
        self.next += PICTURE;
        Some(frames)
    }
}

/// The frames of one picture.
fn slots(picture: u64) -> Vec<Slot> {
    let key = picture == 0;
    let mut left = size(picture);
    let mut slots = Vec::new();
    while left > 0 {
        let payload = left.clamp(HEAD, PAYLOAD);
        left = left.saturating_sub(payload);
        slots.push(Slot {
            payload,
            key,
            begins: slots.is_empty(),
            ends: left == 0,
        });
    }
    slots
}

/// The size of one picture in bytes.
fn size(picture: u64) -> usize {
    let group = BITS as f64 / 8.0 * CYCLE.as_secs_f64();
    let mean = group / (GROUP as f64 - 1.0 + KEY);
    // 37 and 99 have no common divisor, so each size occurs once.
    let place = (picture * 37 % (GROUP - 1)) as f64 / (GROUP - 2) as f64;
    let times = match picture {
        0 => KEY,
        _ => 1.0 + SPREAD * (2.0 * place - 1.0),
    };
    (mean * times) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_as_large_as_its_bits_and_begins_with_its_key_picture() {
        let mut film = Film::new();
        let ring = Film::ring();
        let mut number = 0;
        for picture in 0..GROUP {
            let frames = film.due(PICTURE * picture as u32).unwrap();
            assert_eq!(film.due(PICTURE * picture as u32), None);
            for frame in 0..frames {
                let slot = ring.slot(number + frame);
                let expected = (picture == 0, frame == 0, frame + 1 == frames);
                assert_eq!((slot.key, slot.begins, slot.ends), expected);
            }
            number += frames;
        }
        assert!(ring.is_first(number));
        let bits = ring.volume(number) as f64 * 8.0 / CYCLE.as_secs_f64();
        assert!((bits / BITS as f64 - 1.0).abs() < 0.01, "{bits}");
    }
}
