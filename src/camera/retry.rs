//! How long to wait before a camera that failed is called again.
//!
//! Each pause is twice as long as the one before, up to a limit. Jitter keeps many
//! gateways from calling a camera at the same moment. A refused password is tried so
//! rarely that no camera locks the account.

use std::time::Duration;

use crate::protocol::random::Random;

/// The first pause.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, jitter not counted.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The pause after the camera has refused the password.
pub(super) const PASSWORD_PAUSE: Duration = Duration::from_secs(300);

/// Counts the failures in a row.
#[derive(Debug, Default)]
pub(super) struct Retry {
    failures: u32,
}

impl Retry {
    /// Begins anew with the shortest pause: the camera has played for a while, or nobody
    /// wants it any more.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts one more failure and returns the pause after it. The jitter makes it longer
    /// by up to a quarter.
    pub(super) fn pause(&mut self, bad_password: bool, random: &mut Random) -> Duration {
        let pause = match bad_password {
            true => PASSWORD_PAUSE,
            false => LONGEST_PAUSE.min(PAUSE * 2_u32.pow(self.failures.min(5))),
        };
        self.failures = self.failures.saturating_add(1);
        pause + pause.mul_f64((random.next() >> 40) as f64 / (1_u64 << 26) as f64)
    }
}
