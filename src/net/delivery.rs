//! One viewer's way through a source's queue: which WebSocket message comes
//! next, and how much of it is out.
//!
//! Media goes from the pool's buffers to the socket by one vectored write per
//! turn; only the WebSocket headers are made here, in a small array beside.
//!
//! Invariant: a message holds whole frames only, one (as WSP says) or as many
//! as are at hand (a viewer that said `batch: 1`), and once its header went out
//! the rest of it follows before anything else.

use std::io::{self, IoSlice, Write};

use crate::websocket::{self, Kind};

use super::pool::MAX_FRAME;
use super::queue::{Queue, Walk};

/// Messages begun by one write.
const MESSAGES: usize = 64;
/// Pieces of memory in one write: header and payload of each message, and some
/// that straddle two buffers. Under IOV_MAX (1024) everywhere.
const SLICES: usize = MESSAGES * 2 + 16;
/// Payload of a batched message. A browser hands a message over when all of it
/// is there: longer ones would make the first frame wait for the last.
const BATCH: u64 = 64 * 1024 + MAX_FRAME as u64;

/// A message, or what is left of it.
#[derive(Clone, Copy)]
struct Message {
    header: [u8; 10],
    header_sent: u8,
    header_length: u8,
    /// Payload: next byte to send and the one after the last, as positions.
    at: u64,
    end: u64,
}

impl Message {
    fn new(at: u64, end: u64) -> Message {
        let mut header = [0; 10];
        let length = websocket::header(Kind::Binary, (end - at) as usize, &mut header);
        Message {
            header,
            header_sent: 0,
            header_length: length as u8,
            at,
            end,
        }
    }

    fn is_done(&self) -> bool {
        self.header_sent == self.header_length && self.at == self.end
    }

    fn header(&self) -> &[u8] {
        &self.header[usize::from(self.header_sent)..usize::from(self.header_length)]
    }

    /// Counts up to `sent` bytes as sent; returns how many of them were another's.
    fn advance(&mut self, mut sent: usize) -> usize {
        let of_header = sent.min(self.header().len());
        self.header_sent += of_header as u8;
        sent -= of_header;
        let of_payload = (sent as u64).min(self.end - self.at);
        self.at += of_payload;
        sent - of_payload as usize
    }
}

/// Where a viewer is.
pub struct Delivery {
    batch: bool,
    current: Message,
}

impl Delivery {
    /// Starts at `position`, which is the beginning of a frame.
    pub fn new(position: u64, batch: bool) -> Delivery {
        Delivery {
            batch,
            current: Message {
                header: [0; 10],
                header_sent: 0,
                header_length: 0,
                at: position,
                end: position,
            },
        }
    }

    /// Position of the first byte that was not sent.
    pub fn position(&self) -> u64 {
        self.current.at
    }

    /// Whether another kind of message may be written now.
    pub fn between_messages(&self) -> bool {
        self.current.is_done()
    }

    /// Whether all that is there was sent.
    pub fn is_idle(&self, queue: &Queue) -> bool {
        self.between_messages() && self.position() == queue.whole()
    }

    /// Writes as much as goes in one call. With `last`, only the message under
    /// way is finished. Returns the bytes written and whether that was all that
    /// was tried.
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` included.
    pub fn write(
        &mut self,
        socket: &mut impl Write,
        queue: &Queue,
        last: bool,
    ) -> io::Result<(usize, bool)> {
        let mut messages = [self.current; MESSAGES];
        let count = self.plan(&mut messages, queue, last);
        let messages = &mut messages[..count];
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = gather(messages, &mut slices, queue);
        let tried: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
        if tried == 0 {
            return Ok((0, true));
        }
        let written = socket.write_vectored(&slices[..filled])?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let mut rest = written;
        for message in messages {
            rest = message.advance(rest);
            self.current = *message;
            if !message.is_done() {
                break;
            }
        }
        Ok((written, written == tried))
    }

    /// The message under way, then new ones from the frames at hand.
    fn plan(&self, messages: &mut [Message; MESSAGES], queue: &Queue, last: bool) -> usize {
        let mut count = usize::from(!self.between_messages());
        let mut at = self.current.end;
        let mut walk = queue.walk(at);
        while !last && count < MESSAGES && at < queue.whole() {
            let end = if self.batch && queue.whole() - at <= BATCH {
                queue.whole()
            } else {
                self.message_end(at, queue.whole(), &mut walk)
            };
            messages[count] = Message::new(at, end);
            count += 1;
            at = end;
        }
        count
    }

    /// Where the message that starts at `at` ends; moves `walk` there.
    fn message_end(&self, at: u64, whole: u64, walk: &mut Walk<'_>) -> u64 {
        let mut end = at;
        while end < whole {
            let length = walk.frame_length();
            walk.skip(length);
            end += 4 + length as u64;
            if !self.batch || end - at >= BATCH - MAX_FRAME as u64 {
                break;
            }
        }
        end.min(whole)
    }
}

/// Lays headers and payloads out for one write; as much as fits.
fn gather<'a>(
    messages: &'a [Message],
    slices: &mut [IoSlice<'a>; SLICES],
    queue: &'a Queue,
) -> usize {
    let mut filled = 0;
    for message in messages {
        let mut left = (message.end - message.at) as usize;
        let mut walk = queue.walk(message.at);
        if !message.header().is_empty() {
            if filled == SLICES {
                return filled;
            }
            slices[filled] = IoSlice::new(message.header());
            filled += 1;
        }
        while left > 0 {
            let piece = walk.slice(left);
            if piece.is_empty() || filled == SLICES {
                return filled;
            }
            slices[filled] = IoSlice::new(piece);
            filled += 1;
            left -= piece.len();
        }
    }
    filled
}

#[cfg(test)]
mod tests;
