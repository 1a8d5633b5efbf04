//! Holding a camera's link back for a moment, for viewers who read what they get.
//!
//! A camera on a fast network writes a key frame of some megabytes faster than the
//! system wakes the viewers' machines to read it. Its link is not read while a viewer
//! is nearly `backlog` behind, so that this viewer does not lose the picture. That is
//! limited to moments, a tenth of the time at most, and not done for viewers who were
//! slow lately, because other viewers must not wait for them.

use std::time::{Duration, Instant};

use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::media::queue::READ;

use super::outlet::Outlet;
use super::{Source, Sources};

/// The longest time that a link is held back at once. A viewer that is still behind is
/// slow.
const MAX_HOLD: Duration = Duration::from_millis(50);
/// The limit of the saved-up budget. What the camera sends meanwhile must be taken,
/// too.
const MAX_BUDGET: Duration = Duration::from_millis(200);
/// A smaller budget is not used, because the loop's clock is not that fine.
const MIN_BUDGET: Duration = Duration::from_millis(20);
/// The budget grows by this part of the time that passes.
const BUDGET_DIVISOR: u32 = 10;
/// How long a link is not held back for a viewer that was slow.
const SLOW_MEMORY: Duration = Duration::from_secs(10);

/// The budget of time for which a link may be held back.
#[derive(Debug)]
pub struct Hold {
    budget: Duration,
    /// When the budget was last updated.
    updated: Instant,
    /// Until when the link is held back now.
    until: Option<Instant>,
}

impl Hold {
    /// The full budget of a new link.
    pub fn new(now: Instant) -> Hold {
        Hold {
            budget: MAX_BUDGET,
            updated: now,
            until: None,
        }
    }

    /// Updates the budget, and returns until when the link is held back if that is
    /// `wanted`.
    fn set(&mut self, wanted: bool, now: Instant) -> Option<Instant> {
        let passed = now.saturating_duration_since(self.updated);
        self.budget = match self.until {
            Some(_) => self.budget.saturating_sub(passed),
            None => MAX_BUDGET.min(self.budget + passed / BUDGET_DIVISOR),
        };
        self.updated = now;
        let fresh = (self.budget > MIN_BUDGET).then(|| now + self.budget.min(MAX_HOLD));
        self.until = self.until.or(fresh).filter(|until| wanted && *until > now);
        self.until
    }

    /// Whether the link is held back.
    pub fn is_on(&self) -> bool {
        self.until.is_some()
    }
}

impl Sources {
    /// Whether a camera's link is to be left unread for a moment. It is served again
    /// when a viewer has taken something, or when the time is over.
    pub(super) fn hold_back(&mut self, io: &Io, source: Key) -> bool {
        let now = io.now;
        let Some(found) = self.all.get_mut(source) else {
            return false;
        };
        let overtaken = overtaken(found, io.limits.backlog as u64, now);
        let held = found.link.hold.is_on();
        let until = found.link.hold.set(!overtaken.is_empty(), now);
        found.link.paused |= until.is_some();
        match until {
            Some(until) => self.schedule_relief(until),
            None if held => {
                for at in overtaken {
                    if let Some((outlet, _)) = found.outlet_mut(at) {
                        outlet.slow_at = Some(now);
                    }
                }
            }
            None => {}
        }
        until.is_some()
    }
}

/// The outlets of viewers who would be too far behind after the next read, and who were
/// not slow lately.
fn overtaken(source: &Source, backlog: u64, now: Instant) -> Vec<usize> {
    let Some(shared) = source.shared() else {
        return Vec::new();
    };
    let whole = source.queue.whole();
    let more = 2 * READ as u64;
    let max_lag = backlog.saturating_sub(more);
    let is_overtaken = |outlet: &Outlet| {
        let at = outlet.delivery.position();
        let slow = outlet.slow_at.is_some_and(|when| when + SLOW_MEMORY > now);
        let far = whole - at > max_lag && !shared.camera.cache.keeps(at, whole + more);
        far && !slow && outlet.skipping_since.is_none()
    };
    let all = shared.watchers.as_slice().iter().enumerate();
    all.filter(|(_, outlet)| is_overtaken(outlet))
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_held_for_a_tenth_of_the_time() {
        let start = Instant::now();
        let mut hold = Hold::new(start);
        let (mut held, mut longest, mut stretch) = (0, 0, 0);
        for number in 0..10_000 {
            // Somebody is always behind.
            let now = start + Duration::from_millis(number);
            if hold.set(true, now).is_some() {
                (held, stretch) = (held + 1, stretch + 1);
                longest = longest.max(stretch);
            } else {
                stretch = 0;
            }
        }
        assert!((900..=1_250).contains(&held), "{held} ms");
        assert!(longest <= 50, "{longest} ms");
        let later = start + Duration::from_secs(20);
        assert!(hold.set(false, later).is_none() && !hold.is_on());
    }
}
