//! The parameter sets of H.264 and H.265 by kind and id.
//!
//! Invariant: the repetition of a known set changes nothing, and the oldest set is
//! dropped when there are too many.

/// How many parameter sets are kept; real streams have two to five.
const MAX_SETS: usize = 64;

/// The kind of a parameter set.
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
    /// The id of the set one kind above, which this set refers to.
    pub parent: u32,
    /// The NAL unit.
    pub nal: Vec<u8>,
}

/// The parameter sets of a stream.
#[derive(Clone, Debug, Default)]
pub struct Sets(Vec<Set>);

impl Sets {
    /// Takes the set with this kind, id and parent; returns whether it is new.
    pub fn take(&mut self, (kind, id, parent): (Kind, u32, u32), nal: &[u8]) -> bool {
        if let Some(at) = self.position(kind, id) {
            if self.0.get(at).is_some_and(|set| set.nal == nal) {
                return false;
            }
            // The latest set is the last one, which applies if no slice names another.
            self.0.remove(at);
        }
        if self.0.len() >= MAX_SETS {
            self.0.remove(0);
        }
        self.0.push(Set {
            kind,
            id,
            parent,
            nal: nal.to_vec(),
        });
        true
    }

    /// The picture parameter sets with this id, or all of them if no id is given, the
    /// latest first.
    pub fn latest(&self, picture: Option<u32>) -> impl Iterator<Item = &Set> {
        self.0.iter().rev().filter(move |set| {
            set.kind == Kind::Picture && picture.is_none_or(|picture| picture == set.id)
        })
    }

    fn position(&self, kind: Kind, id: u32) -> Option<usize> {
        let wanted = |set: &Set| set.kind == kind && set.id == id;
        self.0.iter().position(wanted)
    }

    /// A set by its kind and id.
    pub fn find(&self, kind: Kind, id: u32) -> Option<&Set> {
        self.0.get(self.position(kind, id)?)
    }

    /// The picture parameter sets that refer to this sequence parameter set.
    pub fn pictures(&self, sequence: u32) -> impl Iterator<Item = &Set> {
        let wanted = move |set: &&Set| set.kind == Kind::Picture && set.parent == sequence;
        self.0.iter().filter(wanted)
    }
}

/// Appends a set after its length in two bytes.
pub fn put(record: &mut Vec<u8>, nal: &[u8]) {
    let length = nal.len() as u16; // at most MAX_SET
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(nal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_so_many_sets_and_no_more() {
        let mut sets = Sets::default();
        for id in 0..=255 {
            assert!(sets.take((Kind::Picture, id, 0), b"picture"));
            sets.take((Kind::Sequence, 0, 0), b"sequence");
        }
        assert!(sets.pictures(0).count() < MAX_SETS);
        assert_eq!(sets.latest(None).next().map(|set| set.id), Some(255));
    }
}
