//! The ledger of memory that clients make the gateway use outside the pool: outboxes,
//! partial input, and what sessions remember. Links to configured cameras are not
//! entered, because the operator chose them.

use std::cell::Cell;
use std::rc::Rc;

/// The sum of all entries, in bytes.
#[derive(Clone, Default)]
pub struct Ledger(Rc<Cell<usize>>);

impl Ledger {
    /// The sum of all entries, in bytes.
    pub fn total(&self) -> usize {
        self.0.get()
    }

    /// A new entry of 0 bytes.
    pub fn entry(&self) -> Entry {
        Entry {
            ledger: self.clone(),
            bytes: 0,
        }
    }
}

/// The bytes of one holder. They leave the sum when the entry is dropped.
pub struct Entry {
    ledger: Ledger,
    bytes: usize,
}

impl Entry {
    /// The bytes of this entry.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Replaces the bytes of this entry.
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
