//! All media memory of the gateway: one allocation, cut into equal buffers, and
//! who may have how many of them.
//!
//! Invariant: a [`Buffer`] is its bytes, owned by exactly one place; it cannot be
//! copied, and comes back through [`Pool::give`]. Free and handed out ones are
//! `total` together, at all times.
//!
//! Whoever needs memory has what is there, within three rules:
//!
//! - Each configured stream has a share. Until it holds so many, what is missing is
//!   kept for it: no direct queue (of a viewer who named a camera) gets it.
//! - A direct queue's first buffer is kept for it, too, for as many of them as half of
//!   the pool has buffers. Of what is left a direct queue may hold as much as stays
//!   free beside it (the "dynamic threshold" of shared-memory switches): few slow
//!   viewers can keep much, many can keep little.
//! - A configured stream has more than its share, for its cache, out of what nobody
//!   needs: the first buffers of direct queues that there are, and an eighth of the
//!   pool for those to come, stay free.
//!
//! Shares of streams that are called, and queues that come, may find their place
//! taken by what was idle memory until then: see [`crate::net::source`].
//!
//! The memory is asked for once, zeroed, and never touched before use, so the
//! pages of buffers that no stream ever needed stay out of resident memory; the
//! free list is a stack, so that the buffer used last (warm in the cache) is
//! the one used next.

use std::ops::{Deref, DerefMut};

use crate::net::io::key::Key;

/// The most one interleaved frame occupies: 4 bytes of header and 65,535 of
/// payload (RFC 2326 §10.12).
pub const MAX_FRAME: usize = 4 + u16::MAX as usize;

/// Buffers of a stream's share while nobody watches it: enough to call it and to
/// read at full speed; the rest of its share may be used by others.
const IDLE_SHARE: usize = 4;

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

/// Whose a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A viewer's who named the camera.
    Direct,
    /// A configured stream's, with its share.
    Stream(usize),
}

/// A fixed number of equal buffers.
pub struct Pool {
    size: usize,
    total: usize,
    free: Vec<Buffer>,
    /// Buffers that only the [`Pool::borrower`] may take.
    reserve: usize,
    /// What configured streams are short of their shares, together.
    owed: usize,
    /// How many direct queues are sure to find a first buffer.
    guaranteed: usize,
    /// Direct queues that there are, and those of them that hold something.
    direct_queues: usize,
    direct_holders: usize,
    /// The one queue that may finish its frame with the reserve.
    borrower: Option<Key>,
    /// Something came back since [`Pool::take_returned`] was asked.
    returned: bool,
}

impl Pool {
    /// A pool of `bytes / size` buffers of `size` bytes each. There is one for
    /// the life of the process: its memory is never given back to the system.
    ///
    /// Up to `queues` direct queues, but at most as many as half of the buffers
    /// that are not in reserve, are sure of one buffer each.
    pub fn new(bytes: usize, size: usize, queues: usize) -> Pool {
        let memory = vec![0; bytes / size * size].leak();
        let free: Vec<Buffer> = memory.chunks_exact_mut(size).map(Buffer).rev().collect();
        let total = free.len();
        let reserve = reserve(total, size);
        Pool {
            size,
            total,
            free,
            reserve,
            owed: 0,
            guaranteed: queues.min((total - reserve) / 2),
            direct_queues: 0,
            direct_holders: 0,
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

    /// The share of one of `streams` configured streams that could use `max_useful`
    /// buffers: together they have half of the pool at most.
    pub fn share(&self, streams: usize, max_useful: usize, idle: bool) -> usize {
        let even = (self.total - self.reserve) / 2 / streams.max(1);
        let max_useful = if idle {
            max_useful.min(IDLE_SHARE)
        } else {
            max_useful
        };
        max_useful.min(even).max(1)
    }

    /// A queue that holds `held` buffers has another claim from now on; the claim of a
    /// stream that comes or goes is a share of 0 before or after.
    pub fn change_claim(&mut self, claim: &mut Claim, new: Claim, held: usize) {
        self.owed = self.owed + new.missing(held) - claim.missing(held);
        self.returned = true;
        *claim = new;
    }

    /// There are so many direct queues now.
    pub fn set_direct(&mut self, queues: usize) {
        self.direct_queues = queues;
    }

    /// One more buffer for `owner`, who holds `held` already.
    ///
    /// Whoever holds nothing but the beginning of one frame (`is_partial_frame`)
    /// cannot give anything back before that frame is whole. For that case a
    /// few buffers are kept in reserve, for one such queue at a time: so the
    /// pool can always move on, however little is left.
    pub fn take(
        &mut self,
        owner: Key,
        claim: Claim,
        held: usize,
        is_partial_frame: bool,
    ) -> Option<Buffer> {
        if !self.can_take(owner, claim, held, is_partial_frame) {
            return None;
        }
        if !self.may_take_unreserved(claim, held) {
            self.borrower = Some(owner);
        }
        match claim {
            Claim::Stream(share) if held < share => self.owed -= 1,
            Claim::Direct if held == 0 => self.direct_holders += 1,
            _ => {}
        }
        self.free.pop()
    }

    /// Whether [`Pool::take`] would give one.
    pub fn can_take(&self, owner: Key, claim: Claim, held: usize, is_partial_frame: bool) -> bool {
        let borrows = is_partial_frame && held > 0;
        let may_borrow = borrows && self.borrower.is_none_or(|other| other == owner);
        self.may_take_unreserved(claim, held) || (may_borrow && !self.free.is_empty())
    }

    /// Whether a queue that holds `held` buffers may have one that is not in reserve.
    fn may_take_unreserved(&self, claim: Claim, held: usize) -> bool {
        let usable = self.free.len().saturating_sub(self.reserve);
        match claim {
            Claim::Stream(share) if held < share => usable > 0,
            Claim::Stream(_) => {
                let first = self.guaranteed.min(self.direct_queues);
                let first = first.saturating_sub(self.direct_holders);
                usable > self.owed + first + self.total / 8
            }
            Claim::Direct if held == 0 => usable > self.owed,
            Claim::Direct => {
                let first = self.guaranteed.saturating_sub(self.direct_holders);
                held < usable.saturating_sub(self.owed + first)
            }
        }
    }

    /// `owner` has its frame whole, or is gone: another may use the reserve.
    pub fn release_reserve(&mut self, owner: Key) {
        if self.borrower == Some(owner) {
            self.borrower = None;
            self.returned = true;
        }
    }

    /// Takes a buffer back from a queue that holds `left` others.
    pub fn put_back(&mut self, buffer: Buffer, claim: Claim, left: usize) {
        debug_assert!(self.free.len() < self.total);
        match claim {
            Claim::Stream(share) if left < share => self.owed += 1,
            Claim::Direct if left == 0 => self.direct_holders -= 1,
            _ => {}
        }
        self.free.push(buffer);
        self.returned = true;
    }

    /// Whether anything came back since this was last asked.
    pub fn take_returned(&mut self) -> bool {
        std::mem::take(&mut self.returned)
    }
}

impl Claim {
    /// How many buffers a queue that holds `held` is short of what is kept for it.
    fn missing(self, held: usize) -> usize {
        match self {
            Claim::Stream(share) => share.saturating_sub(held),
            Claim::Direct => 0,
        }
    }

    /// Whether one more is within what is kept for a queue that holds `held`.
    pub fn covers(self, held: usize) -> bool {
        match self {
            Claim::Stream(share) => held < share,
            Claim::Direct => held == 0,
        }
    }
}

/// Buffers that finish one frame: each may be left with an eighth of it unused.
fn reserve(total: usize, size: usize) -> usize {
    MAX_FRAME.div_ceil(size - size / 8).min(total / 2)
}

#[cfg(test)]
mod tests;
