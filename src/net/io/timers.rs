//! A heap of timers that is updated lazily.
//!
//! A connection's deadline moves with every byte it sends, and the heap is not updated
//! each time. For each connection it has one valid entry, at or before the deadline.
//! The connection knows the time of that entry; an entry with another time is left over
//! and is ignored when it expires. When the valid entry expires before the deadline, a
//! new one is set.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::key::Key;

/// The times at which connections have to be looked at.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Key)>>,
}

impl Timers {
    /// Adds a timer for `key` at `due`.
    pub fn set(&mut self, key: Key, due: Instant) {
        self.heap.push(Reverse((due, key)));
    }

    /// The number of timers, including those that are left over.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// The earliest time; `None` if there are no timers.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    /// Removes and returns the earliest timer, if it is due.
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
