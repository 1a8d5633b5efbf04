//! Why a request of a viewer is refused: the one error of its session, whether the answer
//! is one of WSP or of RTSP.

use std::borrow::Cow;

use crate::failure::Failure;

/// Why a request of a viewer is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer; WSP and RTSP share the numbers.
    pub status: u16,
    /// The sentence for a person; if it is empty, the answer has the usual phrase of the
    /// status.
    pub reason: Cow<'static, str>,
    /// The code with which the viewer's sockets are closed (RFC 6455 §7.4), if the refusal
    /// ends the session.
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

    /// Refuses one request with the usual phrase of `status`.
    pub fn status(status: u16) -> Refusal {
        Refusal::new(status, "")
    }

    /// Also ends the session, with this close code.
    #[must_use]
    pub fn closing(self, code: u16) -> Refusal {
        Refusal {
            close: Some(code),
            ..self
        }
    }
}

impl From<&Failure> for Refusal {
    /// Players connect again after 1011 and 1013, so these are for failures that may pass.
    fn from(failure: &Failure) -> Refusal {
        let close = match failure {
            Failure::Forbidden(_) => 4003,
            Failure::Refused(_) | Failure::Silent | Failure::Late(_) => 1011,
            Failure::Limit(_) => 1013,
        };
        Refusal::new(failure.status(), failure.reason().to_owned()).closing(close)
    }
}
