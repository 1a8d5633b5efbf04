//! NAL units: how RTP carries them (RFC 6184, RFC 7798), and what one is for.

pub mod h264;
pub mod h265;

use super::bits::{Bits, unescape};

/// Enough of a slice to read the beginning of its header.
const SLICE_HEADER: usize = 16;

/// A codec whose stream is made of NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    H264,
    H265,
}

/// What a packet's payload is.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// A NAL unit or a part of one.
    Part {
        start: bool,
        end: bool,
        /// The NAL unit's header, for its start; H.264 has one byte only.
        header: [u8; 2],
        data: &'a [u8],
    },
    /// NAL units behind lengths, with `between` bytes before each but the first.
    Aggregate { rest: &'a [u8], between: usize },
    /// Undefined, to be ignored.
    Ignored,
}

/// What a NAL unit is to an access unit.
#[derive(Debug, PartialEq, Eq)]
pub enum Class {
    Slice(Picture),
    /// A parameter set.
    Set,
    /// Supplemental enhancement information; with a recovery point, whether
    /// the picture is right at once.
    Supplement(Option<bool>),
    /// The end of a sequence.
    End,
    /// Delimiters, filler, and extensions that no browser decodes.
    Other,
}

/// What a picture is to those around it; the greater, the more it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Picture {
    /// It refers to no other, but those after it may refer to what is before it,
    /// as far as this one tells.
    Intra,
    Plain,
    /// It precedes in output order the sync sample that it follows, and may
    /// refer to what is before that (RASL).
    Leading,
    /// Decoding can begin here, but such may follow (CRA, BLA).
    Open,
    /// Nothing refers to what is before it (IDR).
    Instant,
}

impl Codec {
    /// `None` when the payload makes no sense, or belongs to an interleaved
    /// mode that nobody asked for.
    pub fn shape<'a>(self, payload: &'a [u8], numbered: bool) -> Option<Shape<'a>> {
        match self {
            Self::H264 => h264::shape(payload),
            Self::H265 => h265::shape(payload, numbered),
        }
    }

    /// What a whole NAL unit is.
    pub fn class(self, nal: &[u8]) -> Class {
        let (Some(header), Some(rest)) = (nal.first_chunk(), nal.get(self.header_size()..)) else {
            return Class::Other;
        };
        match self.class_of(*header, rest) {
            Class::End => Class::End,
            // A header alone is nothing else.
            _ if rest.is_empty() => Class::Other,
            class => class,
        }
    }

    /// What a NAL unit is by its header, of which H.264 has one byte only, and the
    /// beginning of the rest.
    pub fn class_of(self, header: [u8; 2], rest: &[u8]) -> Class {
        match self {
            Self::H264 => h264::class(header[0], rest),
            Self::H265 => h265::class(header, rest),
        }
    }

    /// The nal_unit_type in the first byte of a header.
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

    /// Bytes of a NAL unit's header.
    pub fn header_size(self) -> usize {
        match self {
            Self::H264 => 1,
            Self::H265 => 2,
        }
    }

    /// Whether the slice is the first of its picture: first_mb_in_slice is 0
    /// when its first bit is 1, and H.265 has a flag there.
    pub fn starts_picture(self, slice: &[u8]) -> bool {
        let first = slice.get(self.header_size());
        first.is_some_and(|byte| byte & 0x80 != 0)
    }

    /// The picture parameter set that a slice refers to.
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
