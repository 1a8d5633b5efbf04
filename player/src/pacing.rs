//! The decode times and durations of the samples of a video track.
//!
//! A sample is sent before the time of the next one is known, so its duration is an
//! estimate. Invariant: samples are contiguous. Each sample starts where the one before
//! it ended, and its duration makes up for the deviation from its true time: there are
//! no gaps, no overlaps and no drift.
//!
//! Pictures whose sending order differs from their presentation order (B-frames) get
//! their decode times from a window of presentation times: the earliest of the last
//! `depth + 1`. If the stream does not say how deep it reorders, that is learnt as it
//! happens.

/// Ticks per second of every video track.
pub const TIMESCALE: u32 = 90_000;

/// The estimated duration of a frame before anything is known.
const DEFAULT_FRAME_US: i64 = 40_000;

/// No time is further from the start of the timeline than this (35 years), so sums and
/// products of times need no checks.
const MAX_TIME_US: i64 = 1 << 50;

/// The limits of the estimate.
const MIN_FRAME_US: i64 = 1_000;
const MAX_FRAME_US: i64 = 5_000_000;

/// H.264 reorders no deeper than this.
const MAX_DEPTH: usize = 16;

/// The place of a sample on the timeline, in ticks of [`TIMESCALE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The decode time, which is never negative.
    pub start: i64,
    pub duration: u32,
    /// The presentation time minus the decode time.
    pub composition: i32,
}

/// Places samples one after the other.
#[derive(Clone, Debug)]
pub struct Pacing {
    /// The end of the last sample, in ticks.
    end: Option<i64>,
    frame_us: i64,
    /// Whether `frame_us` is what the stream says.
    known: bool,
    /// The true decode time of the last sample.
    last_us: Option<i64>,
    /// The presentation times that are yet to become decode times, in ascending order.
    window: Vec<i64>,
    depth: usize,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            end: None,
            frame_us: DEFAULT_FRAME_US,
            known: false,
            last_us: None,
            window: Vec::with_capacity(MAX_DEPTH + 1),
            depth: 0,
        }
    }
}

impl Pacing {
    /// Takes over what the stream says of itself: how many pictures are reordered, and
    /// the duration of a frame in microseconds. Pictures that are decoded ahead of time
    /// stay so; otherwise they would be shown early, over those before them.
    pub fn describe(&mut self, reorder: Option<u8>, frame_us: Option<i64>) {
        self.depth = self.depth.max(reorder.unwrap_or(0).into()).min(MAX_DEPTH);
        if let Some(frame) = frame_us.filter(|us| (MIN_FRAME_US..=MAX_FRAME_US).contains(us)) {
            self.frame_us = frame;
            self.known = true;
        }
    }

    /// Notes that samples are missing here, so the next time says nothing about
    /// durations.
    pub fn lose(&mut self) {
        self.last_us = None;
        self.window.clear();
    }

    /// How long before its presentation the first picture must be decoded.
    pub fn delay_us(&self) -> i64 {
        self.frame_us * self.depth as i64
    }

    /// The duration of a picture in microseconds, as far as it is known.
    pub fn frame_us(&self) -> i64 {
        self.frame_us
    }

    /// The end of the track, in microseconds.
    pub fn end_us(&self) -> i64 {
        let end = self.end.unwrap_or(0);
        end * 100 / 9
    }

    /// Places the next sample, which is shown at `time_us`.
    pub fn place(&mut self, time_us: i64) -> Place {
        let time_us = time_us.clamp(-MAX_TIME_US, MAX_TIME_US);
        let decode = self.decode_time(time_us);
        if let Some(last) = self.last_us.replace(decode) {
            self.learn(decode - last);
        }
        let start = self.end.unwrap_or_else(|| ticks(decode).max(0));
        let end = ticks(decode + self.frame_us);
        let least = ticks(self.frame_us / 4);
        let duration = (end - start).max(least);
        let duration = u32::try_from(duration).unwrap_or(u32::MAX);
        self.end = Some(start + i64::from(duration));
        Place {
            start,
            duration,
            composition: self.composition(ticks(time_us) - start),
        }
    }

    /// The part of `offset` that reordering explains. (A sample that was moved to be
    /// contiguous is shown when it is decoded.)
    fn composition(&self, offset: i64) -> i32 {
        let frames = if self.depth == 0 {
            0
        } else {
            2 * MAX_DEPTH as i64
        };
        let limit = ticks(self.frame_us * frames); // far below what an i32 holds
        offset.clamp(-limit, limit) as i32
    }

    /// Takes back the last place, because its sample was not sent.
    pub fn take_back(&mut self, place: Place) {
        self.end = Some(place.start);
        self.lose();
    }

    fn decode_time(&mut self, time_us: i64) -> i64 {
        if let Some(last) = self.last_us
            && time_us < last
        {
            if last - time_us > self.frame_us * MAX_DEPTH as i64 {
                // The clock was set: reordering never reaches this far.
                self.window.clear();
            } else if self.depth < MAX_DEPTH {
                // The last picture was taken for the next one in order, but was not.
                self.depth += 1;
                self.insert(last);
            }
        }
        while self.window.len() < self.depth {
            let first = self.window.first().copied().unwrap_or(time_us);
            self.window.insert(0, first - self.frame_us);
        }
        self.insert(time_us);
        self.window.truncate(MAX_DEPTH + 1);
        // The window is not empty, because a time was just added.
        while self.window.len() > self.depth + 1 {
            self.window.remove(0);
        }
        match self.window.is_empty() {
            true => time_us,
            false => self.window.remove(0),
        }
    }

    fn insert(&mut self, time_us: i64) {
        let at = self.window.partition_point(|time| *time <= time_us);
        self.window.insert(at, time_us);
    }

    /// Moves the estimate towards the duration of a frame that took `step`
    /// microseconds.
    fn learn(&mut self, step: i64) {
        if step <= 0 {
            return;
        }
        // A pause is no frame, so a step counts for at limit twice the estimate.
        let step = if self.known {
            step.min(2 * self.frame_us)
        } else {
            step
        };
        let change = if self.known {
            (step - self.frame_us) / 8
        } else {
            step - self.frame_us
        };
        self.known = true;
        self.frame_us = (self.frame_us + change).clamp(MIN_FRAME_US, MAX_FRAME_US);
    }
}

/// Converts microseconds to ticks, rounded to the nearest.
fn ticks(us: i64) -> i64 {
    (us * 9 + 50).div_euclid(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_even_stream_stays_even() {
        let mut pacing = Pacing::default();
        pacing.describe(Some(0), Some(40_000));
        for frame in 0..50 {
            let place = pacing.place(frame * 40_000);
            assert_eq!((place.start, place.duration), (frame * 3600, 3600));
            assert_eq!(place.composition, 0);
        }
    }

    #[test]
    fn rounds_without_summing_errors() {
        let mut pacing = Pacing::default();
        pacing.describe(Some(0), Some(33_366));
        for frame in 0..10_000 {
            let place = pacing.place(frame * 3003 * 100 / 9);
            assert!((place.start - frame * 3003).abs() <= 1);
        }
    }

    #[test]
    fn a_gap_is_absorbed_by_one_duration() {
        let mut pacing = Pacing::default();
        pacing.describe(Some(0), Some(40_000));
        pacing.place(0);
        pacing.lose();
        let place = pacing.place(1_000_000);
        assert_eq!((place.start, place.duration), (3600, 90_000));
        assert_eq!(pacing.place(1_040_000).start, 93_600);
    }

    #[test]
    fn learns_the_frame_rate() {
        let mut pacing = Pacing::default();
        for frame in 0..3 {
            pacing.place(frame * 200_000);
        }
        assert_eq!(pacing.place(600_000).duration, 18_000);
    }

    #[test]
    fn known_reordering_is_decoded_ahead() {
        let mut pacing = Pacing::default();
        pacing.describe(Some(1), Some(40_000));
        // I P B P B
        for (index, time) in [1, 3, 2, 5, 4].into_iter().enumerate() {
            let place = pacing.place(time * 40_000);
            assert_eq!(place.start, index as i64 * 3600);
            assert_eq!(place.start + i64::from(place.composition), time * 3600);
        }
    }

    #[test]
    fn an_end_of_reordering_brings_no_picture_forward() {
        let mut pacing = Pacing::default();
        for (reorder, times) in [(2, 0..12), (0, 12..24), (2, 24..36), (0, 36..48)] {
            pacing.describe(Some(reorder), Some(40_000));
            for time in times {
                let place = pacing.place(time * 40_000);
                // At the very start there is no earlier time for decoding.
                let late = if time < 2 { 7200 } else { 0 };
                let shown = place.start + i64::from(place.composition);
                assert!((shown - time * 3600).abs() <= late, "{time}: {shown}");
            }
        }
    }

    #[test]
    fn unknown_reordering_is_found_out() {
        let mut pacing = Pacing::default();
        pacing.describe(None, Some(40_000));
        let mut last = Place {
            start: 0,
            duration: 0,
            composition: 0,
        };
        for frame in 0..40 {
            // 0, 2, 1, 4, 3 ...
            let order = if frame == 0 {
                0
            } else {
                frame + frame % 2 * 2 - 1
            };
            let place = pacing.place(order * 40_000);
            assert_eq!(place.start, last.start + i64::from(last.duration));
            if frame > 3 {
                assert_eq!(place.start + i64::from(place.composition), order * 3600);
            }
            last = place;
        }
        assert!(last.composition >= 0);
    }

    proptest! {
        #[test]
        fn any_times_are_contiguous(
            reorder in proptest::option::of(any::<u8>()),
            times in proptest::collection::vec((any::<i32>(), 0u8..10), 1..80),
        ) {
            let mut pacing = Pacing::default();
            pacing.describe(reorder, None);
            let mut end = None;
            for (time, loss) in times {
                if loss == 0 {
                    pacing.lose();
                }
                let place = pacing.place(i64::from(time));
                prop_assert!(place.start >= 0 && place.duration > 0);
                prop_assert!(end.is_none_or(|end| end == place.start));
                end = Some(place.start + i64::from(place.duration));
            }
        }

        #[test]
        fn extreme_times_are_fine(times in proptest::collection::vec(any::<i64>(), 1..20)) {
            let mut pacing = Pacing::default();
            for time in times {
                pacing.place(time);
            }
        }
    }
}
