//! What a camera wants its owner to do, and why a camera does not play.

use crate::protocol::rtsp::transport::Server;

/// What the owner is to do, in this order.
#[derive(Debug)]
pub enum Output {
    /// Connect, and answer with `connected` or `link_lost`, unless the attempt of this
    /// number is over by then: see [`Camera::awaits_link`](super::Camera::awaits_link).
    Connect {
        attempt: u64,
        host: String,
        port: u16,
    },
    /// Send these bytes on the link, if there is one.
    Send(Vec<u8>),
    /// Open this number of pairs of UDP ports, and answer with `ports_opened`.
    OpenPorts { pairs: usize },
    /// Accept datagrams for the RTP channel `channel` and the RTCP channel after it from
    /// the server ports `from`, and from nowhere else.
    Expect { channel: u8, from: Server },
    /// Send this datagram to where those of this channel come from.
    Datagram { channel: u8, bytes: Vec<u8> },
    /// Forward the packets that [`Camera::released`](super::Camera::released) returns.
    Release,
    /// Close the link, after everything that is to be sent has gone out, and the ports.
    Disconnect,
    /// The camera plays: see [`Camera::description`](super::Camera::description).
    /// `changed`: a viewer that was told the description before cannot go on.
    Ready { changed: bool },
    /// The camera does not play for now: see
    /// [`Camera::unavailable`](super::Camera::unavailable).
    Failed,
}

/// Why a camera does not play: the one error of this module. It is made of a
/// [`Failure`](crate::failure::Failure) of the link, of the RTSP client's own, or of what
/// the camera does or leaves undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The RTSP status that viewers are answered with (RFC 2326 §7.1.1).
    pub status: u16,
    /// The reason for a person who watches: it holds no secret, and no address of a camera.
    pub reason: String,
    /// The reason for the operator, which may say more.
    pub detail: String,
    /// Whether the camera refuses the password: only the operator can mend that.
    pub(super) bad_password: bool,
}

impl Unavailable {
    /// A cause that may pass by itself, with one reason for all.
    pub(super) fn new(status: u16, reason: &str) -> Unavailable {
        Unavailable {
            status,
            reason: reason.to_owned(),
            detail: reason.to_owned(),
            bad_password: false,
        }
    }
}
