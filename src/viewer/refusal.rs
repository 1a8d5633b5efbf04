//! Why a viewer does not get what it asks for: the one error of its session, whether
//! WSP tells it or RTSP.

use std::borrow::Cow;

use crate::failure::Failure;

/// Why a request of a viewer is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status that answers the request, of WSP or of RTSP.
    pub status: u16,
    /// What to tell a person; empty: what the status is known by.
    pub reason: Cow<'static, str>,
    /// The close code (RFC 6455 §7.4) for the viewer's sockets, if the session ends
    /// with it.
    pub close: Option<u16>,
}

impl Refusal {
    /// Refuses one request; the session goes on.
    pub fn new(status: u16, reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal {
            status,
            reason: reason.into(),
            close: None,
        }
    }

    /// Refuses one request in the words that RTSP has for `status`.
    pub fn status(status: u16) -> Refusal {
        Refusal::new(status, "")
    }

    /// Ends the session with this close code, too.
    #[must_use]
    pub fn closing(self, code: u16) -> Refusal {
        Refusal {
            close: Some(code),
            ..self
        }
    }
}

impl From<&Failure> for Refusal {
    /// Players come back after 1011 and 1013: those are for what may pass.
    fn from(failure: &Failure) -> Refusal {
        let close = match failure {
            Failure::Forbidden(_) => 4003,
            Failure::Refused(_) | Failure::Silent | Failure::Late(_) => 1011,
            Failure::Limit(_) => 1013,
        };
        Refusal::new(failure.status(), failure.reason().to_owned()).closing(close)
    }
}
