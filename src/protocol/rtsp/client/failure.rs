//! Why a session ended.

use crate::rtsp::url::Url;

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
        /// The kind of trouble, if the answer is one of a gateway of this project in its own
        /// words ([`CAUSE`](crate::rtsp::message::CAUSE)); else empty.
        cause: String,
    },
    /// The stream is at another host or port. If the URL has credentials, the camera
    /// gave them for that place.
    Redirect(Url),
    /// The camera sent something that makes no sense.
    Protocol(&'static str),
    /// The camera answered SETUP with another lower transport than it was asked for
    /// (RFC 2326 §12.39), as others do with 461. `udp`: that was UDP.
    OtherTransport { udp: bool },
    /// The camera describes no media, or none was chosen.
    NoMedia,
    /// The camera did not answer this request.
    Timeout { method: &'static str },
}
