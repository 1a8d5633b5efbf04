use proptest::prelude::*;

use super::*;

fn packet(payload: &[u8]) -> Packet<'_> {
    Packet {
        marker: true,
        payload_type: 97,
        sequence: 0,
        timestamp: 0,
        ssrc: 0,
        payload,
    }
}

fn feed(depacketiser: &mut Depacketiser, payload: &[u8], timestamp: i64) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    depacketiser.push(&packet(payload), timestamp, |frame| {
        frames.push(frame.to_vec());
    });
    frames
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
    let mut depacketiser = Depacketiser::new(Layout::HBR);
    let frames = feed(&mut depacketiser, &hbr(&[2, 3], b"aabbb"), 0);
    assert_eq!(frames, [b"aa".to_vec(), b"bbb".to_vec()]);
}

#[test]
fn a_cut_packet_gives_the_frames_that_are_whole() {
    let mut depacketiser = Depacketiser::new(Layout::HBR);
    assert_eq!(feed(&mut depacketiser, &hbr(&[2, 3], b"aabb"), 0), [b"aa"]);
}

#[test]
fn joins_fragments() {
    let mut depacketiser = Depacketiser::new(Layout::HBR);
    assert!(feed(&mut depacketiser, &hbr(&[6], b"abc"), 0).is_empty());
    assert_eq!(feed(&mut depacketiser, &hbr(&[6], b"def"), 0), [b"abcdef"]);
    assert_eq!(feed(&mut depacketiser, &hbr(&[2], b"gh"), 1024), [b"gh"]);
}

#[test]
fn a_fragment_that_never_ends_gives_way() {
    let mut depacketiser = Depacketiser::new(Layout::HBR);
    assert!(feed(&mut depacketiser, &hbr(&[6], b"abc"), 0).is_empty());
    assert_eq!(feed(&mut depacketiser, &hbr(&[2], b"gh"), 1024), [b"gh"]);
    assert!(feed(&mut depacketiser, &hbr(&[6], b"abc"), 2048).is_empty());
    depacketiser.lose();
    assert!(feed(&mut depacketiser, &hbr(&[6], b"def"), 2048).is_empty());
}

#[test]
fn reads_its_layout() {
    let none = Layout::read(|_| None).unwrap();
    assert_eq!(none, Layout::HBR);
    let low = Layout::read(|name| (name == "mode").then_some("AAC-lbr")).unwrap();
    assert_eq!((low.size, low.index, low.index_delta), (6, 2, 2));
    let constant = Layout::read(|name| (name == "constantsize").then_some("4")).unwrap();
    assert_eq!((constant.size, constant.constant_size), (0, Some(4)));
    assert!(Layout::read(|name| (name == "sizelength").then_some("99")).is_none());
    assert!(Layout::read(|name| (name == "sizelength").then_some("0")).is_none());
}

#[test]
fn steps_over_the_auxiliary_section() {
    let mut depacketiser = Depacketiser::new(Layout {
        auxiliary: 8,
        ..Layout::HBR
    });
    let payload = hbr(&[2], &[12, 0xff, 0xff, b'a', b'a']);
    assert_eq!(feed(&mut depacketiser, &payload, 0), [b"aa"]);
}

#[test]
fn takes_an_adts_header_off() {
    let mut frame = vec![0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc];
    frame.extend_from_slice(b"ab");
    let mut depacketiser = Depacketiser::new(Layout::HBR);
    assert_eq!(feed(&mut depacketiser, &hbr(&[9], &frame), 0), [b"ab"]);
}

proptest! {
    #[test]
    fn any_packets_are_fine(
        size in 0u32..33, delta in 0u32..33, auxiliary in 0u32..33,
        constant in proptest::option::of(0u32..20),
        packets in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..40), 0i64..3), 0..20),
    ) {
        let layout = Layout {
            size,
            index_delta: delta,
            cts_delta: delta,
            auxiliary,
            constant_size: constant,
            ..Layout::HBR
        };
        let mut depacketiser = Depacketiser::new(layout);
        for (payload, timestamp) in packets {
            for frame in feed(&mut depacketiser, &payload, timestamp) {
                prop_assert!(frame.len() <= MAX_FRAME);
            }
        }
    }
}
