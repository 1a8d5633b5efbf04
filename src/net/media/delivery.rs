//! The delivery of a queue's frames to one viewer: which WebSocket message comes next,
//! and how much of it has been written.
//!
//! Media goes from the pool's buffers to the socket by one vectored write per turn.
//! Only the WebSocket headers are made here, in a small array beside the buffers.
//!
//! Invariant: a message holds whole frames only, either one (as WSP says) or as many as
//! are at hand (for a viewer that said `batch: 1`), and once its header was sent the
//! rest of it follows before anything else. Viewers of plain RTSP get bare frames.
//!
//! A viewer of a shared camera may have set up some tracks only, or under other
//! channels. Its frames are then sent one by one, each with its own header before the
//! shared payload.

use std::io::{self, IoSlice, Write};

use crate::camera::FrameCounter;
use crate::protocol::rtsp::framer::{DOLLAR, FRAME_HEADER};
use crate::websocket::{self, Kind};

use super::pool::MAX_FRAME;
use super::queue::{Cursor, Queue};
use crate::net::io::outbox::Outbox;

/// Maximum number of messages begun in one write.
const MESSAGES: usize = 64;
/// Maximum number of slices in one write: header and payload of each message, and some
/// that straddle two buffers. This is below IOV_MAX (1024) on every system.
const SLICES: usize = MESSAGES * 2 + 16;
/// The same for batched or bare frames: one message is usual, and unused slices cost.
const BATCHES: usize = 2;
const BATCH_SLICES: usize = BATCHES * 2 + 16;
/// Maximum payload of a batched message: a browser delivers it only as a whole.
const BATCH: u64 = 64 * 1024 + MAX_FRAME as u64;
/// The same for a slow viewer: if it is moved on, the rest of the message is copied.
const SLOW_BATCH: u64 = 16 * 1024;

/// The longest header: that of a WebSocket message and that of a frame.
const HEADER: usize = 10 + FRAME_HEADER;

/// What surrounds the frames on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each frame is one WebSocket message.
    Messages,
    /// A WebSocket message holds as many frames as are at hand.
    Batches,
    /// The frames are sent as they are.
    Bare,
}

/// A message, or what is left of it to send.
#[derive(Clone, Copy)]
struct Message {
    header: [u8; HEADER],
    header_sent: u8,
    header_length: u8,
    /// The payload that is left to send, as positions in the queue.
    at: u64,
    end: u64,
}

impl Message {
    /// A message of which nothing is left, at `position`.
    fn done(position: u64) -> Message {
        Message {
            header: [0; HEADER],
            header_sent: 0,
            header_length: 0,
            at: position,
            end: position,
        }
    }

    /// A message with the bytes from `at` to `end` as its payload, behind the `frame`
    /// header if one is given.
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

    /// Appends what is left of the message to `to`.
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

    /// Marks up to `sent` bytes as sent, and returns how many of them belong to later
    /// messages.
    fn advance(&mut self, mut sent: usize) -> usize {
        let of_header = sent.min(self.header().len());
        self.header_sent += of_header as u8;
        sent -= of_header;
        let of_payload = (sent as u64).min(self.end - self.at);
        self.at += of_payload;
        sent - of_payload as usize
    }
}

/// A viewer's position in a queue, and the message being sent.
pub struct Delivery {
    framing: Framing,
    /// The source's channels that the viewer gets, each with the viewer's number for
    /// it; `None`: all channels, unchanged.
    channels: Option<Vec<(u8, u8)>>,
    current: Message,
    /// Whether its socket took less than it was offered, and it has not caught up
    /// since.
    slow: bool,
}

impl Delivery {
    /// Begins at `position`, which must be the beginning of a frame.
    pub fn new(position: u64, framing: Framing, channels: Option<Vec<(u8, u8)>>) -> Delivery {
        Delivery {
            framing,
            channels,
            current: Message::done(position),
            slow: false,
        }
    }

    /// Restricts the viewer to these channels, unless it is restricted already.
    pub fn restrict_to(&mut self, channels: &[(u8, u8)]) {
        self.channels.get_or_insert_with(|| channels.to_vec());
    }

    /// Moves to `position`, the beginning of a frame. Returns what must be sent before:
    /// the rest of the current message, and the frames after it that begin before
    /// `until`.
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

    /// Frames a packet of the gateway's own; `None`: the viewer has not set up the
    /// channel.
    pub fn wrap(&self, channel: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let channel = self.channel(channel)?;
        let frame = frame_header(channel, payload.len());
        let mut bytes = Message::new(0, payload.len() as u64, self.framing, Some(frame))
            .header()
            .to_vec();
        bytes.extend_from_slice(payload);
        Some(bytes)
    }

    /// Pushes the notices about the counted frames into `out`.
    pub fn push_notices(&self, counter: &FrameCounter, out: &mut Outbox) {
        for (channel, notice) in counter.notices() {
            out.push(self.wrap(channel, &notice).unwrap_or_default());
        }
    }

    /// The viewer's number for a channel of the source.
    fn channel(&self, channel: u8) -> Option<u8> {
        let Some(channels) = &self.channels else {
            return Some(channel);
        };
        let mut known = channels.iter();
        known
            .find(|(own, _)| *own == channel)
            .map(|(_, name)| *name)
    }

    /// The position of the first media byte that was not sent.
    pub fn position(&self) -> u64 {
        self.current.at
    }

    /// The position of the next message, which is the beginning of a frame.
    pub fn next_position(&self) -> u64 {
        self.current.end
    }

    /// Whether no message is partly sent, so that another kind may be written.
    pub fn between_messages(&self) -> bool {
        self.current.is_done()
    }

    /// Whether everything in the queue was sent.
    pub fn is_idle(&self, queue: &Queue) -> bool {
        self.between_messages() && self.position() == queue.whole()
    }

    /// Writes as much as one call takes; with `finish_only`, at most the current
    /// message. Returns the bytes written, and whether these were all bytes offered.
    ///
    /// # Errors
    /// Those of the socket, including `WouldBlock`.
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
            // All frames up to there are ones that the viewer does not get.
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

    /// Fills `messages` with the current one and new ones; returns how many, and how
    /// far.
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

    /// The message at `at`, and the position behind it, which `cursor` is moved to
    /// unless the message reaches the end of the queue.
    fn next(&self, at: u64, whole: u64, cursor: &mut Cursor<'_>) -> (Option<Message>, u64) {
        let end = if self.framing != Framing::Messages && whole - at <= self.batch() {
            whole
        } else {
            self.message_end(at, whole, cursor)
        };
        (Some(Message::new(at, end, self.framing, None)), end)
    }

    /// The frame at `at` as a message, if the viewer gets it, and the position after
    /// it.
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

    /// The maximum payload of a batched message. More than that is split between
    /// frames.
    fn batch(&self) -> u64 {
        if self.slow { SLOW_BATCH } else { BATCH }
    }

    /// The end of the message that begins at `at`. Moves `cursor` there.
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

/// An interleaved frame's header: `$`, channel, length (RFC 2326 §10.12).
fn frame_header(channel: u8, length: usize) -> [u8; FRAME_HEADER] {
    let [high, low] = (length as u16).to_be_bytes();
    [DOLLAR, channel, high, low]
}

/// Fills `slices` with headers and payloads, and returns how many.
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
