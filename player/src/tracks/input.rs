//! What every track receives from: a medium of the description, its channels, and its
//! RTP source.

use camgate_protocol::rtsp::sdp;

use crate::source::Source;

#[derive(Debug)]
pub struct Input {
    /// The index of its medium in the session description.
    pub media: usize,
    /// The interleaved channels of RTP and RTCP.
    pub channels: Option<(u8, u8)>,
    pub source: Source,
    /// Its number on the timeline.
    pub clock: usize,
    /// The timestamp of the last packet that is not live, once the gateway has named
    /// it.
    pub edge: Option<u32>,
}

impl Input {
    pub fn new(media: usize, description: &sdp::Media, clock: usize) -> Self {
        Self {
            media,
            channels: None,
            source: Source::new(description.payload_type),
            clock,
            edge: None,
        }
    }
}
