//! HTTP by hand: the opening handshake and plain requests, with every byte
//! under the test's control.
//!
//! Invariant: a reply is read as the peer sent it; a connection that should be
//! closed is proved so by its end of file.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::socket::{Opening, connect};

/// The key of RFC 6455 section 1.3, whose answer is known.
pub const SAMPLE_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to [`SAMPLE_KEY`], from the same place.
pub const SAMPLE_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// An HTTP reply.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection to the gateway, spoken by hand.
pub struct Connection {
    pub stream: TcpStream,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        Self::open_as(address, Opening::default())
    }

    /// As [`Self::open`]; the origin is for the request to tell.
    pub fn open_as(address: SocketAddr, opening: Opening) -> Self {
        let stream = connect(address, opening);
        Self { stream }
    }

    /// Sends what the gateway may already have refused to read.
    pub fn offer(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the gateway reads");
    }

    /// Reads one reply; not a byte behind it.
    pub fn reply(&mut self) -> Reply {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if let Err(error) = self.stream.read_exact(&mut byte) {
                panic!("{error} after {:?}", String::from_utf8_lossy(&head));
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a header in UTF-8");
        let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
        let status = lines.next().unwrap();
        assert!(status.starts_with("HTTP/1.1 "), "{status:?}");
        let status = status[9..12].parse().expect("a status");
        let headers = lines
            .map(|line| {
                line.split_once(':')
                    .unwrap_or_else(|| panic!("no header: {line:?}"))
            })
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if status != 101 {
            let length = reply
                .header("content-length")
                .expect("a Content-Length")
                .parse()
                .unwrap();
            reply.body = vec![0; length];
            self.stream
                .read_exact(&mut reply.body)
                .expect("the whole body");
        }
        reply
    }

    /// Waits for the end of file; gives what came before it. A reset counts as
    /// an end only if nothing was left to read.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => rest,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => rest,
            Err(error) => panic!(
                "the connection stays open: {error}, {:?}",
                String::from_utf8_lossy(&rest)
            ),
        }
    }
}

/// A plain GET on a connection of its own.
pub fn get(address: SocketAddr, path: &str) -> Reply {
    get_as(address, path, Opening::default())
}

/// A plain GET on a connection opened so, from a page of the opening's origin.
pub fn get_as(address: SocketAddr, path: &str, opening: Opening) -> Reply {
    let mut connection = Connection::open_as(address, opening);
    connection.send(&request(address, path, opening.origin));
    let reply = connection.reply();
    assert!(connection.rest().is_empty(), "bytes behind the reply");
    reply
}

/// A plain GET; it does not accept gzip.
pub fn request(address: SocketAddr, path: &str, origin: Option<&str>) -> Vec<u8> {
    let origin = origin.map(|origin| format!("Origin: {origin}\r\n"));
    let origin = origin.unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{origin}Connection: close\r\n\r\n")
        .into_bytes()
}

/// An opening handshake, with headers to add, replace or (empty value) leave out.
pub fn upgrade(address: SocketAddr, protocol: &str, changes: &[(&str, &str)]) -> Vec<u8> {
    let host = address.to_string();
    let mut headers = vec![
        ("Host", host.as_str()),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", SAMPLE_KEY),
        ("Sec-WebSocket-Protocol", protocol),
    ];
    for (name, value) in changes {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name, value));
    }
    let mut request = String::from("GET /ws/ HTTP/1.1\r\n");
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// A client's WebSocket frame: masked, final (RFC 6455 section 5.2).
pub fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(0x80 | opcode, Some([0x37, 0xfa, 0x21, 0x3d]), payload)
}

/// A frame with its first byte and mask as given.
pub fn raw_frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(masked | short as u8),
        length @ 126..65_536 => {
            frame.push(masked | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(masked | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let mask = mask
        .inspect(|mask| frame.extend_from_slice(mask))
        .unwrap_or_default();
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}
