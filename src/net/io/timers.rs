//! Deadlines, lazily kept.
//!
//! A connection's deadline moves with every byte it sends; the heap is not told.
//! It holds one entry that counts for each connection, at or before its deadline
//! (the connection knows which: an entry with another time is a leftover and is
//! dropped when it comes up). When that entry comes up early, the owner of the
//! deadline asks for a new one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::key::Key;

/// Times at which to look at a connection.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Key)>>,
}

impl Timers {
    /// Look at `key` at `due`.
    pub fn set(&mut self, key: Key, due: Instant) {
        self.heap.push(Reverse((due, key)));
    }

    /// How many wait, leftovers included.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// The time of the next one; `None` if there is none.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    /// The next one that is due.
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, Key)> {
        let Reverse((due, _)) = self.heap.peek()?;
        if *due > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_due_comes_in_the_order_of_time() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        for (index, seconds) in [(1, 5), (2, 1), (3, 9)] {
            timers.set(Key::test(index), after(seconds));
        }
        assert_eq!(timers.next(), Some(after(1)));
        assert_eq!(timers.pop(after(5)), Some((after(1), Key::test(2))));
        assert_eq!(timers.pop(after(5)), Some((after(5), Key::test(1))));
        assert_eq!((timers.pop(after(5)), timers.len()), (None, 1));
    }
}
