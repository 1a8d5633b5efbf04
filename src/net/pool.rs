//! All media memory of the gateway: one allocation, cut into equal buffers.
//!
//! Invariant: a [`Buffer`] is its bytes, owned by exactly one place; it cannot be
//! copied, and comes back through [`Pool::give`]. Free and handed out ones are
//! `total` together, at all times.
//!
//! The memory is asked for once, zeroed, and never touched before use, so the
//! pages of buffers that no stream ever needed stay out of resident memory; the
//! free list is a stack, so that the buffer used last (warm in the cache) is
//! the one used next.

use std::ops::{Deref, DerefMut};

use super::key::Key;

/// The most one interleaved frame occupies: 4 bytes of header and 65,535 of
/// payload (RFC 2326 §10.12).
pub const MAX_FRAME: usize = 4 + u16::MAX as usize;

/// One buffer of the pool. Linear: neither `Clone` nor `Copy`.
pub struct Buffer(&'static mut [u8]);

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0
    }
}

/// A fixed number of equal buffers.
pub struct Pool {
    size: usize,
    total: usize,
    free: Vec<Buffer>,
    /// Buffers that only the [`Pool::borrower`] may take.
    reserve: usize,
    /// How many queues are sure to find a first buffer, whatever the others do.
    guaranteed: usize,
    /// Queues that hold something.
    holders: usize,
    /// The one queue that may finish its frame with the reserve.
    borrower: Option<Key>,
    /// Something came back since [`Pool::take_returned`] was asked.
    returned: bool,
}

impl Pool {
    /// A pool of `bytes / size` buffers of `size` bytes each. There is one for
    /// the life of the process: its memory is never given back to the system.
    ///
    /// Up to `queues` queues, but at most as many as half of the buffers that are
    /// not in reserve, are sure of one buffer each.
    pub fn new(bytes: usize, size: usize, queues: usize) -> Pool {
        let memory = vec![0; bytes / size * size].leak();
        let free: Vec<Buffer> = memory.chunks_exact_mut(size).map(Buffer).rev().collect();
        let total = free.len();
        // A buffer may be left with an eighth of it unused.
        let reserve = MAX_FRAME.div_ceil(size - size / 8).min(total / 2);
        Pool {
            size,
            total,
            free,
            reserve,
            guaranteed: queues.min((total - reserve) / 2),
            holders: 0,
            borrower: None,
            returned: false,
        }
    }

    /// Bytes in one buffer.
    pub fn buffer_size(&self) -> usize {
        self.size
    }

    /// Buffers in all.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Buffers that nobody holds.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// One more buffer for `owner`, who holds `held` already.
    ///
    /// The first buffer is always to be had, as long as there is one; so many
    /// first buffers are set aside. Of the rest a queue may hold as much as is
    /// left free beside it (the "dynamic threshold" of shared-memory switches):
    /// few slow viewers can keep much, many can keep little.
    ///
    /// Whoever holds nothing but the beginning of one frame (`unfinished`)
    /// cannot give anything back before that frame is whole. For that case a
    /// few buffers are kept in reserve, for one such queue at a time: so the
    /// pool can always move on, however little is left.
    pub fn take(&mut self, owner: Key, held: usize, unfinished: bool) -> Option<Buffer> {
        if !self.has_for(owner, held, unfinished) {
            return None;
        }
        if held == 0 {
            self.holders += 1;
        } else if held >= self.shared() {
            self.borrower = Some(owner);
        }
        self.free.pop()
    }

    /// Whether [`Pool::take`] would give one.
    pub fn has_for(&self, owner: Key, held: usize, unfinished: bool) -> bool {
        let may_borrow = unfinished && self.borrower.is_none_or(|other| other == owner);
        let free = self.free.len();
        match held {
            0 => free > self.reserve,
            _ => held < self.shared() || (may_borrow && free > 0),
        }
    }

    /// Free buffers that are not set aside.
    fn shared(&self) -> usize {
        let set_aside = self.reserve + self.guaranteed.saturating_sub(self.holders);
        self.free.len().saturating_sub(set_aside)
    }

    /// `owner` has its frame whole, or is gone: another may use the reserve.
    pub fn settle(&mut self, owner: Key) {
        if self.borrower == Some(owner) {
            self.borrower = None;
            self.returned = true;
        }
    }

    /// Takes a buffer back from a queue that holds `left` others.
    pub fn give(&mut self, buffer: Buffer, left: usize) {
        debug_assert!(self.free.len() < self.total);
        if left == 0 {
            self.holders -= 1;
        }
        self.free.push(buffer);
        self.returned = true;
    }

    /// Whether anything came back since this was last asked.
    pub fn take_returned(&mut self) -> bool {
        std::mem::take(&mut self.returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Key = Key::test(1);
    const B: Key = Key::test(2);

    #[test]
    fn a_hog_leaves_as_much_as_it_holds() {
        let mut pool = Pool::new(64 * 1024, 1024, 0);
        pool.reserve = 0;
        let mut held = 0;
        while pool.take(A, held, false).is_some() {
            held += 1;
        }
        assert_eq!(held, 32);
        assert_eq!(pool.free(), 32);
        assert!(pool.take(B, 0, false).is_some());
    }

    #[test]
    fn hogs_never_take_the_first_buffers_of_others() {
        let mut pool = Pool::new(64 * 1024, 1024, 20);
        assert_eq!(pool.guaranteed, 16, "half of what is not in reserve");
        for _ in 0..16 {
            let mut held = 0;
            while pool.take(A, held, false).is_some() {
                held += 1;
            }
            assert!(held > 0, "a newcomer found none");
        }
    }

    #[test]
    fn the_reserve_serves_one_unfinished_frame_at_a_time() {
        let mut pool = Pool::new(16 * 32768, 32768, 4);
        while pool.take(A, 0, false).is_some() {}
        assert_eq!(pool.free(), pool.reserve);
        assert!(pool.reserve >= 3, "a whole frame fits");
        let first = pool.take(A, 1, true).expect("the reserve");
        assert!(pool.take(B, 1, true).is_none(), "one at a time");
        pool.give(first, 1);
        pool.settle(A);
        assert!(pool.take(B, 1, true).is_some());
    }

    #[test]
    fn buffers_do_not_overlap() {
        let mut pool = Pool::new(8 * 100, 100, 1);
        pool.reserve = 0;
        let mut a = pool.take(A, 0, false).expect("free");
        let mut b = pool.take(B, 0, false).expect("free");
        a.fill(1);
        b.fill(2);
        assert!(a.len() == 100 && a.iter().all(|byte| *byte == 1));
        assert_eq!(pool.total(), 8);
    }
}
