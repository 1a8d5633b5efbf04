//! One clock for all tracks of a session.
//!
//! Every track counts in its own RTP clock from its own random start. What ties
//! them together is, best first: RTCP sender reports, the RTP-Info header of
//! the PLAY response, the moments of arrival. A source that contradicts the
//! arrival times by seconds is not believed (cameras do send such). Where one
//! falls silent, the arrivals take over from what it said: clocks drift.
//!
//! Times are microseconds, 64 bits. Invariants: within a track, time runs with
//! the RTP clock; better knowledge of how tracks lie to each other moves the
//! video track, by at most a sixteenth of the time that passes. The audio
//! track, once placed, is not moved: ears notice. A leap of the RTP clock with no
//! packet missing is no time that passed: the track goes on as if it had not
//! been.

mod clock;

use clock::Clock;

/// A source that puts two tracks further apart than this from where their
/// arrival puts them is wrong.
const MAX_SKEW_US: i64 = 5_000_000;

/// Arrival times count over windows of this length, the best of two.
const WINDOW_US: i64 = 10_000_000;

/// How fast a track is moved: this fraction of the time that passes.
const SLEW: i64 = 16;

/// Tracks closer to where they belong than this are left alone.
const DEAD_BAND_US: i64 = 5_000;

/// The sender's wall clock was set if it differs from before by more than this.
const MAX_DRIFT_US: i64 = 500_000;

/// The clock. Tracks are named by what [`add`](Self::add) returned.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    clocks: Vec<Clock>,
    window: Option<i64>,
    /// How much later than sound the picture is to be shown than its arrival
    /// says, by the last source that knew better.
    bias: i64,
}

impl Timeline {
    /// A track that counts `rate` ticks a second (0 is taken for 1).
    pub fn add(&mut self, rate: u32, audio: bool) -> usize {
        self.clocks.push(Clock::new(i64::from(rate.max(1)), audio));
        self.clocks.len() - 1
    }

    /// Forgets where the tracks lie; they are to be placed anew.
    pub fn reset(&mut self) {
        self.window = None;
        for clock in &mut self.clocks {
            clock.reset();
        }
    }

    /// Forgets where one track lies: its source has begun anew. It will be
    /// placed by the others, or is to be [anchored](Self::anchor).
    pub fn reset_track(&mut self, track: usize) {
        if let Some(clock) = self.clocks.get_mut(track) {
            clock.reset();
        }
    }

    /// The codec counts `rate` ticks a second, and its last packet held `samples`, of
    /// which up to `most` times as many may come. If that is not what the track
    /// was said to count in, its first step decides, or the arrivals.
    pub fn suspect(&mut self, track: usize, rate: u32, samples: u32, most: u8) {
        if let Some(clock) = self.clocks.get_mut(track) {
            clock.codec_rate = i64::from(rate);
            clock.samples = i64::from(samples);
            clock.most = i64::from(most);
        }
    }

    /// The PLAY response says that the stream starts at `timestamp`.
    pub fn info(&mut self, track: usize, timestamp: u32) {
        if let Some(clock) = self.clocks.get_mut(track) {
            clock.info = Some(timestamp);
        }
    }

    /// A sender report says that it was `ntp_us` at `timestamp` (unwrapped).
    pub fn report(&mut self, track: usize, ntp_us: i64, timestamp: i64) {
        let Some(clock) = self.clocks.get_mut(track) else {
            return;
        };
        let Some(time) = clock.reported_time(timestamp) else {
            return;
        };
        let wall = ntp_us.wrapping_sub(time);
        let near = |other: &i64| wall.wrapping_sub(*other).wrapping_abs() <= MAX_DRIFT_US;
        let set = clock.report.is_some_and(|last| !near(&last));
        // One report alone may be wild.
        let doubted = std::mem::replace(&mut clock.doubted, set.then_some(wall));
        if set && !doubted.is_some_and(|last| near(&last)) {
            return;
        }
        clock.report = Some(wall);
        clock.reported = clock.last_arrival;
        if set {
            // What the others last said was by the clock before.
            for (index, other) in self.clocks.iter_mut().enumerate() {
                other.report = other.report.filter(|_| index == track);
            }
        }
    }

    /// A packet arrived. Says whether its timestamp goes on from the one
    /// before; if not, it is a new beginning, and the track is to be
    /// [reset](Self::reset_track). `directly`: no packet is missing before it,
    /// so that it goes on whatever it says, and a leap is not played.
    #[must_use]
    pub fn arrive(&mut self, track: usize, timestamp: i64, now_us: i64, directly: bool) -> bool {
        self.roll(now_us);
        let Some(clock) = self.clocks.get_mut(track) else {
            return true;
        };
        if directly {
            clock.count(timestamp);
        }
        let misjudged = clock.counts_otherwise(timestamp, now_us);
        if misjudged {
            self.bias = 0;
        }
        if clock.base.is_none() {
            clock.base = Some(timestamp);
            clock.started = now_us;
        } else if misjudged {
            return false;
        } else if !clock.goes_on(timestamp, now_us) {
            if !directly {
                return false;
            }
            clock.leap(timestamp, now_us);
        } else {
            let leap = clock.micros(timestamp.wrapping_sub(clock.last));
            clock.step = if leap > 0 { leap } else { clock.step };
        }
        clock.last = timestamp;
        clock.last_arrival = now_us;
        let time = clock.since_base(timestamp).unwrap_or(0);
        clock.arrival[0] = clock.arrival[0].min(now_us.wrapping_sub(time));
        true
    }

    fn roll(&mut self, now_us: i64) {
        let start = *self.window.get_or_insert(now_us);
        if now_us.wrapping_sub(start) < WINDOW_US {
            return;
        }
        self.window = Some(now_us);
        for clock in &mut self.clocks {
            if clock.arrival[0] != i64::MAX {
                clock.arrival = [i64::MAX, clock.arrival[0]];
            }
        }
    }

    /// Places the first track: its `timestamp` is at `time_us`.
    pub fn anchor(&mut self, track: usize, timestamp: i64, time_us: i64) {
        if let Some(clock) = self.clocks.get_mut(track)
            && let Some(time) = clock.since_base(timestamp)
        {
            clock.offset = Some(time_us.wrapping_sub(time));
            clock.latest = time;
        }
    }

    /// Where `timestamp` lies on the timeline; `None` until a track has been
    /// anchored and this one has had a packet.
    pub fn time(&mut self, track: usize, timestamp: i64) -> Option<i64> {
        let clock = self.clocks.get(track)?;
        let time = clock.since_base(timestamp)?;
        let target = self.target(track);
        let clock = self.clocks.get_mut(track)?;
        let offset = match (clock.offset, target) {
            (None, None) => return None,
            (None, Some(target)) => target,
            (Some(offset), None) => offset,
            (Some(offset), Some(target)) => {
                let error = target.wrapping_sub(offset);
                let most = time.wrapping_sub(clock.latest).max(0) / SLEW;
                if error.wrapping_abs() > DEAD_BAND_US {
                    offset.wrapping_add(error.clamp(-most, most))
                } else {
                    offset
                }
            }
        };
        clock.offset = Some(offset);
        clock.latest = clock.latest.max(time);
        Some(time.wrapping_add(offset))
    }

    /// The offset that `track` should have by another track's, if it is to
    /// follow another: audio leads when it has been placed, else whatever has.
    fn target(&mut self, track: usize) -> Option<i64> {
        let own = self.clocks.get(track)?;
        let leader = self
            .clocks
            .iter()
            .enumerate()
            .filter(|(index, clock)| *index != track && clock.offset.is_some())
            .map(|(_, clock)| clock)
            .find(|clock| own.offset.is_none() || (clock.audio && !own.audio))?;
        let difference = |wall: fn(&Clock) -> Option<i64>| wall(own)?.checked_sub(wall(leader)?);
        let arrival = difference(Clock::arrived)?;
        let near = |apart: &i64| apart.wrapping_sub(arrival).wrapping_abs() <= MAX_SKEW_US;
        let known = difference(Clock::reported).filter(near);
        let known = known.or_else(|| difference(Clock::informed).filter(near));
        let sign = if own.audio { -1 } else { 1 };
        let offset = leader.offset?;
        if let Some(known) = known {
            self.bias = known.wrapping_sub(arrival) * sign;
        }
        // How much later than the leader's base its own is.
        let apart = arrival.wrapping_add(self.bias * sign);
        offset.checked_add(apart)
    }
}

#[cfg(test)]
mod tests;
