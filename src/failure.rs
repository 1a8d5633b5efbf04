//! Why a camera cannot be reached: the one error that passes from the sockets to
//! whoever waits for the camera, be it one viewer's session or a shared camera.

/// What kind of trouble there is, for players: they choose a headline by it. Whether and how
/// somebody can help depends on it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The viewer named no address of a camera.
    Address,
    /// The camera refuses the gateway, or does what cannot be understood.
    Camera,
    /// The policy forbids it.
    Forbidden,
    /// A limit of the gateway is reached.
    Full,
    /// The camera refuses the password that the gateway has for it.
    Password,
    /// The request cannot be understood, or comes at the wrong time.
    Request,
    /// Somebody has not answered in time.
    Silent,
    /// There is no camera of this name.
    Unknown,
    /// The camera cannot be connected to, or has closed the connection.
    Unreachable,
}

impl Cause {
    /// The word on the wire: the value of the header
    /// [`CAUSE`](crate::protocol::rtsp::message::CAUSE).
    pub fn word(self) -> &'static str {
        match self {
            Cause::Address => "address",
            Cause::Camera => "camera",
            Cause::Forbidden => "forbidden",
            Cause::Full => "full",
            Cause::Password => "password",
            Cause::Request => "request",
            Cause::Silent => "silent",
            Cause::Unknown => "unknown",
            Cause::Unreachable => "unreachable",
        }
    }

    /// The usual status of an answer with this cause; WSP and RTSP share the numbers.
    pub fn status(self) -> u16 {
        match self {
            Cause::Address | Cause::Request => 400,
            Cause::Forbidden => 403,
            Cause::Unknown => 404,
            Cause::Camera | Cause::Password | Cause::Unreachable => 502,
            Cause::Full => 503,
            Cause::Silent => 504,
        }
    }
}

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
    /// What kind of trouble it is.
    pub fn cause(&self) -> Cause {
        match self {
            Failure::Forbidden(_) => Cause::Forbidden,
            Failure::Refused(_) => Cause::Unreachable,
            Failure::Limit(_) => Cause::Full,
            Failure::Silent | Failure::Late(_) => Cause::Silent,
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
