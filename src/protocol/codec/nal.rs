//! NAL units: how RTP carries them (RFC 6184, RFC 7798), and what each of them is for.

pub mod h264;
pub mod h265;

use super::bits::{Bits, unescape};

/// The number of bytes of a slice that are read to parse the start of its header.
const SLICE_HEADER: usize = 16;

/// A codec whose stream is made of NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    H264,
    H265,
}

/// The payload of a packet.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// A NAL unit, or a part of one.
    Part {
        start: bool,
        end: bool,
        /// The NAL unit's header, which a start needs; of H.264 only the first byte
        /// counts.
        header: [u8; 2],
        data: &'a [u8],
    },
    /// Several NAL units, each after its length, with `between` bytes before each but
    /// the first.
    Aggregate { rest: &'a [u8], between: usize },
    /// A type that is undefined or not supported, to be ignored.
    Ignored,
}

/// The role of a NAL unit in an access unit.
#[derive(Debug, PartialEq, Eq)]
pub enum Class {
    Slice(Picture),
    /// A parameter set.
    Set,
    /// Supplemental enhancement information. `Some` if it is a recovery point, and then
    /// whether the picture is correct at once.
    Supplement(Option<bool>),
    /// The end of a sequence.
    End,
    /// Delimiters, filler, and extensions that no browser decodes.
    Other,
}

/// How a picture depends on others. The order matters: of several slices, the greatest
/// describes the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Picture {
    /// It refers to no other picture, but later pictures may refer to earlier ones, as
    /// far as this one tells.
    Intra,
    Plain,
    /// It follows a sync sample in decoding order, precedes it in output order, and may
    /// refer to pictures before that sync sample (RASL).
    Leading,
    /// Decoding can begin here, but leading pictures may follow (CRA, BLA).
    Open,
    /// No later picture refers to one before this (IDR).
    Instant,
}

impl Codec {
    /// The shape of a payload. `None` if it makes no sense, or belongs to an
    /// interleaved mode, which is never negotiated.
    pub fn shape<'a>(self, payload: &'a [u8], numbered: bool) -> Option<Shape<'a>> {
        match self {
            Self::H264 => h264::shape(payload),
            Self::H265 => h265::shape(payload, numbered),
        }
    }

    /// The class of a whole NAL unit.
    pub fn class(self, nal: &[u8]) -> Class {
        let (Some(header), Some(rest)) = (nal.first_chunk(), nal.get(self.header_size()..)) else {
            return Class::Other;
        };
        match self.class_of(*header, rest) {
            Class::End => Class::End,
            // A NAL unit that is a header alone is not usable as anything else.
            _ if rest.is_empty() => Class::Other,
            class => class,
        }
    }

    /// The class of a NAL unit by its header and the beginning of what follows. Of
    /// H.264, only the first byte of the header counts.
    pub fn class_of(self, header: [u8; 2], rest: &[u8]) -> Class {
        match self {
            Self::H264 => h264::class(header[0], rest),
            Self::H265 => h265::class(header, rest),
        }
    }

    /// The nal_unit_type, from the first byte of a header.
    pub fn unit_type(self, first: u8) -> u8 {
        match self {
            Self::H264 => h264::unit_type(first),
            Self::H265 => h265::unit_type(first),
        }
    }

    /// Whether a NAL unit is part of a picture, by the first byte of its header.
    pub fn is_slice(self, first: u8) -> bool {
        match self {
            Self::H264 => matches!(h264::unit_type(first), 1..=5),
            Self::H265 => h265::unit_type(first) < h265::VPS,
        }
    }

    /// The length of a NAL unit's header in bytes.
    pub fn header_size(self) -> usize {
        match self {
            Self::H264 => 1,
            Self::H265 => 2,
        }
    }

    /// Whether the slice is the first of its picture. In H.264, first_mb_in_slice is 0
    /// if its first bit is 1; H.265 has a flag in the same place.
    pub fn starts_picture(self, slice: &[u8]) -> bool {
        let first = slice.get(self.header_size());
        first.is_some_and(|byte| byte & 0x80 != 0)
    }

    /// The id of the picture parameter set that a slice refers to.
    pub fn picture_set(self, slice: &[u8]) -> Option<u32> {
        let head = slice.get(self.header_size()..slice.len().min(SLICE_HEADER))?;
        let rbsp = unescape(head);
        let mut bits = Bits::new(&rbsp);
        match self {
            Self::H264 => h264::skip_to_set(&mut bits),
            Self::H265 => h265::skip_to_set(*slice.first()?, &mut bits),
        }
        let id = bits.unsigned();
        bits.intact().map(|()| id)
    }
}
