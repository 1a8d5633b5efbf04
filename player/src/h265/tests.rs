use proptest::prelude::*;

use super::*;
use crate::nal::Codec;
use crate::nal::parameters::Parameters;
use camgate_protocol::codec::bits::unescape;

/// x265, 182x102 at 25/s in the main profile.
const VIDEO: &str = "40010c01ffff01600000030090000003000003001eba0240";
const SEQUENCE: &str = "42010101600000030090000003000003001ea0172069d565ba924caf01680800000300\
    0800000300c840";
const PICTURE: &str = "4401c172b46240";

/// x265, 1080p30, two temporal layers, HRD, pixels of 4:3.
const LAYERS: &str = "420101016000000300900000030000030078a003c08010e596566924e578734040000003\
    00400000079827259b8003d090007a1220";

fn hex(text: &str) -> Vec<u8> {
    camgate_protocol::rtsp::text::hex(text).unwrap()
}

pub fn sets() -> [Vec<u8>; 3] {
    [VIDEO, SEQUENCE, PICTURE].map(hex)
}

#[test]
fn reads_a_sequence_parameter_set() {
    let sps = Sps::parse(&hex(SEQUENCE)).unwrap();
    assert_eq!((sps.width, sps.height), (182, 102));
    assert_eq!((sps.layers, sps.nested), (1, true));
    assert_eq!((sps.chroma_format, sps.luma_depth), (1, 0));
    assert_eq!(sps.frame_us, Some(40_000));
    assert_eq!(sps.aspect, (1, 1));
    let sps = Sps::parse(&hex(LAYERS)).unwrap();
    assert_eq!((sps.width, sps.height), (1920, 1080));
    assert_eq!(sps.frame_us, Some(33_333));
    assert_eq!(sps.aspect, (4, 3));
    assert_eq!(sps.reorder, 2);
}

#[test]
fn a_cut_set_keeps_its_size() {
    let whole = Sps::parse(&hex(SEQUENCE)).unwrap();
    let bytes = hex(SEQUENCE);
    let cut = Sps::parse(&bytes[..bytes.len() - 14]).unwrap();
    assert_eq!((cut.width, cut.height), (whole.width, whole.height));
    assert_eq!(cut.frame_us, None);
}

/// [`SEQUENCE`] with pictures of another size, and the same cropping.
fn sized(width: u64, height: u64) -> Vec<u8> {
    let bytes = hex(SEQUENCE);
    let rbsp = unescape(&bytes[2..]);
    let mut bits = Bits::new(&rbsp);
    bits.skip(104);
    let from = bits.position();
    for _ in 0..4 {
        bits.unsigned(); // the id, the chroma format, the size
    }
    let to = bits.position();
    let number = |bits: u64, value: u64| bits << (2 * (value + 1).ilog2() + 1) | (value + 1);
    let bits = [0, 1, width, height].into_iter().fold(0, number);
    camgate_protocol::codec::splice::splice(&bytes[..2], &rbsp, &Splice { from, to, bits })
}

#[test]
fn tells_what_takes_too_much_memory() {
    let size = |width, height| {
        let sps = Sps::parse(&sized(width, height))?;
        Some((sps.width, sps.height))
    };
    assert_eq!(size(184, 104), Some((182, 102)));
    assert_eq!(size(32_766, 32_766), Some((32_766, 32_766)));
    assert_eq!(size(16_384, 2_176), Some((16_382, 2_174)));
    assert_eq!(size(8_192, 4_360), Some((8_192, 4_360)));
}

#[test]
fn makes_the_record() {
    let mut parameters = Parameters::new(Codec::H265);
    let [video, sequence, picture] = sets();
    assert!(parameters.take(&sequence) && parameters.take(&picture));
    assert!(
        parameters.format(None, Order::default()).is_none(),
        "no VPS"
    );
    assert!(parameters.take(&video) && !parameters.take(&video));
    let format = parameters.format(Some(0), Order::default()).unwrap();
    assert_eq!(format.mime, "video/mp4; codecs=\"hvc1.1.6.L30.90\"");
    let record = format.record.unwrap();
    assert_eq!((record.entry, record.kind), (b"hvc1", b"hvcC"));
    let bytes = &record.bytes;
    assert_eq!(bytes[..6], [1, 1, 0x60, 0, 0, 0]);
    assert_eq!(bytes[6..13], [0x90, 0, 0, 0, 0, 0, 30]);
    assert_eq!(
        bytes[13..23],
        [0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3]
    );
    assert_eq!(bytes[23..26], [0xa0, 0, 1]);
    let sets = video.len() + sequence.len() + picture.len();
    assert_eq!(bytes.len(), 23 + 3 * 5 + sets);
    assert!(bytes.ends_with(&picture));
}

#[test]
fn names_the_codec() {
    let mut profile = [1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
    assert_eq!(mime(&profile), "video/mp4; codecs=\"hvc1.1.6.L93.B0\"");
    // High tier, profile space C, no flags at all; constraints 0, 8.
    profile = [0xe4, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 120];
    assert_eq!(
        mime(&profile),
        "video/mp4; codecs=\"hvc1.C4.80000000.H120.0.8\""
    );
    profile = [2; 12];
    profile[5..11].fill(0);
    assert_eq!(mime(&profile), "video/mp4; codecs=\"hvc1.2.40404040.L2\"");
}

proptest! {
    #[test]
    fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Sps::parse(&bytes);
        let _ = set_ids(&bytes);
    }

    #[test]
    fn any_damage_is_fine(
        damage in proptest::collection::vec((3usize..50, any::<u8>()), 1..4),
        long in any::<bool>(),
    ) {
        let mut bytes = hex(if long { LAYERS } else { SEQUENCE });
        for (at, value) in damage {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        if let Some(sps) = Sps::parse(&bytes) {
            prop_assert!(sps.width > 0 && sps.height > 0 && sps.reorder <= 16);
        }
    }
}
