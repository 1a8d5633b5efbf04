//! The head of an HTTP request in, the head of a response out (RFC 9112; the opening
//! handshake of RFC 6455 section 4.2).
//!
//! Sans-IO: the owner keeps the bytes that have arrived, calls [`parse`] after every
//! read, and closes the connection after the answer, so there is never a second
//! request.
//!
//! Invariant: the answer depends on the bytes alone, not on how they were split: once a
//! prefix has a result, more bytes do not change it.

use httparse::Status;
use tungstenite::handshake::derive_accept_key;

mod headers;
#[cfg(test)]
mod tests;

use headers::Headers;

/// The longest request head that is read, in bytes, its empty line included.
pub const MAX_HEAD: usize = 8192;

/// The content security policy of answers that are no pages: they may load nothing, and
/// nobody may frame them.
pub const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// A request with more header lines than this is refused.
const MAX_HEADERS: usize = 64;

/// The subprotocols that [`select`] knows, for the message to a client that offers none
/// of them.
pub const PROTOCOLS: &str =
    "control, data (or by their other names rtsp, rtp), rtsp.onvif.org, binary";

/// A request for a page or for a WebSocket, which has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method is HEAD, so the answer has no body.
    pub head_only: bool,
    /// The path as it was sent, percent-encoding included; begins with `/`.
    pub path: String,
    /// What follows the first `?`, as it was sent.
    pub query: Option<String>,
    /// The `Host` header as it was sent; empty if an HTTP/1.0 client sent none.
    pub host: String,
    /// The `Origin` header as it was sent.
    pub origin: Option<String>,
    /// Whether `Accept-Encoding` allows gzip (RFC 9110 section 12.5.3).
    pub accepts_gzip: bool,
    /// The value of `If-None-Match`; several headers are joined by commas.
    pub if_none_match: Option<String>,
    /// The opening handshake, if the client asks for a WebSocket.
    pub upgrade: Option<Upgrade>,
}

/// The opening handshake of a WebSocket, version 13 (RFC 6455 section 4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// `Sec-WebSocket-Key`: base64 of 16 bytes.
    pub key: String,
    /// The subprotocols offered, in the client's order of preference.
    pub protocols: Vec<String>,
}

/// A request that is answered with an error, after which the connection closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// One sentence for the person who sent the request.
    pub message: String,
}

/// Reads a request head from the start of `bytes`, and returns it with its length; the
/// bytes after it belong to what follows. `Ok(None)` while the head is incomplete.
///
/// # Errors
/// 400 malformed, 405 neither GET nor HEAD, 426 a WebSocket version other than 13, 431
/// longer than [`MAX_HEAD`] or more than 64 header lines.
pub fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, Reject> {
    let window = bytes.get(..MAX_HEAD).unwrap_or(bytes);
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    match head.parse(window) {
        Ok(Status::Complete(length)) => Ok(Some((request(&head)?, length))),
        Ok(Status::Partial) if window.len() == MAX_HEAD => Err(reject(
            431,
            format!("the request head is longer than {MAX_HEAD} bytes"),
        )),
        Ok(Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => Err(reject(
            431,
            format!("the request has more than {MAX_HEADERS} header lines"),
        )),
        Err(error) => Err(malformed(bytes, error)),
    }
}

fn malformed(bytes: &[u8], error: httparse::Error) -> Reject {
    // This is a TLS record of type handshake (RFC 8446 section 5.1).
    if bytes.first() == Some(&0x16) {
        return reject(
            400,
            "this port speaks http:// and ws://, not https:// or wss://",
        );
    }
    reject(400, format!("this is not an HTTP/1.1 request: {error}"))
}

fn reject(status: u16, message: impl Into<String>) -> Reject {
    Reject {
        status,
        message: message.into(),
    }
}

fn request(head: &httparse::Request<'_, '_>) -> Result<Request, Reject> {
    let headers = Headers::new(head.headers);
    let head_only = match head.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Err(reject(405, "only GET and HEAD are served here")),
    };
    let version = head.version.unwrap_or(0);
    let target = Target::parse(head.path.unwrap_or(""))?;
    let host = match (headers.single("host")?, target.authority) {
        (None, _) if version >= 1 => return Err(reject(400, "the Host header is missing")),
        // RFC 9112 section 3.2.2: an absolute request target overrides Host.
        (_, Some(authority)) => authority.to_owned(),
        (host, None) => host.unwrap_or_default(),
    };
    if announces_body(&headers)? {
        return Err(reject(400, "a request body is not accepted here"));
    }
    // RFC 9110 section 7.8: an HTTP/1.0 client cannot upgrade.
    let upgrade = match head_only || version == 0 {
        true => None,
        false => upgrade(&headers)?,
    };
    Ok(Request {
        head_only,
        path: target.path.to_owned(),
        query: target.query.map(str::to_owned),
        host,
        origin: headers.single("origin")?,
        accepts_gzip: headers.accepts_gzip(),
        if_none_match: headers.joined("if-none-match"),
        upgrade,
    })
}

/// A request target in origin form (`/ws/?a=b`) or absolute form
/// (`http://host/ws/?a=b`), RFC 9112 section 3.2.
struct Target<'a> {
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn parse(text: &'a str) -> Result<Self, Reject> {
        let (authority, rest) = match text.split_once("://") {
            Some((scheme, rest)) if !text.starts_with('/') => {
                if !["http", "ws"]
                    .iter()
                    .any(|s| scheme.eq_ignore_ascii_case(s))
                {
                    return Err(reject(400, "the request target is not an http address"));
                }
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (authority, path) = rest.split_at(end);
                (Some(authority), path)
            }
            _ => (None, text),
        };
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let path = if path.is_empty() && authority.is_some() {
            "/"
        } else {
            path
        };
        if !path.starts_with('/') {
            return Err(reject(400, "the request target is not a path"));
        }
        Ok(Self {
            authority,
            path,
            query,
        })
    }
}

fn announces_body(headers: &Headers<'_>) -> Result<bool, Reject> {
    let length = headers.single("content-length")?;
    Ok(length.is_some_and(|length| length != "0")
        || headers.all("transfer-encoding").next().is_some())
}

fn upgrade(headers: &Headers<'_>) -> Result<Option<Upgrade>, Reject> {
    if !headers.list_contains("upgrade", "websocket")
        || !headers.list_contains("connection", "upgrade")
    {
        return Ok(None);
    }
    if headers.single("sec-websocket-version")?.as_deref() != Some("13") {
        return Err(reject(426, "only WebSocket version 13 is spoken here"));
    }
    let key = headers.single("sec-websocket-key")?.unwrap_or_default();
    if !is_key(&key) {
        return Err(reject(
            400,
            "the header Sec-WebSocket-Key is not 16 bytes in base64",
        ));
    }
    Ok(Some(Upgrade {
        key,
        protocols: headers.list("sec-websocket-protocol"),
    }))
}

/// The base64 of 16 bytes is 22 characters and `==`.
fn is_key(key: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    match key.strip_suffix("==") {
        Some(digits) => digits.len() == 22 && digits.bytes().all(allowed),
        None => false,
    }
}

/// The head of a response, after which the connection closes.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The HTTP status. 304 and 204 have neither type nor length.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'a str,
    /// The length of the body in bytes.
    pub length: usize,
    /// Further headers, names and values.
    pub extra: &'a [(&'a str, &'a str)],
}

impl Head<'_> {
    /// The head as it goes out, its empty line included.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        if !matches!(self.status, 204 | 304) {
            push(&mut head, "Content-Type", self.content_type);
            push(&mut head, "Content-Length", &self.length.to_string());
        }
        // An answer with status 426 names the protocol to upgrade to (RFC 9110 section
        // 15.5.22).
        let connection = if self.status == 426 {
            "upgrade, close"
        } else {
            "close"
        };
        push(&mut head, "Connection", connection);
        push(&mut head, "X-Content-Type-Options", "nosniff");
        // The address of a page may contain a camera's address with its password.
        push(&mut head, "Referrer-Policy", "no-referrer");
        for (name, value) in self.extra {
            push(&mut head, name, value);
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// Adds a header line. A control character in a value cannot start another line.
fn push(head: &mut String, name: &str, value: &str) {
    head.push_str(name);
    head.push_str(": ");
    head.extend(value.chars().map(|c| if c.is_control() { ' ' } else { c }));
    head.push_str("\r\n");
}

impl Reject {
    /// The whole response. Any page may read its message, so that a player can show why
    /// its WebSocket was refused.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut extra = vec![
            ("Access-Control-Allow-Origin", "*"),
            ("Content-Security-Policy", NO_PAGE),
        ];
        match self.status {
            405 => extra.push(("Allow", "GET, HEAD")),
            426 => extra.extend([("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]),
            _ => {}
        }
        let body = format!("{}\n", self.message);
        let head = Head {
            status: self.status,
            content_type: "text/plain; charset=utf-8",
            length: body.len(),
            extra: &extra,
        };
        let mut bytes = head.to_bytes();
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

/// The response with status 101, which turns the connection into a WebSocket (RFC 6455
/// section 4.2.2). `protocol` is the name that [`select`] returned.
pub fn switching(key: &str, protocol: &str) -> Vec<u8> {
    let mut head = String::from("HTTP/1.1 101 Switching Protocols\r\n");
    push(&mut head, "Upgrade", "websocket");
    push(&mut head, "Connection", "Upgrade");
    push(
        &mut head,
        "Sec-WebSocket-Accept",
        &derive_accept_key(key.as_bytes()),
    );
    push(&mut head, "Sec-WebSocket-Protocol", protocol);
    head.push_str("\r\n");
    head.into_bytes()
}

/// What a WebSocket is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// WSP requests and their replies, as text.
    Control,
    /// One JOIN, and then media.
    Data,
    /// RTSP with interleaved frames in both directions, in binary messages whose
    /// boundaries mean nothing (ONVIF Streaming Specification, RTSP over WebSocket; the
    /// subprotocol `binary` of Axis).
    Rtsp,
}

/// The first subprotocol offered that we know, and its name as it was offered: the
/// answer must repeat that, or browsers fail the handshake.
pub fn select(offered: &[String]) -> Option<(Protocol, &'static str)> {
    offered.iter().find_map(|name| match name.as_str() {
        "control" => Some((Protocol::Control, "control")),
        "rtsp" => Some((Protocol::Control, "rtsp")),
        "data" => Some((Protocol::Data, "data")),
        "rtp" => Some((Protocol::Data, "rtp")),
        "rtsp.onvif.org" => Some((Protocol::Rtsp, "rtsp.onvif.org")),
        "binary" => Some((Protocol::Rtsp, "binary")),
        _ => None,
    })
}
