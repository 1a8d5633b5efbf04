//! What the client tells its owner.

use super::Failure;
use crate::rtsp::{message, sdp};
use std::fmt::{self, Debug, Formatter};
use std::rc::Rc;

/// Something for the owner to do or to know.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes, which are one request, to the camera.
    Send(Vec<u8>),
    /// Keep these bytes in place of earlier ones: a TEARDOWN that answers the camera's
    /// Digest challenge. They are to be sent if the session must end without the
    /// client.
    Farewell(Vec<u8>),
    /// The camera's description; [`super::Client::setup`] is to be called next.
    Described(Rc<sdp::Session>),
    /// A medium, given by its index in the description, comes on these channels.
    SetUp {
        media: usize,
        rtp_channel: u8,
        rtcp_channel: u8,
    },
    /// Media flows. `rtp_info` says where it begins, if the camera did.
    Playing { rtp_info: Vec<RtpInfo> },
    /// Media is to be ignored from here on: a camera that cannot pause keeps sending.
    Paused,
    /// The session has ended, as asked for.
    TornDown,
    /// The session has ended for this reason.
    Failed(Failure),
}

/// Where a medium begins (RFC 2326 §12.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpInfo {
    /// The index in the description.
    pub media: usize,
    /// The sequence number of the first packet.
    pub seq: Option<u16>,
    /// The RTP timestamp of the start of the range.
    pub rtptime: Option<u32>,
}

/// Shows the first line of what is sent only, because the rest may hold a password.
impl Debug for Output {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Output::Send(bytes) => {
                let line = bytes.split(|byte| *byte == b'\r').next();
                let line = message::text(line.unwrap_or_default());
                f.debug_tuple("Send").field(&line).finish()
            }
            Output::Farewell(_) => f.write_str("Farewell(…)"),
            Output::Described(session) => f.debug_tuple("Described").field(session).finish(),
            Output::SetUp {
                media,
                rtp_channel,
                rtcp_channel,
            } => f
                .debug_struct("SetUp")
                .field("media", media)
                .field("rtp_channel", rtp_channel)
                .field("rtcp_channel", rtcp_channel)
                .finish(),
            Output::Playing { rtp_info } => f
                .debug_struct("Playing")
                .field("rtp_info", rtp_info)
                .finish(),
            Output::Paused => f.write_str("Paused"),
            Output::TornDown => f.write_str("TornDown"),
            Output::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
        }
    }
}
