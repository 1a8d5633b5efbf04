//! Why a session ended, in words for the person who watches.

use std::fmt::{self, Display, Formatter};

/// Why the client gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 401. `tried`: credentials were sent and refused.
    Unauthorized { tried: bool },
    /// Any other answer that ends the session.
    Status {
        code: u16,
        reason: String,
        method: &'static str,
    },
    /// The stream is at another host or port: its URL, without credentials.
    Redirect(String),
    /// What the camera sent makes no sense.
    Protocol(&'static str),
    /// The camera describes no media, or none was chosen.
    NoMedia,
    /// The camera did not answer this request.
    Timeout { method: &'static str },
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut say = |parts: &[&str]| parts.iter().try_for_each(|part| f.write_str(part));
        match self {
            Failure::Unauthorized { tried: false } => {
                say(&["the camera asks for a user name and a password"])
            }
            Failure::Unauthorized { tried: true } => {
                say(&["the camera refuses this user name or password"])
            }
            Failure::Status {
                code,
                reason,
                method,
            } => {
                let code_text = code.to_string();
                let to = [&code_text, " ", reason, " to ", method].concat();
                say(&[plain_words(*code), " (", &to, ")"])
            }
            Failure::Redirect(url) => say(&["the stream has moved to ", url]),
            Failure::Protocol(what) => say(&[what]),
            Failure::NoMedia => say(&["the camera offers nothing to play"]),
            Failure::Timeout { method } => say(&["the camera does not answer (", method, ")"]),
        }
    }
}

impl std::error::Error for Failure {}

fn plain_words(code: u16) -> &'static str {
    match code {
        403 => "the camera does not allow this stream to be watched",
        404 | 410 => "the camera has no stream at this address",
        453 | 503 => "the camera cannot serve another viewer now",
        454 => "the camera has ended the session",
        461 => "the camera does not send this stream over TCP",
        500..=599 => "the camera has a fault of its own",
        _ => "the camera refuses",
    }
}
