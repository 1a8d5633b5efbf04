//! Where pictures begin, and which of them are key frames. This is as much of RTP and of
//! the codecs as a cache of pictures needs.
//!
//! The codecs are H.264 (RFC 6184), H.265 (RFC 7798) and Motion JPEG (RFC 2435). The first
//! [`INSPECTED_BYTES`] of a packet are enough for all of their packet types, because
//! parameter sets are short and stand before the picture.
//!
//! A key frame is a picture with which a viewer can begin. A picture is one if its type
//! says that it needs no other, if a recovery point says that it is right at once, or,
//! in H.264, if it has I slices and follows parameter sets: some encoders never send an
//! IDR picture. A gradual recovery point makes no key frame, because the pictures before
//! it are needed.

use super::sets::Sets;
use super::size::{self, Size};
use crate::protocol::codec::nal::{self, Class, Picture, Shape};
use crate::protocol::codec::start_code;
use crate::protocol::rtp::Header;
use crate::protocol::rtsp::sdp::Media;

/// The number of bytes of an RTP packet that are inspected at most: all that a packet of
/// a network usually has.
pub const INSPECTED_BYTES: usize = 1_500;

/// The longest parameter set that is kept, in bytes. Some hold scaling lists.
const MAX_SET: usize = 1_024;

/// A video codec of which pictures can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    H264,
    /// `donl`: units carry a decoding order number (`sprop-max-don-diff` is not 0).
    H265 {
        donl: bool,
    },
    /// Every picture is a key frame.
    Jpeg,
}

impl Codec {
    /// The codec that a description names (RFC 4566 §6, `a=rtpmap`).
    pub fn of(media: &Media) -> Option<Codec> {
        let don_difference = media.parameter("sprop-max-don-diff");
        match media.encoding.as_str() {
            "H264" => Some(Codec::H264),
            "H265" => Some(Codec::H265 {
                donl: don_difference.is_some_and(|difference| difference != "0"),
            }),
            "JPEG" => Some(Codec::Jpeg),
            _ => None,
        }
    }

    /// The codec as NAL units know it; `None` if it has no NAL units.
    pub fn units(self) -> Option<nal::Codec> {
        match self {
            Codec::H264 => Some(nal::Codec::H264),
            Codec::H265 { .. } => Some(nal::Codec::H265),
            Codec::Jpeg => None,
        }
    }
}

/// What one NAL unit, or a whole payload, is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Part of a key frame.
    Key,
    /// Part of any other picture.
    Slice,
    /// VPS, SPS or PPS.
    Set,
    /// A unit that comes before a picture, or tells nothing of it.
    Other,
}

impl Unit {
    /// What two units are for together, of which `next` is the second.
    fn and(self, next: Unit) -> Unit {
        match next {
            Unit::Other => self,
            Unit::Set if self != Unit::Other => self,
            next => next,
        }
    }
}

/// Follows the pictures of one track.
#[derive(Debug)]
pub struct Pictures {
    codec: Codec,
    /// The RTP timestamp of the picture under way.
    timestamp: Option<u32>,
    /// Where the picture under way begins.
    start: u64,
    /// Whether parts of the picture have come, and not only units before it.
    has_slices: bool,
    /// Whether the picture was found to be a key frame.
    is_key: bool,
    /// Whether parameter sets have come before the picture.
    after_sets: bool,
    /// Whether a recovery point at which the picture is right at once came before it.
    after_recovery_point: bool,
    sets: Sets,
    /// What has come of a parameter set in fragmentation units.
    fragments: Vec<u8>,
    /// The position of the packet under way.
    position: u64,
    /// Whether the packet under way may be longer than its inspected bytes.
    truncated: bool,
    /// The size of the pictures, as the stream states it.
    size: Option<Size>,
}

impl Pictures {
    pub fn new(codec: Codec) -> Pictures {
        Pictures {
            codec,
            timestamp: None,
            start: 0,
            has_slices: false,
            is_key: false,
            after_sets: false,
            after_recovery_point: false,
            sets: Sets::new(codec),
            fragments: Vec::new(),
            position: 0,
            truncated: false,
            size: None,
        }
    }

    /// Takes the first bytes of a packet that stands at `position`. If the packet shows that
    /// its picture is a key frame, returns where the picture begins; it does so once for
    /// each key frame.
    pub fn packet(&mut self, packet: &[u8], position: u64) -> Option<u64> {
        let header = Header::read(packet)?;
        (self.position, self.truncated) = (position, packet.len() >= INSPECTED_BYTES);
        if self.timestamp != Some(header.timestamp) {
            // Parameter sets with a timestamp of their own belong to the picture after them.
            if self.has_slices || self.timestamp.is_none() {
                self.start = position;
                (self.after_sets, self.after_recovery_point) = (false, false);
            }
            self.timestamp = Some(header.timestamp);
            (self.has_slices, self.is_key) = (false, false);
        }
        let payload = packet.get(header.payload..).unwrap_or_default();
        let unit = match self.codec.units() {
            Some(nal) => self.payload(nal, payload),
            None => {
                self.size = size::of_jpeg(payload).or(self.size);
                Unit::Key
            }
        };
        self.has_slices |= matches!(unit, Unit::Key | Unit::Slice);
        if unit == Unit::Key && !self.is_key {
            self.is_key = true;
            return Some(self.start);
        }
        None
    }

    /// Where the picture under way begins, as long as it may turn out to be a key frame.
    pub fn undecided(&self) -> Option<u64> {
        (self.timestamp.is_some() && !self.has_slices).then_some(self.start)
    }

    /// Whether the picture under way begins at `position`.
    pub fn begins_at(&self, position: u64) -> bool {
        self.timestamp.is_some() && self.start == position
    }

    /// Keeps the parameter sets of the description until newer ones come.
    pub fn describe(&mut self, media: &Media) {
        self.sets.describe(media);
    }

    /// The parameter sets that hold now.
    pub fn sets(&self) -> &Sets {
        &self.sets
    }

    /// The size of the pictures, once the stream has stated it.
    pub fn size(&self) -> Option<Size> {
        self.size
    }

    /// What a payload is for, as far as the first bytes of its units tell.
    fn payload(&mut self, nal: nal::Codec, payload: &[u8]) -> Unit {
        let has_don = self.codec == Codec::H265 { donl: true };
        let (start, end, header, data) = match nal.shape(payload, has_don) {
            Some(Shape::Part {
                start,
                end,
                header,
                data,
            }) => (start, end, header, data),
            Some(Shape::Aggregate { rest, between }) => {
                return self.aggregate(nal, rest, between);
            }
            Some(Shape::Ignored) | None => return Unit::Other,
        };
        let first = &header[..nal.header_size()];
        if start && end {
            // There may be a decoding order number between the header and the rest.
            return match payload.len() == first.len() + data.len() {
                true => self.unit(nal, payload, !self.truncated),
                false => self.unit(nal, &[first, data].concat(), !self.truncated),
            };
        }
        let unit = self.classify(nal, header, if start { data } else { &[] });
        if unit == Unit::Set {
            self.fragment(start.then_some(first), end, data);
        }
        unit
    }

    /// Takes a fragment of a parameter set. It is the first one if there is a `header`, with
    /// which the whole unit begins, and the last one if `end` says so.
    fn fragment(&mut self, header: Option<&[u8]>, end: bool, data: &[u8]) {
        if let Some(header) = header {
            self.fragments.clear();
            self.fragments.extend(header);
        } else if self.fragments.is_empty() {
            return;
        }
        self.fragments.extend(data);
        if self.truncated || self.fragments.len() > MAX_SET {
            self.fragments.clear();
        } else if end {
            let set = std::mem::take(&mut self.fragments);
            self.keep(&set);
        }
    }

    /// Takes an aggregation packet: each unit has a 16-bit size before it, and there are
    /// `gap` bytes between two units.
    fn aggregate(&mut self, nal: nal::Codec, units: &[u8], gap: usize) -> Unit {
        let mut rest = units;
        let mut found = Unit::Other;
        while let Some((size, after)) = rest.split_first_chunk() {
            let size = usize::from(u16::from_be_bytes(*size));
            let whole = after.len() >= size;
            let unit = after.get(..size).unwrap_or(after);
            found = found.and(self.unit(nal, unit, whole));
            rest = after.get(size + gap..).unwrap_or_default();
        }
        found
    }

    /// Takes one unit. It is split at start codes, which no unit may hold, but some senders
    /// leave between several units.
    fn unit(&mut self, nal: nal::Codec, unit: &[u8], whole: bool) -> Unit {
        let is_slice = unit.first().is_some_and(|first| nal.is_slice(*first));
        if is_slice && !unit.starts_with(&[0, 0]) {
            return self.single(nal, unit, whole);
        }
        let mut units = start_code::split(unit).peekable();
        let mut found = Unit::Other;
        while let Some(unit) = units.next() {
            let whole = whole || units.peek().is_some();
            found = found.and(self.single(nal, unit, whole));
        }
        found
    }

    /// Takes one unit. A parameter set is kept if `whole` says that all of it was seen.
    fn single(&mut self, nal: nal::Codec, unit: &[u8], whole: bool) -> Unit {
        let byte = |at| unit.get(at).copied().unwrap_or(0);
        let rest = unit.get(nal.header_size()..).unwrap_or_default();
        let kind = self.classify(nal, [byte(0), byte(1)], rest);
        if kind == Unit::Set && whole && unit.len() <= MAX_SET {
            self.keep(unit);
        }
        kind
    }

    /// What a unit is for, by its header and the bytes after it (empty if they are unknown),
    /// and by the units before it.
    fn classify(&mut self, nal: nal::Codec, header: [u8; 2], rest: &[u8]) -> Unit {
        match nal.class_of(header, rest) {
            Class::Slice(Picture::Instant | Picture::Open) => Unit::Key,
            Class::Slice(Picture::Intra) if self.after_sets && is_first(rest) => Unit::Key,
            Class::Slice(_) if self.after_recovery_point => Unit::Key,
            Class::Slice(_) => Unit::Slice,
            Class::Set => {
                self.after_sets = true;
                Unit::Set
            }
            Class::Supplement(recovery) => {
                self.after_recovery_point |= recovery == Some(true);
                Unit::Other
            }
            Class::End | Class::Other => Unit::Other,
        }
    }

    /// Keeps a parameter set.
    fn keep(&mut self, set: &[u8]) {
        if self.sets.keep(set, Some(self.position)) {
            self.size = size::of_set(self.codec, set).or(self.size);
        }
    }
}

/// Whether a slice is a picture's first: first_mb_in_slice is 0.
fn is_first(slice: &[u8]) -> bool {
    slice.first().is_some_and(|byte| byte & 0x80 != 0)
}

#[cfg(test)]
mod tests;
