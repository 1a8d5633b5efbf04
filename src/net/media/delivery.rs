//! One viewer's way through a source's queue: which WebSocket message comes
//! next, and how much of it is out.
//!
//! Media goes from the pool's buffers to the socket by one vectored write per
//! turn; only the WebSocket headers are made here, in a small array beside.
//!
//! Invariant: a message holds whole frames only, one (as WSP says) or as many
//! as are at hand (a viewer that said `batch: 1`), and once its header went out
//! the rest of it follows before anything else. Viewers of plain RTSP get the
//! frames without messages around them.
//!
//! A viewer of a shared camera may have set up some of its tracks, or call their
//! channels otherwise: its frames then go one by one, each with a header of its
//! own beside the shared payload.

use std::io::{self, IoSlice, Write};

use crate::camera::FrameCounter;
use crate::protocol::rtsp::framer::{DOLLAR, FRAME_HEADER};
use crate::websocket::{self, Kind};

use super::pool::MAX_FRAME;
use super::queue::{Cursor, Queue};
use crate::net::io::outbox::Outbox;

/// Messages begun by one write.
const MESSAGES: usize = 64;
/// Pieces of memory in one write: header and payload of each message, and some
/// that straddle two buffers. Under IOV_MAX (1024) everywhere.
const SLICES: usize = MESSAGES * 2 + 16;
/// The same for who gets batches, or no messages: a round of writing rarely has more
/// than one, and what is not used takes time to clear, for every viewer.
const BATCHES: usize = 2;
const BATCH_SLICES: usize = BATCHES * 2 + 16;
/// Payload of a batched message. A browser hands a message over when all of it
/// is there: longer ones would make the first frame wait for the last.
const BATCH: u64 = 64 * 1024 + MAX_FRAME as u64;

/// The same for who takes less than there is: what is left of the message under way is
/// copied when the next ones are left out.
const SLOW_BATCH: u64 = 16 * 1024;

/// The longest header: of a WebSocket message and of a frame.
const HEADER: usize = 10 + FRAME_HEADER;

/// What is around the frames on their way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One WebSocket message each.
    Messages,
    /// As many in a message as are at hand.
    Batches,
    /// Nothing.
    Bare,
}

/// A message, or what is left of it.
#[derive(Clone, Copy)]
struct Message {
    header: [u8; HEADER],
    header_sent: u8,
    header_length: u8,
    /// Payload: next byte to send and the one after the last, as positions.
    at: u64,
    end: u64,
}

impl Message {
    /// Nothing to send, at `position`.
    fn done(position: u64) -> Message {
        Message {
            header: [0; HEADER],
            header_sent: 0,
            header_length: 0,
            at: position,
            end: position,
        }
    }

    /// The bytes from `at` to `end`, behind a `frame` header if one is given.
    fn new(at: u64, end: u64, framing: Framing, frame: Option<[u8; FRAME_HEADER]>) -> Message {
        let mut message = Message {
            end,
            ..Message::done(at)
        };
        let extra = frame.map_or(0, |frame| frame.len());
        let mut length = match framing {
            Framing::Bare => 0,
            _ => {
                let mut header = [0; 10];
                let payload = (end - at) as usize + extra;
                let length = websocket::header(Kind::Binary, payload, &mut header);
                message.header[..length].copy_from_slice(&header[..length]);
                length
            }
        };
        if let Some(frame) = frame {
            message.header[length..length + extra].copy_from_slice(&frame);
            length += extra;
        }
        message.header_length = length as u8;
        message
    }

    fn is_done(&self) -> bool {
        self.header_sent == self.header_length && self.at == self.end
    }

    fn header(&self) -> &[u8] {
        &self.header[usize::from(self.header_sent)..usize::from(self.header_length)]
    }

    /// Appends what is left of it.
    fn copy(&self, queue: &Queue, to: &mut Vec<u8>) {
        to.extend_from_slice(self.header());
        let mut cursor = queue.cursor(self.at);
        let mut left = (self.end - self.at) as usize;
        while left > 0 {
            let piece = cursor.next_slice(left);
            if piece.is_empty() {
                break;
            }
            to.extend_from_slice(piece);
            left -= piece.len();
        }
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
    framing: Framing,
    /// Channels of the source and what the viewer calls them; `None`: it gets
    /// all of them, as they are.
    channels: Option<Vec<(u8, u8)>>,
    current: Message,
    /// Its socket did not take all that was offered, and it has not caught up since.
    slow: bool,
}

impl Delivery {
    /// Starts at `position`, which is the beginning of a frame.
    pub fn new(position: u64, framing: Framing, channels: Option<Vec<(u8, u8)>>) -> Delivery {
        Delivery {
            framing,
            channels,
            current: Message::done(position),
            slow: false,
        }
    }

    /// From here on not all that the camera sends is for the viewer.
    pub fn restrict_to(&mut self, channels: &[(u8, u8)]) {
        self.channels.get_or_insert_with(|| channels.to_vec());
    }

    /// Goes on at `position`, the beginning of a frame, instead. Returns what is
    /// to be sent before: what is left of the message under way, and the frames
    /// after it that begin before `until`.
    pub fn jump_to(&mut self, position: u64, until: u64, queue: &Queue) -> Vec<u8> {
        let mut rest = Vec::new();
        self.current.copy(queue, &mut rest);
        let mut at = self.current.end;
        let mut cursor = queue.cursor(at);
        while at < until {
            let (message, next) = match &self.channels {
                None => self.next(at, until, &mut cursor),
                Some(_) => self.next_selected(at, &mut cursor),
            };
            if next == at {
                break;
            }
            at = next;
            if let Some(message) = message {
                message.copy(queue, &mut rest);
            }
        }
        self.current = Message::done(position);
        rest
    }

    /// A frame of the gateway's own, as this viewer gets frames; `None` if it
    /// has not set this channel up.
    pub fn wrap(&self, channel: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let channel = self.channel(channel)?;
        let frame = frame_header(channel, payload.len());
        let mut bytes = Message::new(0, payload.len() as u64, self.framing, Some(frame))
            .header()
            .to_vec();
        bytes.extend_from_slice(payload);
        Some(bytes)
    }

    /// Puts what the viewer is to be told of these frames into its `out`.
    pub fn push_notices(&self, counter: &FrameCounter, out: &mut Outbox) {
        for (channel, notice) in counter.notices() {
            out.push(self.wrap(channel, &notice).unwrap_or_default());
        }
    }

    /// What the viewer calls a channel of the source.
    fn channel(&self, channel: u8) -> Option<u8> {
        let Some(channels) = &self.channels else {
            return Some(channel);
        };
        let mut known = channels.iter();
        known
            .find(|(own, _)| *own == channel)
            .map(|(_, name)| *name)
    }

    /// Position of the first byte that was not sent.
    pub fn position(&self) -> u64 {
        self.current.at
    }

    /// Where the next message begins: the beginning of a frame.
    pub fn next_position(&self) -> u64 {
        self.current.end
    }

    /// Whether another kind of message may be written now.
    pub fn between_messages(&self) -> bool {
        self.current.is_done()
    }

    /// Whether all that is there was sent.
    pub fn is_idle(&self, queue: &Queue) -> bool {
        self.between_messages() && self.position() == queue.whole()
    }

    /// Writes as much as goes in one call. With `finish_only`, only the message under
    /// way is finished. Returns the bytes written and whether that was all that
    /// was tried.
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` included.
    pub fn write(
        &mut self,
        socket: &mut impl Write,
        queue: &Queue,
        finish_only: bool,
    ) -> io::Result<(usize, bool)> {
        match (self.framing, &self.channels) {
            (Framing::Batches | Framing::Bare, None) => {
                self.write_some::<BATCHES, BATCH_SLICES>(socket, queue, finish_only)
            }
            _ => self.write_some::<MESSAGES, SLICES>(socket, queue, finish_only),
        }
    }

    fn write_some<const M: usize, const S: usize>(
        &mut self,
        socket: &mut impl Write,
        queue: &Queue,
        finish_only: bool,
    ) -> io::Result<(usize, bool)> {
        let mut messages = [self.current; M];
        let (count, reached) = self.plan(&mut messages, queue, finish_only);
        if count == 0 {
            // Frames that the viewer does not get.
            self.current = Message::done(reached);
        }
        let messages = &mut messages[..count];
        let mut slices = [IoSlice::new(&[]); S];
        let filled = gather(messages, &mut slices, queue);
        let offered: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
        if offered == 0 {
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
        self.slow = (self.slow || written < offered) && !self.is_idle(queue);
        Ok((written, written == offered))
    }

    /// The message under way, then new ones from the frames at hand; also the
    /// position up to which that goes.
    fn plan(&self, messages: &mut [Message], queue: &Queue, finish_only: bool) -> (usize, u64) {
        let mut count = usize::from(!self.between_messages());
        let mut at = self.current.end;
        let mut cursor = queue.cursor(at);
        while !finish_only && count < messages.len() && at < queue.whole() {
            let (message, next) = match &self.channels {
                None => self.next(at, queue.whole(), &mut cursor),
                Some(_) => self.next_selected(at, &mut cursor),
            };
            at = next;
            if let Some(message) = message {
                messages[count] = message;
                count += 1;
            }
        }
        (count, at)
    }

    /// The message that starts at `at`, and where the next one does; `cursor` is
    /// there then, unless the message takes all there is.
    fn next(&self, at: u64, whole: u64, cursor: &mut Cursor<'_>) -> (Option<Message>, u64) {
        let end = if self.framing != Framing::Messages && whole - at <= self.batch() {
            whole
        } else {
            self.message_end(at, whole, cursor)
        };
        (Some(Message::new(at, end, self.framing, None)), end)
    }

    /// The frame at `at` by itself, if the viewer gets it.
    fn next_selected(&self, at: u64, cursor: &mut Cursor<'_>) -> (Option<Message>, u64) {
        let Some((channel, length)) = cursor.frame_header() else {
            return (None, at);
        };
        cursor.skip(length);
        let payload = at + FRAME_HEADER as u64;
        let end = payload + length as u64;
        let message = self.channel(channel).map(|channel| {
            let header = frame_header(channel, length);
            Message::new(payload, end, self.framing, Some(header))
        });
        (message, end)
    }

    /// The most of a batched message; of one that is longer, whole frames.
    fn batch(&self) -> u64 {
        if self.slow { SLOW_BATCH } else { BATCH }
    }

    /// Where the message that starts at `at` ends; moves `cursor` there.
    fn message_end(&self, at: u64, whole: u64, cursor: &mut Cursor<'_>) -> u64 {
        let mut end = at;
        while end < whole {
            let Some((_, length)) = cursor.frame_header() else {
                break;
            };
            cursor.skip(length);
            end += (FRAME_HEADER + length) as u64;
            if self.framing == Framing::Messages
                || end - at >= self.batch().min(BATCH - MAX_FRAME as u64)
            {
                break;
            }
        }
        end.min(whole)
    }
}

/// `$`, channel, length (RFC 2326 §10.12).
fn frame_header(channel: u8, length: usize) -> [u8; FRAME_HEADER] {
    let [high, low] = (length as u16).to_be_bytes();
    [DOLLAR, channel, high, low]
}

/// Lays headers and payloads out for one write; as much as fits.
fn gather<'a>(messages: &'a [Message], slices: &mut [IoSlice<'a>], queue: &'a Queue) -> usize {
    let mut filled = 0;
    for message in messages {
        let mut left = (message.end - message.at) as usize;
        let mut cursor = queue.cursor(message.at);
        if !message.header().is_empty() {
            if filled == slices.len() {
                return filled;
            }
            slices[filled] = IoSlice::new(message.header());
            filled += 1;
        }
        while left > 0 {
            let piece = cursor.next_slice(left);
            if piece.is_empty() || filled == slices.len() {
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
