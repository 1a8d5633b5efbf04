//! The client's side of a WebSocket (RFC 6455), as far as viewers need it: the upgrade,
//! masked messages out, and messages in, in pieces of any size.
//!
//! Invariant: no payload is copied; [`Reader::next`] borrows the bytes where they are.

use std::net::SocketAddr;

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Binary,
    /// A ping, a pong or a close.
    Control,
}

/// A piece of one message.
pub struct Piece<'a> {
    pub kind: Kind,
    pub payload: &'a [u8],
    /// Whether the message ends with this piece.
    pub last: bool,
}

/// The request that opens a WebSocket; `protocol` may be empty.
pub fn upgrade(server: SocketAddr, path: &str, protocol: &str) -> Vec<u8> {
    let protocol = match protocol {
        "" => String::new(),
        name => format!("Sec-WebSocket-Protocol: {name}\r\n"),
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nOrigin: http://{server}\r\n\
         Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// A client's message, masked with zeros; the peer unmasks it all the same.
pub fn message(kind: Kind, payload: &str) -> Vec<u8> {
    let opcode = if kind == Kind::Text { 0x81 } else { 0x82 };
    let mut bytes = vec![opcode];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload.as_bytes());
    bytes
}

/// Splits the server's bytes into messages.
#[derive(Default)]
pub struct Reader {
    header: [u8; 10],
    gathered: usize,
    /// The bytes of this frame's payload that are still to come, once the header is
    /// complete.
    left: u64,
    kind: Option<Kind>,
    last: bool,
}

impl Reader {
    /// The next piece of `bytes`, which is removed from them; `None` if more bytes are
    /// needed.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Piece<'a>> {
        if self.left == 0 && !self.header(bytes) {
            return None;
        }
        if bytes.is_empty() && self.left > 0 {
            return None;
        }
        let count = bytes.len().min(self.left as usize);
        let (payload, rest) = bytes.split_at(count);
        *bytes = rest;
        self.left -= count as u64;
        if self.left == 0 {
            self.gathered = 0;
        }
        Some(Piece {
            kind: self.kind.unwrap_or(Kind::Control),
            payload,
            last: self.last && self.left == 0,
        })
    }

    /// Gathers a header; returns whether it is complete.
    fn header(&mut self, bytes: &mut &[u8]) -> bool {
        while self.gathered < self.header_length() {
            let Some((first, rest)) = bytes.split_first() else {
                return false;
            };
            self.header[self.gathered] = *first;
            self.gathered += 1;
            *bytes = rest;
        }
        let mut wide = [0; 8];
        self.left = match self.header[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes([self.header[2], self.header[3]])),
            127 => {
                wide.copy_from_slice(&self.header[2..]);
                u64::from_be_bytes(wide)
            }
            short => u64::from(short),
        };
        self.last = self.header[0] & 0x80 != 0;
        self.kind = match self.header[0] & 0x0f {
            0 => self.kind,
            1 => Some(Kind::Text),
            2 => Some(Kind::Binary),
            _ => Some(Kind::Control),
        };
        if self.left == 0 {
            self.gathered = 0;
        }
        true
    }

    fn header_length(&self) -> usize {
        match (self.gathered, self.header[1] & 0x7f) {
            (0 | 1, _) => 2,
            (_, 126) => 4,
            (_, 127) => 10,
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_messages_of_every_length_at_every_cut() {
        let lengths = [0, 1, 125, 126, 70_000];
        let mut bytes = Vec::new();
        for length in lengths {
            match length {
                0..126 => bytes.extend_from_slice(&[0x82, length as u8]),
                126 => bytes.extend_from_slice(&[0x82, 126, 0, 126]),
                _ => bytes.extend_from_slice(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]),
            }
            bytes.extend(vec![length as u8; length]);
        }
        for cut in [1, 2, 3, 7, 4096, bytes.len()] {
            let (mut reader, mut whole, mut length) = (Reader::default(), Vec::new(), 0);
            for mut piece in bytes.chunks(cut) {
                while let Some(found) = reader.next(&mut piece) {
                    length += found.payload.len();
                    if found.last {
                        whole.push(std::mem::take(&mut length));
                    }
                }
            }
            assert_eq!(whole, lengths, "cut every {cut}");
        }
    }
}
