//! Groups of pictures that are sent in one fragment.
//!
//! If a picture is sent before others that are shown before it, it leaves a hole in the
//! buffer in front of itself. A browser that reaches such a hole may take the picture
//! after it for the next one, and drop the others: Firefox drains its decoder there. So
//! when the sending order differs from the presentation order, pictures wait until
//! nothing is missing before the last one of them.
//!
//! Invariant: nothing waits while nothing is reordered, and never more than
//! [`MAX_PICTURES`] or [`MAX_BYTES`] wait.

use crate::fmp4::fragment::Sample;
use crate::pacing::Place;

/// The largest number of pictures in a group: as many as H.264 reorders, and the one
/// that was ahead of them.
const MAX_PICTURES: usize = 17;

/// If more bytes than this are waiting, the group waits for no other picture.
const MAX_BYTES: usize = 4 << 20;

/// The group that is being filled.
#[derive(Debug, Default)]
pub struct Group {
    samples: Vec<Sample>,
    /// The bytes of the waiting samples.
    data: Vec<u8>,
    /// The place of the first sample.
    first: Option<Place>,
    /// When the earliest picture is shown, and where the last sample ends, in ticks.
    shown: i64,
    end: i64,
    /// When the latest picture is shown, in microseconds. Earlier groups count, too,
    /// unless pictures were lost since.
    latest: i64,
    edge: Option<i64>,
    /// A picture came after one that is shown later.
    reorders: bool,
}

impl Group {
    /// Notes that pictures are missing here, so that the next one continues nothing.
    pub fn lose(&mut self) {
        self.edge = None;
    }

    /// Whether no waiting picture is shown after one at `time_us`.
    pub fn ends_before(&self, time_us: i64) -> bool {
        self.latest < time_us
    }

    /// Adds the next picture, which is shown at `time_us`. Returns whether nothing is
    /// missing before the last picture of the group, judging by the duration of frames.
    /// If so, the bytes of this picture may be sent without being [kept](Self::keep).
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
        // Half a picture is added, because cameras have uneven clocks.
        let limit = frame_us * (2 * pictures as i64 + 1) / 2;
        !self.reorders
            || pictures >= MAX_PICTURES
            || self.data.len() >= MAX_BYTES
            || (self.edge).is_none_or(|edge| self.latest.saturating_sub(edge) <= limit)
    }

    /// Keeps the bytes of the picture that was added last.
    pub fn keep(&mut self, data: &[u8]) {
        self.data.extend_from_slice(data);
    }

    /// The bytes that were kept.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The samples in sending order.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The place of the first sample; `None` if the group is empty.
    pub fn first(&self) -> Option<Place> {
        self.first
    }

    /// When the earliest picture is shown, and how long all of them take, in ticks.
    pub fn span(&self) -> (i64, i64) {
        let start = self.first.map_or(self.end, |place| place.start);
        (self.shown, self.end - start)
    }

    /// Begins a new group, after this one was sent.
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
