//! The common clock of all tracks of a session.
//!
//! Every track counts in its own RTP clock, from a random start. Three things relate
//! tracks to each other, best first: RTCP sender reports, the RTP-Info header of the
//! PLAY response, and the arrival times. A sender report or RTP-Info that contradicts
//! the arrival times by seconds is ignored (some cameras send such). When reports stop
//! coming, arrival times take over from the last report, because clocks drift.
//!
//! Times are microseconds in 64 bits. Invariants: within a track, time runs with the
//! RTP clock. Better knowledge about how tracks relate moves the video track, by at
//! most a sixteenth of the time that passes. The audio track, once placed, is not
//! moved, because that can be heard. A leap of the RTP clock without a missing packet
//! is not a passage of time: the track continues as if the leap had not been.

mod clock;

use clock::Clock;

/// A source of knowledge is wrong if it places two tracks this much further apart than
/// their arrival times do.
const MAX_SKEW_US: i64 = 5_000_000;

/// Arrival times are collected in windows of this length; the earliest of two windows
/// counts.
const WINDOW_US: i64 = 10_000_000;

/// A track is moved by at most this fraction of the time that passes.
const SLEW: i64 = 16;

/// A track this close to its correct place is not moved.
const DEAD_BAND_US: i64 = 5_000;

/// If the sender's wall clock differs from before by more than this, it was set.
const MAX_DRIFT_US: i64 = 500_000;

/// The clock. A track is identified by the number that [`add`](Self::add) returned.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    clocks: Vec<Clock>,
    window: Option<i64>,
    /// How much later, relative to the audio, the picture is to be shown than the
    /// arrival times say, according to the last better source.
    bias: i64,
}

impl Timeline {
    /// Adds a track whose clock has `rate` ticks per second (0 counts as 1).
    pub fn add(&mut self, rate: u32, audio: bool) -> usize {
        self.clocks.push(Clock::new(i64::from(rate.max(1)), audio));
        self.clocks.len() - 1
    }

    /// Forgets the places of all tracks, so that they are placed anew.
    pub fn reset(&mut self) {
        self.window = None;
        for clock in &mut self.clocks {
            clock.reset();
        }
    }

    /// Forgets the place of one track, whose source has begun anew. The other tracks
    /// place it, or it is to be [anchored](Self::anchor).
    pub fn reset_track(&mut self, track: usize) {
        if let Some(clock) = self.clocks.get_mut(track) {
            clock.reset();
        }
    }

    /// Says that the codec has `rate` ticks per second, and that its last packet held
    /// `samples`; a packet may contain up to `factor` times as many. If the track's
    /// clock seems to have another rate than it should, its first step decides which,
    /// or the arrival times do.
    pub fn expect_rate(&mut self, track: usize, rate: u32, samples: u32, factor: u8) {
        if let Some(clock) = self.clocks.get_mut(track) {
            clock.codec_rate = i64::from(rate);
            clock.samples = i64::from(samples);
            clock.factor = i64::from(factor);
        }
    }

    /// Takes the timestamp at which the stream starts, according to the PLAY response.
    pub fn info(&mut self, track: usize, timestamp: u32) {
        if let Some(clock) = self.clocks.get_mut(track) {
            clock.info = Some(timestamp);
        }
    }

    /// Takes a sender report: the wall clock was `ntp_us` at `timestamp`, which is
    /// unwrapped.
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
        // A single report may be wrong.
        let doubted = std::mem::replace(&mut clock.doubted, set.then_some(wall));
        if set && !doubted.is_some_and(|last| near(&last)) {
            return;
        }
        clock.report = Some(wall);
        clock.reported = clock.last_arrival;
        if set {
            // The last reports of the other tracks are based on the clock as it was
            // before.
            for (index, other) in self.clocks.iter_mut().enumerate() {
                other.report = other.report.filter(|_| index == track);
            }
        }
    }

    /// Takes the arrival of a packet, and returns whether its timestamp continues the
    /// one before. If not, the stream begins anew, and the track is to be
    /// [reset](Self::reset_track). `directly`: no packet is missing before this one, so
    /// it continues in any case, and a leap of its timestamp is left out.
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

    /// The time of `timestamp` on the timeline; `None` until a track has been anchored
    /// and this one has had a packet.
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
                let limit = time.wrapping_sub(clock.latest).max(0) / SLEW;
                if error.wrapping_abs() > DEAD_BAND_US {
                    offset.wrapping_add(error.clamp(-limit, limit))
                } else {
                    offset
                }
            }
        };
        clock.offset = Some(offset);
        clock.latest = clock.latest.max(time);
        Some(time.wrapping_add(offset))
    }

    /// The offset that `track` should have according to the track that it follows. A track
    /// that is not placed yet follows any that is; a placed video track follows the audio.
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
        // How much later its own base is than that of the leader.
        let apart = arrival.wrapping_add(self.bias * sign);
        offset.checked_add(apart)
    }
}

#[cfg(test)]
mod tests;
