//! The pool: all memory of the gateway for media, cut into equal buffers, and the rules
//! of who may hold how many of them.
//!
//! Invariant: a [`Buffer`] is its bytes and has exactly one owner. It cannot be copied,
//! and comes back through [`Pool::put_back`]. At all times, free buffers and those
//! handed out add up to `total`.
//!
//! A queue gets any buffer that is free, within three rules:
//!
//! - Each configured stream has a share. The buffers that it is short of its share are
//!   owed to it, and no direct queue (of a viewer who named a camera) gets them.
//! - The first buffer of a direct queue is guaranteed, too, for as many direct queues
//!   as half of the pool has buffers. Beyond that, a direct queue may hold as many
//!   buffers as stay free beside it (the "dynamic threshold" of shared-memory
//!   switches): a few slow viewers can hold much, many can hold little each.
//! - A configured stream holds more than its share, for its cache, only of buffers that
//!   nobody else needs: the first buffers of the direct queues that exist, and an
//!   eighth of the pool for those to come, stay free.
//!
//! A stream that starts, or a new direct queue, may find its share used by others, who
//! were allowed to have it while it was idle: see [`crate::net::source`].
//!
//! The memory is allocated once, zeroed, and not touched before use, so the pages of
//! buffers that were never needed take no resident memory. The free list is a stack:
//! the buffer used last, which is warm in the processor's cache, is the next one taken.

use std::ops::{Deref, DerefMut};

use crate::net::io::key::Key;

/// The size of the longest interleaved frame: 4 bytes of header and 65,535 of payload
/// (RFC 2326 §10.12).
pub const MAX_FRAME: usize = 4 + u16::MAX as usize;

/// A stream's share while nobody watches it, in buffers: enough to start it and to read
/// at full speed. Others may use the rest of its share.
const IDLE_SHARE: usize = 4;

/// One buffer of the pool. It has one owner: it is neither `Clone` nor `Copy`.
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

/// The right by which a queue gets buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The queue of a viewer who named the camera.
    Direct,
    /// The queue of a configured stream, with the size of its share in buffers.
    Stream(usize),
}

/// A fixed number of equal buffers.
pub struct Pool {
    size: usize,
    total: usize,
    free: Vec<Buffer>,
    /// Buffers that only the borrower may take.
    reserve: usize,
    /// The sum of what the configured streams are short of their shares.
    owed: usize,
    /// How many direct queues are guaranteed a first buffer.
    guaranteed: usize,
    /// How many direct queues exist, and how many of them hold a buffer.
    direct_queues: usize,
    direct_holders: usize,
    /// The one queue that may use the reserve, to finish its frame.
    borrower: Option<Key>,
    /// Whether a buffer was put back since [`Pool::take_returned`] was called.
    returned: bool,
}

impl Pool {
    /// A pool of `bytes / size` buffers of `size` bytes each. There is one for the life
    /// of the process, and its memory is never given back to the system.
    ///
    /// Up to `queues` direct queues are guaranteed one buffer each, but at most as many
    /// as half of the buffers that are not in reserve.
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

    /// The size of a buffer in bytes.
    pub fn buffer_size(&self) -> usize {
        self.size
    }

    /// The number of buffers.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The number of free buffers.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// The share of one of `streams` configured streams, which could use `max_useful`
    /// buffers. Together the shares are at most half of the pool.
    pub fn share(&self, streams: usize, max_useful: usize, idle: bool) -> usize {
        let even = (self.total - self.reserve) / 2 / streams.max(1);
        let max_useful = if idle {
            max_useful.min(IDLE_SHARE)
        } else {
            max_useful
        };
        max_useful.min(even).max(1)
    }

    /// Replaces the claim of a queue that holds `held` buffers. A configured stream
    /// begins and ends with a share of 0.
    pub fn change_claim(&mut self, claim: &mut Claim, new: Claim, held: usize) {
        self.owed = self.owed + new.missing(held) - claim.missing(held);
        self.returned = true;
        *claim = new;
    }

    /// Sets the number of direct queues.
    pub fn set_direct(&mut self, queues: usize) {
        self.direct_queues = queues;
    }

    /// Takes a buffer for `owner`, which holds `held` already.
    ///
    /// A queue that holds nothing but a part of one frame (`is_partial_frame`) cannot
    /// release anything before that frame is complete. For that case there is a small
    /// reserve, which one such queue at a time may use. So media always goes on,
    /// however little memory is left.
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

    /// Whether [`Pool::take`] would return a buffer.
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

    /// Ends `owner`'s use of the reserve, because its frame is complete or its link is
    /// gone.
    pub fn release_reserve(&mut self, owner: Key) {
        if self.borrower == Some(owner) {
            self.borrower = None;
            self.returned = true;
        }
    }

    /// Takes a buffer back from a queue that now holds `left` others.
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

    /// Whether a buffer was put back since the last call.
    pub fn take_returned(&mut self) -> bool {
        std::mem::take(&mut self.returned)
    }
}

impl Claim {
    /// How many buffers a queue that holds `held` is short of its share.
    fn missing(self, held: usize) -> usize {
        match self {
            Claim::Stream(share) => share.saturating_sub(held),
            Claim::Direct => 0,
        }
    }

    /// Whether a queue that holds `held` is guaranteed one more buffer.
    pub fn covers(self, held: usize) -> bool {
        match self {
            Claim::Stream(share) => held < share,
            Claim::Direct => held == 0,
        }
    }
}

/// The size of the reserve: the buffers that hold the longest frame if an eighth of
/// each stays unused.
fn reserve(total: usize, size: usize) -> usize {
    MAX_FRAME.div_ceil(size - size / 8).min(total / 2)
}

#[cfg(test)]
mod tests;
