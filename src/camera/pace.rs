//! How often a camera sends a picture, and so how long it may be silent before that is a
//! failure: some cameras send one picture in twenty seconds and nothing in between.

use std::time::{Duration, Instant};

/// How long a camera that plays may send no media, before its first picture and as soon
/// as it is known to send pictures often.
pub(super) const SILENCE: Duration = Duration::from_secs(15);
/// The same after the first picture, as long as the distance to the next is not known.
pub(super) const SECOND_PICTURE: Duration = Duration::from_secs(60);
/// The longest silence that any camera is allowed.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(120);
/// A camera is silent when it has missed this many pictures at its slowest pace.
const MISSED_PICTURES: u32 = 5;
/// The factor by which the longest distance shrinks with each picture after it.
const FADING: f64 = 0.95;

/// Measures the time between pictures, or between packets of other media.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the last picture came on this link.
    last: Option<Instant>,
    /// The longest distance between two pictures lately.
    longest: Option<Duration>,
    /// The longest distance on the link before this one.
    longest_before: Option<Duration>,
}

impl Pace {
    /// Begins with another link: what was measured on the last one holds until this one
    /// shows its own pace.
    pub(super) fn restart(&mut self) {
        self.longest_before = self.longest.take().or(self.longest_before);
        self.last = None;
    }

    /// Takes note of media with another RTP timestamp than the media before.
    pub(super) fn media(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            let distance = now.saturating_duration_since(last);
            // A single long distance is forgotten gradually.
            let faded = self.longest.map(|longest| longest.mul_f64(FADING));
            self.longest = faded.max(Some(distance));
        }
    }

    /// How long the camera may send nothing.
    pub(super) fn patience(&self) -> Duration {
        match self.longest.or(self.longest_before) {
            Some(distance) => (distance * MISSED_PICTURES).clamp(SILENCE, LONGEST_SILENCE),
            None if self.last.is_some() => SECOND_PICTURE,
            None => SILENCE,
        }
    }
}
