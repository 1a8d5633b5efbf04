//! What tells H.264 and H.265 apart; all that is common is elsewhere.

use camgate_protocol::codec::bits::unescape;
use camgate_protocol::codec::splice::splice;

use super::Order;
use crate::{h264, h265};

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

    /// What `nal` is.
    pub fn class(self, nal: &[u8]) -> Class {
        match self {
            Self::H264 => h264::class(nal),
            Self::H265 => h265::class(nal),
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

    /// A parameter set as decoders are to have it, so that they hold no picture back
    /// that need not wait: if pictures come in this order.
    pub fn ordered(self, nal: &[u8], order: Order) -> Vec<u8> {
        let change = match self {
            Self::H264 => h264::ordered(nal, order),
            Self::H265 => h265::ordered(nal, order),
        };
        match (change, nal.split_at_checked(self.header_size())) {
            (Some(change), Some((header, rest))) => splice(header, &unescape(rest), &change),
            _ => nal.to_vec(),
        }
    }

    /// The picture parameter set that a slice refers to.
    pub fn picture_set(self, slice: &[u8]) -> Option<u32> {
        match self {
            Self::H264 => h264::picture_set(slice),
            Self::H265 => h265::picture_set(slice),
        }
    }
}
