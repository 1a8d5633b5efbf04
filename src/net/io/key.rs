//! Names for things in the server's tables.
//!
//! Invariant: a [`Key`] of something that is gone finds nothing, also after its
//! place was given to another: each place counts how often it was taken. So an
//! event, a timer or a name look-up that comes late is dropped, never delivered
//! to a stranger.

use std::collections::VecDeque;

use slab::Slab;

/// A place in a [`Table`] and the count of its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    index: u16,
    generation: u16,
}

/// The readiness token of the waker.
pub const WAKER: mio::Token = mio::Token(Key::FIRST_OTHER);
/// The readiness token of signals.
pub const SIGNALS: mio::Token = mio::Token(Key::FIRST_OTHER + 1);
/// The listeners' tokens: this one and those after it.
pub const LISTENERS: mio::Token = mio::Token(Key::FIRST_OTHER + 2);

impl Key {
    /// Places per table. Readiness tokens from this index on mean something else.
    pub const CAPACITY: usize = 0xe000;
    /// UDP ports in their table. Their tokens come after those of the places.
    pub const PORT_CAPACITY: usize = 0x1000;
    /// Tokens from this index on mean neither.
    pub const FIRST_OTHER: usize = Key::CAPACITY + Key::PORT_CAPACITY;

    /// The readiness token under which a socket is registered.
    pub fn token(self) -> mio::Token {
        mio::Token(usize::from(self.generation) << 16 | usize::from(self.index))
    }

    /// The key behind a readiness token; `None` for tokens of another kind.
    pub fn from_token(token: mio::Token) -> Option<Key> {
        let index = token.0 & 0xffff;
        (index < Key::CAPACITY).then_some(Key {
            index: index as u16,
            generation: (token.0 >> 16) as u16,
        })
    }

    /// The readiness token of a UDP port; its index is below [`Key::PORT_CAPACITY`].
    pub fn port_token(self) -> mio::Token {
        mio::Token(self.token().0 + Key::CAPACITY)
    }

    /// The key behind the readiness token of a UDP port.
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

/// A table whose places are named by [`Key`]s.
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

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Puts in what `make` makes of its future key; `None` when the table is full.
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

    /// What `key` names, if it is still there.
    pub fn get(&self, key: Key) -> Option<&T> {
        match self.slab.get(usize::from(key.index)) {
            Some((generation, value)) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// What `key` names, if it is still there.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.slab.get_mut(usize::from(key.index)) {
            Some((generation, value)) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// Takes out what `key` names.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        Some(self.slab.remove(usize::from(key.index)).1)
    }

    /// All of them, in no particular order.
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

/// Keys waiting for their turn, each at most once if the caller marks them.
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
