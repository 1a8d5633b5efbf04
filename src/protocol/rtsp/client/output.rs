//! What the client has its owner do or know.

use super::Failure;
use crate::rtsp::{message, sdp};
use std::fmt::{self, Debug, Formatter};
use std::rc::Rc;

/// One thing for the owner to do or know.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes, one request, to the camera.
    Send(Vec<u8>),
    /// To be sent if the session has to end without another word from here: a
    /// TEARDOWN with an answer to the camera's Digest challenge. Instead of the
    /// one before.
    Farewell(Vec<u8>),
    /// What the camera has; [`super::Client::setup`] is to be called.
    Described(Rc<sdp::Session>),
    /// A medium (index into the description) comes on these channels.
    SetUp {
        media: usize,
        rtp_channel: u8,
        rtcp_channel: u8,
    },
    /// Media flows; what the camera said of where it begins, if anything.
    Playing { rtp_info: Vec<RtpInfo> },
    /// Media is to be ignored: a camera that cannot pause goes on sending.
    Paused,
    /// The end, as asked for.
    TornDown,
    /// The end, because of this.
    Failed(Failure),
}

/// Where a medium begins (RFC 2326 §12.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpInfo {
    /// Index into the description.
    pub media: usize,
    /// Sequence number of the first packet.
    pub seq: Option<u16>,
    /// RTP time of the range's start, in the medium's clock.
    pub rtptime: Option<u32>,
}

/// Shows only the first line of what is sent: the rest may hold a password.
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
