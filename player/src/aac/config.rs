//! AudioSpecificConfig (ISO 14496-3 1.6.2.1): the fields that the player needs, and
//! frames of silence.

use camgate_protocol::rtsp::text;

use crate::payload::{Coding, Format};
use camgate_protocol::codec::bits::Bits;

/// The longest configuration that is accepted, in bytes. Real ones have 2 to 10.
pub const MAX_CONFIG: usize = 64;

/// The sampling frequencies (ISO 14496-3 table 1.18).
pub const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// The object types of spectral band replication, without and with parametric stereo.
const SBR: u32 = 5;
const PS: u32 = 29;

/// The syncExtensionType of SBR (ISO 14496-3 1.6.2.1).
const EXTENSION: u32 = 0x2b7;

/// A mono frame without any spectrum: single_channel_element 0, global_gain 0,
/// an ics_info with max_sfb 0, no pulse, TNS or gain data, END.
const SILENCE_MONO: &[u8] = &[0x00, 0x00, 0x00, 0x07];

/// The same for a stereo pair: channel_pair_element 0 with a common window.
const SILENCE_STEREO: &[u8] = &[0x21, 0x00, 0x00, 0x00, 0x00, 0x1c];

/// The fields of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The configuration itself, for the init segment.
    pub bytes: Vec<u8>,
    /// The object type in the MIME type: 2 is AAC-LC, 5 HE-AAC.
    pub object_type: u32,
    /// The sample rate of the core codec, which RTP and MP4 use.
    pub rate: u32,
    /// The number of channels; 0 if the configuration leaves it to the stream.
    pub channels: u16,
    /// The number of samples per frame of the core codec.
    pub frame_samples: u32,
}

impl Config {
    /// Reads a configuration; `None` if it is no AAC that is supported.
    #[inline(never)]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_CONFIG {
            return None;
        }
        let mut bits = Bits::new(bytes);
        let mut config = Self::read(&mut bits)?;
        config.bytes = bytes.to_vec();
        // SBR may be signalled in a way that old players ignore (1.6.5.2).
        let extension = |bits: &mut Bits| {
            let marked = bits.take(11) == EXTENSION && object_type(bits) == SBR;
            marked && bits.flag()
        };
        if config.object_type == 2 && config.channels > 0 && extension(&mut bits) {
            config.object_type = SBR;
        }
        Some(config)
    }

    /// Reads the configuration at the position of `bits`, up to its end. Only after a
    /// program_config_element (`channels` is 0) the position is not at the end.
    #[inline(never)]
    pub fn read(bits: &mut Bits) -> Option<Self> {
        let start = bits.clone();
        let object_type = object_type(bits);
        let rate = rate(bits)?;
        let channels = match bits.take(4) {
            count @ 0..=6 => count as u16,
            7 => 8,
            _ => return None,
        };
        let mut core = object_type;
        if object_type == SBR || object_type == PS {
            self::rate(bits)?; // extensionSamplingFrequency
            core = self::object_type(bits);
        }
        // These are the general audio types: main, LC, SSR, LTP, scalable, and their
        // error resilient variants. Only they have a GASpecificConfig.
        if !matches!(core, 1..=4 | 6 | 7 | 17 | 19..=23) {
            return None;
        }
        let frame_samples = match (core, bits.flag()) {
            (23, _) => 512,
            (_, true) => 960,
            (_, false) => 1024,
        };
        bits.intact()?;
        // It does no harm if the rest is cut off.
        skip_specific(bits, core);
        Some(Self {
            bytes: start.up_to(bits),
            object_type,
            rate,
            channels,
            frame_samples,
        })
    }

    /// AAC-LC with 1 or 2 `channels`, for descriptions without a configuration. `None`
    /// if AAC does not have this `rate`.
    #[inline(never)]
    pub fn plain(rate: u32, channels: u16) -> Option<Self> {
        let index = RATES.iter().position(|known| *known == rate)?;
        let bits = 2 << 11 | (index as u16) << 7 | channels.clamp(1, 2) << 3;
        Self::parse(&bits.to_be_bytes())
    }

    /// Whether a configuration that cannot be [parsed](Self::parse) is that of another
    /// codec (CELP, speech, MPEG audio and others), and not just broken.
    pub fn is_other(bytes: &[u8]) -> bool {
        let kind = object_type(&mut Bits::new(bytes));
        matches!(kind, 8..=16 | 18 | 24..=28 | 30..)
    }

    /// The format for the init segment and the MIME type.
    #[inline(never)]
    pub fn format(&self) -> Format {
        Format {
            coding: Coding::Aac,
            codec: text::concat(&["mp4a.40.", &text::decimal(self.object_type)]),
            rate: self.rate,
            channels: self.channels,
            config: self.bytes.clone(),
        }
    }

    /// See [`Payload::silence`](crate::payload::Payload::silence).
    #[inline(never)]
    pub fn put_silence(&self, samples: u32, data: &mut Vec<u8>) -> u32 {
        match self.silence() {
            Some(silence) if samples >= self.frame_samples / 2 => {
                data.extend_from_slice(silence);
                self.frame_samples
            }
            _ => 0,
        }
    }

    /// A frame of silence, if there is a simple one.
    fn silence(&self) -> Option<&'static [u8]> {
        match (self.object_type, self.channels) {
            (1..=5 | PS, 1) => Some(SILENCE_MONO),
            (1..=5, 2) => Some(SILENCE_STEREO),
            _ => None,
        }
    }
}

/// Skips the fields of GASpecificConfig (ISO 14496-3 4.4.1) after its frameLengthFlag.
fn skip_specific(bits: &mut Bits, core: u32) {
    if bits.flag() {
        bits.skip(14); // coreCoderDelay
    }
    let extended = bits.flag();
    if matches!(core, 6 | 20) {
        bits.skip(3); // layerNr
    }
    if extended {
        match core {
            22 => bits.skip(5 + 11),
            17 | 19..=23 => bits.skip(3),
            _ => {}
        }
        bits.skip(1); // extensionFlag3
    }
    if core >= 17 {
        bits.skip(2); // epConfig
    }
}

fn object_type(bits: &mut Bits) -> u32 {
    match bits.take(5) {
        31 => 32 + bits.take(6),
        value => value,
    }
}

fn rate(bits: &mut Bits) -> Option<u32> {
    match bits.take(4) {
        15 => Some(bits.take(24)).filter(|rate| (1..=192_000).contains(rate)),
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
        assert_eq!(config.format().codec, "mp4a.40.2");
        let config = Config::parse(&[0x15, 0x88]).unwrap();
        assert_eq!((config.rate, config.channels), (8_000, 1));
    }

    #[test]
    fn reads_explicit_sbr() {
        // 5, 24 kHz, stereo, 48 kHz, 2, 1024.
        let config = Config::parse(&[0x2b, 0x11, 0x88, 0x00]).unwrap();
        assert_eq!((config.object_type, config.rate), (5, 24_000));
        assert_eq!(config.format().codec, "mp4a.40.5");
        assert_eq!(config.silence(), Some(SILENCE_STEREO));
    }

    #[test]
    fn reads_sbr_that_old_players_overlook() {
        // LC, 24 kHz, stereo; 0x2b7, 5, present, 48 kHz.
        let config = Config::parse(&[0x13, 0x10, 0x56, 0xe5, 0x98]).unwrap();
        assert_eq!((config.object_type, config.rate), (5, 24_000));
        let config = Config::parse(&[0x13, 0x10, 0x56, 0xe5, 0x00]).unwrap();
        assert_eq!(config.object_type, 2, "absent");
    }

    #[test]
    fn ends_where_it_ends() {
        let mut bits = Bits::new(&[0x02, 0x42, 0x1f]);
        bits.skip(3);
        assert_eq!(Config::read(&mut bits).unwrap().bytes, [0x12, 0x10]);
        assert_eq!(bits.position(), 19);
    }

    #[test]
    fn refuses_what_is_no_general_audio() {
        assert_eq!(Config::parse(&[]), None);
        assert_eq!(Config::parse(&[0x12]), None);
        assert_eq!(Config::parse(&[0x1e, 0x90]), None, "reserved rate");
        assert_eq!(Config::parse(&[0x42, 0x10]), None, "CELP");
        assert_eq!(Config::parse(&[0; MAX_CONFIG + 1]), None);
    }

    #[test]
    fn makes_up_a_configuration() {
        assert_eq!(Config::plain(48_000, 1).unwrap().bytes, [0x11, 0x88]);
        assert_eq!(Config::plain(44_100, 2).unwrap().bytes, [0x12, 0x10]);
        assert_eq!(Config::plain(1, 2), None);
        assert!(Config::is_other(&[0x42, 0x10]) && !Config::is_other(&[0x12]));
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
