use proptest::prelude::*;

use super::*;
use crate::payload::given;

fn feed(depacketiser: &mut Depacketiser, payload: &[u8], timestamp: i64) -> Vec<Vec<u8>> {
    feed_all(depacketiser, payload, timestamp).0
}

/// Feeds packets; returns the frames, and their format if it is new.
fn feed_all(
    depacketiser: &mut Depacketiser,
    payload: &[u8],
    timestamp: i64,
) -> (Vec<Vec<u8>>, Option<Format>) {
    let mut frames = Frames::default();
    depacketiser.push(&given::packet(payload, true), timestamp, &mut frames);
    let list = frames.iter().map(|(frame, samples)| {
        assert_eq!(samples, 1024);
        frame.to_vec()
    });
    (list.collect(), frames.format.clone())
}

fn depacketiser(layout: Layout) -> Depacketiser {
    Depacketiser::new(layout, Config::plain(44_100, 2).unwrap())
}

/// An AAC-hbr payload that claims frames of `sizes` and holds `data`.
fn hbr(sizes: &[u16], data: &[u8]) -> Vec<u8> {
    let mut payload = (sizes.len() as u16 * 16).to_be_bytes().to_vec();
    for size in sizes {
        payload.extend_from_slice(&(size << 3).to_be_bytes());
    }
    payload.extend_from_slice(data);
    payload
}

#[test]
fn takes_several_frames_out_of_a_packet() {
    let mut depacketiser = depacketiser(Layout::HBR);
    let frames = feed(&mut depacketiser, &hbr(&[2, 3], b"aabbb"), 0);
    assert_eq!(frames, [b"aa".to_vec(), b"bbb".to_vec()]);
}

#[test]
fn a_cut_packet_gives_the_frames_that_are_whole() {
    let mut depacketiser = depacketiser(Layout::HBR);
    assert_eq!(feed(&mut depacketiser, &hbr(&[2, 3], b"aabb"), 0), [b"aa"]);
}

#[test]
fn joins_fragments() {
    let mut depacketiser = depacketiser(Layout::HBR);
    assert!(feed(&mut depacketiser, &hbr(&[6], b"abc"), 0).is_empty());
    assert_eq!(feed(&mut depacketiser, &hbr(&[6], b"def"), 0), [b"abcdef"]);
    assert_eq!(feed(&mut depacketiser, &hbr(&[2], b"gh"), 1024), [b"gh"]);
}

#[test]
fn a_fragment_that_never_ends_gives_way() {
    let mut depacketiser = depacketiser(Layout::HBR);
    assert!(feed(&mut depacketiser, &hbr(&[6], b"abc"), 0).is_empty());
    assert_eq!(feed(&mut depacketiser, &hbr(&[2], b"gh"), 1024), [b"gh"]);
    assert!(feed(&mut depacketiser, &hbr(&[6], b"abc"), 2048).is_empty());
    depacketiser.lose();
    assert!(feed(&mut depacketiser, &hbr(&[6], b"def"), 2048).is_empty());
}

#[test]
fn reads_its_layout() {
    let none = Layout::read(&|_| None).unwrap();
    assert_eq!(none, Layout::HBR);
    let low = Layout::read(&|name| (name == "mode").then_some("AAC-lbr")).unwrap();
    assert_eq!((low.size, low.index, low.index_delta), (6, 2, 2));
    assert!(Layout::read(&|name| (name == "sizelength").then_some("99")).is_none());
    assert!(Layout::read(&|name| (name == "sizelength").then_some("0")).is_none());
}

/// The layout according to these format parameters.
fn layout(parameters: &[(&str, &'static str)]) -> Layout {
    let find = |name: &str| parameters.iter().find(|(key, _)| *key == name);
    Layout::read(&|name| find(name).map(|(_, value)| *value)).unwrap()
}

#[test]
fn fields_that_are_not_named_beside_a_size_have_no_bits() {
    let bare = layout(&[("mode", "AAC-hbr"), ("sizelength", "13")]);
    assert_eq!((bare.size, bare.index, bare.index_delta), (13, 0, 0));
    // One packet has a header of 13 bits, the other two of them, which end within a byte.
    let one = [&[0, 13, 0, 2 << 3][..], b"aa"].concat();
    assert_eq!(feed(&mut depacketiser(bare), &one, 0), [b"aa"]);
    let two = [&[0, 26, 0, 2 << 3, 0, 3 << 6][..], b"aabbb"].concat();
    let both = [b"aa".to_vec(), b"bbb".to_vec()];
    assert_eq!(feed(&mut depacketiser(bare), &two, 0), both);
    let low = layout(&[("mode", "AAC-lbr"), ("sizelength", "6")]);
    assert_eq!((low.size, low.index, low.index_delta), (6, 0, 0));
}

#[test]
fn an_index_that_is_not_described_shows_by_the_length_of_the_headers() {
    let bare = layout(&[("sizelength", "13")]);
    let both = [b"aa".to_vec(), b"bbb".to_vec()];
    assert_eq!(
        feed(&mut depacketiser(bare), &hbr(&[2, 3], b"aabbb"), 0),
        both
    );
}

#[test]
fn reads_the_headers_of_the_low_bit_rate() {
    let layout = Layout::read(&|name| (name == "mode").then_some("aac-lbr")).unwrap();
    // There are two headers with 6 and 2 bits.
    let payload = [&[0, 16, 2 << 2, 3 << 2][..], b"aabbb"].concat();
    let frames = feed(&mut depacketiser(layout), &payload, 0);
    assert_eq!(frames, [b"aa".to_vec(), b"bbb".to_vec()]);
}

/// A frame with an ADTS header of LC, `rate` (an index) and `channels`.
fn adts(rate: u8, channels: u8, frame: &[u8]) -> Vec<u8> {
    let length = frame.len() as u16 + 7;
    let mut bytes = vec![0xff, 0xf1, 0x40 | rate << 2, channels << 6];
    bytes[3] |= (length >> 11) as u8;
    bytes.extend_from_slice(&[(length >> 3) as u8, (length << 5) as u8 | 0x1f, 0xfc]);
    bytes.extend_from_slice(frame);
    bytes
}

#[test]
fn takes_adts_headers_off() {
    let mut depacketiser = depacketiser(Layout::HBR);
    let unit = [adts(4, 2, b"ab"), adts(4, 2, b"cd")].concat();
    let (frames, format) = feed_all(&mut depacketiser, &hbr(&[18], &unit), 0);
    assert_eq!(
        (frames, format),
        (vec![b"ab".to_vec(), b"cd".to_vec()], None)
    );
}

#[test]
fn takes_adts_frames_without_au_headers() {
    let mut depacketiser = depacketiser(Layout::HBR);
    let unit = [adts(4, 2, b"ab"), adts(4, 2, b"cd")].concat();
    assert_eq!(feed(&mut depacketiser, &unit, 0), [b"ab", b"cd"]);
    let behind = [&[0; 4], unit.as_slice()].concat();
    assert_eq!(feed(&mut depacketiser, &behind, 1), [b"ab", b"cd"]);
    let (first, second) = unit.split_at(8);
    assert!(feed(&mut depacketiser, first, 2).is_empty());
    assert_eq!(feed(&mut depacketiser, &second[..1], 2), [b"ab"]);
    assert_eq!(feed(&mut depacketiser, &hbr(&[1], b"e"), 3), [b"e"]);
}

#[test]
fn believes_an_adts_header_more_than_the_description() {
    let mut depacketiser = depacketiser(Layout::HBR);
    let (frames, format) = feed_all(&mut depacketiser, &adts(8, 1, b"ab"), 0);
    assert_eq!(frames, [b"ab"]);
    let format = format.unwrap();
    assert_eq!((format.rate, format.channels), (16_000, 1));
    assert_eq!(format.config, [0x14, 0x08]);
    assert_eq!(feed_all(&mut depacketiser, &adts(8, 1, b"ab"), 1).1, None);
}

/// The format of a description.
fn opened(lines: &str) -> Option<Format> {
    open(&given::media(&["97\r\n", lines].concat())).map(|(_, format)| format)
}

#[test]
fn makes_do_with_a_description_that_says_little() {
    let map = "a=rtpmap:97 mpeg4-generic/16000\r\n";
    for parameters in ["", "config=", "config=xyz", "config=14", "config=0000"] {
        let format = opened(&[map, "a=fmtp:97 ", parameters].concat()).unwrap();
        assert_eq!(format.config, [0x14, 0x08], "{parameters}");
    }
    // The configuration is right about the format, and the mapping is wrong.
    let format = opened(&[map, "a=fmtp:97 config=1190"].concat()).unwrap();
    assert_eq!((format.rate, format.channels), (48_000, 2));
    for other in ["mode=CELP-cbr", "mode=celp-vbr", "config=4210"] {
        assert_eq!(opened(&[map, "a=fmtp:97 ", other].concat()), None);
    }
}

proptest! {
    #[test]
    fn a_frame_may_be_split_anywhere(
        length in 2usize..800,
        bare in any::<bool>(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
    ) {
        let frame = vec![7; length];
        let unit = if bare { adts(4, 2, &frame) } else { frame.clone() };
        // A part of an ADTS header does not count as one.
        let first = if bare { 7 } else { 1 };
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(unit.len()).max(first)).collect();
        cuts.extend([0, unit.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut depacketiser = depacketiser(Layout::HBR);
        for time in 0..2 {
            let mut frames = Vec::new();
            for cut in cuts.windows(2) {
                let part = &unit[cut[0]..cut[1]];
                let headed = hbr(&[unit.len() as u16], part);
                let payload = if bare { part } else { &headed };
                frames.extend(feed(&mut depacketiser, payload, time));
            }
            prop_assert_eq!(&frames, std::slice::from_ref(&frame));
        }
    }

    #[test]
    fn any_packets_are_fine(
        size in 0u32..33, delta in 0u32..33,
        packets in proptest::collection::vec(
            (proptest::collection::vec(prop_oneof![any::<u8>(), Just(0xff), Just(0xf1)], 0..40),
             0i64..3), 0..20),
    ) {
        let layout = Layout {
            size,
            index_delta: delta,
            ..Layout::HBR
        };
        let mut depacketiser = depacketiser(layout);
        for (payload, timestamp) in packets {
            for frame in feed(&mut depacketiser, &payload, timestamp) {
                prop_assert!(frame.len() <= MAX_FRAME);
            }
        }
    }
}
