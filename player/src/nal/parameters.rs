//! The parameter sets of a stream, as its init segment carries them.
//!
//! Invariant: what is in here has an id and fits into a decoder configuration
//! record; a repetition of what is known changes nothing.

use super::Order;
use super::codec::Codec;
use crate::access_unit::Format;
use crate::{h264, h265};

/// The longest parameter set that is taken, bytes. Real ones are below 200.
const MAX_SET: usize = 4096;

/// The most parameter sets that are kept: real streams have two to five.
const MAX_SETS: usize = 64;

/// Which parameter set one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Video,
    Sequence,
    Picture,
}

/// One parameter set.
#[derive(Clone, Debug)]
pub struct Set {
    pub kind: Kind,
    pub id: u32,
    /// The id of the set of the kind above that it refers to.
    pub parent: u32,
    /// The NAL unit.
    pub nal: Vec<u8>,
}

/// The parameter sets, by kind and id.
#[derive(Clone, Debug)]
pub struct Parameters {
    codec: Codec,
    sets: Vec<Set>,
}

impl Parameters {
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            sets: Vec::new(),
        }
    }

    /// Takes a NAL unit; says whether it brought something new.
    pub fn take(&mut self, nal: &[u8]) -> bool {
        if nal.len() > MAX_SET {
            return false;
        }
        let ids = match self.codec {
            Codec::H264 => h264::set_ids(nal),
            Codec::H265 => h265::set_ids(nal),
        };
        let Some((kind, id, parent)) = ids else {
            return false;
        };
        if let Some(at) = self.position(kind, id) {
            if self.sets.get(at).is_some_and(|set| set.nal == nal) {
                return false;
            }
            // The latest is the last, which is what counts when no slice tells.
            self.sets.remove(at);
        }
        if self.sets.len() >= MAX_SETS {
            self.sets.remove(0);
        }
        self.sets.push(Set {
            kind,
            id,
            parent,
            nal: nal.to_vec(),
        });
        true
    }

    fn position(&self, kind: Kind, id: u32) -> Option<usize> {
        let wanted = |set: &Set| set.kind == kind && set.id == id;
        self.sets.iter().position(wanted)
    }

    /// A set by its kind and id.
    pub fn find(&self, kind: Kind, id: u32) -> Option<&Set> {
        self.sets.get(self.position(kind, id)?)
    }

    /// The picture parameter sets that refer to this sequence parameter set.
    pub fn pictures(&self, sequence: u32) -> impl Iterator<Item = &Set> {
        let wanted = move |set: &&Set| set.kind == Kind::Picture && set.parent == sequence;
        self.sets.iter().filter(wanted)
    }

    /// What pictures are that refer to the picture parameter set `picture`, or,
    /// where none is named, to the latest one that is complete. `None` when
    /// sets are missing or cannot be read. `order`: the one in which they
    /// come.
    pub fn format(&self, picture: Option<u32>, order: Order) -> Option<Format> {
        let mut candidates = self.sets.iter().rev().filter(|set| {
            set.kind == Kind::Picture && picture.is_none_or(|picture| picture == set.id)
        });
        candidates.find_map(|set| {
            let sequence = self.find(Kind::Sequence, set.parent)?;
            let sequence = &Set {
                nal: self.codec.ordered(&sequence.nal, order),
                ..*sequence
            };
            match self.codec {
                Codec::H264 => h264::format(self, sequence),
                Codec::H265 => h265::format(self, sequence),
            }
        })
    }
}

/// Appends a set behind its length in two bytes.
pub fn put(record: &mut Vec<u8>, nal: &[u8]) {
    let length = nal.len() as u16; // at most MAX_SET
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(nal);
}
