//! Why a camera cannot be reached: the one error that passes from the sockets to
//! whoever waits for the camera, be it one viewer's session or a shared camera.

/// Why there is no link to a camera, or why the link has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The policy forbids the link; the reason names the setting.
    Forbidden(String),
    /// The camera has refused or reset the connection, or there is no route to it, or
    /// its name does not exist; the reason says which.
    Refused(String),
    /// The camera has not answered in time.
    Silent,
    /// Somebody other than the camera has not answered in time; the reason says who.
    Late(String),
    /// A limit of the gateway is reached; the reason says which.
    Limit(String),
}

impl Failure {
    /// The status that tells a viewer of this failure; WSP and RTSP share the numbers.
    pub fn status(&self) -> u16 {
        match self {
            Failure::Forbidden(_) => 403,
            Failure::Refused(_) => 502,
            Failure::Limit(_) => 503,
            Failure::Silent | Failure::Late(_) => 504,
        }
    }

    /// The sentence that tells a person of this failure.
    pub fn reason(&self) -> &str {
        match self {
            Failure::Forbidden(reason)
            | Failure::Refused(reason)
            | Failure::Late(reason)
            | Failure::Limit(reason) => reason,
            Failure::Silent => "the camera did not answer",
        }
    }
}
