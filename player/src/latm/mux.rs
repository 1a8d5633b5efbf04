//! StreamMuxConfig and the payloads it describes (ISO 14496-3 1.7.3.1).
//!
//! One program with one layer, which is all that RTP senders make.

use crate::aac::config::{Config, MAX_CONFIG};
use crate::payload::Frames;
use camgate_protocol::codec::bits::Bits;

/// How an element says how long its payloads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// Each one is preceded by its length.
    Told,
    /// All have so many bits.
    Bits(usize),
}

/// What a StreamMuxConfig says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mux {
    pub config: Config,
    /// Payloads per element, 1 to 64.
    payloads: u32,
    length: Length,
    /// Bits of other data behind the payloads.
    other: usize,
}

impl Mux {
    /// One frame per element, and nothing else.
    pub fn plain(config: Config) -> Self {
        Self {
            config,
            payloads: 1,
            length: Length::Told,
            other: 0,
        }
    }

    /// Reads a StreamMuxConfig; `None` when it does not fit, or is of a kind
    /// that nobody sends.
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
            told_config(bits)?
        } else {
            Config::read(bits).filter(|config| config.channels > 0)?
        };
        let length = match bits.take(3) {
            0 => {
                bits.skip(8); // latmBufferFullness
                Length::Told
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

    /// Reads the payloads of an element, and hands them out if there is
    /// someone to take them. Returns where the element ends.
    pub fn payloads<'a>(
        &self,
        mut bits: Bits<'a>,
        frames: Option<&mut Frames>,
    ) -> Option<Bits<'a>> {
        let mut frames = frames;
        for _ in 0..self.payloads {
            let length = match self.length {
                Length::Told => told_length(&mut bits),
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

/// A configuration whose length is told.
fn told_config(bits: &mut Bits) -> Option<Config> {
    let length = value(bits) as usize;
    let start = bits.clone();
    if length > MAX_CONFIG * 8 {
        return None;
    }
    bits.skip(length);
    bits.intact()?;
    Config::parse(&start.up_to(bits))
}

/// LatmGetValue(): one to four bytes.
fn value(bits: &mut Bits) -> u32 {
    let bytes = bits.take(2) + 1;
    bits.take(bytes * 8)
}

/// otherDataLenBits.
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

/// PayloadLengthInfo(): bytes of 255 go on. Returns bits.
fn told_length(bits: &mut Bits) -> usize {
    let mut length = 0;
    loop {
        let byte = bits.take(8) as usize;
        length += byte * 8;
        if byte < 255 {
            return length;
        }
    }
}
