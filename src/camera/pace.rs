//! How often a camera sends a picture, and so how long silence is no failure:
//! some send one in twenty seconds, and nothing between.

use std::time::{Duration, Instant};

/// How long a camera that plays may send no media at first, and once it has
/// proved to send it often.
pub(super) const SILENCE: Duration = Duration::from_secs(15);
/// The same after the first picture, as long as its pace is not known.
pub(super) const SECOND_PICTURE: Duration = Duration::from_secs(60);
/// The longest silence of any camera.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(120);
/// The longest distance between two pictures, times this, is silence.
const MISSED_PICTURES: u32 = 5;
/// What is left of a distance with each picture after it.
const FADING: f64 = 0.95;

/// Measures the distances between pictures, or other media.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    /// Lately.
    longest: Option<Duration>,
    /// The longest one of the link before.
    longest_before: Option<Duration>,
}

impl Pace {
    /// Another link plays: what was learnt holds until it shows its own pace.
    pub(super) fn restart(&mut self) {
        self.longest_before = self.longest.take().or(self.longest_before);
        self.last = None;
    }

    /// Media of another time than the media before has come.
    pub(super) fn media(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            let distance = now.saturating_duration_since(last);
            // One that was long once is forgotten with the pictures after it.
            let faded = self.longest.map(|longest| longest.mul_f64(FADING));
            self.longest = faded.max(Some(distance));
        }
    }

    /// How long nothing may come.
    pub(super) fn patience(&self) -> Duration {
        match self.longest.or(self.longest_before) {
            Some(distance) => (distance * MISSED_PICTURES).clamp(SILENCE, LONGEST_SILENCE),
            None if self.last.is_some() => SECOND_PICTURE,
            None => SILENCE,
        }
    }
}
