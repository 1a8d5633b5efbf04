//! RTSP responses for a viewer: those of its camera, in the form that players read, and
//! those of the gateway.

use crate::failure::Cause;
use crate::protocol::rtsp::message::{self, Builder, Message};

/// The headers of a response that only the gateway writes.
const OWN: [&str; 2] = ["Content-Length", message::CAUSE];

/// A camera's response as the text that players read. It is UTF-8 (other bytes are taken
/// for Latin-1), its lines end in CRLF, and it has a reason phrase and the body's true
/// length. It has no mark of the gateway, even if the camera is another gateway: to the
/// viewer, its answers are those of its camera.
pub fn text(status: u16, phrase: &str, message: &Message<'_>) -> String {
    let body = message::text(message.body);
    let mut builder = Builder::response(status, phrase);
    let mut content_type = "";
    for (name, value) in message.all() {
        if name.eq_ignore_ascii_case("Content-Type") {
            content_type = value;
        } else if !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
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
    let answer = Builder::response(461, message::reason(461))
        .header("CSeq", &cseq.to_string())
        .header(message::CAUSE, Cause::Request.word());
    String::from_utf8(answer.build()).unwrap_or_default()
}
