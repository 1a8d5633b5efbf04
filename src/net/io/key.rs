//! Keys of the entries in the gateway's tables.
//!
//! Invariant: the [`Key`] of an entry that is gone finds nothing, even after its slot
//! was given to another entry, because each entry has its own generation. An event, a
//! timer or a resolved name that arrives late is therefore dropped and never reaches a
//! stranger.
//!
//! A generation has 16 bits. A key could find a stranger only if it were kept while the
//! table was given another 65,536 entries, of which the last got the same slot.

use std::collections::VecDeque;

use slab::Slab;

/// The index of a slot in a [`Table`] and the generation of the entry in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    index: u16,
    generation: u16,
}

/// The token of the waker's events.
pub const WAKER: mio::Token = mio::Token(Key::FIRST_OTHER);
/// The token of signals.
pub const SIGNALS: mio::Token = mio::Token(Key::FIRST_OTHER + 1);
/// The token of the first listener. The other listeners have those after it.
pub const LISTENERS: mio::Token = mio::Token(Key::FIRST_OTHER + 2);

impl Key {
    /// The number of slots in a table. An event token with a higher index is no
    /// connection's.
    pub const CAPACITY: usize = 0xe000;
    /// The number of slots for UDP ports. Their tokens follow those of the connections.
    pub const PORT_CAPACITY: usize = 0x1000;
    /// The first token that belongs to neither a connection nor a UDP port.
    pub const FIRST_OTHER: usize = Key::CAPACITY + Key::PORT_CAPACITY;

    /// The token under which a connection's socket is registered.
    pub fn token(self) -> mio::Token {
        mio::Token(usize::from(self.generation) << 16 | usize::from(self.index))
    }

    /// The connection's key behind a token; `None` for a token of another kind.
    pub fn from_token(token: mio::Token) -> Option<Key> {
        let index = token.0 & 0xffff;
        (index < Key::CAPACITY).then_some(Key {
            index: index as u16,
            generation: (token.0 >> 16) as u16,
        })
    }

    /// The token under which a UDP port is registered. The index is below
    /// [`Key::PORT_CAPACITY`].
    pub fn port_token(self) -> mio::Token {
        mio::Token(self.token().0 + Key::CAPACITY)
    }

    /// The UDP port's key behind a token; `None` for a token of another kind.
    pub fn from_port_token(token: mio::Token) -> Option<Key> {
        let index = (token.0 & 0xffff).checked_sub(Key::CAPACITY)?;
        (index < Key::PORT_CAPACITY).then_some(Key {
            index: index as u16,
            generation: (token.0 >> 16) as u16,
        })
    }

    #[cfg(test)]
    pub const fn test(index: u16) -> Key {
        Key {
            index,
            generation: 0,
        }
    }
}

/// A table whose entries are named by [`Key`]s.
pub struct Table<T> {
    slab: Slab<(u16, T)>,
    generation: u16,
}

impl<T> Table<T> {
    /// An empty table.
    pub fn new() -> Table<T> {
        Table {
            slab: Slab::new(),
            generation: 0,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Inserts the value that `make` returns when it is given the new key. `None`: the
    /// table is full.
    pub fn insert_with<E>(
        &mut self,
        make: impl FnOnce(Key) -> Result<T, E>,
    ) -> Option<Result<Key, E>> {
        let entry = self.slab.vacant_entry();
        if entry.key() >= Key::CAPACITY {
            return None;
        }
        self.generation = self.generation.wrapping_add(1);
        let key = Key {
            index: entry.key() as u16,
            generation: self.generation,
        };
        Some(make(key).map(|value| {
            entry.insert((key.generation, value));
            key
        }))
    }

    /// The entry behind `key`, unless it is gone.
    pub fn get(&self, key: Key) -> Option<&T> {
        match self.slab.get(usize::from(key.index)) {
            Some((generation, value)) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// The entry behind `key`, unless it is gone.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.slab.get_mut(usize::from(key.index)) {
            Some((generation, value)) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// Removes and returns the entry behind `key`.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        Some(self.slab.remove(usize::from(key.index)).1)
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.slab.iter().map(|(index, (generation, value))| {
            let key = Key {
                index: index as u16,
                generation: *generation,
            };
            (key, value)
        })
    }
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table::new()
    }
}

/// A first-in, first-out queue of keys. Nothing in it prevents duplicates: its users
/// do.
pub type KeyQueue = VecDeque<Key>;

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(table: &mut Table<u32>, value: u32) -> Key {
        match table.insert_with(|_| Ok::<_, ()>(value)) {
            Some(Ok(key)) => key,
            _ => panic!("room"),
        }
    }

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut table = Table::new();
        let first = insert(&mut table, 1);
        assert_eq!(table.remove(first), Some(1));
        let second = insert(&mut table, 2);
        assert_eq!(first.index, second.index);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&2));
    }

    #[test]
    fn tokens_lead_back() {
        let mut table = Table::new();
        let key = insert(&mut table, 7);
        assert_eq!(Key::from_token(key.token()), Some(key));
        assert_eq!(Key::from_token(mio::Token(Key::CAPACITY)), None);
        assert_eq!(Key::from_token(key.port_token()), None);
        assert_eq!(Key::from_port_token(key.port_token()), Some(key));
        assert_eq!(Key::from_port_token(key.token()), None);
        assert_eq!(Key::from_port_token(mio::Token(Key::FIRST_OTHER)), None);
    }

    #[test]
    fn a_failed_make_leaves_nothing() {
        let mut table: Table<u32> = Table::new();
        assert!(matches!(table.insert_with(|_| Err(())), Some(Err(()))));
        assert_eq!(table.len(), 0);
    }
}
