//! The parameter sets of a stream, as its init segment contains them.
//!
//! Invariant: every set in here has an id and fits into a decoder configuration record.

use super::Codec;
use crate::access_unit::Format;
use crate::parameter_sets::{Kind, Set, Sets};
use crate::picture_order::Order;
use crate::{h264, h265};
use camgate_protocol::codec::bits::unescape;
use camgate_protocol::codec::splice::splice;

/// The longest parameter set that is accepted, in bytes. Real ones are below 200.
const MAX_SET: usize = 4096;

/// The parameter sets of a stream of this codec.
#[derive(Clone, Debug)]
pub struct Parameters {
    codec: Codec,
    sets: Sets,
}

impl Parameters {
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            sets: Sets::default(),
        }
    }

    /// Takes a NAL unit; returns whether it is a new set.
    pub fn take(&mut self, nal: &[u8]) -> bool {
        let ids = match self.codec {
            _ if nal.len() > MAX_SET => None,
            Codec::H264 => h264::set_ids(nal),
            Codec::H265 => h265::set_ids(nal),
        };
        ids.is_some_and(|ids| self.sets.take(ids, nal))
    }

    /// The parameter set for decoders. If pictures are shown in the order sent
    /// according to `order`, it keeps them from holding pictures back.
    pub fn ordered(&self, nal: &[u8], order: Order) -> Vec<u8> {
        let change = match self.codec {
            Codec::H264 => h264::ordered(nal, order),
            Codec::H265 => h265::ordered(nal, order),
        };
        match (change, nal.split_at_checked(self.codec.header_size())) {
            (Some(change), Some((header, rest))) => splice(header, &unescape(rest), &change),
            _ => nal.to_vec(),
        }
    }

    /// The format of pictures that refer to the picture parameter set `picture`, or, if
    /// none is named, to the latest one that is complete. `None` if sets are missing or
    /// cannot be read. `order` is the observed order of pictures.
    pub fn format(&self, picture: Option<u32>, order: Order) -> Option<Format> {
        self.sets.latest(picture).find_map(|set| {
            let sequence = self.sets.find(Kind::Sequence, set.parent)?;
            let sequence = &Set {
                nal: self.ordered(&sequence.nal, order),
                ..*sequence
            };
            match self.codec {
                Codec::H264 => h264::format(&self.sets, sequence),
                Codec::H265 => h265::format(&self.sets, sequence),
            }
        })
    }
}
