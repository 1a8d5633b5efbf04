//! What every track has: its place in the description, its channels, its source.

use camgate_protocol::rtsp::sdp;

use crate::source::Source;

#[derive(Debug)]
pub struct Link {
    /// Its index in the session description.
    pub media: usize,
    /// The interleaved channels of RTP and RTCP.
    pub channels: Option<(u8, u8)>,
    pub source: Source,
    /// Its name on the timeline.
    pub clock: usize,
    /// The time of the last packet that is not live, once the gateway names it.
    pub edge: Option<u32>,
}

impl Link {
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
