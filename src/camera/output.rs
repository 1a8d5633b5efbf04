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
    /// It cannot be had for now: see [`Camera::trouble`](super::Camera::trouble).
    Failed,
}

/// Why a camera cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What RTSP says to it (RFC 2326 §7.1.1).
    pub status: u16,
    /// For a person; nothing secret, nor where the camera is.
    pub words: String,
    /// For the operator: the same, or more.
    pub detail: String,
    /// Only the operator can mend it.
    pub(super) password: bool,
}

impl Trouble {
    /// One that may pass.
    pub(super) fn new(status: u16, words: &str) -> Trouble {
        Trouble {
            status,
            words: words.to_owned(),
            detail: words.to_owned(),
            password: false,
        }
    }
}
