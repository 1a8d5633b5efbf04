//! What all sockets together keep beside the pool: replies and rests of messages that
//! nobody has taken, what came and is not whole, requests that wait, and what sessions
//! remember. Links to configured cameras do not count with what clients cause.

use std::cell::Cell;
use std::rc::Rc;

/// Bytes that are kept, in all.
#[derive(Clone, Default)]
pub struct Ledger(Rc<Cell<usize>>);

impl Ledger {
    /// Bytes of all entries.
    pub fn total(&self) -> usize {
        self.0.get()
    }

    /// An entry of nothing.
    pub fn entry(&self) -> Entry {
        Entry {
            ledger: self.clone(),
            bytes: 0,
        }
    }
}

/// One holder's bytes: gone from the ledger when it is dropped.
pub struct Entry {
    ledger: Ledger,
    bytes: usize,
}

impl Entry {
    /// So many bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// From now on it is so many.
    pub fn set(&mut self, bytes: usize) {
        self.ledger.0.set(self.ledger.0.get() - self.bytes + bytes);
        self.bytes = bytes;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_that_of_the_entries() {
        let ledger = Ledger::default();
        let (mut a, mut b) = (ledger.entry(), ledger.entry());
        a.set(100);
        b.set(7);
        a.set(50);
        assert_eq!((ledger.total(), a.bytes()), (57, 50));
        drop(a);
        assert_eq!(ledger.total(), 7);
        drop(b);
        assert_eq!(ledger.total(), 0);
    }
}
