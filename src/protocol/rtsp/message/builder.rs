//! Writes RTSP messages.

use crate::rtsp::text::{decimal, push_line};

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

    /// A response: `RTSP/1.0 status reason`. An empty reason is replaced by the usual
    /// one.
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

    /// Sets the body, with its `Content-Length` and, unless that is empty, its
    /// `Content-Type`.
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

/// The usual reason phrase of a status (RFC 2326 §7.1.1).
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
