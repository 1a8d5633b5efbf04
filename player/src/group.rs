//! Pictures that go out together.
//!
//! A picture that is sent ahead of some that are shown before it would leave a
//! hole in front of it. A browser that comes to such an end of what it has may
//! take it for the next one to be shown and leave the others out: Firefox drains
//! its decoder there. So where the order of sending is another than that of
//! showing, pictures wait until nothing is missing before the last of them.
//!
//! Invariant: where nothing has been reordered nothing waits; and never do more
//! than [`MAX_PICTURES`] or [`MAX_BYTES`].

use crate::fmp4::fragment::Sample;
use crate::pacing::Place;

/// The most pictures in a group: as many as H.264 reorders, and the one that
/// was ahead of them.
const MAX_PICTURES: usize = 17;

/// So many bytes wait at most for another picture.
const MAX_BYTES: usize = 4 << 20;

/// A group that fills.
#[derive(Debug, Default)]
pub struct Group {
    samples: Vec<Sample>,
    /// The bytes of the samples that wait.
    data: Vec<u8>,
    /// Where the first sample lies.
    first: Option<Place>,
    /// When the earliest picture is shown, and where the last sample ends, in
    /// ticks.
    shown: i64,
    end: i64,
    /// When the latest picture is shown; in groups before this one, too, where
    /// none is missing since. Microseconds.
    latest: i64,
    edge: Option<i64>,
    /// A picture came after one that is shown later.
    reorders: bool,
}

impl Group {
    /// Pictures are missing here: what comes next follows nothing.
    pub fn lose(&mut self) {
        self.edge = None;
    }

    /// Whether nothing of what waits is shown after a picture at `time_us`.
    pub fn ends_before(&self, time_us: i64) -> bool {
        self.latest < time_us
    }

    /// Takes the next picture, to be shown at `time_us`. Says whether nothing is
    /// missing before the last of the group, by what a picture takes; if so its
    /// bytes may go out without being [kept](Self::keep).
    pub fn add(&mut self, sample: Sample, place: Place, time_us: i64, frame_us: i64) -> bool {
        let shown = place.start + i64::from(place.composition);
        if self.first.is_none() {
            self.first = Some(place);
            (self.shown, self.latest) = (shown, time_us);
        }
        self.shown = self.shown.min(shown);
        self.latest = self.latest.max(time_us);
        self.end = place.start + i64::from(place.duration);
        self.samples.push(sample);
        self.reorders |= self.edge.is_some_and(|edge| time_us < edge);
        let pictures = self.samples.len();
        // Half a picture more, for the clocks of cameras are uneven.
        let most = frame_us * (2 * pictures as i64 + 1) / 2;
        !self.reorders
            || pictures >= MAX_PICTURES
            || self.data.len() >= MAX_BYTES
            || (self.edge).is_none_or(|edge| self.latest.saturating_sub(edge) <= most)
    }

    /// The bytes of the picture that was added last.
    pub fn keep(&mut self, data: &[u8]) {
        self.data.extend_from_slice(data);
    }

    /// The bytes kept.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The samples, in the order sent.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Where the first sample lies; `None`: the group is empty.
    pub fn first(&self) -> Option<Place> {
        self.first
    }

    /// When the earliest picture is shown and how long all of them take, in
    /// ticks.
    pub fn span(&self) -> (i64, i64) {
        let start = self.first.map_or(self.end, |place| place.start);
        (self.shown, self.end - start)
    }

    /// The group went out; a new one begins.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.data.clear();
        if self.first.take().is_some() {
            self.edge = self.edge.max(Some(self.latest));
        }
    }
}

#[cfg(test)]
mod tests;
