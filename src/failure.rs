//! Why there is no link to a camera: a value that passes from the sockets to whoever
//! waits for the camera, be it the session of one viewer or a shared camera.

/// Why there is no link to a camera, or no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The policy forbids it; the text says which setting.
    Forbidden(String),
    /// The camera refused or reset the connection, there is no route to it, or no
    /// such name; the text says which.
    Refused(String),
    /// The camera did not answer in time.
    Silent,
    /// Somebody else did not answer in time; the text says who.
    Late(String),
    /// A limit of the gateway is reached; the text says which.
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
}
