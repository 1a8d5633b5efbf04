use proptest::prelude::*;

use super::*;
use crate::payload::given;

/// A configuration as encoders write it: version 0, a frame per element,
/// AAC-LC, 24 kHz, stereo.
const CONFIG: &str = "400026203fc0";

fn opened(parameters: &str) -> (Box<dyn Payload>, Format) {
    let map = "96\r\na=rtpmap:96 MP4A-LATM/90000\r\n";
    open(&given::media(&[map, parameters].concat())).unwrap()
}

fn out_of_band() -> Box<dyn Payload> {
    opened(&format!("a=fmtp:96 cpresent=0;config={CONFIG}")).0
}

fn push(payload: &mut dyn Payload, bytes: &[u8], time: i64, marker: bool) -> Vec<Vec<u8>> {
    push_all(payload, bytes, time, marker).0
}

fn push_all(
    payload: &mut dyn Payload,
    bytes: &[u8],
    time: i64,
    marker: bool,
) -> (Vec<Vec<u8>>, Option<Format>) {
    let packet = given::packet(bytes, marker);
    let mut frames = Frames::default();
    payload.push(&packet, time, &mut frames);
    let list = frames.iter().map(|(frame, _)| frame.to_vec()).collect();
    (list, frames.format)
}

/// `text` of zeros and ones, then `bytes`, to a whole byte.
fn bits(text: &str, bytes: &[u8]) -> Vec<u8> {
    let digits = text.chars().filter_map(|digit| digit.to_digit(2));
    let tail = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| u32::from(byte >> bit & 1)));
    let all: Vec<u32> = digits.chain(tail).collect();
    let byte = |bits: &[u32]| {
        let value = bits.iter().fold(0, |value, bit| value << 1 | bit);
        (value << (8 - bits.len())) as u8
    };
    all.chunks(8).map(byte).collect()
}

#[test]
fn an_element_is_not_read_again_and_again() {
    let mut latm = Latm {
        in_band: false,
        mux: Config::plain(48_000, 1).map(Mux::plain),
        partial: Vec::new(),
        parts: 0,
        timestamp: 0,
        fragmented: false,
        unsure: false,
    };
    let mut frames = Frames::default();
    for _ in 0..5_000 {
        latm.push(&given::packet(&[255; 4], false), 0, &mut frames);
        assert!(latm.partial.len() <= 4 * usize::from(MAX_PARTS));
    }
}

#[test]
fn reads_the_configuration_of_the_description() {
    let (_, format) = opened(&format!("a=fmtp:96 cpresent=0;config={CONFIG}"));
    assert_eq!((format.rate, format.channels), (24_000, 2));
    assert_eq!(format.config, [0x13, 0x10]);
    let (_, format) = opened("a=fmtp:96 cpresent=0;config=40002320");
    assert_eq!((format.rate, format.channels), (48_000, 2), "cut short");
    let (_, format) = opened("a=fmtp:96 object=2");
    assert_eq!((format.rate, format.channels), (48_000, 1), "a guess");
}

#[test]
fn takes_elements_out_of_packets() {
    let mut payload = out_of_band();
    assert_eq!(push(&mut *payload, b"\x02ab", 0, true), [b"ab"]);
    assert_eq!(
        push(&mut *payload, b"\x02ab\x03cde", 1, true),
        [&b"ab"[..], b"cde"]
    );
    assert_eq!(
        push(&mut *payload, b"\x02ab", 2, false),
        [b"ab"],
        "no marker"
    );
    let long = [&[255, 255, 1][..], &[7; 511]].concat();
    assert_eq!(push(&mut *payload, &long, 3, true), [[7; 511]]);
}

#[test]
fn joins_parts_of_an_element() {
    let mut payload = out_of_band();
    let long = [&[255, 45][..], &[7; 300]].concat();
    assert!(push(&mut *payload, &long[..1], 0, false).is_empty());
    assert!(push(&mut *payload, &long[1..150], 0, false).is_empty());
    assert_eq!(push(&mut *payload, &long[150..], 0, true), [[7; 300]]);
    // The start of the next element is lost.
    assert!(push(&mut *payload, &long[..100], 1, false).is_empty());
    payload.lose();
    assert!(push(&mut *payload, &long[150..], 1, true).is_empty());
    assert_eq!(push(&mut *payload, b"\x02ab", 2, true), [b"ab"]);
}

#[test]
fn an_element_that_never_ends_gives_way() {
    let mut payload = out_of_band();
    assert!(push(&mut *payload, b"\x09abc", 0, false).is_empty());
    assert_eq!(push(&mut *payload, b"\x02ab", 1, true), [b"ab"]);
}

#[test]
fn reads_configurations_in_band() {
    let (mut payload, _) = opened("a=fmtp:96 cpresent=1");
    assert!(
        push(&mut *payload, &bits("1", b"\x02ab"), 0, true).is_empty(),
        "none yet"
    );
    // Two frames per element, AAC-LC, 16 kHz, mono, 12 bits of other data.
    let config = "0 1 000001 0000 000 00010 1000 0001 000 000 11111111 1 0 00001100 0";
    let element = bits(&["0", config].concat(), b"\x01a\x02bc\xff\xf0");
    let (frames, format) = push_all(&mut *payload, &element, 1, true);
    assert_eq!(frames, [&b"a"[..], b"bc"]);
    let format = format.unwrap();
    assert_eq!((format.rate, format.channels), (16_000, 1));
    let (frames, format) = push_all(&mut *payload, &element, 2, true);
    assert_eq!((frames.len(), format), (2, None), "the same again");
    let same = bits("1", b"\x01a\x02bc\xff\xf0");
    assert_eq!(push(&mut *payload, &same, 3, true), [&b"a"[..], b"bc"]);
}

#[test]
fn reads_version_1_and_frames_of_one_size() {
    let (mut payload, _) = opened("a=fmtp:96 cpresent=1");
    // A length of 16 bits in one byte, the configuration; 20 + 1 bytes a frame;
    // a checksum.
    let config =
        "1 0 0011111111 1 000000 0000 000 0000010000 0001001000010000 001 000000001 0 1 10101010";
    let element = bits(&["0", config].concat(), &[9; 21]);
    let (frames, format) = push_all(&mut *payload, &element, 0, true);
    assert_eq!(frames, [[9; 21]]);
    assert_eq!(format.unwrap().config, [0x12, 0x10]);
}

proptest! {
    #[test]
    fn an_element_may_be_split_anywhere(
        length in 1usize..800,
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
    ) {
        let frame = vec![7; length];
        let mut element = vec![255; length / 255];
        element.push((length % 255) as u8);
        element.extend_from_slice(&frame);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(element.len())).collect();
        cuts.extend([0, element.len()]);
        cuts.sort_unstable();
        let mut payload = out_of_band();
        for time in 0..2 {
            let mut frames = Vec::new();
            for cut in cuts.windows(2) {
                let last = cut[1] == element.len();
                frames.extend(push(&mut *payload, &element[cut[0]..cut[1]], time, last));
            }
            prop_assert_eq!(&frames, std::slice::from_ref(&frame));
        }
    }

    #[test]
    fn any_packets_are_fine(
        in_band in any::<bool>(),
        packets in proptest::collection::vec(
            (proptest::collection::vec(prop_oneof![Just(0u8), Just(0x40), any::<u8>()], 0..60),
             0i64..3, any::<bool>()), 0..20),
    ) {
        let parameters = format!("a=fmtp:96 cpresent={};config={CONFIG}", u8::from(in_band));
        let (mut payload, _) = opened(&parameters);
        for (bytes, time, marker) in packets {
            for frame in push(&mut *payload, &bytes, time, marker) {
                prop_assert!(!frame.is_empty() && frame.len() <= MAX_ELEMENT);
            }
        }
    }
}
