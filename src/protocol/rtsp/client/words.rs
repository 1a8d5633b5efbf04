//! Why a session ended, worded for a person: in the gateway's log, and in what it tells
//! viewers of shared cameras. The player's page has words of its own.

use super::Failure;
use crate::rtsp::text;
use std::fmt::{self, Display, Formatter};

const NOT_OVER_TCP: &str = "the camera does not send this stream over TCP";

impl Failure {
    /// A sentence without a capital letter and a full stop. What another gateway says of
    /// itself stands alone.
    pub fn text(&self) -> String {
        let parts: &[&str] = match self {
            Failure::Unauthorized { tried: false } => {
                &["the camera asks for a user name and a password"]
            }
            Failure::Unauthorized { tried: true } => {
                &["the camera refuses this user name or password"]
            }
            Failure::Status { cause, reason, .. } if !cause.is_empty() && !reason.is_empty() => {
                &[reason]
            }
            Failure::Status {
                code,
                reason,
                method,
                ..
            } => {
                let space = if reason.is_empty() { "" } else { " " };
                let number = text::decimal((*code).into());
                let answer = text::concat(&[" (", method, ": ", &number, space, reason, ")"]);
                return text::concat(&[meaning(*code), &answer]);
            }
            Failure::Redirect(url) => {
                return text::concat(&["the stream has moved to ", &url.without_credentials()]);
            }
            Failure::Protocol(what) => &[what],
            Failure::OtherTransport { udp: false } => &[NOT_OVER_TCP],
            Failure::OtherTransport { udp: true } => {
                &["the camera does not send this stream over UDP"]
            }
            Failure::NoMedia => &["the camera offers nothing to play"],
            Failure::Timeout { method } => &["the camera does not answer (", method, ")"],
        };
        text::concat(parts)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for Failure {}

fn meaning(code: u16) -> &'static str {
    match code {
        403 => "the camera does not allow this stream to be watched",
        404 | 410 => "the camera has no stream at this address",
        453 | 503 => "the camera cannot serve another viewer now",
        454 => "the camera has ended the session",
        461 => NOT_OVER_TCP,
        500..=599 => "the camera has a fault of its own",
        _ => "the camera refuses",
    }
}
