//! When a camera's pictures are due, and how large they are.
//!
//! There are 25 pictures per second; every 25th is a key picture, [`KEY`] times as
//! large as the others. The pictures of all cameras of a run are evenly spread over
//! time, as those of independent cameras are on average.

use std::time::Duration;

/// How often pictures that have become due are released.
pub const TICK: Duration = Duration::from_millis(1);

const PICTURE: Duration = Duration::from_millis(40);
/// The number of pictures from one key picture to the next.
const GROUP: u64 = 25;
/// The size of a key picture, relative to the others.
const KEY: f64 = 6.0;

/// The pictures of one camera.
pub struct Pace {
    /// The number of frames of a picture that is no key picture.
    frames: f64,
    /// What rounding to whole frames has left over.
    owed: f64,
    next: Duration,
    picture: u64,
}

impl Pace {
    /// The pictures of camera `index` of `count`, with `bits` per second in frames of
    /// `mean` bytes.
    pub fn new(bits: u64, mean: f64, index: usize, count: usize) -> Pace {
        let group = bits as f64 / 8.0 / mean * PICTURE.as_secs_f64() * GROUP as f64;
        Pace {
            frames: group / (GROUP as f64 - 1.0 + KEY),
            owed: 0.0,
            next: PICTURE.mul_f64(index as f64 / count as f64),
            picture: index as u64 * 7,
        }
    }

    /// The number of frames of the picture that is due at `time`, if one is.
    pub fn due(&mut self, time: Duration) -> Option<u64> {
        if time < self.next {
            return None;
        }
        let size = if self.picture.is_multiple_of(GROUP) {
            KEY
        } else {
            1.0
        };
        self.owed += self.frames * size;
        let frames = self.owed.floor().max(1.0);
        self.owed -= frames;
        self.picture += 1;
        self.next += PICTURE;
        Some(frames as u64)
    }
}
