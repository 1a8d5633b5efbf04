//! Opus out of RTP (RFC 7587): a packet is a frame.

use camgate_protocol::rtsp::sdp;

use crate::payload::{Coding, Format, Frames, Payload};
use camgate_protocol::rtp::Packet;

/// The sample rate of Opus, whatever the encoder's input was (RFC 7587 4.1).
const RATE: u32 = 48_000;

/// The longest packet, in samples (RFC 6716 3.2.5).
const MAX_SAMPLES: u32 = 5760;

/// The longest frame in a packet, in bytes (RFC 6716 3.2.1).
const MAX_FRAME: usize = 1275;

/// The delay of the decoder, in samples. RTP does not say it; encoders use the default
/// of libopus.
const PRE_SKIP: u16 = 312;

/// The first byte of a packet in the mode 'CELT, full band, 2.5 ms' (RFC 6716 3.1). The
/// lowest two bits of the mode double the duration.
const CELT: u8 = 28 << 3;
const STEREO: u8 = 4;

/// A frame of silence lasts 120 samples, doubled up to three times.
const SILENCE: u32 = 120;

#[derive(Debug)]
struct Opus {
    channels: u16,
}

/// The payload format of `media`, and the format of its frames.
pub fn open(media: &sdp::Media) -> (Box<dyn Payload>, Format) {
    // According to RFC 7587 6.1, streams that say nothing are mono; a stereo decoder
    // plays both.
    let mono = media.parameter("sprop-stereo") == Some("0");
    let channels = if mono { 1 } else { 2 };
    (Box::new(Opus { channels }), format(channels))
}

fn format(channels: u16) -> Format {
    // The configuration (Opus in ISO BMFF 4.3.2) has version, channels, pre-skip, the
    // encoder's rate, gain and mapping family 0.
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

    /// In CELT, the first bit of the range coder is a flag for silence.
    fn silence(&mut self, samples: u32, data: &mut Vec<u8>) -> u32 {
        let Some(size) = (0..4).rev().find(|size| SILENCE << size <= samples) else {
            return 0;
        };
        let stereo = if self.channels == 2 { STEREO } else { 0 };
        data.extend_from_slice(&[CELT | (size as u8) << 3 | stereo, 0xff, 0xfe]);
        SILENCE << size
    }
}

/// The duration of a packet in samples; `None` if it is malformed (RFC 6716 3.4).
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

/// Takes a frame's length from the front (RFC 6716 3.2.1), and skips that frame.
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

/// The number of frames in a packet of code 3 (RFC 6716 3.2.5).
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
        // All frames have the same size.
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
