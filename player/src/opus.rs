//! Opus out of RTP (RFC 7587): a packet is a frame.

use camgate_protocol::rtsp::sdp;

use crate::payload::{Coding, Format, Frames, Payload};
use camgate_protocol::rtp::Packet;

/// Whatever the encoder was fed with, Opus counts in this (RFC 7587 4.1).
const RATE: u32 = 48_000;

/// The most that one packet may last, samples (RFC 6716 3.2.5).
const MAX_SAMPLES: u32 = 5760;

/// The longest frame in a packet, bytes (RFC 6716 3.2.1).
const MAX_FRAME: usize = 1275;

/// How far the decoder is behind, samples. No one tells; libopus' default is
/// what encoders use.
const PRE_SKIP: u16 = 312;

/// What the first byte of a packet has of the mode 'CELT, full band, 2.5 ms'
/// (RFC 6716 3.1); the lowest two bits of the mode double that.
const CELT: u8 = 28 << 3;
const STEREO: u8 = 4;

/// Frames of silence last 120 samples and up to three times the double.
const SILENCE: u32 = 120;

#[derive(Debug)]
struct Opus {
    channels: u16,
}

/// The payload format of `media`, and what its frames are.
pub fn open(media: &sdp::Media) -> (Box<dyn Payload>, Format) {
    // RFC 7587 6.1 counts silence about it as mono; stereo fits both.
    let mono = media.parameter("sprop-stereo") == Some("0");
    let channels = if mono { 1 } else { 2 };
    (Box::new(Opus { channels }), format(channels))
}

fn format(channels: u16) -> Format {
    // Opus in ISO BMFF 4.3.2: version, channels, pre-skip, the encoder's rate,
    // gain, mapping family 0.
    let mut config = vec![0, channels as u8];
    config.extend_from_slice(&PRE_SKIP.to_be_bytes());
    config.extend_from_slice(&RATE.to_be_bytes());
    config.extend_from_slice(&[0, 0, 0]);
    Format {
        coding: Coding::Opus,
        codec: String::from("opus"),
        rate: RATE,
        channels,
        config,
    }
}

impl Payload for Opus {
    fn push(&mut self, packet: &Packet, _: i64, frames: &mut Frames) {
        let Some(samples) = duration(packet.payload) else {
            return;
        };
        let stereo = packet.payload.first().is_some_and(|toc| toc & STEREO != 0);
        if stereo && self.channels == 1 {
            self.channels = 2;
            frames.format = Some(format(2));
        }
        frames.push(packet.payload, samples);
    }

    fn lose(&mut self) {}

    /// CELT has a flag for silence: the range coder's first bit.
    fn silence(&mut self, samples: u32, data: &mut Vec<u8>) -> u32 {
        let Some(size) = (0..4).rev().find(|size| SILENCE << size <= samples) else {
            return 0;
        };
        let stereo = if self.channels == 2 { STEREO } else { 0 };
        data.extend_from_slice(&[CELT | (size as u8) << 3 | stereo, 0xff, 0xfe]);
        SILENCE << size
    }
}

/// How long a packet lasts, samples; `None` when it is malformed
/// (RFC 6716 3.4).
fn duration(packet: &[u8]) -> Option<u32> {
    let (toc, rest) = packet.split_first()?;
    let size = u32::from(toc >> 3 & 3);
    let frame = match toc >> 3 {
        0..=11 if size == 3 => 2880,
        0..=11 => 480 << size,
        12..=15 => 480 << (size & 1),
        _ => 120 << size,
    };
    let count = match toc & 3 {
        0 => (rest.len() <= MAX_FRAME).then_some(1)?,
        1 => (rest.len() % 2 == 0 && rest.len() <= 2 * MAX_FRAME).then_some(2)?,
        2 => (frame_length(&mut { rest })? <= MAX_FRAME).then_some(2)?,
        _ => many(rest)?,
    };
    let samples = frame * count;
    (samples <= MAX_SAMPLES).then_some(samples)
}

/// Takes a frame's length off (RFC 6716 3.2.1), and returns what is left behind
/// that frame.
fn frame_length(rest: &mut &[u8]) -> Option<usize> {
    let (first, after) = rest.split_first()?;
    let mut length = usize::from(*first);
    *rest = after;
    if length >= 252 {
        let (second, after) = rest.split_first()?;
        length += 4 * usize::from(*second);
        *rest = after;
    }
    rest.len().checked_sub(length)
}

/// How many frames a packet of code 3 has (RFC 6716 3.2.5).
fn many(rest: &[u8]) -> Option<u32> {
    let (byte, mut rest) = rest.split_first()?;
    let count = usize::from(byte & 0x3f);
    let mut padding = 0;
    if byte & 0x40 != 0 {
        loop {
            let (length, after) = rest.split_first()?;
            rest = after;
            if *length < 255 {
                padding += usize::from(*length);
                break;
            }
            padding += 254;
        }
    }
    let mut left = rest.len().checked_sub(padding)?;
    if byte & 0x80 == 0 {
        // All frames are of one size.
        let whole = left.checked_rem(count)? == 0 && left / count <= MAX_FRAME;
        return whole.then_some(count as u32);
    }
    for _ in 1..count {
        let before = rest.len();
        let behind = frame_length(&mut rest)?;
        left = left.checked_sub(before - behind)?;
    }
    (count > 0 && left <= MAX_FRAME).then_some(count as u32)
}

#[cfg(test)]
mod tests;
