//! Why a viewer gets no camera, in the words and numbers of each protocol.

/// Why there is no camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The policy forbids it; the text says which setting.
    Forbidden(String),
    /// Refused, reset, no route, no such name; the text says which.
    Refused(String),
    /// No answer in time.
    Silent,
    /// The same, of somebody else; the text says of whom.
    Late(String),
    /// A limit of the gateway; the text says which.
    Limit(String),
}

impl Failure {
    /// The status of WSP and of RTSP.
    pub fn code(&self) -> u16 {
        match self {
            Failure::Forbidden(_) => 403,
            Failure::Refused(_) => 502,
            Failure::Limit(_) => 503,
            Failure::Silent | Failure::Late(_) => 504,
        }
    }

    /// What to tell a person.
    pub fn text(&self) -> &str {
        match self {
            Failure::Forbidden(text)
            | Failure::Refused(text)
            | Failure::Late(text)
            | Failure::Limit(text) => text,
            Failure::Silent => "the camera did not answer",
        }
    }

    /// The close code: players come back after 1011 and 1013, where that can help.
    pub(super) fn close_code(&self) -> u16 {
        match self {
            Failure::Forbidden(_) => 4003,
            Failure::Refused(_) | Failure::Silent | Failure::Late(_) => 1011,
            Failure::Limit(_) => 1013,
        }
    }
}
