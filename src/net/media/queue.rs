//! The media of one source, between its reading and its writing: a row of pool
//! buffers that holds interleaved frames, and nothing else, back to back.
//!
//! Bytes are named by their position in the source's media, which only grows:
//! `head ≤ whole ≤ tail`. Up to `head` everything was sent and its buffers are
//! returned; up to `whole` there are only whole frames; up to `tail` comes the
//! beginning of one more.
//!
//! Invariant: at most `max_buffers` buffers are held, and a byte is moved only when an
//! RTSP message or stray bytes were cut out before it, or when the beginning of
//! a frame is all that is left in a full buffer and goes to its front.

mod chunk;
mod cursor;

use std::collections::VecDeque;
use std::io::IoSliceMut;

use crate::protocol::rtsp::framer::{FRAME_HEADER, Framer, Invalid};

use super::pool::{Claim, MAX_FRAME, Pool};
use crate::net::io::key::Key;

use chunk::Chunk;
pub use cursor::Cursor;

/// Bytes that one read makes room for, if the pool has them.
pub const READ: usize = 64 * 1024;
/// Pieces of memory in one read: more than [`READ`] needs with any buffer from
/// 8 KiB on.
pub const READ_SLICES: usize = 9;

/// Why nothing can be read just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrepareError {
    /// The backlog is at its limit: wait until the viewer took some of it.
    BacklogFull,
    /// The pool is empty: wait until anybody gives a buffer back.
    PoolEmpty,
}

/// What a read brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Frames that became whole.
    pub frames: u64,
    /// RTSP messages, in order, cut out of the media.
    pub messages: Vec<Vec<u8>>,
}

/// Interleaved frames in pool buffers.
pub struct Queue {
    chunks: VecDeque<Chunk>,
    head: u64,
    whole: u64,
    tail: u64,
    max_buffers: usize,
    /// What the pool keeps for it.
    claim: Claim,
}

impl Queue {
    /// A queue of at most `backlog` bytes, or of one longest frame if that is more.
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

    /// Another backlog, from now on.
    pub fn set_backlog(&mut self, backlog: usize, buffer_size: usize) {
        self.max_buffers = buffers_for(backlog, buffer_size);
    }

    /// The pool keeps another share for it from now on, if it is a configured stream's.
    pub fn set_claim(&mut self, claim: Claim, pool: &mut Pool) {
        pool.change_claim(&mut self.claim, claim, self.chunks.len());
    }

    /// Buffers that it may hold.
    pub fn max_buffers(&self) -> usize {
        self.max_buffers
    }

    /// Buffers that it holds, and how many of them are more than the pool keeps for it.
    pub fn held(&self) -> (usize, usize) {
        let held = self.chunks.len();
        match self.claim {
            Claim::Stream(share) => (held, held.saturating_sub(share)),
            Claim::Direct => (held, held.saturating_sub(1)),
        }
    }

    /// Whether the next buffer is one that the pool keeps for it.
    pub fn is_entitled(&self) -> bool {
        self.claim.covers(self.chunks.len())
    }

    /// Position up to which all was sent.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Position up to which there are only whole frames.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// Position up to which all was read.
    pub fn tail(&self) -> u64 {
        self.tail
    }

    /// Makes room for the next read: the rest of the last buffer, and new ones up
    /// to [`READ`] bytes, as far as they are to be had.
    ///
    /// # Errors
    /// There is none: why, and so what to wait for.
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
            // The reserve is for who can do nothing without it.
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

    /// The room that [`Queue::prepare`] made, for one vectored read; returns how
    /// many of `slices` are used.
    pub fn room<'a>(&'a mut self, slices: &mut [IoSliceMut<'a>; READ_SLICES]) -> usize {
        let first = self.first_writable();
        let mut filled = 0;
        for (slice, chunk) in slices.iter_mut().zip(self.chunks.range_mut(first..)) {
            *slice = IoSliceMut::new(&mut chunk.buffer[chunk.end..]);
            filled += 1;
        }
        filled
    }

    /// Makes room in one piece for a frame of up to `max_payload` bytes of payload: less
    /// than a buffer without the header. There must be no part of a frame.
    ///
    /// # Errors
    /// There is none: why, and so what to wait for.
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

    /// Where [`Queue::prepare_frame`] made room: for the payload of the next frame.
    pub fn frame_room(&mut self) -> &mut [u8] {
        let last = self.chunks.back_mut();
        let room = last.and_then(|last| last.buffer.get_mut(last.end + FRAME_HEADER..));
        room.unwrap_or_default()
    }

    /// Takes in a frame: the first `length` bytes of [`Queue::frame_room`].
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

    /// The chunk that the next byte goes to: the last one that holds anything,
    /// if it has room worth reading into.
    fn first_writable(&self) -> usize {
        let empty = self.chunks.iter().rev().take_while(|chunk| chunk.end == 0);
        let first = self.chunks.len() - empty.count();
        match first.checked_sub(1).and_then(|last| self.chunks.get(last)) {
            Some(last) if last.has_room() => first - 1,
            _ => first,
        }
    }

    /// Whether all there is is the beginning of one frame.
    fn is_partial_frame(&self) -> bool {
        self.whole == self.head && self.tail > self.whole
    }

    /// Whether [`Queue::room`] would find some.
    pub fn has_room(&self, pool: &Pool, owner: Key) -> bool {
        let size = pool.buffer_size();
        let in_last = self.chunks.back().is_some_and(Chunk::has_room);
        let held = self.chunks.len();
        in_last
            || self.can_compact(size)
            || (held < self.max_buffers
                && pool.can_take(owner, self.claim, held, self.is_partial_frame()))
    }

    /// Whether all there is may go to the front of its buffer: it is little,
    /// and little room is left behind it.
    fn can_compact(&self, size: usize) -> bool {
        match self.chunks.front() {
            Some(only) if self.chunks.len() == 1 => {
                let length = only.end - only.start;
                only.start > 0 && length <= size / 2 && size - only.end < size / 2
            }
            _ => false,
        }
    }

    /// Takes in `read` bytes that were read into [`Queue::room`]: keeps the frames,
    /// cuts the RTSP messages out, returns the buffers that nothing came into.
    ///
    /// # Errors
    /// Bytes that are neither; all frames before them are kept.
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

    /// Drops the last `count` bytes before the chunk at `index`.
    fn withdraw(&mut self, index: usize, mut count: usize) {
        for chunk in self.chunks.range_mut(..index).rev() {
            let here = count.min(chunk.end - chunk.start);
            chunk.end -= here;
            count -= here;
        }
    }

    /// Everything before `position` was sent: returns the buffers it was in.
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

    /// Returns the buffers at the end that hold nothing.
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

    /// Returns everything.
    pub fn clear(&mut self, pool: &mut Pool) {
        while let Some(chunk) = self.chunks.pop_front() {
            pool.put_back(chunk.buffer, self.claim, self.chunks.len());
        }
        self.head = self.tail;
        self.whole = self.tail;
    }

    /// Forgets the beginning of a frame at the end: the rest of it will not come.
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

/// Buffers for a backlog: one more than it fills, because the first and the last
/// may be partly filled.
fn buffers_for(backlog: usize, buffer_size: usize) -> usize {
    backlog.max(MAX_FRAME).div_ceil(buffer_size) + 1
}

#[cfg(test)]
mod tests;
