//! A moment's wait for viewers who take what they get.
//!
//! A camera on a fast network writes a key frame of some megabytes faster than the
//! system wakes those who read it. Its link is left unread as soon as one of them is
//! nearly `backlog` behind, so that he need not lose the picture; but only for moments,
//! a tenth of the time at most, and not for who was too slow lately: others
//! do not wait for him.

use std::time::{Duration, Instant};

use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::media::queue::READ;

use super::outlet::Outlet;
use super::{Source, Sources};

/// The longest that a link is left unread at a stretch: who is still behind then is slow.
const MAX_HOLD: Duration = Duration::from_millis(50);
/// The longest of all that was saved up; what piled up meanwhile has to be taken, too.
const MAX_BUDGET: Duration = Duration::from_millis(200);
/// Less than this is not worth it: the clock of the loop is not that fine.
const MIN_BUDGET: Duration = Duration::from_millis(20);
/// Of the time that passes, this part is added to what may be waited.
const BUDGET_DIVISOR: u32 = 10;
/// How long nobody waits for a viewer who was slow.
const SLOW_MEMORY: Duration = Duration::from_secs(10);

/// How long a link may still be left unread.
#[derive(Debug)]
pub struct Hold {
    budget: Duration,
    /// When that was so.
    updated: Instant,
    /// It is left unread until then.
    until: Option<Instant>,
}

impl Hold {
    /// Of a fresh link.
    pub fn new(now: Instant) -> Hold {
        Hold {
            budget: MAX_BUDGET,
            updated: now,
            until: None,
        }
    }

    /// Until when it is held, if that is `wanted`.
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

    /// Whether it is held.
    pub fn is_on(&self) -> bool {
        self.until.is_some()
    }
}

impl Sources {
    /// Whether a camera's link is to be left unread for a moment; it is served again when
    /// a viewer took something, or it was long enough.
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

/// Viewers whom more of the camera would leave behind, and who were not slow lately.
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
    let all = shared.watchers.iter().enumerate();
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
