//! One clock for all tracks of a session.
//!
//! Every track counts in its own RTP clock from its own random start. What ties
//! them together is, best first: RTCP sender reports, the RTP-Info header of
//! the PLAY response, the moments of arrival. A source that contradicts the
//! arrival times by seconds is not believed (cameras do send such).
//!
//! Times are microseconds, 64 bits. Invariants: within a track, time runs with
//! the RTP clock; better knowledge of how tracks lie to each other moves the
//! video track, by at most a sixteenth of the time that passes. The audio
//! track, once placed, is not moved: ears notice.

/// A source that puts two tracks further apart than this from where their
/// arrival puts them is wrong.
const MAX_SKEW_US: i64 = 5_000_000;

/// Arrival times count over windows of this length, the best of two.
const WINDOW_US: i64 = 10_000_000;

/// How fast a track is moved: this fraction of the time that passes.
const SLEW: i64 = 16;

/// Tracks closer to where they belong than this are left alone.
const DEAD_BAND_US: i64 = 5_000;

/// A timestamp that leaps further than this ...
const MAX_LEAP_US: i64 = 10_000_000;

/// ... or falls back further than this (pictures may be sent out of order) ...
const MAX_FALL_US: i64 = 2_000_000;

/// ... is a new beginning, unless its arrival is as late, within this.
const LEAP_SLACK_US: i64 = 5_000_000;

/// No pause in the middle of a stream is longer than this.
const MAX_PAUSE_US: i64 = 60_000_000;

#[derive(Clone, Debug)]
struct Clock {
    /// Ticks per second.
    rate: i64,
    audio: bool,
    /// The unwrapped timestamp from which this track's time is counted.
    base: Option<i64>,
    last: i64,
    last_arrival: i64,
    /// The wall clock (of the sender) at the base, by sender reports.
    report: Option<i64>,
    /// The timestamp that the PLAY response names.
    info: Option<u32>,
    /// The earliest arrival of the base, in this window and the one before.
    arrival: [i64; 2],
    /// The timeline's time at the base, once placed.
    offset: Option<i64>,
    /// The latest time asked for, from the base.
    latest: i64,
}

/// The clock. Tracks are named by what [`add`](Self::add) returned.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    clocks: Vec<Clock>,
    window: Option<i64>,
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
            *clock = Clock::new(clock.rate, clock.audio);
        }
    }

    /// Forgets where one track lies: its source has begun anew. It will be
    /// placed by the others, or is to be [anchored](Self::anchor).
    pub fn reset_track(&mut self, track: usize) {
        if let Some(clock) = self.clocks.get_mut(track) {
            *clock = Clock::new(clock.rate, clock.audio);
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
        if let Some(clock) = self.clocks.get_mut(track)
            && let Some(time) = clock.since_base(timestamp)
        {
            clock.report = Some(ntp_us.saturating_sub(time));
        }
    }

    /// A packet arrived. Says whether its timestamp goes on from the one
    /// before; if not, it is a new beginning, and the track is to be
    /// [reset](Self::reset_track).
    #[must_use]
    pub fn arrive(&mut self, track: usize, timestamp: i64, now_us: i64) -> bool {
        self.roll(now_us);
        let Some(clock) = self.clocks.get_mut(track) else {
            return true;
        };
        if clock.base.is_none() {
            clock.base = Some(timestamp);
        } else {
            let leap = clock.micros(timestamp.saturating_sub(clock.last));
            let passed = now_us.saturating_sub(clock.last_arrival);
            let far = !(-MAX_FALL_US..=MAX_LEAP_US).contains(&leap);
            let late = leap.saturating_sub(passed).saturating_abs() <= LEAP_SLACK_US;
            if far && !(late && leap <= MAX_PAUSE_US) {
                return false;
            }
        }
        clock.last = timestamp;
        clock.last_arrival = now_us;
        let time = clock.since_base(timestamp).unwrap_or(0);
        clock.arrival[0] = clock.arrival[0].min(now_us.saturating_sub(time));
        true
    }

    fn roll(&mut self, now_us: i64) {
        let start = *self.window.get_or_insert(now_us);
        if now_us.saturating_sub(start) < WINDOW_US {
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
            clock.offset = Some(time_us.saturating_sub(time));
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
                let error = target.saturating_sub(offset);
                let most = time.saturating_sub(clock.latest).max(0) / SLEW;
                if error.saturating_abs() > DEAD_BAND_US {
                    offset.saturating_add(error.clamp(-most, most))
                } else {
                    offset
                }
            }
        };
        clock.offset = Some(offset);
        clock.latest = clock.latest.max(time);
        Some(time.saturating_add(offset))
    }

    /// The offset that `track` should have by another track's, if it is to
    /// follow another: audio leads when it has been placed, else whatever has.
    fn target(&self, track: usize) -> Option<i64> {
        let own = self.clocks.get(track)?;
        let leader = self
            .clocks
            .iter()
            .enumerate()
            .filter(|(index, clock)| *index != track && clock.offset.is_some())
            .map(|(_, clock)| clock)
            .find(|clock| own.offset.is_none() || (clock.audio && !own.audio))?;
        leader.offset?.checked_add(apart(own, leader)?)
    }
}

/// How much later than `leader`'s base `own`'s base is.
fn apart(own: &Clock, leader: &Clock) -> Option<i64> {
    let difference = |wall: fn(&Clock) -> Option<i64>| wall(own)?.checked_sub(wall(leader)?);
    let arrival = difference(Clock::arrived)?;
    let sources: [fn(&Clock) -> Option<i64>; 2] = [|clock| clock.report, Clock::informed];
    sources
        .into_iter()
        .filter_map(difference)
        .find(|apart| apart.saturating_sub(arrival).saturating_abs() <= MAX_SKEW_US)
        .or(Some(arrival))
}

impl Clock {
    fn new(rate: i64, audio: bool) -> Self {
        Self {
            rate,
            audio,
            base: None,
            last: 0,
            last_arrival: 0,
            report: None,
            info: None,
            arrival: [i64::MAX; 2],
            offset: None,
            latest: 0,
        }
    }

    /// Ticks to microseconds; in two parts, so that years do not overflow.
    fn micros(&self, ticks: i64) -> i64 {
        (ticks / self.rate)
            .saturating_mul(1_000_000)
            .saturating_add(ticks % self.rate * 1_000_000 / self.rate)
    }

    fn since_base(&self, timestamp: i64) -> Option<i64> {
        Some(self.micros(timestamp.saturating_sub(self.base?)))
    }

    /// When the base arrived at best.
    fn arrived(&self) -> Option<i64> {
        let best = self.arrival[0].min(self.arrival[1]);
        (best != i64::MAX).then_some(best)
    }

    /// How far behind the stream's start the base is, by RTP-Info.
    fn informed(&self) -> Option<i64> {
        let base = self.base? as u32; // the low 32 bits are what wraps
        Some(self.micros(i64::from(base.wrapping_sub(self.info?).cast_signed())))
    }
}

#[cfg(test)]
mod tests;
