//! The RTP clock of one track: its rate, the arrival times of its packets, and whether
//! a packet continues the one before.

/// A timestamp that leaps further than this is a new beginning, ...
const MAX_LEAP_US: i64 = 10_000_000;

/// ... unless the packet arrived about as much later, within this tolerance.
const LEAP_SLACK_US: i64 = 5_000_000;

/// A pause in the middle of a stream is never longer than this.
const MAX_PAUSE_US: i64 = 60_000_000;

/// A packet is also a new beginning if it comes earlier than the earliest before it by
/// more than this, and if its timestamp leaps further than this and than four steps like
/// the last one.
const MAX_EARLY_US: i64 = 2_000_000;

/// A timestamp that falls back further than this is a new beginning, too. Video may be
/// sent out of order by a few steps and by no more than this; audio may not.
const MAX_FALL_US: i64 = 2_000_000;
const MAX_FALL_STEPS: i64 = 16;
const MAX_AUDIO_FALL_US: i64 = 200_000;

/// If arrival times differ by no more than this, a leap is assumed to last as long as
/// the step before it, or to lead back to where the clock was.
const MAX_DOUBT_US: i64 = 500_000;

/// How long a sender report is valid: two clocks drift apart by 100 µs per second.
const MAX_REPORT_AGE_US: i64 = 60_000_000;

/// How long the PLAY response is valid: until arrival times have been collected for two
/// windows.
const MAX_INFO_AGE_US: i64 = 20_000_000;

/// How long the rate of a clock is measured by arrival times. Two measurements must
/// agree.
const MEASUREMENT_US: i64 = 3_000_000;

/// The rates that cameras use when they announce another one, in Hz: milliseconds, or
/// the rate of all video.
const ODD_RATES: [i64; 2] = [1_000, 90_000];

/// One track's clock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Ticks per second.
    pub(super) rate: i64,
    pub(super) audio: bool,
    /// The unwrapped timestamp from which the time of this track is counted.
    pub(super) base: Option<i64>,
    /// The base before the last leap.
    before: Option<i64>,
    pub(super) last: i64,
    pub(super) last_arrival: i64,
    /// The arrival time of the base.
    pub(super) started: i64,
    /// The last step forward, in microseconds.
    pub(super) step: i64,
    /// The sender's wall clock at the base, according to sender reports.
    pub(super) report: Option<i64>,
    /// The same according to the last report, which contradicts the others.
    pub(super) doubted: Option<i64>,
    /// The last arrival time before the last report.
    pub(super) reported: i64,
    /// The announced rate in Hz; 0 if the arrival times contradict it.
    announced: i64,
    /// The rate of the codec in Hz, 0 if it is unknown; the number of samples in the
    /// last packet; and how many times as many a packet may have.
    pub(super) codec_rate: i64,
    pub(super) samples: i64,
    pub(super) factor: i64,
    /// The arrival time and timestamp at the start of a measurement, and the wrong rate
    /// that the measurement before found (0: none).
    pub(super) measurement: Option<(i64, i64)>,
    pub(super) suspected_rate: i64,
    /// The timestamp in the PLAY response.
    pub(super) info: Option<u32>,
    /// The earliest arrival time of the base, in this window and the one before.
    pub(super) arrival: [i64; 2],
    /// The time of the base on the timeline, once the track is placed.
    pub(super) offset: Option<i64>,
    /// The latest time asked for, relative to the base.
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
            announced: rate,
            codec_rate: 0,
            samples: 0,
            factor: 0,
            measurement: None,
            suspected_rate: 0,
            info: None,
            arrival: [i64::MAX; 2],
            offset: None,
            latest: 0,
        }
    }

    /// Forgets everything except the rate.
    pub(super) fn reset(&mut self) {
        *self = Self {
            step: self.step,
            announced: self.announced,
            codec_rate: self.codec_rate,
            measurement: self.measurement,
            suspected_rate: self.suspected_rate,
            ..Self::new(self.rate, self.audio)
        };
    }

    /// Whether a packet with this timestamp continues the last one.
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

    /// Handles a leap of the sender's clock to `timestamp` without a missing packet:
    /// the leap is left out of the track's time. After a single wrong timestamp, or
    /// when two clocks alternate, this leads back to the same base.
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
        // RTP-Info is a time by the clock before the leap. What followed from it stays.
        self.info = None;
    }

    /// Handles a step of the audio to `timestamp` without a missing packet. The first
    /// step tells the rate of the clock, as far as arrival times have not.
    pub(super) fn count(&mut self, timestamp: i64) {
        let step = timestamp.wrapping_sub(self.last);
        if self.base == Some(self.last)
            && self.rate == self.announced
            && step != 0
            && let Some(times) = (1..=self.factor).find(|times| times * self.samples == step)
        {
            self.rate = times * self.codec_rate;
        }
    }

    /// Whether arrival times show another rate than was announced. If so, that rate
    /// applies from now on.
    pub(super) fn counts_otherwise(&mut self, timestamp: i64, now_us: i64) -> bool {
        let (since, from) = *self.measurement.get_or_insert((now_us, timestamp));
        let passed = now_us.wrapping_sub(since);
        if passed < MEASUREMENT_US {
            return false;
        }
        self.measurement = None;
        let measured = timestamp.wrapping_sub(from).wrapping_mul(1_000_000) / passed;
        let near = |rate: i64| measured.wrapping_sub(rate).wrapping_abs() <= rate / 8;
        let other = |rate: &i64| near(*rate) && (*rate / 4 > self.rate || self.rate / 4 > *rate);
        let known = |rate: &i64| *rate > 0 && near(*rate) && !near(self.rate);
        let known = [self.codec_rate, self.announced].into_iter().find(known);
        let found = ODD_RATES.into_iter().find(other).or(known).unwrap_or(0);
        let agreed = std::mem::replace(&mut self.suspected_rate, found) == found;
        if found == 0 || !agreed {
            return false;
        }
        self.rate = found;
        self.announced = 0;
        true
    }

    /// Converts ticks to microseconds; in two parts, so that years do not overflow.
    #[inline(never)]
    pub(super) fn micros(&self, ticks: i64) -> i64 {
        let rate = self.rate.max(1); // it is never 0, which the compiler learns here
        (ticks / rate)
            .wrapping_mul(1_000_000)
            .wrapping_add(ticks % rate * 1_000_000 / rate)
    }

    pub(super) fn since_base(&self, timestamp: i64) -> Option<i64> {
        Some(self.micros(timestamp.wrapping_sub(self.base?)))
    }

    /// The time of a report relative to the base: by the clock of the last packet, or
    /// by the one before the last leap, whichever is nearer.
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

    /// The wall clock at the base, unless the last report is too old.
    pub(super) fn reported(&self) -> Option<i64> {
        let age = self.last_arrival.wrapping_sub(self.reported);
        self.report.filter(|_| age <= MAX_REPORT_AGE_US)
    }

    /// The earliest arrival time of the base.
    pub(super) fn arrived(&self) -> Option<i64> {
        let best = self.arrival[0].min(self.arrival[1]);
        (best != i64::MAX).then_some(best)
    }

    /// How far the base is after the start of the stream, according to RTP-Info, as
    /// long as that is valid.
    pub(super) fn informed(&self) -> Option<i64> {
        if self.last_arrival.wrapping_sub(self.started) > MAX_INFO_AGE_US {
            return None;
        }
        let base = self.base? as u32; // the low 32 bits, which wrap
        Some(self.micros(i64::from(base.wrapping_sub(self.info?).cast_signed())))
    }
}
