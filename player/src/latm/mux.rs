//! StreamMuxConfig and the payloads that it describes (ISO 14496-3 1.7.3.1).
//!
//! It supports one program with one layer, which is what all RTP senders use.

use crate::aac::config::{Config, MAX_CONFIG};
use crate::payload::Frames;
use camgate_protocol::codec::bits::Bits;

/// How an element tells the lengths of its payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// Each payload follows its length.
    Explicit,
    /// All payloads have this many bits.
    Bits(usize),
}

/// The fields of a StreamMuxConfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mux {
    pub config: Config,
    /// Payloads per element, 1 to 64.
    payloads: u32,
    length: Length,
    /// The number of bits of other data after the payloads.
    other: usize,
}

impl Mux {
    /// A mux with one frame per element, and nothing else.
    pub fn plain(config: Config) -> Self {
        Self {
            config,
            payloads: 1,
            length: Length::Explicit,
            other: 0,
        }
    }

    /// Reads a StreamMuxConfig; `None` if it is cut off, or is of a kind that nobody
    /// sends.
    pub fn read(bits: &mut Bits) -> Option<Self> {
        let later = bits.flag(); // audioMuxVersion
        if later {
            if bits.flag() {
                return None; // audioMuxVersionA is reserved
            }
            value(bits); // taraBufferFullness
        }
        if !bits.flag() {
            return None; // allStreamsSameTimeFraming
        }
        let payloads = bits.take(6) + 1;
        if bits.take(4) != 0 || bits.take(3) != 0 {
            return None; // more programs, more layers
        }
        let config = if later {
            sized_config(bits)?
        } else {
            Config::read(bits).filter(|config| config.channels > 0)?
        };
        let length = match bits.take(3) {
            0 => {
                bits.skip(8); // latmBufferFullness
                Length::Explicit
            }
            1 => Length::Bits((bits.take(9) as usize + 20) * 8),
            _ => return None, // CELP and HVXC
        };
        let other = if bits.flag() { other(bits, later)? } else { 0 };
        if bits.flag() {
            bits.skip(8); // crcCheckSum
        }
        bits.intact()?;
        Some(Self {
            config,
            payloads,
            length,
            other,
        })
    }

    /// Reads the payloads of an element, and hands them out if `frames` is given.
    /// Returns where the element ends.
    pub fn payloads<'a>(
        &self,
        mut bits: Bits<'a>,
        frames: Option<&mut Frames>,
    ) -> Option<Bits<'a>> {
        let mut frames = frames;
        for _ in 0..self.payloads {
            let length = match self.length {
                Length::Explicit => payload_length(&mut bits),
                Length::Bits(length) => length,
            };
            let start = bits.clone();
            bits.skip(length);
            bits.intact()?;
            if let Some(frames) = frames.as_deref_mut().filter(|_| length > 0) {
                frames.push(&start.up_to(&bits), self.config.frame_samples);
            }
        }
        bits.skip(self.other);
        bits.intact()?;
        Some(bits)
    }
}

/// Reads a configuration after its length.
fn sized_config(bits: &mut Bits) -> Option<Config> {
    let length = value(bits) as usize;
    let start = bits.clone();
    if length > MAX_CONFIG * 8 {
        return None;
    }
    bits.skip(length);
    bits.intact()?;
    Config::parse(&start.up_to(bits))
}

/// LatmGetValue(): a number in one to four bytes.
fn value(bits: &mut Bits) -> u32 {
    let bytes = bits.take(2) + 1;
    bits.take(bytes * 8)
}

/// Reads otherDataLenBits.
fn other(bits: &mut Bits, later: bool) -> Option<usize> {
    if later {
        return Some(value(bits) as usize);
    }
    let mut length = 0u32;
    loop {
        let more = bits.flag();
        length = length.checked_mul(256)?.checked_add(bits.take(8))?;
        if !more {
            return Some(length as usize);
        }
    }
}

/// PayloadLengthInfo(): a length that continues after each byte of 255. Returns bits.
fn payload_length(bits: &mut Bits) -> usize {
    let mut length = 0;
    loop {
        let byte = bits.take(8) as usize;
        length += byte * 8;
        if byte < 255 {
            return length;
        }
    }
}
