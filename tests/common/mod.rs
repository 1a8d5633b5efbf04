//! What the gateway's scenarios share: the gateway as a process, a camera
//! that does as it is told, and a viewer that believes nothing.
//!
//! Invariant: nothing here uses the gateway's own protocol code, so a mistake
//! there cannot hide itself; and nothing sleeps to synchronise: everything is
//! awaited (a log line, a metric, a message, an end of file) within [`BOUND`].
#![allow(dead_code)] // every scenario is its own program and uses a part of this

pub mod carried;
pub mod doors;
pub mod fake_camera;
pub mod frames;
pub mod gateway;
pub mod gstreamer;
pub mod http;
pub mod link;
pub mod metrics;
pub mod names;
pub mod pictures;
pub mod rtsp;
pub mod session;
pub mod socket;
pub mod viewer;
pub mod witness;

use std::time::{Duration, Instant};

/// How long anything awaited may take before a test fails. Generous: it is
/// only ever reached by a failure.
pub const BOUND: Duration = Duration::from_secs(10);

/// Asks `probe` again and again until it answers, at most for [`BOUND`].
/// `what` names the thing awaited in the failure.
pub fn await_some<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(started.elapsed() < BOUND, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A small generator for tests that want variety and the same run every time.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides` (xorshift64*).
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        value as usize % sides.max(1)
    }
}
