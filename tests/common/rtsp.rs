//! RTSP text as the tests read it: a first line, headers, a body.
//!
//! Invariant: strict where a player or a camera would be, so that a sloppy
//! gateway fails here and not in the field.

use std::io::{self, Read};

/// One RTSP request or response.
#[derive(Debug, Clone)]
pub struct Message {
    pub first_line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// Reads a whole message. Fails if anything is missing or left over.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let end = header_end(bytes).ok_or("no empty line ends the header")?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let first_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .map(|line| {
                let (name, value) = line
                    .split_once(':')
                    .ok_or(format!("a header without colon: {line:?}"))?;
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let message = Self {
            first_line,
            headers,
            body: bytes[end..].to_vec(),
        };
        match message.content_length() {
            length if length == message.body.len() => Ok(message),
            length => Err(format!(
                "Content-Length {length}, but {} bytes of body",
                message.body.len()
            )),
        }
    }

    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A request's method, or `RTSP/1.0` of a response.
    pub fn method(&self) -> &str {
        self.first_line.split(' ').next().unwrap_or_default()
    }

    /// A request's URL.
    pub fn url(&self) -> &str {
        self.first_line.split(' ').nth(1).unwrap_or_default()
    }

    /// A response's status; 0 if this is not a response.
    pub fn status(&self) -> u16 {
        let mut words = self.first_line.split(' ');
        match words.next() {
            Some("RTSP/1.0") => words.next().and_then(|word| word.parse().ok()).unwrap_or(0),
            _ => 0,
        }
    }

    pub fn cseq(&self) -> Option<u32> {
        self.header("CSeq")?.parse().ok()
    }

    fn content_length(&self) -> usize {
        self.header("Content-Length")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }
}

/// Where the header ends: behind the first empty line.
fn header_end(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|start| start + 4)
}

/// What came up the link to a camera.
#[derive(Debug)]
pub enum Upstream {
    Message(Message),
    /// An interleaved frame (a receiver report), header included.
    Frame(Vec<u8>),
}

/// Reads the next message or frame from the stream, byte-exact.
pub fn read_upstream(stream: &mut impl Read) -> io::Result<Upstream> {
    let mut bytes = vec![0; 1];
    stream.read_exact(&mut bytes)?;
    if bytes[0] == b'$' {
        bytes.resize(4, 0);
        stream.read_exact(&mut bytes[1..])?;
        let payload = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        bytes.resize(4 + payload, 0);
        stream.read_exact(&mut bytes[4..])?;
        return Ok(Upstream::Frame(bytes));
    }
    while header_end(&bytes).is_none() {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
        if bytes.len() > 65_536 {
            return Err(io::Error::other("an RTSP header without end"));
        }
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    let start = bytes.len();
    bytes.resize(start + length, 0);
    stream.read_exact(&mut bytes[start..])?;
    Message::parse(&bytes)
        .map(Upstream::Message)
        .map_err(io::Error::other)
}

/// A message of these parts; a body brings its Content-Length.
pub fn compose(first_line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{first_line}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
