//! Reading a queue's bytes across the buffers that hold them.

use super::chunk::Chunk;
use super::{FRAME_HEADER, Queue};

/// A position in a queue that moves forward over its bytes.
pub struct Cursor<'a> {
    queue: &'a Queue,
    chunk: usize,
    /// The offset from the chunk's start.
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// The rest of the chunk at the cursor, at most `max` bytes, and empty only at the
    /// end of the queue. Moves past it.
    pub fn next_slice(&mut self, max: usize) -> &'a [u8] {
        // A chunk that held nothing but messages and stray bytes is skipped.
        let empty = |chunk: &Chunk| chunk.start == chunk.end;
        while self.queue.chunks.get(self.chunk).is_some_and(empty) {
            self.chunk += 1;
        }
        let Some(chunk) = self.queue.chunks.get(self.chunk) else {
            return &[];
        };
        let start = chunk.start + self.offset;
        let length = (chunk.end - start).min(max);
        self.offset += length;
        if start + length == chunk.end {
            self.chunk += 1;
            self.offset = 0;
        }
        &chunk.buffer[start..start + length]
    }

    /// Moves forward by `count` bytes.
    pub fn skip(&mut self, mut count: usize) {
        while count > 0 {
            match self.next_slice(count).len() {
                0 => return,
                length => count -= length,
            }
        }
    }

    /// The channel and the payload length of the frame that begins at the cursor. Moves
    /// past the frame's header. `None` at the end of the queue.
    pub fn frame_header(&mut self) -> Option<(u8, usize)> {
        let mut header = [0; 4];
        self.copy(&mut header)?;
        let length = u16::from_be_bytes([header[2], header[3]]);
        Some((header[1], usize::from(length)))
    }

    /// The next `count` bytes in one slice. They are copied into `scratch` only if they
    /// straddle buffers. Moves past them.
    pub fn contiguous<'b>(&mut self, count: usize, scratch: &'b mut [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        let mut ahead = Cursor { ..*self };
        let first = ahead.next_slice(count);
        if first.len() == count {
            *self = ahead;
            return first;
        }
        let length = count.min(scratch.len());
        match self.copy(&mut scratch[..length]) {
            Some(()) => &scratch[..length],
            None => &[],
        }
    }

    /// Copies bytes until `room` is full and moves past them. `None`: there are fewer.
    fn copy(&mut self, room: &mut [u8]) -> Option<()> {
        let mut filled = 0;
        while filled < room.len() {
            let piece = self.next_slice(room.len() - filled);
            if piece.is_empty() {
                return None;
            }
            room[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
        }
        Some(())
    }
}

impl Queue {
    /// A cursor at `position`.
    pub fn cursor(&self, position: u64) -> Cursor<'_> {
        // The search begins at the end: most viewers are near it, and a cache may be
        // long.
        let (mut chunk, mut start) = (self.chunks.len(), self.tail);
        while start > position
            && let Some(before) = chunk.checked_sub(1)
        {
            chunk = before;
            start -= (self.chunks[chunk].end - self.chunks[chunk].start) as u64;
        }
        let mut cursor = Cursor {
            queue: self,
            chunk,
            offset: 0,
        };
        cursor.skip(position.saturating_sub(start) as usize);
        cursor
    }

    /// Changes the channel of the frame at `position`.
    pub fn set_channel(&mut self, position: u64, channel: u8) {
        let Some(mut ahead) = (position + 1).checked_sub(self.head) else {
            return;
        };
        for chunk in &mut self.chunks {
            let length = (chunk.end - chunk.start) as u64;
            if ahead < length {
                chunk.buffer[chunk.start + ahead as usize] = channel;
                return;
            }
            ahead -= length;
        }
    }

    /// Calls `visit` for each frame that begins at or after `from` and before `to`,
    /// which must both be beginnings of frames. Its arguments are the channel, the
    /// first bytes of the payload (at most `LOOK`), the payload's length and the
    /// frame's position.
    pub fn for_each_frame<const LOOK: usize>(
        &self,
        from: u64,
        to: u64,
        mut visit: impl FnMut(u8, &[u8], usize, u64),
    ) {
        let mut at = from.max(self.head);
        let mut cursor = self.cursor(at);
        let mut scratch = [0; LOOK];
        while at < to
            && let Some((channel, length)) = cursor.frame_header()
        {
            let shown = length.min(LOOK);
            let start = cursor.contiguous(shown, &mut scratch);
            cursor.skip(length - shown);
            visit(channel, start, length, at);
            at += (FRAME_HEADER + length) as u64;
        }
    }
}
