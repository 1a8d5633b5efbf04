//! The answers to requests from a camera (RFC 2326 §10). The owner of the connection to
//! the camera gives them, because viewers never see such requests.

use super::message::{self, Builder, Message};

/// The methods of requests from a camera that are answered with 200.
const METHODS: [&str; 5] = [
    "OPTIONS",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "ANNOUNCE",
    "REDIRECT",
];

/// The answer to the request `message` with the method `method`: 200, or 501 if the
/// method is none of those that a camera may use.
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
