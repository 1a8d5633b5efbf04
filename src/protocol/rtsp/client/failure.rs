//! Why a session ended, worded for the person who watches.

use crate::rtsp::text;
use crate::rtsp::url::Url;
use std::fmt::{self, Display, Formatter};

/// Why the client gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Status 401. `tried`: credentials were sent, and refused.
    Unauthorized { tried: bool },
    /// Any other status that ends the session.
    Status {
        code: u16,
        reason: String,
        method: &'static str,
    },
    /// The stream is at another host or port. If the URL has credentials, the camera
    /// gave them for that place.
    Redirect(Url),
    /// The camera sent something that makes no sense.
    Protocol(&'static str),
    /// The camera describes no media, or none was chosen.
    NoMedia,
    /// The camera did not answer this request.
    Timeout { method: &'static str },
}

impl Failure {
    /// A sentence without a capital letter and a full stop.
    pub fn text(&self) -> String {
        let parts: &[&str] = match self {
            Failure::Unauthorized { tried: false } => {
                &["the camera asks for a user name and a password"]
            }
            Failure::Unauthorized { tried: true } => {
                &["the camera refuses this user name or password"]
            }
            Failure::Status {
                code,
                reason,
                method,
            } => {
                let space = if reason.is_empty() { "" } else { " " };
                let number = text::decimal((*code).into());
                let answer = text::concat(&[" (", &number, space, reason, " to ", method, ")"]);
                return text::concat(&[meaning(*code), &answer]);
            }
            // The player follows a redirect, so it never shows this.
            #[cfg(not(feature = "gateway"))]
            Failure::Redirect(_) => &[],
            #[cfg(feature = "gateway")]
            Failure::Redirect(url) => {
                return text::concat(&["the stream has moved to ", &url.without_credentials()]);
            }
            Failure::Protocol(what) => &[what],
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
        #[cfg(feature = "gateway")] // pages have a headline for these
        403 => "the camera does not allow this stream to be watched",
        #[cfg(feature = "gateway")]
        404 | 410 => "the camera has no stream at this address",
        453 | 503 => "the camera cannot serve another viewer now",
        #[cfg(feature = "gateway")]
        454 => "the camera has ended the session",
        461 => "the camera does not send this stream over TCP",
        #[cfg(feature = "gateway")]
        500..=599 => "the camera has a fault of its own",
        _ => "the camera refuses",
    }
}
