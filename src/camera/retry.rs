//! When a camera that failed is called again.
//!
//! Each pause is twice as long as the one before, up to a limit, with jitter, so
//! that many gateways do not knock together. A refused password is tried so
//! rarely that no camera locks anybody out.

use std::time::Duration;

use crate::protocol::random::Random;

/// The first pause.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, jitter not counted.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The pause after a refused password.
pub(super) const PASSWORD_PAUSE: Duration = Duration::from_secs(300);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Retry {
    failures: u32,
}

impl Retry {
    /// All was well for a while, or nobody asks any more: begins anew.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure; a quarter of it at most is jitter.
    pub(super) fn pause(&mut self, bad_password: bool, random: &mut Random) -> Duration {
        let pause = match bad_password {
            true => PASSWORD_PAUSE,
            false => LONGEST_PAUSE.min(PAUSE * 2_u32.pow(self.failures.min(5))),
        };
        self.failures = self.failures.saturating_add(1);
        pause + pause.mul_f64((random.next() >> 40) as f64 / (1_u64 << 26) as f64)
    }
}
