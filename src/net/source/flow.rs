//! The pace of a link's media, and whether it has ended. One picture in twenty seconds
//! is a flow, too.
//!
//! Only the times of arrival count, so this serves for cameras whose media is not
//! inspected.

use std::time::{Duration, Instant};

/// What arrives within this time may all belong to one picture and tells no pace.
const BURST: Duration = Duration::from_secs(1);
/// How long the second picture may take.
const SECOND_PICTURE: Duration = Duration::from_secs(60);
/// A flow has ended when a pause is this many times as long as the longest before.
const MISSED: u32 = 5;
/// The longest pause that is tolerated in any flow, unless the patience is longer.
const LONGEST: Duration = Duration::from_secs(120);

/// When media arrived.
#[derive(Debug, Default)]
pub struct Flow {
    /// The first and the last time.
    span: Option<(Instant, Instant)>,
    pause: Duration,
}

impl Flow {
    /// Records that media arrived.
    pub fn record(&mut self, now: Instant) {
        let (first, last) = self.span.unwrap_or((now, now));
        self.pause = self.pause.max(now.saturating_duration_since(last));
        self.span = Some((first, now));
    }

    /// Whether it is known how much time passes between pictures.
    pub fn has_pace(&self) -> bool {
        let came = self.span;
        came.is_some_and(|(first, last)| last.saturating_duration_since(first) >= BURST)
    }

    /// Whether more is to be expected: the last media arrived within `patience`, or
    /// within a time that is usual for this flow.
    pub fn is_ongoing(&self, patience: Duration, now: Instant) -> bool {
        let Some((_, last)) = self.span else {
            return false;
        };
        let usual = match self.has_pace() {
            true => (self.pause * MISSED).min(LONGEST),
            false => SECOND_PICTURE,
        };
        last + patience.max(usual) > now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How many seconds after the last of these milliseconds it has ended.
    fn ends(patience: u32, came: &[u64]) -> u32 {
        let start = Instant::now();
        let at = |ms: &u64| start + Duration::from_millis(*ms);
        let mut flow = Flow::default();
        came.iter().for_each(|ms| flow.record(at(ms)));
        let last = came.last().map_or(start, at);
        let mut seconds = 0..1_000;
        let ended = |it: &u32| !flow.is_ongoing(SECOND * patience, last + SECOND * *it);
        seconds.find(ended).unwrap()
    }

    #[test]
    fn a_flow_ends_when_it_pauses_much_longer_than_before() {
        assert_eq!(ends(10, &[]), 0, "there was none");
        let even: Vec<u64> = (0..100).map(|n| n * 40).collect();
        assert_eq!(ends(10, &even), 10);
        assert_eq!(ends(10, &[0, 5, 10]), 60, "one picture in three pieces");
        assert_eq!(ends(10, &[0, 5, 20_000, 20_005]), 100);
        assert_eq!(ends(10, &[0, 50_000]), 120);
        assert_eq!(ends(300, &[0, 50_000]), 300);
    }
}
