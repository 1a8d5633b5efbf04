//! RTSP responses for a viewer: those of its camera, in the form that players read, and
//! those of the gateway.

use crate::protocol::rtsp::message::{self, Builder, Message};

/// A camera's response as the text that players read. It is UTF-8 (other bytes are taken
/// for Latin-1), its lines end in CRLF, and it has a reason phrase and the body's true
/// length.
pub fn text(status: u16, phrase: &str, message: &Message<'_>) -> String {
    let body = message::text(message.body);
    let mut builder = Builder::response(status, phrase);
    let mut content_type = "";
    for (name, value) in message.all() {
        if name.eq_ignore_ascii_case("Content-Type") {
            content_type = value;
        } else if !name.eq_ignore_ascii_case("Content-Length") {
            builder = builder.header(name, value);
        }
    }
    if !body.is_empty() {
        builder = builder.body(content_type, body.as_bytes());
    }
    String::from_utf8(builder.build()).unwrap_or_default()
}

/// The answer to a SETUP for media that would not come on the link.
pub fn unsupported_transport(cseq: u32) -> String {
    let answer = Builder::response(461, message::reason(461)).header("CSeq", &cseq.to_string());
    String::from_utf8(answer.build()).unwrap_or_default()
}
