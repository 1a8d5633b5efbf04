//! The media of one source, between its reading and its writing: a row of pool
//! buffers that holds interleaved frames, and nothing else, back to back.
//!
//! Bytes are named by their position in the source's media, which only grows:
//! `head ≤ whole ≤ tail`. Up to `head` everything was sent and its buffers are
//! returned; up to `whole` there are only whole frames; up to `tail` comes the
//! beginning of one more.
//!
//! Invariant: at most `most` buffers are held, and a byte is moved only when an
//! RTSP message or stray bytes were cut out before it, or when the beginning of
//! a frame is all that is left in a full buffer and goes to its front.

use std::collections::VecDeque;
use std::io::IoSliceMut;

use crate::rtsp::framer::{Event, Framer, Invalid};

use super::key::Key;
use super::pool::{Buffer, MAX_FRAME, Pool};

/// Bytes that one read makes room for, if the pool has them.
const READ: usize = 64 * 1024;
/// Bytes before the payload of an interleaved frame (RFC 2326 §10.12).
pub const FRAME_HEADER: usize = 4;
/// Pieces of memory in one read: more than [`READ`] needs with any buffer from
/// 8 KiB on.
pub const READ_SLICES: usize = 9;

struct Chunk {
    buffer: Buffer,
    start: usize,
    end: usize,
}

/// What a sifting left.
struct Sifted {
    /// Bytes of media.
    kept: usize,
    /// How many of them come behind the last frame that became whole, if any did.
    behind_frame: Option<usize>,
    /// Bytes of media before them that turned out to be none; how many of these
    /// lie in buffers before this one.
    withdrawn: usize,
    before: usize,
    invalid: Option<Invalid>,
}

impl Chunk {
    /// Goes through `count` bytes that were read behind the end: media stays,
    /// moved up if a message was before it.
    fn sift(&mut self, count: usize, framer: &mut Framer, brought: &mut Brought) -> Sifted {
        let (mut from, stop) = (self.end, self.end + count);
        let mut sifted = Sifted {
            kept: 0,
            behind_frame: None,
            withdrawn: 0,
            before: 0,
            invalid: None,
        };
        while from < stop {
            let step = match framer.feed(&self.buffer[from..stop]) {
                Ok(step) => step,
                Err(invalid) => {
                    sifted.invalid = Some(invalid);
                    break;
                }
            };
            // Only ever at the first step: it was a piece's end.
            if step.withdrawn > 0 {
                let here = step.withdrawn.min(self.end - self.start);
                self.end -= here;
                (sifted.withdrawn, sifted.before) = (step.withdrawn, step.withdrawn - here);
            }
            let next = from + step.consumed;
            if step.media {
                if from != self.end {
                    self.buffer.copy_within(from..next, self.end);
                }
                self.end += step.consumed;
                sifted.kept += step.consumed;
                sifted.behind_frame = sifted.behind_frame.map(|n| n + step.consumed);
            }
            from = next;
            match step.event {
                Event::Frame { .. } => {
                    sifted.behind_frame = Some(0);
                    brought.frames += 1;
                }
                Event::Message => brought.messages.push(framer.message().to_vec()),
                Event::NeedMore | Event::Blank => {}
            }
        }
        sifted
    }
}

/// Why nothing can be read just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The backlog is at its limit: wait until the viewer took some of it.
    Full,
    /// The pool is empty: wait until anybody gives a buffer back.
    PoolEmpty,
}

/// What a read brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Brought {
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
    most: usize,
}

impl Queue {
    /// A queue of at most `backlog` bytes, or of one longest frame if that is more.
    pub fn new(backlog: usize, buffer_size: usize) -> Queue {
        let most = most(backlog, buffer_size);
        Queue {
            chunks: VecDeque::with_capacity(most),
            head: 0,
            whole: 0,
            tail: 0,
            most,
        }
    }

    /// Another backlog, from now on.
    pub fn set_backlog(&mut self, backlog: usize, buffer_size: usize) {
        self.most = most(backlog, buffer_size);
    }

    /// Position up to which all was sent.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Position up to which there are only whole frames.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// Makes room for the next read: the rest of the last buffer, and new ones up
    /// to [`READ`] bytes, as far as they are to be had.
    ///
    /// # Errors
    /// There is none: why, and so what to wait for.
    pub fn prepare(&mut self, pool: &mut Pool, owner: Key) -> Result<(), NoRoom> {
        let size = pool.buffer_size();
        if self.may_move(size)
            && let Some(only) = self.chunks.front_mut()
        {
            only.buffer.copy_within(only.start..only.end, 0);
            (only.start, only.end) = (0, only.end - only.start);
        }
        let mut room = match self.chunks.back() {
            Some(last) if has_room(last, size) => size - last.end,
            _ => 0,
        };
        while room < READ {
            let held = self.chunks.len();
            // The reserve is for who can do nothing without it.
            let unfinished = room == 0 && self.is_unfinished();
            let taken = if held < self.most {
                pool.take(owner, held, unfinished).ok_or(NoRoom::PoolEmpty)
            } else {
                Err(NoRoom::Full)
            };
            match taken {
                Ok(buffer) => {
                    room += size;
                    let (start, end) = (0, 0);
                    self.chunks.push_back(Chunk { buffer, start, end });
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
        let first = self.first_room();
        let mut filled = 0;
        for (slice, chunk) in slices.iter_mut().zip(self.chunks.range_mut(first..)) {
            *slice = IoSliceMut::new(&mut chunk.buffer[chunk.end..]);
            filled += 1;
        }
        filled
    }

    /// Makes room in one piece for a frame of up to `most` bytes of payload: less
    /// than a buffer without the header. There must be no part of a frame.
    ///
    /// # Errors
    /// There is none: why, and so what to wait for.
    pub fn prepare_frame(
        &mut self,
        most: usize,
        pool: &mut Pool,
        owner: Key,
    ) -> Result<(), NoRoom> {
        let size = pool.buffer_size();
        let fits = |last: &Chunk| size - last.end >= FRAME_HEADER + most;
        if self.chunks.back().is_some_and(fits) {
            return Ok(());
        }
        let held = self.chunks.len();
        if held >= self.most {
            return Err(NoRoom::Full);
        }
        let buffer = pool.take(owner, held, false).ok_or(NoRoom::PoolEmpty)?;
        let (start, end) = (0, 0);
        self.chunks.push_back(Chunk { buffer, start, end });
        Ok(())
    }

    /// Where [`Queue::prepare_frame`] made room: for the payload of the next frame.
    pub fn frame_room(&mut self) -> &mut [u8] {
        let last = self.chunks.back_mut();
        let room = last.and_then(|last| last.buffer.get_mut(last.end + FRAME_HEADER..));
        room.unwrap_or_default()
    }

    /// Takes in a frame: the first `length` bytes of [`Queue::frame_room`].
    pub fn take_frame(&mut self, channel: u8, length: usize) {
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
    fn first_room(&self) -> usize {
        let empty = self.chunks.iter().rev().take_while(|chunk| chunk.end == 0);
        let first = self.chunks.len() - empty.count();
        match first.checked_sub(1).and_then(|last| self.chunks.get(last)) {
            Some(last) if has_room(last, last.buffer.len()) => first - 1,
            _ => first,
        }
    }

    /// Whether all there is is the beginning of one frame.
    fn is_unfinished(&self) -> bool {
        self.whole == self.head && self.tail > self.whole
    }

    /// Whether [`Queue::room`] would find some.
    pub fn has_room(&self, pool: &Pool, owner: Key) -> bool {
        let size = pool.buffer_size();
        let in_last = self.chunks.back().is_some_and(|last| has_room(last, size));
        let held = self.chunks.len();
        in_last
            || self.may_move(size)
            || (held < self.most && pool.has_for(owner, held, self.is_unfinished()))
    }

    /// Whether all there is may go to the front of its buffer: it is little,
    /// and little room is left behind it.
    fn may_move(&self, size: usize) -> bool {
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
    pub fn take_in(
        &mut self,
        mut read: usize,
        pool: &mut Pool,
        framer: &mut Framer,
    ) -> Result<Brought, (Brought, Invalid)> {
        let mut brought = Brought::default();
        let mut invalid = None;
        let mut index = self.first_room();
        while let (Some(chunk), true) = (self.chunks.get_mut(index), read > 0) {
            let count = read.min(chunk.buffer.len() - chunk.end);
            read -= count;
            index += 1;
            let sifted = chunk.sift(count, framer, &mut brought);
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
            Some(invalid) => Err((brought, invalid)),
            None => Ok(brought),
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
                pool.give(chunk.buffer, self.chunks.len());
            }
        }
        if let Some(owner) = owner
            && (self.whole > self.head || self.head == self.tail)
        {
            pool.settle(owner);
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
                pool.give(chunk.buffer, self.chunks.len());
            }
        }
    }

    /// Returns everything.
    pub fn clear(&mut self, pool: &mut Pool) {
        while let Some(chunk) = self.chunks.pop_front() {
            pool.give(chunk.buffer, self.chunks.len());
        }
        self.head = self.tail;
        self.whole = self.tail;
    }

    /// Forgets the beginning of a frame at the end: the rest of it will not come.
    pub fn drop_unfinished(&mut self, pool: &mut Pool) {
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
                pool.give(chunk.buffer, self.chunks.len());
            }
        }
    }

    /// How many frames begin from `from` on and before `to`, both beginnings of
    /// frames.
    pub fn frames_between(&self, from: u64, to: u64) -> u64 {
        let (mut at, mut count) = (from.max(self.head), 0);
        let mut walk = self.walk(at);
        while at < to
            && let Some((_, length)) = walk.frame_header()
        {
            walk.skip(length);
            at += 4 + length as u64;
            count += 1;
        }
        count
    }

    /// A walk over the bytes from `position` on.
    pub fn walk(&self, position: u64) -> Walk<'_> {
        // Most viewers are near the end, and a cache may be long.
        let (mut chunk, mut start) = (self.chunks.len(), self.tail);
        while start > position
            && let Some(before) = chunk.checked_sub(1)
        {
            chunk = before;
            start -= (self.chunks[chunk].end - self.chunks[chunk].start) as u64;
        }
        let mut walk = Walk {
            queue: self,
            chunk,
            offset: 0,
        };
        walk.skip(position.saturating_sub(start) as usize);
        walk
    }
}

/// Buffers for a backlog: one more than it fills, because the first and the last
/// may be partly filled.
fn most(backlog: usize, buffer_size: usize) -> usize {
    backlog.max(MAX_FRAME).div_ceil(buffer_size) + 1
}

/// Room for less than this is not worth a read.
fn has_room(chunk: &Chunk, size: usize) -> bool {
    size - chunk.end >= size / 8
}

/// A place in the queue's bytes, moving forward.
pub struct Walk<'a> {
    queue: &'a Queue,
    chunk: usize,
    /// From the chunk's start.
    offset: usize,
}

impl<'a> Walk<'a> {
    /// The rest of the piece of memory the walk stands in, at most `most` bytes;
    /// empty at the end. Moves past it.
    pub fn slice(&mut self, most: usize) -> &'a [u8] {
        // One that held nothing but messages and stray bytes is passed over.
        let empty = |chunk: &Chunk| chunk.start == chunk.end;
        while self.queue.chunks.get(self.chunk).is_some_and(empty) {
            self.chunk += 1;
        }
        let Some(chunk) = self.queue.chunks.get(self.chunk) else {
            return &[];
        };
        let start = chunk.start + self.offset;
        let length = (chunk.end - start).min(most);
        self.offset += length;
        if start + length == chunk.end {
            self.chunk += 1;
            self.offset = 0;
        }
        &chunk.buffer[start..start + length]
    }

    /// Moves on by `count` bytes.
    pub fn skip(&mut self, mut count: usize) {
        while count > 0 {
            match self.slice(count).len() {
                0 => return,
                length => count -= length,
            }
        }
    }

    /// The channel and the payload length in the frame header that the walk
    /// stands at; moves past the header. `None` at the end of the queue.
    pub fn frame_header(&mut self) -> Option<(u8, usize)> {
        let mut header = [0; 4];
        self.copy(&mut header)?;
        let length = u16::from_be_bytes([header[2], header[3]]);
        Some((header[1], usize::from(length)))
    }

    /// The next `count` bytes as one piece, copied into `scratch` only if they
    /// straddle buffers; moves past them.
    pub fn piece<'b>(&mut self, count: usize, scratch: &'b mut [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        let mut ahead = Walk { ..*self };
        let first = ahead.slice(count);
        if first.len() == count {
            *self = ahead;
            return first;
        }
        let most = count.min(scratch.len());
        match self.copy(&mut scratch[..most]) {
            Some(()) => &scratch[..most],
            None => &[],
        }
    }

    /// Fills `room` and moves past what it took; `None` if there is less.
    fn copy(&mut self, room: &mut [u8]) -> Option<()> {
        let mut filled = 0;
        while filled < room.len() {
            let piece = self.slice(room.len() - filled);
            if piece.is_empty() {
                return None;
            }
            room[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
