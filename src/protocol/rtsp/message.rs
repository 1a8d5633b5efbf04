//! RTSP messages (RFC 2326 §4 to §7): read leniently, written strictly.
//!
//! Some cameras write Latin-1, two spaces in a status line, or no reason; the parser
//! accepts all of that. The builder never writes a line end or another control
//! character inside a value.

use super::framer::Invalid;
use super::text::{cut, cut_last, number, pair, small_number, split, unquoted, utf8, why};
use std::borrow::Cow;

mod builder;

pub use builder::{Builder, reason};

/// A message with more header lines than this is invalid.
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

/// A message that was read. It borrows the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub start: Start<'a>,
    /// The body, whose length is that of `Content-Length`.
    pub body: &'a [u8],
    headers: Vec<(String, String)>,
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
            let (name, value) = pair(part, b"=");
            let named = name.eq_ignore_ascii_case("timeout");
            // Some cameras write `60s` or `"60"`.
            let value = unquoted(value);
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            number(value.get(..digits)?).filter(|_| named)
        });
        Some((id, timeout))
    }
}

/// Reads the message at the start of `bytes`, and returns it with its length in bytes.
///
/// Line ends before the message are skipped; they count for the length. The caller
/// limits the length of `bytes`.
///
/// # Errors
/// [`Error::Incomplete`] while bytes are missing, [`Error::Invalid`] if further bytes
/// would not help.
pub fn parse(bytes: &[u8]) -> Result<(Message<'_>, usize), Error> {
    parse_as(bytes, start)
}

/// Like [`parse`], but everything other than a response is invalid.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_response(bytes: &[u8]) -> Result<(Message<'_>, usize), Error> {
    parse_as(bytes, status_line)
}

/// Whether the first line ends like the one of a request.
pub fn is_request(bytes: &[u8]) -> bool {
    let mut lines = bytes.trim_ascii_start().split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default().trim_ascii_end();
    first.ends_with(b" RTSP/1.0")
}

fn parse_as<'a>(
    bytes: &'a [u8],
    start: impl Fn(&'a [u8]) -> Result<Start<'a>, &'static str>,
) -> Result<(Message<'a>, usize), Error> {
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
    let mut headers = Vec::new();
    let mut length = first.len();
    loop {
        let line = lines.next().filter(|line| line.ends_with(b"\n"));
        let line = line.ok_or(Error::Incomplete)?;
        if headers.len() >= MAX_HEADERS {
            return Err(invalid(skipped + length, why("too many header lines")));
        }
        length += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
        add_header(&mut headers, line);
    }

    let head = rest.get(..length).unwrap_or_default();
    let size = content_length(head).map_err(|context| invalid(skipped, context))?;
    let too_long = || invalid(skipped, why("an impossible Content-Length"));
    let end = length.checked_add(size).ok_or_else(too_long)?;
    let body = rest.get(length..end).ok_or(Error::Incomplete)?;
    let message = Message {
        start,
        body,
        headers,
    };
    Ok((message, skipped + end))
}

/// Adds the header of one line. A folded line continues the one before it (RFC 2616
/// §2.2); a line without a colon is ignored.
fn add_header(headers: &mut Vec<(String, String)>, line: &[u8]) {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        if let Some((_, value)) = headers.last_mut() {
            value.push(' ');
            value.push_str(&text(line.trim_ascii()));
        }
        return;
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return;
    };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    let owned = |bytes: &[u8]| text(bytes.trim_ascii()).into_owned();
    headers.push((owned(name), owned(value)));
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
        true => why("an HTTP answer: this is no RTSP port"),
        false => why("neither an RTSP request nor a response"),
    };
    let line = utf8(line).ok_or(not_rtsp)?;
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
    let line = line.trim_ascii();
    let space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let end = line.iter().position(space).unwrap_or(line.len());
    let (version, rest) = line.split_at(end);
    let rest = rest.trim_ascii();
    if !is_version(version) {
        return Err(why("an RTSP version other than 1"));
    }
    let (digits, reason) = rest.split_at(rest.iter().position(space).unwrap_or(rest.len()));
    let digits = utf8(digits).unwrap_or_default();
    match small_number(digits) {
        Some(status @ 100..=999) if digits.len() == 3 => Ok(Start::Response {
            status,
            reason: text(reason.trim_ascii()),
        }),
        _ => Err(why("no status in an RTSP status line")),
    }
}

fn is_version(version: &[u8]) -> bool {
    let prefix = version.get(..7).unwrap_or_default();
    let minor = version.get(7..).unwrap_or_default();
    prefix.eq_ignore_ascii_case(b"RTSP/1.")
        && !minor.is_empty()
        && minor.iter().all(u8::is_ascii_digit)
}

/// Checks whether `line` can begin a message; the error says what is wrong with it.
pub(super) fn check_start(line: &[u8]) -> Result<(), &'static str> {
    start(line).map(|_| ())
}

/// The length of the body that follows `head`; 0 if no header gives it.
///
/// Two different lengths are an error, because another reader might see other messages
/// in the same bytes.
pub(super) fn content_length(head: &[u8]) -> Result<usize, &'static str> {
    let mut length = None;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        // A line that begins with white space is folded: it is no header of its own.
        let folded = name.starts_with(b" ") || name.starts_with(b"\t");
        if folded || !name.trim_ascii().eq_ignore_ascii_case(b"Content-Length") {
            continue;
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let value = utf8(value).and_then(small_number);
        let value = value.ok_or(why("an unreadable Content-Length"))?;
        if *length.get_or_insert(value) != value {
            return Err(why("two different Content-Lengths"));
        }
    }
    Ok(length.unwrap_or(0))
}

/// Decodes UTF-8, or Latin-1 if it is no UTF-8, so that every byte sequence is text.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match utf8(bytes) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

#[cfg(test)]
mod tests;
