//! The parameter sets of a track: those of the description, until the stream brings newer
//! ones.

use super::picture::Codec;
use crate::protocol::codec::bits::{Bits, unescape};
use crate::protocol::codec::h265::skip_profile;
use crate::protocol::codec::nal::{h264, h265};
use crate::protocol::rtsp::sdp::Media;
use crate::protocol::rtsp::text::{base64, to_base64};

/// The number of sets that are kept, which is enough for VPS, SPS and some PPS.
pub const MAX_SETS: usize = 16;

/// The `fmtp` parameters that hold sets (RFC 6184 §8.1, RFC 7798 §7.1).
const H264: [&str; 1] = ["sprop-parameter-sets"];
const H265: [&str; 3] = ["sprop-vps", "sprop-sps", "sprop-pps"];

/// The sets of one track: of each kind and number the last one.
#[derive(Debug)]
pub struct Sets {
    codec: Codec,
    kept: Vec<Vec<u8>>,
    /// For each of `kept`, where in the media it came; `None` if it is from the description.
    positions: Vec<Option<u64>>,
}

impl Sets {
    pub fn new(codec: Codec) -> Sets {
        Sets {
            codec,
            kept: Vec::new(),
            positions: Vec::new(),
        }
    }

    /// Keeps the sets of a description.
    pub fn describe(&mut self, media: &Media) {
        for name in names(self.codec) {
            let list = media.parameter(name).unwrap_or_default();
            let sets = list.split(',').filter_map(|set| base64(set.trim()));
            sets.for_each(|set| {
                self.keep(&set, None);
            });
        }
    }

    /// Keeps a set in place of the one with the same kind and number. `position` is where it
    /// stands in the media; `None` if it is from the description. `false` if this very set
    /// is kept already, or if there are too many.
    pub fn keep(&mut self, set: &[u8], position: Option<u64>) -> bool {
        if set.is_empty() || self.kept.iter().any(|kept| kept == set) {
            return false;
        }
        let codec = self.codec;
        let own = id(codec, set);
        let index = self.kept.iter().position(|it| id(codec, it) == own);
        match index {
            Some(index) => {
                self.kept[index] = set.to_vec();
                self.positions[index] = position;
            }
            None if self.kept.len() >= MAX_SETS => return false,
            None => {
                self.kept.push(set.to_vec());
                self.positions.push(position);
            }
        }
        true
    }

    /// The sets that came between two positions. A set follows those to which it refers.
    pub fn between(&self, from: u64, to: u64) -> Vec<&[u8]> {
        let all = self.kept.iter().zip(&self.positions);
        let new = all.filter(|(_, position)| position.is_some_and(|it| (from..to).contains(&it)));
        let mut new: Vec<&[u8]> = new.map(|(set, _)| &set[..]).collect();
        new.sort_by_key(|set| kind(self.codec, set));
        new
    }

    /// All sets.
    pub fn all(&self) -> &[Vec<u8>] {
        &self.kept
    }

    /// The sets as `fmtp` parameters, each in the form `name=value`.
    pub fn parameters(&self) -> Vec<String> {
        let names = names(self.codec).iter();
        let all = names.enumerate().map(|(index, name)| {
            let of_kind = |kind: u8| match self.codec {
                Codec::H264 => true,
                _ => usize::from(kind) == usize::from(h265::VPS) + index,
            };
            let mut sets: Vec<&Vec<u8>> = self.kept.iter().collect();
            sets.retain(|set| of_kind(kind(self.codec, set)));
            // A set refers to sets of the kinds before its own.
            sets.sort_by_key(|set| kind(self.codec, set));
            let list: Vec<String> = sets.iter().map(|set| to_base64(set)).collect();
            (name, list.join(","))
        });
        let filled = all.filter(|(_, list)| !list.is_empty());
        filled
            .map(|(name, list)| format!("{name}={list}"))
            .collect()
    }
}

/// Whether an `fmtp` parameter holds sets.
pub fn is_sets(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default().trim();
    let mut all = H264.iter().chain(&H265);
    all.any(|one| name.eq_ignore_ascii_case(one))
}

fn names(codec: Codec) -> &'static [&'static str] {
    match codec {
        Codec::H264 => &H264,
        Codec::H265 { .. } => &H265,
        Codec::Jpeg => &[],
    }
}

fn kind(codec: Codec, set: &[u8]) -> u8 {
    let first = set.first().copied().unwrap_or(0);
    codec.units().map_or(0, |units| units.unit_type(first))
}

/// The kind (NAL unit type) and the number of a set (H.264 §7.3.2.1, §7.3.2.2; H.265
/// §7.3.2.1 to §7.3.2.3).
fn id(codec: Codec, set: &[u8]) -> (u8, u32) {
    let kind = kind(codec, set);
    let bytes = unescape(set);
    let mut bits = Bits::new(&bytes);
    bits.skip(if codec == Codec::H264 { 8 } else { 16 });
    let number = match (codec, kind) {
        (Codec::H264, h264::SPS) => {
            bits.skip(24); // profile, constraints and level
            bits.unsigned()
        }
        (Codec::H264, _) => bits.unsigned(),
        (_, h265::VPS) => bits.take(4),
        (_, h265::SPS) => {
            bits.skip(4);
            let more_layers = bits.take(3);
            bits.skip(1); // nesting
            skip_profile(&mut bits, more_layers);
            bits.unsigned()
        }
        _ => bits.unsigned(),
    };
    (kind, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::rtsp::sdp;
    use proptest::prelude::*;

    const H265: Codec = Codec::H265 { donl: false };

    fn described(lines: &str) -> Media {
        let lines = format!("m=video 0 RTP/AVP 96\r\n{lines}\r\n");
        sdp::parse(lines.as_bytes()).media.remove(0)
    }

    #[test]
    fn newer_sets_take_the_place_of_those_with_their_number() {
        let mut sets = Sets::new(Codec::H264);
        // SPS 0 and 1; PPS 0 and 1.
        let spss = [[0x67, 66, 0, 30, 0x80, 1], [0x67, 66, 0, 30, 0x40, 1]];
        let ppss = [[0x68, 0x80], [0x68, 0x40]];
        for set in ppss
            .iter()
            .map(|it| &it[..])
            .chain(spss.iter().map(|it| &it[..]))
        {
            assert!(sets.keep(set, None));
            assert!(!sets.keep(set, Some(9)), "no news");
        }
        // Of other content, with the same numbers.
        assert!(sets.keep(&[0x68, 0xc0], Some(20)));
        assert!(sets.keep(&[0x67, 100, 0, 40, 0x90, 2], Some(30)));
        let between = |from, to| sets.between(from, to);
        assert_eq!(between(0, 20), [[0; 0]; 0]);
        assert_eq!(between(21, 31), [[0x67, 100, 0, 40, 0x90, 2]]);
        assert_eq!(
            between(20, 31),
            [&[0x67, 100, 0, 40, 0x90, 2][..], &[0x68, 0xc0]],
            "what the other refers to comes first"
        );
        let list = [
            &[0x67, 100, 0, 40, 0x90, 2][..],
            &spss[1],
            &[0x68, 0xc0],
            &ppss[1],
        ];
        let list: Vec<String> = list.iter().map(|set| to_base64(set)).collect();
        let expected = format!("sprop-parameter-sets={}", list.join(","));
        assert_eq!(sets.parameters(), [expected]);
    }

    #[test]
    fn those_of_the_description_count_until_there_are_others() {
        let mut sets = Sets::new(Codec::H264);
        sets.describe(&described(
            "a=fmtp:96 sprop-parameter-sets=Z0IAHoA=, aMA=,,?",
        ));
        assert_eq!(sets.all(), [vec![0x67, 66, 0, 30, 0x80], vec![0x68, 0xc0]]);
        sets.keep(&[0x67, 66, 0, 31, 0x80], Some(0));
        assert_eq!(sets.parameters(), ["sprop-parameter-sets=Z0IAH4A=,aMA="]);
    }

    #[test]
    fn each_kind_of_h265_has_a_parameter() {
        let mut sets = Sets::new(H265);
        sets.describe(&described("a=fmtp:96 sprop-vps=QAE=;sprop-pps=RAE="));
        let mut sps = [0; 16];
        (sps[0], sps[1], sps[15]) = (0x42, 1, 0x80);
        sets.keep(&sps, Some(0));
        sets.keep(&[0x44, 1, 0x80], Some(0));
        let sps = format!("sprop-sps={}", to_base64(&sps));
        assert_eq!(
            sets.parameters(),
            ["sprop-vps=QAE=", &sps, "sprop-pps=RAGA"]
        );
    }

    #[test]
    fn sets_of_h265_with_sub_layers_have_their_own_numbers() {
        // Two sub-layers, the lower one with a profile or a level of its own, or neither;
        // then the number: 0, 1, or 2 with other content.
        for (flags, own) in [(0, 0), (0x40, 8), (0x80, 88), (0xc0, 96)] {
            let set = |number: &str| {
                let mut bits = format!("{:08b}{:08b}0000{:03b}1", 0x42, 1, 1);
                bits += &"0".repeat(96);
                bits += &format!("{flags:08b}{}", "0".repeat(8 + own));
                bits += number;
                bits += &"0".repeat(8 - bits.len() % 8);
                let bytes = bits.as_bytes().chunks(8);
                let byte = |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).unwrap(), 2);
                bytes.map(|it| byte(it).unwrap()).collect::<Vec<u8>>()
            };
            let mut sets = Sets::new(H265);
            for number in ["1", "010", "011", "0111"] {
                assert!(sets.keep(&set(number), None), "{flags} {number}");
            }
            let expected = [set("1"), set("010"), set("0111")];
            assert_eq!(sets.all(), expected, "{flags}");
        }
    }

    proptest! {
        #[test]
        fn any_sets(sets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..40)) {
            for codec in [Codec::H264, H265, Codec::Jpeg] {
                let mut kept = Sets::new(codec);
                for set in &sets {
                    kept.keep(set, Some(7));
                }
                prop_assert!(kept.all().len() <= MAX_SETS && kept.parameters().len() <= 3);
            }
        }
    }
}
