//! Splits the bytes of an RTSP connection into items: interleaved frames and messages.
//!
//! The framer walks a byte stream that arrives in pieces of any size
//! (RFC 2326 §10.12: `$`, channel, 16-bit length, payload, between messages).
//! It never stores media: a frame is skipped in O(1) per piece, and its bytes stay
//! where the caller has them. Only messages are gathered, in one buffer.
//!
//! Invariant: that buffer never grows past the limit given to [`Framer::new`].
//!
//! A [`Framer::lenient`] framer resynchronises after stray bytes, as long as these are
//! few: see [`MAX_SKIP`] and [`SOUND_PER_SKIPPED`].

mod astray;
mod frames;
mod resync;

use super::message;
use resync::{LOOK, Resync};

pub use frames::{Frame, frames};
pub use resync::{MAX_SKIP, SOUND_PER_SKIPPED};

/// The first byte of an interleaved frame.
pub const DOLLAR: u8 = b'$';
/// The length of an interleaved frame's header, in bytes.
pub const FRAME_HEADER: usize = 4;

/// The stream is not RTSP from here on, and there is no way to resynchronise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Offset in bytes since the start of the stream.
    pub position: u64,
    /// What was wrong there.
    pub context: &'static str,
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.context, self.position)
    }
}

impl std::error::Error for Invalid {}

/// What one call of [`Framer::feed`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How many of the given bytes were used, from the front.
    pub consumed: usize,
    /// Whether these bytes belong to an interleaved frame.
    pub media: bool,
    /// How many bytes before these were reported as media by mistake, and must be
    /// dropped: at most 4, which ended the last piece and looked like the beginning of
    /// a frame after stray bytes.
    pub withdrawn: usize,
    /// What ended at the last of these bytes.
    pub event: Event,
}

/// What ended at the last byte of a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing ended; all given bytes were consumed.
    NeedMore,
    /// Bytes that belong to no item were skipped, and more bytes follow: line ends, a
    /// line of a description that is longer than its `Content-Length`, or stray bytes.
    Blank,
    /// An interleaved frame with `length` bytes of payload.
    Frame { channel: u8, length: u16 },
    /// A message, which [`Framer::message`] returns until the next call of `feed`.
    Message,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between two items.
    Idle,
    /// In a frame's header, of which `have` bytes are there.
    Header { bytes: [u8; 3], have: u8 },
    /// In a payload.
    Payload { channel: u8, length: u16, left: u16 },
    /// In the start line or the headers; the current line starts at `line`.
    Head { line: usize },
    /// In a body; `left` bytes are missing.
    Body { left: usize },
    /// A message is complete; it is kept until the next call of `feed`.
    Complete,
    /// Among stray bytes. The last `matched` of them are the beginning of a status line;
    /// `fresh`: a line may begin here.
    Astray { matched: usize, fresh: bool },
    /// In what may be a frame; `adjacent`: it directly follows another item.
    Candidate {
        bytes: [u8; LOOK],
        have: usize,
        adjacent: bool,
    },
    /// Nothing more can be read.
    Failed(Invalid),
}

/// Walks a stream of interleaved frames and messages.
#[derive(Debug)]
pub struct Framer {
    state: State,
    message: Vec<u8>,
    max_message: usize,
    position: u64,
    /// The last message had a body, which may be longer than its length said.
    described: bool,
    lenient: bool,
    /// A frame or a message was seen, so the peer does speak RTSP.
    proven: bool,
    resync: Resync,
}

impl Framer {
    /// `max_message` limits the length of a message with its body, in bytes.
    pub fn new(max_message: usize) -> Self {
        Framer {
            state: State::Idle,
            message: Vec::new(),
            max_message,
            position: 0,
            described: false,
            lenient: false,
            proven: false,
            resync: Resync::new(),
        }
    }

    /// A framer that skips stray bytes, once it has seen a frame or a message.
    pub fn lenient(max_message: usize) -> Self {
        Framer {
            lenient: true,
            ..Framer::new(max_message)
        }
    }

    /// The position of the first stray byte, if there was one.
    pub fn astray(&self) -> Option<u64> {
        self.resync.first
    }

    /// The number of stray bytes skipped so far, without line ends.
    pub fn skipped(&self) -> u64 {
        self.resync.skipped
    }

    /// The message that the last step completed; empty if it completed none.
    pub fn message(&self) -> &[u8] {
        match self.state {
            State::Complete => &self.message,
            _ => &[],
        }
    }

    /// The size of the message buffer, in bytes.
    pub fn held(&self) -> usize {
        self.message.capacity()
    }

    /// Whether `next`, as the next byte, would be part of a message or a line end between
    /// items.
    pub fn is_talk(&self, next: u8) -> bool {
        match self.state {
            State::Head { .. } | State::Body { .. } => true,
            State::Idle | State::Complete => {
                next.is_ascii_alphabetic() || matches!(next, b'\r' | b'\n')
            }
            _ => false,
        }
    }

    /// The number of bytes of the stream consumed so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes the next bytes of the stream, up to the end of one item at most. To be
    /// called again with the rest, until it returns [`Event::NeedMore`].
    ///
    /// # Errors
    /// [`Invalid`] if the stream is neither frames nor RTSP/1.x messages (a lenient
    /// framer skips some bytes first), or if a message is too long. From then on every
    /// call returns the same error.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Step, Invalid> {
        if matches!(self.state, State::Complete) {
            self.message = Vec::new();
            self.state = State::Idle;
        }
        let result = match self.state {
            State::Idle => self.begin(bytes),
            State::Header { bytes: had, have } => Ok(self.frame_header(had, have, bytes)),
            State::Payload {
                channel,
                length,
                left,
            } => Ok(self.payload(channel, length, left, bytes)),
            State::Head { line } => self.head(line, bytes),
            State::Body { left } => Ok(self.body(left, bytes)),
            State::Complete => Ok(step(0, false, Event::NeedMore)),
            State::Astray { matched, fresh } => self.search(0, matched, fresh, bytes),
            State::Candidate {
                bytes: had,
                have,
                adjacent,
            } => self.candidate(had, have, adjacent, bytes),
            State::Failed(invalid) => Err(invalid),
        };
        match result {
            Ok(step) => self.position = self.position.saturating_add(step.consumed as u64),
            Err(invalid) => self.fail(invalid),
        }
        result
    }

    fn fail(&mut self, invalid: Invalid) {
        self.message = Vec::new();
        self.state = State::Failed(invalid);
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<Step, Invalid> {
        let stray = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let blank = bytes.iter().take_while(|byte| stray(byte)).count();
        match bytes.get(blank) {
            None => Ok(step(blank, false, Event::NeedMore)),
            Some(_) if blank > 0 => Ok(step(blank, false, Event::Blank)),
            Some(&DOLLAR) if self.resync.doubt => self.candidate([0; LOOK], 0, true, bytes),
            Some(&DOLLAR) => Ok(self.frame_header([0; 3], 0, bytes)),
            Some(byte) if byte.is_ascii_alphabetic() => self.head(0, bytes),
            Some(_) => self.stray(0, bytes, NEITHER),
        }
    }

    /// Completes a frame's header, of which `had` came before `bytes`.
    fn frame_header(&mut self, mut had: [u8; 3], have: u8, bytes: &[u8]) -> Step {
        let mut header = [0; FRAME_HEADER];
        let mut count = usize::from(have);
        for (to, from) in header.iter_mut().zip(had.iter().take(count)) {
            *to = *from;
        }
        let mut consumed = 0;
        for (to, from) in header.iter_mut().skip(count).zip(bytes) {
            *to = *from;
            consumed += 1;
        }
        count += consumed;
        let [_, channel, high, low] = header;
        if count < FRAME_HEADER {
            had.copy_from_slice(&[header[0], channel, high]);
            self.state = State::Header {
                bytes: had,
                have: count as u8,
            };
            return step(consumed, true, Event::NeedMore);
        }
        let length = u16::from_be_bytes([high, low]);
        let rest = bytes.get(consumed..).unwrap_or_default();
        let after = self.payload(channel, length, length, rest);
        step(consumed + after.consumed, true, after.event)
    }

    fn payload(&mut self, channel: u8, length: u16, left: u16, bytes: &[u8]) -> Step {
        let consumed = bytes.len().min(usize::from(left));
        // `consumed` is at most `left`, so it fits.
        let left = left - consumed as u16;
        if left > 0 {
            self.state = State::Payload {
                channel,
                length,
                left,
            };
            return step(consumed, true, Event::NeedMore);
        }
        self.state = State::Idle;
        self.proven = true;
        self.resync.saw(channel, length);
        step(consumed, true, Event::Frame { channel, length })
    }

    /// Gathers lines up to an empty one; `line` is where the current line starts.
    fn head(&mut self, mut line: usize, bytes: &[u8]) -> Result<Step, Invalid> {
        let mut consumed = 0;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let stop = if line == 0 { self.no_start(part) } else { None };
            let part = part.get(..stop.unwrap_or(part.len())).unwrap_or_default();
            if self.message.len() + part.len() > self.max_message {
                return Err(self.invalid(consumed, "an RTSP message longer than allowed"));
            }
            self.message.extend_from_slice(part);
            consumed += part.len();
            if stop.is_some() {
                let context = "binary data where a start line should be";
                return self.stray(consumed, bytes, context);
            }
            if !part.ends_with(b"\n") {
                break;
            }
            let text = self.message.get(line..).unwrap_or_default();
            let empty = matches!(text, b"\n" | b"\r\n");
            if line == 0 && self.is_leftover(text) {
                self.message.clear();
                self.state = State::Idle;
                let more = consumed < bytes.len();
                let event = if more { Event::Blank } else { Event::NeedMore };
                return Ok(step(consumed, false, event));
            }
            if line == 0
                && let Err(context) = message::check_start(text)
            {
                return self.stray(consumed, bytes, context);
            }
            if empty {
                return self.head_complete(consumed, bytes);
            }
            line = self.message.len();
        }
        self.state = State::Head { line };
        Ok(step(consumed, false, Event::NeedMore))
    }

    /// Whether a line belongs to a description that is longer than its `Content-Length`.
    fn is_leftover(&self, line: &[u8]) -> bool {
        let [kind, b'=', ..] = line else {
            return false;
        };
        self.described && kind.is_ascii_lowercase()
    }

    fn head_complete(&mut self, consumed: usize, bytes: &[u8]) -> Result<Step, Invalid> {
        let left = message::content_length(&self.message)
            .map_err(|context| self.invalid(consumed, context))?;
        if left > self.max_message.saturating_sub(self.message.len()) {
            return Err(self.invalid(consumed, "an RTSP body longer than allowed"));
        }
        self.described = left > 0;
        let after = self.body(left, bytes.get(consumed..).unwrap_or_default());
        Ok(step(consumed + after.consumed, false, after.event))
    }

    fn body(&mut self, left: usize, bytes: &[u8]) -> Step {
        let consumed = bytes.len().min(left);
        self.message
            .extend_from_slice(bytes.get(..consumed).unwrap_or_default());
        let left = left - consumed;
        if left > 0 {
            self.state = State::Body { left };
            return step(consumed, false, Event::NeedMore);
        }
        self.state = State::Complete;
        self.proven = true;
        self.resync.doubt = false;
        step(consumed, false, Event::Message)
    }

    fn invalid(&self, offset: usize, context: &'static str) -> Invalid {
        Invalid {
            position: self.position.saturating_add(offset as u64),
            context,
        }
    }
}

const NEITHER: &str = "neither an interleaved frame nor an RTSP message";

fn step(consumed: usize, media: bool, event: Event) -> Step {
    Step {
        consumed,
        media,
        withdrawn: 0,
        event,
    }
}

fn is_binary(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests;
