//! WebSocket frames on the server's side (RFC 6455 section 5).
//!
//! Sans-IO: [`Decoder`] takes the bytes that arrived, however they were split, and
//! unmasks them in place; the functions below it write headers and short frames.
//! tungstenite reads and writes the header bits. Its `WebSocket` is not used, because
//! it copies every payload and buffers without limit.
//!
//! Invariant: a decoder holds at most `limit` bytes of one message and 125 of one
//! control frame, whatever lengths the peer announces.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

mod payload;
#[cfg(test)]
mod tests;

pub use payload::{MAX_CONTROL, Payload};

/// The longest header of a masked frame: two bytes, length, mask.
const MAX_HEADER: usize = 14;

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole text message.
    Text(String),
    /// A whole binary message.
    Binary(Vec<u8>),
    /// A ping, to be answered with [`pong`] and the same payload.
    Ping(Payload),
    /// The answer to a ping.
    Pong,
    /// The client closes the connection; nothing after this is decoded.
    Close {
        /// The status code, if the client gave one (section 7.4).
        code: Option<u16>,
    },
}

/// Why the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    /// The close code to send: 1002 for a protocol error, 1007 for text that is not
    /// UTF-8, 1009 for a message that is too long.
    pub code: u16,
    /// What the peer did wrong, for the close frame and the log.
    pub reason: &'static str,
}

const fn protocol(reason: &'static str) -> Error {
    Error { code: 1002, reason }
}

/// The frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    /// How many bytes of the payload are still missing.
    remaining: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// In a header, of which `header_length` bytes are there.
    Header,
    Payload(Frame),
    /// A close frame was read, so everything after it is ignored.
    Closed,
    Failed(Error),
}

/// Reads the frames of one client and assembles its messages.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    state: State,
    header: [u8; MAX_HEADER],
    header_length: usize,
    /// Whether the message in progress is text or binary.
    kind: Option<Data>,
    message: Vec<u8>,
    /// Kept apart from `message`, because control frames may come between the fragments
    /// of a message.
    control: Payload,
}

impl Decoder {
    /// A decoder that accepts messages of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Header,
            header: [0; MAX_HEADER],
            header_length: 0,
            kind: None,
            message: Vec::new(),
            control: Payload::new(),
        }
    }

    /// How many bytes are kept of a message that is not complete.
    pub fn held(&self) -> usize {
        self.message.capacity()
    }

    /// Takes bytes from the start of `input`, up to the end of the first event.
    ///
    /// Returns how many bytes were taken: all of them if there is no event, so the
    /// caller never has to keep any. `input` is overwritten.
    ///
    /// # Errors
    /// The connection is to be closed with the error's code. All later calls return the
    /// same error.
    pub fn decode(&mut self, input: &mut [u8]) -> Result<(usize, Option<Event>), Error> {
        let result = self.advance(input);
        if let Err(error) = result {
            self.state = State::Failed(error);
            self.message = Vec::new();
        }
        result
    }

    fn advance(&mut self, input: &mut [u8]) -> Result<(usize, Option<Event>), Error> {
        let mut consumed = 0;
        loop {
            let rest = input.get_mut(consumed..).unwrap_or_default();
            match self.state {
                State::Failed(error) => return Err(error),
                State::Closed => return Ok((consumed + rest.len(), None)),
                State::Header => {
                    let Some(&byte) = rest.first() else {
                        return Ok((consumed, None));
                    };
                    consumed += 1;
                    self.push_header(byte)?;
                }
                State::Payload(frame) if frame.remaining > 0 => {
                    if rest.is_empty() {
                        return Ok((consumed, None));
                    }
                    consumed += self.push_payload(frame, rest);
                }
                State::Payload(frame) => {
                    self.state = State::Header;
                    if let Some(event) = self.finish(frame)? {
                        return Ok((consumed, Some(event)));
                    }
                }
            }
        }
    }

    /// Adds one byte to the header and parses the header if that completes it. This
    /// takes at most 14 tries, and the length of a header is known in one place only.
    fn push_header(&mut self, byte: u8) -> Result<(), Error> {
        if let Some(place) = self.header.get_mut(self.header_length) {
            *place = byte;
        }
        self.header_length += 1;
        let bytes = self.header.get(..self.header_length).unwrap_or_default();
        let parsed = FrameHeader::parse(&mut Cursor::new(bytes));
        let parsed = parsed.map_err(|_| protocol("unknown frame type"))?;
        if let Some((header, length)) = parsed {
            self.header_length = 0;
            self.state = State::Payload(self.check(&header, length)?);
        }
        Ok(())
    }

    /// Checks the rules of sections 5.2 to 5.5 for a header.
    fn check(&mut self, header: &FrameHeader, length: u64) -> Result<Frame, Error> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(protocol("a reserved bit is set"));
        }
        let mask = header.mask.ok_or(protocol("the frame is not masked"))?;
        match header.opcode {
            OpCode::Control(_) => {
                if length > MAX_CONTROL as u64 || !header.is_final {
                    return Err(protocol("a control frame is too long or fragmented"));
                }
                self.control = Payload::new();
            }
            OpCode::Data(data) => {
                match (data, self.kind) {
                    (Data::Continue, Some(_)) => {}
                    (Data::Continue, None) => {
                        return Err(protocol("a message begins with a continuation"));
                    }
                    (_, Some(_)) => return Err(protocol("a message begins within another")),
                    (_, None) => self.kind = Some(data),
                }
                let room = self.limit.saturating_sub(self.message.len());
                if length > room as u64 {
                    return Err(Error {
                        code: 1009,
                        reason: "the message is too big",
                    });
                }
            }
        }
        Ok(Frame {
            opcode: header.opcode,
            is_final: header.is_final,
            mask,
            remaining: length,
        })
    }

    /// Unmasks and stores the part of `rest` that belongs to the frame.
    fn push_payload(&mut self, mut frame: Frame, rest: &mut [u8]) -> usize {
        let wanted = usize::try_from(frame.remaining).unwrap_or(usize::MAX);
        let taken = wanted.min(rest.len());
        let payload = rest.get_mut(..taken).unwrap_or_default();
        unmask(payload, frame.mask);
        match frame.opcode {
            OpCode::Control(_) => self.control.extend(payload),
            OpCode::Data(_) => self.message.extend_from_slice(payload),
        }
        // The next piece continues with the mask where this one ended.
        frame.mask.rotate_left(taken % 4);
        frame.remaining -= taken as u64;
        self.state = State::Payload(frame);
        taken
    }

    /// The event of a complete frame; `None` while fragments of its message are
    /// missing.
    fn finish(&mut self, frame: Frame) -> Result<Option<Event>, Error> {
        match frame.opcode {
            OpCode::Control(Control::Ping) => Ok(Some(Event::Ping(self.control.clone()))),
            OpCode::Control(Control::Pong) => Ok(Some(Event::Pong)),
            OpCode::Control(_) => {
                self.state = State::Closed;
                self.message = Vec::new();
                let code = close_code(&self.control)?;
                Ok(Some(Event::Close { code }))
            }
            OpCode::Data(_) if !frame.is_final => Ok(None),
            OpCode::Data(_) => {
                let message = std::mem::take(&mut self.message);
                match self.kind.take() {
                    Some(Data::Text) => String::from_utf8(message)
                        .map(|text| Some(Event::Text(text)))
                        .map_err(|_| Error {
                            code: 1007,
                            reason: "a text message is not UTF-8",
                        }),
                    _ => Ok(Some(Event::Binary(message))),
                }
            }
        }
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for four in payload.chunks_mut(4) {
        for (byte, key) in four.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
}

/// The status code of a close frame (section 5.5.1).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Error> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        _ => return Err(protocol("a close frame of one byte")),
    };
    if !CloseCode::from(code).is_allowed() {
        return Err(protocol("a close code that may not be sent"));
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(Error {
            code: 1007,
            reason: "a close reason is not UTF-8",
        }),
    }
}

/// The kinds of frames that the gateway sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// Asks the peer for a pong.
    Ping,
    /// Answers a ping.
    Pong,
    /// Closes the connection.
    Close,
}

/// Writes the header of a whole, unmasked message of `length` bytes, and returns the
/// length of the header: 2, 4 or 10 bytes.
pub fn header(kind: Kind, length: usize, out: &mut [u8; 10]) -> usize {
    let opcode = match kind {
        Kind::Text => OpCode::Data(Data::Text),
        Kind::Binary => OpCode::Data(Data::Binary),
        Kind::Ping => OpCode::Control(Control::Ping),
        Kind::Pong => OpCode::Control(Control::Pong),
        Kind::Close => OpCode::Control(Control::Close),
    };
    let header = FrameHeader {
        opcode,
        ..FrameHeader::default()
    };
    let written = header.format(length as u64, &mut out.as_mut_slice());
    debug_assert!(written.is_ok(), "ten bytes hold any header without a mask");
    header.len(length as u64)
}

fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut head = [0; 10];
    let length = header(kind, payload.len(), &mut head);
    let mut frame = Vec::with_capacity(length + payload.len());
    frame.extend_from_slice(head.get(..length).unwrap_or_default());
    frame.extend_from_slice(payload);
    frame
}

/// A text message in one frame.
pub fn text(text: &str) -> Vec<u8> {
    frame(Kind::Text, text.as_bytes())
}

/// A binary message in one frame.
pub fn binary(payload: &[u8]) -> Vec<u8> {
    frame(Kind::Binary, payload)
}

/// A close frame. The reason is cut to the 123 bytes that fit into it.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    for character in reason.chars() {
        if payload.len() + character.len_utf8() > MAX_CONTROL {
            break;
        }
        payload.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    frame(Kind::Close, &payload)
}

/// The answer to a ping, which repeats at most 125 bytes of its payload.
pub fn pong(payload: &[u8]) -> Vec<u8> {
    frame(Kind::Pong, payload.get(..MAX_CONTROL).unwrap_or(payload))
}

/// A ping without payload.
pub fn ping() -> Vec<u8> {
    frame(Kind::Ping, &[])
}
