//! What has come of an access unit.

use camgate_protocol::codec::nal::Picture;

/// The access unit being gathered.
#[derive(Debug, Default)]
pub struct Gathered {
    /// NAL units, each after its length.
    pub unit: Vec<u8>,
    /// Where in `unit` the length of the NAL unit being gathered is; `None` between
    /// two.
    pub open: Option<usize>,
    /// New parameter sets among the NAL units, each after its length.
    pub sets: Vec<u8>,
    /// The greatest of the slices, which describes the picture.
    pub picture: Option<Picture>,
    /// The picture parameter set of the first slice, if that slice is the first of the
    /// picture.
    pub start: Option<u32>,
    /// It has a recovery point; `true` if the picture is correct at once.
    pub recovery: Option<bool>,
    /// It was handed out and is to be cleared.
    pub done: bool,
}

impl Gathered {
    /// Prepares for the next access unit, and keeps the buffers.
    pub fn clear(&mut self) {
        self.unit.clear();
        self.sets.clear();
        *self = Self {
            unit: std::mem::take(&mut self.unit),
            sets: std::mem::take(&mut self.sets),
            ..Self::default()
        };
    }
}
