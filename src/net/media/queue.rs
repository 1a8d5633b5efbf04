//! The queue of a source: the media between reading and writing, in a row of pool
//! buffers that hold interleaved frames, and nothing else, back to back.
//!
//! A byte is identified by its position in all the media of the source, which only
//! grows. The queue's own positions are `head ≤ whole ≤ tail`: up to `head`, everything
//! was sent and its buffers were given back; up to `whole`, there are complete frames;
//! up to `tail`, there is the beginning of one more frame.
//!
//! Invariant: at most `max_buffers` buffers are held, and a byte is moved only when an
//! RTSP message or stray bytes were cut out before it, or when the beginning of a frame
//! is all that is left in a full buffer and moves to its front.

mod chunk;
mod cursor;

use std::collections::VecDeque;
use std::io::IoSliceMut;

use crate::protocol::rtsp::framer::{FRAME_HEADER, Framer, Invalid};

use super::pool::{Claim, MAX_FRAME, Pool};
use crate::net::io::key::Key;

use chunk::Chunk;
pub use cursor::Cursor;

/// How many bytes a read has room for, if the pool has enough buffers.
pub const READ: usize = 64 * 1024;
/// The maximum number of slices in one read: enough for [`READ`] bytes with any buffer
/// size from 8 KiB on.
pub const READ_SLICES: usize = 9;

/// Why no room could be made, and so what to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrepareError {
    /// The backlog is at its limit. A viewer has to take some of it.
    BacklogFull,
    /// The pool has no buffer for this queue. Another queue has to put one back.
    PoolEmpty,
}

/// What a read brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// The number of frames that were completed.
    pub frames: u64,
    /// The RTSP messages that were cut out of the media, in order.
    pub messages: Vec<Vec<u8>>,
}

/// The interleaved frames of a source, in pool buffers.
pub struct Queue {
    chunks: VecDeque<Chunk>,
    head: u64,
    whole: u64,
    tail: u64,
    max_buffers: usize,
    /// The right by which it gets buffers.
    claim: Claim,
}

impl Queue {
    /// A queue for at most `backlog` bytes, or for one longest frame if that is more.
    pub fn new(backlog: usize, buffer_size: usize) -> Queue {
        let max_buffers = buffers_for(backlog, buffer_size);
        Queue {
            chunks: VecDeque::with_capacity(max_buffers),
            head: 0,
            whole: 0,
            tail: 0,
            max_buffers,
            claim: Claim::Direct,
        }
    }

    /// Replaces the backlog.
    pub fn set_backlog(&mut self, backlog: usize, buffer_size: usize) {
        self.max_buffers = buffers_for(backlog, buffer_size);
    }

    /// Replaces the claim by which the pool gives buffers.
    pub fn set_claim(&mut self, claim: Claim, pool: &mut Pool) {
        pool.change_claim(&mut self.claim, claim, self.chunks.len());
    }

    /// The maximum number of buffers.
    pub fn max_buffers(&self) -> usize {
        self.max_buffers
    }

    /// The number of buffers, and how many of them are more than the pool guarantees.
    pub fn held(&self) -> (usize, usize) {
        let held = self.chunks.len();
        match self.claim {
            Claim::Stream(share) => (held, held.saturating_sub(share)),
            Claim::Direct => (held, held.saturating_sub(1)),
        }
    }

    /// Whether the pool guarantees one more buffer.
    pub fn is_entitled(&self) -> bool {
        self.claim.covers(self.chunks.len())
    }

    /// The position up to which everything was sent.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The position up to which all frames are complete.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// The position up to which media was read.
    pub fn tail(&self) -> u64 {
        self.tail
    }

    /// Makes room for the next read: what is left of the last buffer, and new buffers
    /// up to [`READ`] bytes, as far as the pool has them.
    ///
    /// # Errors
    /// No room could be made.
    pub fn prepare(&mut self, pool: &mut Pool, owner: Key) -> Result<(), PrepareError> {
        let size = pool.buffer_size();
        if self.can_compact(size)
            && let Some(only) = self.chunks.front_mut()
        {
            only.buffer.copy_within(only.start..only.end, 0);
            (only.start, only.end) = (0, only.end - only.start);
        }
        let mut room = match self.chunks.back() {
            Some(last) if last.has_room() => size - last.end,
            _ => 0,
        };
        while room < READ {
            let held = self.chunks.len();
            // The reserve is only for a queue that cannot go on without it.
            let is_partial_frame = room == 0 && self.is_partial_frame();
            let taken = if held < self.max_buffers {
                pool.take(owner, self.claim, held, is_partial_frame)
                    .ok_or(PrepareError::PoolEmpty)
            } else {
                Err(PrepareError::BacklogFull)
            };
            match taken {
                Ok(buffer) => {
                    room += size;
                    self.chunks.push_back(Chunk::new(buffer));
                }
                Err(_) if room > 0 => break,
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// The room that [`Queue::prepare`] made, for one vectored read. Returns how many
    /// of `slices` are filled.
    pub fn room<'a>(&'a mut self, slices: &mut [IoSliceMut<'a>; READ_SLICES]) -> usize {
        let first = self.first_writable();
        let mut filled = 0;
        for (slice, chunk) in slices.iter_mut().zip(self.chunks.range_mut(first..)) {
            *slice = IoSliceMut::new(&mut chunk.buffer[chunk.end..]);
            filled += 1;
        }
        filled
    }

    /// Makes contiguous room for a frame of up to `max_payload` bytes of payload, which
    /// must fit a buffer together with the header. The queue must not end with a
    /// partial frame.
    ///
    /// # Errors
    /// No room could be made.
    pub fn prepare_frame(
        &mut self,
        max_payload: usize,
        pool: &mut Pool,
        owner: Key,
    ) -> Result<(), PrepareError> {
        let size = pool.buffer_size();
        let fits = |last: &Chunk| size - last.end >= FRAME_HEADER + max_payload;
        if self.chunks.back().is_some_and(fits) {
            return Ok(());
        }
        let held = self.chunks.len();
        if held >= self.max_buffers {
            return Err(PrepareError::BacklogFull);
        }
        let buffer = pool
            .take(owner, self.claim, held, false)
            .ok_or(PrepareError::PoolEmpty)?;
        self.chunks.push_back(Chunk::new(buffer));
        Ok(())
    }

    /// The room that [`Queue::prepare_frame`] made for the payload of the next frame.
    pub fn frame_room(&mut self) -> &mut [u8] {
        let last = self.chunks.back_mut();
        let room = last.and_then(|last| last.buffer.get_mut(last.end + FRAME_HEADER..));
        room.unwrap_or_default()
    }

    /// Appends a frame whose payload is the first `length` bytes of
    /// [`Queue::frame_room`].
    pub fn commit_frame(&mut self, channel: u8, length: usize) {
        let (Some(last), Ok(written)) = (self.chunks.back_mut(), u16::try_from(length)) else {
            return;
        };
        let end = last.end + FRAME_HEADER + length;
        if let Some(frame) = last.buffer.get_mut(last.end..end)
            && let Some(header) = frame.first_chunk_mut()
        {
            let [high, low] = written.to_be_bytes();
            *header = [b'$', channel, high, low];
            self.tail += (end - last.end) as u64;
            last.end = end;
            self.whole = self.tail;
        }
    }

    /// The index of the chunk that the next byte goes to: the last one that is not
    /// empty if it has enough room for a read, and otherwise the one after it.
    fn first_writable(&self) -> usize {
        let empty = self.chunks.iter().rev().take_while(|chunk| chunk.end == 0);
        let first = self.chunks.len() - empty.count();
        match first.checked_sub(1).and_then(|last| self.chunks.get(last)) {
            Some(last) if last.has_room() => first - 1,
            _ => first,
        }
    }

    /// Whether the queue holds nothing but the beginning of one frame.
    fn is_partial_frame(&self) -> bool {
        self.whole == self.head && self.tail > self.whole
    }

    /// Whether [`Queue::prepare`] would make room.
    pub fn has_room(&self, pool: &Pool, owner: Key) -> bool {
        let size = pool.buffer_size();
        let in_last = self.chunks.back().is_some_and(Chunk::has_room);
        let held = self.chunks.len();
        in_last
            || self.can_compact(size)
            || (held < self.max_buffers
                && pool.can_take(owner, self.claim, held, self.is_partial_frame()))
    }

    /// Whether the only chunk may be moved to the front of its buffer: it is short, and
    /// there is little room behind it.
    fn can_compact(&self, size: usize) -> bool {
        match self.chunks.front() {
            Some(only) if self.chunks.len() == 1 => {
                let length = only.end - only.start;
                only.start > 0 && length <= size / 2 && size - only.end < size / 2
            }
            _ => false,
        }
    }

    /// Appends `read` bytes that were read into [`Queue::room`]. Complete and partial
    /// frames stay, RTSP messages are cut out, and buffers that are still empty are put
    /// back.
    ///
    /// # Errors
    /// Bytes that are neither frame nor message. All frames before them stay.
    pub fn commit(
        &mut self,
        mut read: usize,
        pool: &mut Pool,
        framer: &mut Framer,
    ) -> Result<Arrived, (Arrived, Invalid)> {
        let mut arrived = Arrived::default();
        let mut invalid = None;
        let mut index = self.first_writable();
        while let (Some(chunk), true) = (self.chunks.get_mut(index), read > 0) {
            let count = read.min(chunk.buffer.len() - chunk.end);
            read -= count;
            index += 1;
            let sifted = chunk.sift(count, framer, &mut arrived);
            self.tail = self.tail + sifted.kept as u64 - sifted.withdrawn as u64;
            if let Some(behind) = sifted.behind_frame {
                self.whole = self.tail - behind as u64;
            }
            if sifted.before > 0 {
                self.withdraw(index - 1, sifted.before);
            }
            invalid = sifted.invalid;
            if invalid.is_some() {
                break;
            }
        }
        self.trim(pool);
        match invalid {
            Some(invalid) => Err((arrived, invalid)),
            None => Ok(arrived),
        }
    }

    /// Removes `count` bytes from the end of the chunks before `index`.
    fn withdraw(&mut self, index: usize, mut count: usize) {
        for chunk in self.chunks.range_mut(..index).rev() {
            let here = count.min(chunk.end - chunk.start);
            chunk.end -= here;
            count -= here;
        }
    }

    /// Releases everything before `position`, which was sent, and puts its buffers
    /// back.
    pub fn release(&mut self, position: u64, pool: &mut Pool, owner: Option<Key>) {
        while self.head < position {
            let Some(first) = self.chunks.front_mut() else {
                return;
            };
            let step = (position - self.head).min((first.end - first.start) as u64);
            first.start += step as usize;
            self.head += step;
            if first.start < first.end {
                break;
            }
            if let Some(chunk) = self.chunks.pop_front() {
                pool.put_back(chunk.buffer, self.claim, self.chunks.len());
            }
        }
        if let Some(owner) = owner
            && (self.whole > self.head || self.head == self.tail)
        {
            pool.release_reserve(owner);
        }
    }

    /// Puts the empty buffers at the end back.
    pub fn trim(&mut self, pool: &mut Pool) {
        while self
            .chunks
            .back()
            .is_some_and(|last| last.start == last.end)
        {
            if let Some(chunk) = self.chunks.pop_back() {
                pool.put_back(chunk.buffer, self.claim, self.chunks.len());
            }
        }
    }

    /// Discards everything and puts all buffers back.
    pub fn clear(&mut self, pool: &mut Pool) {
        while let Some(chunk) = self.chunks.pop_front() {
            pool.put_back(chunk.buffer, self.claim, self.chunks.len());
        }
        self.head = self.tail;
        self.whole = self.tail;
    }

    /// Discards the partial frame at the end, of which the rest will not arrive.
    pub fn discard_partial_frame(&mut self, pool: &mut Pool) {
        while self.tail > self.whole {
            let Some(last) = self.chunks.back_mut() else {
                break;
            };
            let step = (self.tail - self.whole).min((last.end - last.start) as u64);
            last.end -= step as usize;
            self.tail -= step;
            if last.start == last.end
                && let Some(chunk) = self.chunks.pop_back()
            {
                pool.put_back(chunk.buffer, self.claim, self.chunks.len());
            }
        }
    }
}

/// The number of buffers for a backlog: one more than it fills, because both the first
/// and the last may be partly filled.
fn buffers_for(backlog: usize, buffer_size: usize) -> usize {
    backlog.max(MAX_FRAME).div_ceil(buffer_size) + 1
}

#[cfg(test)]
mod tests;
