//! The common interface of all audio payload formats: packets in, frames out.

use camgate_protocol::rtp::Packet;

/// The coding of frames, as far as MP4 distinguishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Aac,
    Opus,
    Flac,
}

/// What a decoder must know before the first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub coding: Coding,
    /// The codec's name for a MIME type (RFC 6381): `mp4a.40.2`.
    pub codec: String,
    /// Samples per second, which is also the timescale in MP4; never 0.
    pub rate: u32,
    /// The number of channels; 0 if only the frames tell.
    pub channels: u16,
    /// For AAC, the AudioSpecificConfig of at most
    /// [`MAX_CONFIG`](crate::aac::config::MAX_CONFIG) bytes; for Opus, the contents of
    /// `dOps`; for FLAC, the STREAMINFO.
    pub config: Vec<u8>,
}

/// The frames of one packet, in order and without gaps.
#[derive(Debug, Default)]
pub struct Frames {
    /// The bytes of all frames; for each frame, its end in them and its number of
    /// samples.
    pub data: Vec<u8>,
    ends: Vec<(usize, u32)>,
    /// How many samples before the packet's time the first frame begins.
    pub lead: u32,
    /// The format of these frames, if it differs from that of earlier ones.
    pub format: Option<Format>,
}

impl Frames {
    /// Adds a frame.
    #[inline(never)]
    pub fn push(&mut self, frame: &[u8], samples: u32) {
        self.data.extend_from_slice(frame);
        self.end(samples);
    }

    /// Ends the frame that was written to [`data`](Self::data).
    pub fn end(&mut self, samples: u32) {
        self.ends.push((self.data.len(), samples));
    }

    /// The frames and their numbers of samples.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, samples)| {
            let frame = self.data.get(start..*end).unwrap_or_default();
            start = *end;
            (frame, *samples)
        })
    }

    /// The number of samples of all frames.
    pub fn samples(&self) -> u32 {
        self.ends.iter().fold(0, |all, (_, samples)| all + samples)
    }

    pub fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
        self.lead = 0;
        self.format = None;
    }
}

/// A payload format.
pub trait Payload {
    /// Takes the next packet in sequence; `timestamp` is its unwrapped timestamp.
    fn push(&mut self, packet: &Packet, timestamp: i64, frames: &mut Frames);

    /// Notes that packets are missing here.
    fn lose(&mut self);

    /// Appends one frame of silence to `data` when `samples` are missing, and returns
    /// how long that frame lasts; 0 if no frame comes near enough.
    fn silence(&mut self, samples: u32, data: &mut Vec<u8>) -> u32;
}

/// Prints a fixed text. If the trait required `Debug`, all formats would carry code
/// into the wasm that prints them.
impl std::fmt::Debug for dyn Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("Payload")
    }
}

/// Helpers for the tests of payload formats.
#[cfg(test)]
pub(crate) mod given {
    use camgate_protocol::rtsp::sdp;

    use super::*;

    pub fn packet(payload: &[u8], marker: bool) -> Packet<'_> {
        Packet {
            marker,
            payload_type: 96,
            sequence: 0,
            timestamp: 0,
            ssrc: 0,
            extension: &[],
            payload,
        }
    }

    /// The length of the silence for `missing` samples, and its bytes.
    pub fn silence(payload: &mut dyn Payload, missing: u32) -> (u32, Vec<u8>) {
        let mut data = Vec::new();
        (payload.silence(missing, &mut data), data)
    }

    /// The medium that these lines describe: the rest of an `m=` line, after `RTP/AVP`,
    /// and the lines after it.
    pub fn media(lines: &str) -> sdp::Media {
        let text = ["m=audio 0 RTP/AVP ", lines].concat();
        sdp::parse(text.as_bytes()).media.remove(0)
    }
}
