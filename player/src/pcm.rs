//! Uncompressed audio out of RTP: G.711 (RFC 3551 4.5.14), L8 and L16 (4.5.10, 4.5.11),
//! converted to FLAC frames.
//!
//! A packet becomes a frame if that lasts 20 to 64 ms; shorter packets are gathered,
//! and longer ones are split.

use camgate_protocol::rtsp::sdp;

use crate::flac::{self, Encoder};
use crate::payload::{Coding, Format, Frames, Payload};
use camgate_protocol::rtp::Packet;

/// The sample rates that browsers accept, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 3_000..=192_000;

/// The format of a sample in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    ALaw,
    MuLaw,
    /// 8 bits around 128.
    L8,
    /// 16 bits, big-endian.
    L16,
}

/// Gathers the samples of packets into frames.
#[derive(Debug)]
struct Pcm {
    sample: Sample,
    encoder: Encoder,
    /// The smallest and the largest number of samples per channel in a frame.
    least: usize,
    most: usize,
    /// The samples that wait for a frame, with interleaved channels.
    waiting: Vec<i16>,
    /// The timestamp that continues these samples.
    next: i64,
}

/// The payload format of `media`, and the format of its frames.
pub fn open(media: &sdp::Media) -> Option<(Box<dyn Payload>, Format)> {
    let sample = match media.encoding.as_str() {
        "PCMA" => Sample::ALaw,
        "PCMU" => Sample::MuLaw,
        "L8" => Sample::L8,
        "L16" => Sample::L16,
        // There is neither a known payload type nor a name.
        "" => return None,
        // The payload type is static, and the name is the vendor's own, such as G711A.
        _ => match media.payload_type {
            0 => Sample::MuLaw,
            8 => Sample::ALaw,
            _ => return None,
        },
    };
    let (rate, channels) = (media.clock_rate, media.channels);
    if !RATES.contains(&rate) || usize::from(channels) > flac::MAX_CHANNELS {
        return None;
    }
    let encoder = Encoder::new(rate, channels);
    let format = Format {
        coding: Coding::Flac,
        codec: String::from("flac"),
        rate,
        channels,
        config: encoder.stream_info(),
    };
    let samples = |milliseconds: usize| (rate as usize * milliseconds / 1000).min(flac::MAX_BLOCK);
    let pcm = Pcm {
        sample,
        encoder,
        least: samples(20),
        most: samples(64),
        waiting: Vec::new(),
        next: 0,
    };
    Some((Box::new(pcm), format))
}

impl Payload for Pcm {
    fn push(&mut self, packet: &Packet, timestamp: i64, frames: &mut Frames) {
        let channels = self.encoder.channels();
        let gap = timestamp.saturating_sub(self.next).saturating_abs();
        if gap > self.least as i64 {
            self.waiting.clear();
        }
        frames.lead = (self.waiting.len() / channels) as u32; // only a few frames are waiting
        self.read(packet.payload, channels);
        let come = (self.waiting.len() / channels) as i64 - i64::from(frames.lead);
        self.next = timestamp.saturating_add(come);
        let mut rest = self.waiting.as_slice();
        while rest.len() >= self.least * channels {
            let (block, after) = rest.split_at(rest.len().min(self.most * channels));
            self.encoder.frame(block, &mut frames.data);
            frames.end((block.len() / channels) as u32);
            rest = after;
        }
        let used = self.waiting.len() - rest.len();
        self.waiting.drain(..used);
    }

    fn lose(&mut self) {
        self.waiting.clear();
    }

    fn silence(&mut self, samples: u32, data: &mut Vec<u8>) -> u32 {
        let samples = (samples as usize).min(flac::MAX_BLOCK);
        if samples < flac::MIN_BLOCK {
            return 0;
        }
        let block = vec![0; samples * self.encoder.channels()];
        self.encoder.frame(&block, data);
        samples as u32
    }
}

impl Pcm {
    /// Reads whole samples of all channels, and drops the rest.
    fn read(&mut self, payload: &[u8], channels: usize) {
        let width = if self.sample == Sample::L16 { 2 } else { 1 };
        for group in payload.chunks_exact(width * channels) {
            for bytes in group.chunks_exact(width) {
                let high = bytes.first().copied().unwrap_or(0);
                self.waiting.push(match self.sample {
                    Sample::ALaw => a_law(high),
                    Sample::MuLaw => mu_law(high),
                    Sample::L8 => (i16::from(high) - 128) << 8,
                    Sample::L16 => i16::from_be_bytes([high, bytes.get(1).copied().unwrap_or(0)]),
                });
            }
        }
    }
}

/// ITU-T G.711 table 1: 13 bits, at the top of 16.
fn a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let mantissa = i16::from(code & 0x0f) << 4;
    let size = match code >> 4 & 7 {
        0 => mantissa + 8,
        segment => (mantissa + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -size } else { size }
}

/// ITU-T G.711 table 2: 14 bits, at the top of 16.
fn mu_law(code: u8) -> i16 {
    let code = !code;
    let size = (((i16::from(code & 0x0f) << 3) + 0x84) << (code >> 4 & 7)) - 0x84;
    if code & 0x80 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests;
