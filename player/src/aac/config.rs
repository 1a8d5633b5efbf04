//! AudioSpecificConfig (ISO 14496-3 1.6.2.1): what a player must know of it,
//! and the silence to put where frames are missing.

use crate::bits::Bits;

/// The longest configuration that is taken, bytes. Real ones have 2 to 10.
pub const MAX_CONFIG: usize = 64;

/// ISO 14496-3 table 1.18.
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Spectral band replication, and the same with parametric stereo.
const SBR: u32 = 5;
const PS: u32 = 29;

/// A mono frame without any spectrum: single_channel_element 0, global_gain 0,
/// an ics_info with max_sfb 0, no pulse, TNS or gain data, END.
const SILENCE_MONO: &[u8] = &[0x00, 0x00, 0x00, 0x07];

/// The same for a stereo pair: channel_pair_element 0 with a common window.
const SILENCE_STEREO: &[u8] = &[0x21, 0x00, 0x00, 0x00, 0x00, 0x1c];

/// What a configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The bytes themselves, for the init segment.
    pub bytes: Vec<u8>,
    /// The object type as the MIME type has it: 2 is AAC-LC, 5 HE-AAC.
    pub object_type: u32,
    /// Samples per second of the core codec, which RTP and MP4 count in.
    pub rate: u32,
    /// 0: the configuration leaves it to the stream.
    pub channels: u16,
    /// Samples per frame of the core codec.
    pub frame_samples: u32,
}

impl Config {
    /// Reads a configuration; `None` when it is no AAC that can be carried.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_CONFIG {
            return None;
        }
        let mut bits = Bits::new(bytes);
        let object_type = object_type(&mut bits)?;
        let rate = rate(&mut bits)?;
        let channels = match bits.take(4)? {
            count @ 0..=6 => count as u16,
            7 => 8,
            _ => return None,
        };
        let mut core = object_type;
        if object_type == SBR || object_type == PS {
            self::rate(&mut bits)?; // extensionSamplingFrequency
            core = self::object_type(&mut bits)?;
        }
        // The general audio types: main, LC, SSR, LTP, scalable and their
        // error resilient kin. Nothing else has a GASpecificConfig.
        if !matches!(core, 1..=4 | 6 | 7 | 17 | 19..=23) {
            return None;
        }
        let short = bits.flag()?; // frameLengthFlag
        let frame_samples = match (core, short) {
            (23, _) => 512,
            (_, true) => 960,
            (_, false) => 1024,
        };
        Some(Self {
            bytes: bytes.to_vec(),
            object_type,
            rate,
            channels,
            frame_samples,
        })
    }

    /// The codec's name for a MIME type (RFC 6381): `mp4a.40.2`.
    pub fn codec(&self) -> String {
        let mut name = String::from("mp4a.40.");
        name.push_str(&self.object_type.to_string());
        name
    }

    /// A frame of silence, where there is a simple one.
    pub fn silence(&self) -> Option<&'static [u8]> {
        match (self.object_type, self.channels) {
            (1..=4, 1) => Some(SILENCE_MONO),
            (1..=4, 2) => Some(SILENCE_STEREO),
            _ => None,
        }
    }
}

fn object_type(bits: &mut Bits) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(32 + bits.take(6)?),
        value => Some(value),
    }
}

fn rate(bits: &mut Bits) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24).filter(|rate| (1..=192_000).contains(rate)),
        index => RATES.get(index as usize).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_plain_configurations() {
        let config = Config::parse(&[0x12, 0x10]).unwrap();
        assert_eq!((config.rate, config.channels), (44_100, 2));
        assert_eq!(config.frame_samples, 1024);
        assert_eq!(config.codec(), "mp4a.40.2");
        let config = Config::parse(&[0x15, 0x88]).unwrap();
        assert_eq!((config.rate, config.channels), (8_000, 1));
    }

    #[test]
    fn reads_explicit_sbr() {
        // 5, 24 kHz, stereo, 48 kHz, 2, 1024.
        let config = Config::parse(&[0x2b, 0x11, 0x88, 0x00]).unwrap();
        assert_eq!((config.object_type, config.rate), (5, 24_000));
        assert_eq!(config.codec(), "mp4a.40.5");
        assert_eq!(config.silence(), None);
    }

    #[test]
    fn refuses_what_is_no_general_audio() {
        assert_eq!(Config::parse(&[]), None);
        assert_eq!(Config::parse(&[0x12]), None);
        assert_eq!(Config::parse(&[0x1e, 0x90]), None, "reserved rate");
        assert_eq!(Config::parse(&[0x42, 0x10]), None, "CELP");
        assert_eq!(Config::parse(&[0; MAX_CONFIG + 1]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            if let Some(config) = Config::parse(&bytes) {
                prop_assert!(config.rate > 0 && config.frame_samples > 0);
            }
        }
    }
}
