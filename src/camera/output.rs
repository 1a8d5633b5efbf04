//! What a camera wants done, and why it cannot be had.

use crate::protocol::rtsp::transport::Server;

/// What the camera wants done, in order.
#[derive(Debug)]
pub enum Output {
    /// Connect; answer with `connected` or `link_lost`, unless the attempt of this
    /// number is over: see [`Camera::awaits_link`](super::Camera::awaits_link).
    Connect {
        attempt: u64,
        host: String,
        port: u16,
    },
    /// Send this, if there is a link.
    Send(Vec<u8>),
    /// Open so many pairs of UDP ports; answer with `ports_opened`.
    OpenPorts { pairs: usize },
    /// Datagrams on the pair for this RTP channel and the next come from there,
    /// and from nowhere else.
    Expect { channel: u8, from: Server },
    /// Send this to where the datagrams on this channel come from.
    Datagram { channel: u8, bytes: Vec<u8> },
    /// Forward what [`Camera::released`](super::Camera::released) gives.
    Release,
    /// Close the link after what was to be sent, and the ports.
    Disconnect,
    /// It plays: see [`Camera::description`](super::Camera::description).
    /// `changed`: who was told of another description cannot go on.
    Ready { changed: bool },
    /// It cannot be had for now: see [`Camera::unavailable`](super::Camera::unavailable).
    Failed,
}

/// Why a camera cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// What RTSP says to it (RFC 2326 §7.1.1).
    pub status: u16,
    /// For a person; nothing secret, nor where the camera is.
    pub reason: String,
    /// For the operator: the same, or more.
    pub detail: String,
    /// Only the operator can mend it.
    pub(super) bad_password: bool,
}

impl Unavailable {
    /// One that may pass.
    pub(super) fn new(status: u16, reason: &str) -> Unavailable {
        Unavailable {
            status,
            reason: reason.to_owned(),
            detail: reason.to_owned(),
            bad_password: false,
        }
    }
}
