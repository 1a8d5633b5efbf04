//! What tells H.264 and H.265 apart; all that is common is elsewhere.

use camgate_protocol::codec::bits::unescape;
use camgate_protocol::codec::splice::splice;

use crate::nal_unit::{Class, Shape};
use crate::picture_order::Order;
use crate::{h264, h265};

/// A codec whose stream is made of NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    H264,
    H265,
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
