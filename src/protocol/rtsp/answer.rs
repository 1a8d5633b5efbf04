//! The answers to requests that a camera starts (RFC 2326 §10). Whoever has the
//! camera's link gives them: viewers could not.

use super::message::{self, Builder, Message};

/// What a camera may ask, and is told that all went well.
const METHODS: [&str; 5] = [
    "OPTIONS",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "ANNOUNCE",
    "REDIRECT",
];

/// The answer to the request `message` of the method `method`: 200, or 501 if the
/// method is not one of those that a camera may ask for.
pub fn answer(method: &str, message: &Message<'_>) -> Vec<u8> {
    let status = match METHODS.contains(&method) {
        true => 200,
        false => 501,
    };
    let mut builder = Builder::response(status, message::reason(status));
    for name in ["CSeq", "Session"] {
        if let Some(value) = message.header(name) {
            builder = builder.header(name, value);
        }
    }
    if method == "OPTIONS" {
        builder = builder.header("Public", &METHODS.join(", "));
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(request: &str) -> String {
        let (message, _) = message::parse(request.as_bytes()).unwrap();
        let message::Start::Request { method, .. } = message.start else {
            panic!("{request}");
        };
        String::from_utf8(answer(method, &message)).unwrap()
    }

    #[test]
    fn what_cameras_ask_is_answered_with_their_numbers() {
        assert_eq!(
            answered("OPTIONS * RTSP/1.0\r\nCSeq: 9\r\nSession: 4\r\nX-Other: 1\r\n\r\n"),
            "RTSP/1.0 200 OK\r\nCSeq: 9\r\nSession: 4\r\n\
             Public: OPTIONS, GET_PARAMETER, SET_PARAMETER, ANNOUNCE, REDIRECT\r\n\r\n"
        );
        assert_eq!(
            answered("GET_PARAMETER rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
            "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
        );
        assert!(answered("RECORD * RTSP/1.0\r\nCSeq: 2\r\n\r\n").starts_with("RTSP/1.0 501 "));
    }
}
