//! RTSP messages (RFC 2326 §4 to §7): read leniently, written strictly.
//!
//! Reading borrows from the bytes given; only what is folded or not UTF-8 is
//! copied. Cameras write Latin-1 names, two spaces in a status line, or no
//! reason: all of that is understood. What is written never has a line end or
//! another control character inside a value.

use super::framer::Invalid;
use super::text::{cut, cut_last, decimal, number, push_line, small_number, split};
use std::borrow::Cow;

/// Header lines that one message may have; more is invalid.
pub const MAX_HEADERS: usize = 128;

/// Why a message could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The bytes end inside the message.
    Incomplete,
    /// The bytes are not an RTSP/1.x message; the position counts from the
    /// start of the bytes given.
    Invalid(Invalid),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Incomplete => f.write_str("the message is not complete"),
            Error::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// `METHOD uri RTSP/1.x`
    Request { method: &'a str, uri: &'a str },
    /// `RTSP/1.x status reason`; status is 100 to 999, the reason may be empty.
    Response { status: u16, reason: Cow<'a, str> },
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub start: Start<'a>,
    /// As long as `Content-Length` says.
    pub body: &'a [u8],
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Message<'a> {
    /// The status of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status, .. } => Some(status),
            Start::Request { .. } => None,
        }
    }

    /// The first header of this name (any case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    /// All values of this header (any case), in order.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for (key, value) in &self.headers {
            if key.eq_ignore_ascii_case(name) {
                values.push(&**value);
            }
        }
        values
    }

    /// All headers in order, names as sent.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> + '_ {
        self.headers.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The sequence number (RFC 2326 §12.17).
    pub fn cseq(&self) -> Option<u32> {
        number(self.header("CSeq")?)
    }

    /// The session's id and its timeout in seconds (RFC 2326 §12.37).
    ///
    /// A comma is taken for the semicolon, as deployed players write it.
    pub fn session(&self) -> Option<(&str, Option<u32>)> {
        let value = self.header("Session")?;
        let mut parts = split(value, b";,");
        let id = parts.next().filter(|id| !id.is_empty())?;
        let timeout = parts.find_map(|part| {
            let (name, value) = cut(part, b"=")?;
            let seconds = number(value.trim_ascii())?;
            name.trim_ascii()
                .eq_ignore_ascii_case("timeout")
                .then_some(seconds)
        });
        Some((id, timeout))
    }
}

/// Reads the message at the start of `bytes`; also gives its length in bytes.
///
/// Line ends before it are skipped (and counted). The caller bounds `bytes`.
///
/// # Errors
/// [`Error::Incomplete`] while bytes are missing, [`Error::Invalid`] for what
/// no further bytes can mend.
pub fn parse(bytes: &[u8]) -> Result<(Message<'_>, usize), Error> {
    let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    let skipped = blank.count();
    let rest = bytes.get(skipped..).unwrap_or_default();
    let invalid = |position: usize, context| {
        let position = position as u64;
        Error::Invalid(Invalid { position, context })
    };

    let mut lines = rest.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().filter(|line| line.ends_with(b"\n"));
    let first = first.ok_or(Error::Incomplete)?;
    let start = start(first).map_err(|context| invalid(skipped, context))?;
    let mut headers: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    let mut length = first.len();
    loop {
        let line = lines.next().filter(|line| line.ends_with(b"\n"));
        let line = line.ok_or(Error::Incomplete)?;
        if headers.len() >= MAX_HEADERS {
            return Err(invalid(skipped + length, "too many header lines"));
        }
        length += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
        add_header(&mut headers, line);
    }

    let head = rest.get(..length).unwrap_or_default();
    let size = content_length(head).map_err(|context| invalid(skipped, context))?;
    let too_long = || invalid(skipped, "an impossible Content-Length");
    let end = length.checked_add(size).ok_or_else(too_long)?;
    let body = rest.get(length..end).ok_or(Error::Incomplete)?;
    let message = Message {
        start,
        body,
        headers,
    };
    Ok((message, skipped + end))
}

/// Adds the header of one line; a folded line continues the one before
/// (RFC 2616 §2.2), a line without a colon is passed over.
fn add_header<'a>(headers: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>, line: &'a [u8]) {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        if let Some((_, value)) = headers.last_mut() {
            let value = value.to_mut();
            value.push(' ');
            value.push_str(text(line.trim_ascii()).as_ref());
        }
        return;
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return;
    };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    headers.push((text(name.trim_ascii()), text(value.trim_ascii())));
}

/// Reads a first line.
fn start(line: &[u8]) -> Result<Start<'_>, &'static str> {
    let line = line.trim_ascii();
    if line
        .get(..5)
        .is_some_and(|p| p.eq_ignore_ascii_case(b"RTSP/"))
    {
        return status_line(line);
    }
    let not_rtsp = match line.starts_with(b"HTTP/") {
        true => "an HTTP answer: this is no RTSP port",
        false => "neither an RTSP request nor a response",
    };
    let line = std::str::from_utf8(line).map_err(|_| not_rtsp)?;
    let (method, rest) = cut(line, b" \t").ok_or(not_rtsp)?;
    let (uri, version) = cut_last(rest.trim_ascii(), b" \t").ok_or(not_rtsp)?;
    let uri = uri.trim_ascii();
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$');
    let plain = !method.is_empty() && method.bytes().all(token);
    if !plain
        || uri.is_empty()
        || uri.bytes().any(|byte| byte.is_ascii_control())
        || !is_version(version.as_bytes())
    {
        return Err(not_rtsp);
    }
    Ok(Start::Request { method, uri })
}

fn status_line(line: &[u8]) -> Result<Start<'_>, &'static str> {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let end = line.iter().position(space).unwrap_or(line.len());
    let (version, rest) = line.split_at(end);
    let rest = rest.trim_ascii();
    if !is_version(version) {
        return Err("an RTSP version other than 1");
    }
    let (digits, reason) = rest.split_at(rest.iter().position(space).unwrap_or(rest.len()));
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    match small_number(digits) {
        Some(status @ 100..=999) if digits.len() == 3 => Ok(Start::Response {
            status,
            reason: text(reason.trim_ascii()),
        }),
        _ => Err("no status in an RTSP status line"),
    }
}

fn is_version(version: &[u8]) -> bool {
    let prefix = version.get(..7).unwrap_or_default();
    let minor = version.get(7..).unwrap_or_default();
    prefix.eq_ignore_ascii_case(b"RTSP/1.")
        && !minor.is_empty()
        && minor.iter().all(u8::is_ascii_digit)
}

/// Whether `line` can begin a message; else what is wrong with it.
pub(super) fn check_start(line: &[u8]) -> Result<(), &'static str> {
    start(line).map(|_| ())
}

/// The length of the body that follows `head`, 0 if it does not say.
///
/// Several lengths that differ are an error: two readers would see different
/// messages.
pub(super) fn content_length(head: &[u8]) -> Result<usize, &'static str> {
    let mut length = None;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        // A line that begins with a space is folded and no header of its own.
        let folded = name.starts_with(b" ") || name.starts_with(b"\t");
        if folded || !name.trim_ascii().eq_ignore_ascii_case(b"Content-Length") {
            continue;
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let value = std::str::from_utf8(value).ok();
        let value = value.and_then(small_number);
        let value = value.ok_or("an unreadable Content-Length")?;
        if *length.get_or_insert(value) != value {
            return Err("two different Content-Lengths");
        }
    }
    Ok(length.unwrap_or(0))
}

/// UTF-8, or else Latin-1: every byte sequence is a text.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// Writes a message.
#[derive(Clone)]
pub struct Builder {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Builder {
    /// A request: `METHOD uri RTSP/1.0`.
    pub fn request(method: &str, uri: &str) -> Self {
        Builder::start(&[method, " ", uri, " RTSP/1.0"])
    }

    /// A response: `RTSP/1.0 status reason`; an empty reason is filled in.
    pub fn response(status: u16, phrase: &str) -> Self {
        let phrase = match phrase {
            "" => reason(status),
            phrase => phrase,
        };
        Builder::start(&["RTSP/1.0 ", &decimal(status.into()), " ", phrase])
    }

    fn start(parts: &[&str]) -> Self {
        let mut builder = Builder {
            head: Vec::with_capacity(256),
            body: Vec::new(),
        };
        builder.line(parts);
        builder
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.line(&[name, ": ", value]);
        self
    }

    /// Sets the body, with its `Content-Type`, unless that is empty, and
    /// `Content-Length`.
    #[must_use]
    pub fn body(mut self, content_type: &str, bytes: &[u8]) -> Self {
        if !content_type.is_empty() {
            self.line(&["Content-Type: ", content_type]);
        }
        self.line(&["Content-Length: ", &bytes.len().to_string()]);
        self.body = bytes.to_vec();
        self
    }

    /// The message as it goes on the wire.
    pub fn build(mut self) -> Vec<u8> {
        self.head.extend_from_slice(b"\r\n");
        self.head.append(&mut self.body);
        self.head
    }

    fn line(&mut self, parts: &[&str]) {
        push_line(&mut self.head, parts);
    }
}

/// The usual reason of a status (RFC 2326 §7.1.1).
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        201 => "Created",
        250 => "Low on Storage Space",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        451 => "Parameter Not Understood",
        452 => "Conference Not Found",
        453 => "Not Enough Bandwidth",
        454 => "Session Not Found",
        455 => "Method Not Valid in This State",
        456 => "Header Field Not Valid for Resource",
        457 => "Invalid Range",
        458 => "Parameter Is Read-Only",
        459 => "Aggregate Operation Not Allowed",
        460 => "Only Aggregate Operation Allowed",
        461 => "Unsupported Transport",
        462 => "Destination Unreachable",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "RTSP Version Not Supported",
        551 => "Option Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests;
