//! The media of one source, between its reading and its writing: a row of pool
//! buffers that holds interleaved frames, and nothing else, back to back.
//!
//! Bytes are named by their position in the source's media, which only grows:
//! `head ≤ whole ≤ tail`. Up to `head` everything was sent and its buffers are
//! returned; up to `whole` there are only whole frames; up to `tail` comes the
//! beginning of one more.
//!
//! Invariant: at most `most` buffers are held, and a byte is moved only when an
//! RTSP message was cut out before it, or when the beginning of a frame is all
//! that is left in a full buffer and goes to its front.

use std::collections::VecDeque;

use crate::rtsp::framer::{Event, Framer, Invalid};

use super::key::Key;
use super::pool::{Buffer, MAX_FRAME, Pool};

struct Chunk {
    buffer: Buffer,
    start: usize,
    end: usize,
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
        // One more, because the first and the last may be partly filled.
        let most = backlog.max(MAX_FRAME).div_ceil(buffer_size) + 1;
        Queue {
            chunks: VecDeque::with_capacity(most),
            head: 0,
            whole: 0,
            tail: 0,
            most,
        }
    }

    /// Position up to which all was sent.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Position up to which there are only whole frames.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// Room for the next read: the rest of the last buffer, or a new one.
    pub fn room<'p>(&mut self, pool: &'p mut Pool, owner: Key) -> Result<&'p mut [u8], NoRoom> {
        let size = pool.buffer_size();
        let may_move = self.may_move(size);
        if let Some(last) = self.chunks.back_mut() {
            if may_move {
                let bytes = pool.bytes_mut(&last.buffer);
                bytes.copy_within(last.start..last.end, 0);
                (last.start, last.end) = (0, last.end - last.start);
            }
            if has_room(last, size) {
                return Ok(&mut pool.bytes_mut(&last.buffer)[last.end..]);
            }
        }
        if self.chunks.len() >= self.most {
            return Err(NoRoom::Full);
        }
        let buffer = pool
            .take(owner, self.chunks.len(), self.is_unfinished())
            .ok_or(NoRoom::PoolEmpty)?;
        self.chunks.push_back(Chunk {
            buffer,
            start: 0,
            end: 0,
        });
        match self.chunks.back() {
            Some(last) => Ok(pool.bytes_mut(&last.buffer)),
            None => Err(NoRoom::PoolEmpty),
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

    /// Takes in `read` bytes that were put where [`Queue::room`] said: keeps the
    /// frames, cuts the RTSP messages out.
    ///
    /// # Errors
    /// Bytes that are neither; all frames before them are kept.
    pub fn take_in(
        &mut self,
        read: usize,
        pool: &mut Pool,
        framer: &mut Framer,
    ) -> Result<Brought, (Brought, Invalid)> {
        let mut brought = Brought::default();
        let Some(last) = self.chunks.back_mut() else {
            return Ok(brought);
        };
        let bytes = pool.bytes_mut(&last.buffer);
        let stop = (last.end + read).min(bytes.len());
        let mut from = last.end;
        while from < stop {
            let step = match framer.feed(&bytes[from..stop]) {
                Ok(step) => step,
                Err(invalid) => return Err((brought, invalid)),
            };
            let next = from + step.consumed;
            if step.media {
                if from != last.end {
                    bytes.copy_within(from..next, last.end);
                }
                last.end += step.consumed;
                self.tail += step.consumed as u64;
            }
            from = next;
            match step.event {
                Event::Frame { .. } => {
                    self.whole = self.tail;
                    brought.frames += 1;
                }
                Event::Message => brought.messages.push(framer.message().to_vec()),
                Event::NeedMore | Event::Blank => {}
            }
        }
        Ok(brought)
    }

    /// Everything before `position` was sent: returns the buffers it was in.
    pub fn release(&mut self, position: u64, pool: &mut Pool, owner: Key) {
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
        if self.whole > self.head || self.head == self.tail {
            pool.settle(owner);
        }
    }

    /// Returns an empty buffer that a read without media left behind.
    pub fn trim(&mut self, pool: &mut Pool) {
        if self.head == self.tail {
            self.clear(pool);
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

    /// A walk over the bytes from `position` on.
    pub fn walk<'a>(&'a self, position: u64, pool: &'a Pool) -> Walk<'a> {
        let mut walk = Walk {
            queue: self,
            pool,
            chunk: 0,
            offset: 0,
        };
        walk.skip(position.saturating_sub(self.head) as usize);
        walk
    }
}

/// Room for less than this is not worth a read.
fn has_room(chunk: &Chunk, size: usize) -> bool {
    size - chunk.end >= size / 8
}

/// A place in the queue's bytes, moving forward.
pub struct Walk<'a> {
    queue: &'a Queue,
    pool: &'a Pool,
    chunk: usize,
    /// From the chunk's start.
    offset: usize,
}

impl<'a> Walk<'a> {
    /// The rest of the piece of memory the walk stands in, at most `most` bytes;
    /// empty at the end. Moves past it.
    pub fn slice(&mut self, most: usize) -> &'a [u8] {
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
        &self.pool.bytes(&chunk.buffer)[start..start + length]
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

    /// The payload length in the frame header that the walk stands at; moves
    /// past the header. 0 at the end of the queue.
    pub fn frame_length(&mut self) -> usize {
        let mut header = [0; 4];
        let mut filled = 0;
        while filled < header.len() {
            let piece = self.slice(header.len() - filled);
            if piece.is_empty() {
                return 0;
            }
            header[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
        }
        usize::from(u16::from_be_bytes([header[2], header[3]]))
    }
}
