//! The RTP clock of one track: what it counts in, when its packets arrived, and
//! whether they go on from one another.

/// A timestamp that leaps further than this ...
const MAX_LEAP_US: i64 = 10_000_000;

/// ... is a new beginning, unless its arrival is as late, within this.
const LEAP_SLACK_US: i64 = 5_000_000;

/// No pause in the middle of a stream is longer than this.
const MAX_PAUSE_US: i64 = 60_000_000;

/// So is one that comes earlier than the best before it by more than this, if
/// it leaps further than this and than a few steps before it.
const MAX_EARLY_US: i64 = 2_000_000;

/// So is one that falls back further than this: pictures may be sent out of
/// order, but by no more steps than that; sound may not.
const MAX_FALL_US: i64 = 2_000_000;
const MAX_FALL_STEPS: i64 = 16;
const MAX_AUDIO_FALL_US: i64 = 200_000;

/// A leap is taken to last as long as the step before it, or for it to lead back
/// to where the clock was, if the arrivals differ by no more than this.
const MAX_DOUBT_US: i64 = 500_000;

/// How long a sender report is good for: two clocks drift apart by 100 µs in a
/// second.
const MAX_REPORT_AGE_US: i64 = 60_000_000;

/// How long the PLAY response is: until the arrivals have been seen for two
/// windows.
const MAX_INFO_AGE_US: i64 = 20_000_000;

/// How long a clock's rate is measured, by arrivals. Two measurements that agree
/// count.
const GAUGE_US: i64 = 3_000_000;

/// What cameras count in that announce something else, Hz: milliseconds, or what
/// all video counts in.
const ODD_RATES: [i64; 2] = [1_000, 90_000];

/// One track's clock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Ticks per second.
    pub(super) rate: i64,
    pub(super) audio: bool,
    /// The unwrapped timestamp from which this track's time is counted.
    pub(super) base: Option<i64>,
    /// What it was before the last leap.
    before: Option<i64>,
    pub(super) last: i64,
    pub(super) last_arrival: i64,
    /// When the base arrived.
    pub(super) started: i64,
    /// The last step forward, microseconds.
    pub(super) step: i64,
    /// The wall clock (of the sender) at the base, by sender reports.
    pub(super) report: Option<i64>,
    /// The same by a last report that contradicts it.
    pub(super) doubted: Option<i64>,
    /// The last arrival before the last report.
    pub(super) reported: i64,
    /// What was said that it counts in, Hz; 0: the arrivals deny it.
    said: i64,
    /// What the codec counts in, Hz, 0: not known; how many samples of that the last
    /// packet held; and how many times as many may come of them.
    pub(super) codec_rate: i64,
    pub(super) samples: i64,
    pub(super) most: i64,
    /// Arrival and timestamp at the start of a measurement, and what the one
    /// before found wrong (0: nothing).
    pub(super) gauge: Option<(i64, i64)>,
    pub(super) suspect: i64,
    /// The timestamp that the PLAY response names.
    pub(super) info: Option<u32>,
    /// The earliest arrival of the base, in this window and the one before.
    pub(super) arrival: [i64; 2],
    /// The timeline's time at the base, once placed.
    pub(super) offset: Option<i64>,
    /// The latest time asked for, from the base.
    pub(super) latest: i64,
}

impl Clock {
    pub(super) fn new(rate: i64, audio: bool) -> Self {
        Self {
            rate,
            audio,
            base: None,
            before: None,
            last: 0,
            last_arrival: 0,
            started: 0,
            step: 0,
            report: None,
            doubted: None,
            reported: 0,
            said: rate,
            codec_rate: 0,
            samples: 0,
            most: 0,
            gauge: None,
            suspect: 0,
            info: None,
            arrival: [i64::MAX; 2],
            offset: None,
            latest: 0,
        }
    }

    /// Forgets everything but how it counts.
    pub(super) fn reset(&mut self) {
        *self = Self {
            step: self.step,
            said: self.said,
            codec_rate: self.codec_rate,
            gauge: self.gauge,
            suspect: self.suspect,
            ..Self::new(self.rate, self.audio)
        };
    }

    /// Whether a packet with this timestamp goes on from the last one.
    pub(super) fn goes_on(&self, timestamp: i64, now_us: i64) -> bool {
        let leap = self.micros(timestamp.wrapping_sub(self.last));
        let steps = match self.step.wrapping_mul(MAX_FALL_STEPS) {
            0 => MAX_FALL_US,
            steps => steps.clamp(MAX_AUDIO_FALL_US, MAX_FALL_US),
        };
        let fall = if self.audio { MAX_AUDIO_FALL_US } else { steps };
        if leap > MAX_LEAP_US {
            let passed = now_us.wrapping_sub(self.last_arrival);
            let slack = leap.wrapping_sub(passed).wrapping_abs();
            return slack <= LEAP_SLACK_US && leap <= MAX_PAUSE_US;
        }
        if leap > MAX_EARLY_US && leap / 4 > self.step {
            let arrived = now_us.wrapping_sub(self.since_base(timestamp).unwrap_or(0));
            let early = self.arrived().map(|best| best.wrapping_sub(arrived));
            return early.is_none_or(|early| early <= MAX_EARLY_US);
        }
        leap >= -fall
    }

    /// The sender's clock leapt to `timestamp`, and no packet is missing: the
    /// leap is taken out of the track's time. A stamp that was wild alone, or
    /// clocks that take turns, lead back to the very base there was.
    pub(super) fn leap(&mut self, timestamp: i64, now_us: i64) {
        let Some(base) = self.base else { return };
        let near = |a: i64, b: i64| a.wrapping_sub(b).wrapping_abs() <= MAX_DOUBT_US;
        let mut step = now_us.wrapping_sub(self.last_arrival);
        if self.step > 0 && near(step, self.step) {
            step = self.step;
        }
        let next = self.micros(self.last.wrapping_sub(base)).wrapping_add(step);
        let before = self.before.replace(base);
        let fits = |base: &i64| near(self.micros(timestamp.wrapping_sub(*base)), next);
        let leap = timestamp.wrapping_sub(self.last);
        let leap = leap.wrapping_sub(step.wrapping_mul(self.rate) / 1_000_000);
        self.base = before.filter(fits).or(Some(base.wrapping_add(leap)));
        // It names a time by the clock before; what it told is kept.
        self.info = None;
    }

    /// Sound goes on to `timestamp`, and no packet is missing: its first step tells what
    /// it counts in, as far as its arrivals have not.
    pub(super) fn count(&mut self, timestamp: i64) {
        let step = timestamp.wrapping_sub(self.last);
        if self.base == Some(self.last)
            && self.rate == self.said
            && step != 0
            && let Some(times) = (1..=self.most).find(|times| times * self.samples == step)
        {
            self.rate = times * self.codec_rate;
        }
    }

    /// Whether the arrivals show that it counts at another rate than was said,
    /// which it then takes.
    pub(super) fn counts_otherwise(&mut self, timestamp: i64, now_us: i64) -> bool {
        let (since, from) = *self.gauge.get_or_insert((now_us, timestamp));
        let passed = now_us.wrapping_sub(since);
        if passed < GAUGE_US {
            return false;
        }
        self.gauge = None;
        let measured = timestamp.wrapping_sub(from).wrapping_mul(1_000_000) / passed;
        let near = |rate: i64| measured.wrapping_sub(rate).wrapping_abs() <= rate / 8;
        let other = |rate: &i64| near(*rate) && (*rate / 4 > self.rate || self.rate / 4 > *rate);
        let known = |rate: &i64| *rate > 0 && near(*rate) && !near(self.rate);
        let known = [self.codec_rate, self.said].into_iter().find(known);
        let found = ODD_RATES.into_iter().find(other).or(known).unwrap_or(0);
        let agreed = std::mem::replace(&mut self.suspect, found) == found;
        if found == 0 || !agreed {
            return false;
        }
        self.rate = found;
        self.said = 0;
        true
    }

    /// Ticks to microseconds; in two parts, so that years do not overflow.
    #[inline(never)]
    pub(super) fn micros(&self, ticks: i64) -> i64 {
        let rate = self.rate.max(1); // never 0, as the compiler now sees
        (ticks / rate)
            .wrapping_mul(1_000_000)
            .wrapping_add(ticks % rate * 1_000_000 / rate)
    }

    pub(super) fn since_base(&self, timestamp: i64) -> Option<i64> {
        Some(self.micros(timestamp.wrapping_sub(self.base?)))
    }

    /// The time from the base that a report names: by the clock of the last
    /// packet, or by that before the last leap, whichever is nearer.
    pub(super) fn reported_time(&self, timestamp: i64) -> Option<i64> {
        let last = self.since_base(self.last)?;
        let time = self.since_base(timestamp)?;
        let before = match self.before {
            Some(base) => self.micros(timestamp.wrapping_sub(base)),
            None => time,
        };
        let far = |time: i64| time.wrapping_sub(last).wrapping_abs();
        Some(if far(before) < far(time) {
            before
        } else {
            time
        })
    }

    /// The wall clock at the base, if that was not said too long ago.
    pub(super) fn reported(&self) -> Option<i64> {
        let age = self.last_arrival.wrapping_sub(self.reported);
        self.report.filter(|_| age <= MAX_REPORT_AGE_US)
    }

    /// When the base arrived at best.
    pub(super) fn arrived(&self) -> Option<i64> {
        let best = self.arrival[0].min(self.arrival[1]);
        (best != i64::MAX).then_some(best)
    }

    /// How far behind the stream's start the base is, by RTP-Info, while that
    /// is news.
    pub(super) fn informed(&self) -> Option<i64> {
        if self.last_arrival.wrapping_sub(self.started) > MAX_INFO_AGE_US {
            return None;
        }
        let base = self.base? as u32; // the low 32 bits are what wraps
        Some(self.micros(i64::from(base.wrapping_sub(self.info?).cast_signed())))
    }
}
