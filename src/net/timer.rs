//! Deadlines, lazily kept.
//!
//! A connection's deadline moves with every byte it sends; the heap is not told.
//! It holds one entry that counts for each connection, at or before its deadline
//! (the connection knows which: an entry with another time is a leftover and is
//! dropped when it comes up). When that entry comes up early, the owner of the
//! deadline asks for a new one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

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

    /// How long until the next one; `None` if there is none.
    pub fn until_next(&self, now: Instant) -> Option<Duration> {
        let Reverse((due, _)) = self.heap.peek()?;
        Some(due.saturating_duration_since(now))
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
