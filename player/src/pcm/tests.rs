use proptest::prelude::*;

use super::*;
use crate::payload::given;

fn opened(lines: &str) -> (Box<dyn Payload>, Format) {
    open(&given::media(lines)).unwrap()
}

/// How far before the packet the first frame begins, and the lengths of all frames that
/// a packet with these `bytes` completes.
fn push(payload: &mut dyn Payload, bytes: &[u8], timestamp: i64) -> (u32, Vec<u32>) {
    let packet = given::packet(bytes, false);
    let mut frames = Frames::default();
    payload.push(&packet, timestamp, &mut frames);
    let list = frames.iter().map(|(frame, samples)| {
        assert!(frame.len() > 10);
        samples
    });
    (frames.lead, list.collect())
}

#[test]
fn expands_g711() {
    // ITU-T G.711, the ends of the tables.
    assert_eq!((a_law(0xd5), a_law(0x55)), (8, -8));
    assert_eq!((a_law(0xaa), a_law(0x2a)), (32_256, -32_256));
    assert_eq!((mu_law(0xff), mu_law(0x7f)), (0, 0));
    assert_eq!((mu_law(0x80), mu_law(0x00)), (32_124, -32_124));
}

#[test]
fn a_usual_packet_is_a_frame() {
    let (mut payload, format) = opened("0");
    assert_eq!((format.rate, format.channels), (8_000, 1));
    assert_eq!(push(&mut *payload, &[0; 160], 0), (0, vec![160]));
    assert_eq!(push(&mut *payload, &[0; 240], 160), (0, vec![240]));
}

#[test]
fn short_packets_are_gathered() {
    let (mut payload, _) = opened("96\r\na=rtpmap:96 L16/8000/2");
    assert_eq!(push(&mut *payload, &[0; 324], 0), (0, vec![]));
    assert_eq!(push(&mut *payload, &[0; 320], 81), (81, vec![161]));
    assert_eq!(push(&mut *payload, &[0; 320], 161), (0, vec![]));
    payload.lose();
    assert_eq!(push(&mut *payload, &[0; 640], 400), (0, vec![160]));
    assert_eq!(push(&mut *payload, &[0; 320], 560), (0, vec![]));
    assert_eq!(push(&mut *payload, &[0; 640], 9999), (0, vec![160]));
}

#[test]
fn long_packets_are_split() {
    let (mut payload, _) = opened("8");
    assert_eq!(push(&mut *payload, &[0; 1200], 0), (0, vec![512, 512, 176]));
    assert_eq!(push(&mut *payload, &[0; 600], 1200), (0, vec![512]));
    assert_eq!(push(&mut *payload, &[0; 160], 1800), (88, vec![248]));
}

#[test]
fn refuses_rates_that_nothing_plays() {
    for map in ["L16/1/1", "L16/400000", "L16/48000/9", "G722/8000"] {
        let media = given::media(&["96\r\na=rtpmap:96 ", map].concat());
        assert!(open(&media).is_none(), "{map}");
    }
}

#[test]
fn silence_is_as_long_as_what_is_missing() {
    let (mut payload, _) = opened("0");
    for (missing, expected) in [(15, 0), (16, 16), (1234, 1234), (9999, 4096)] {
        let (samples, frame) = given::silence(&mut *payload, missing);
        assert_eq!((samples, frame.is_empty()), (expected, expected == 0));
    }
}

proptest! {
    #[test]
    fn every_sample_is_in_a_frame_or_waits(
        sizes in proptest::collection::vec(0usize..3000, 1..20),
        kind in 0usize..4,
    ) {
        let kinds = ["0", "10", "96\r\na=rtpmap:96 L8/22050/2", "96\r\na=rtpmap:96 PCMA/96000"];
        let (mut payload, format) = opened(kinds[kind]);
        let (width, mut time, mut total) = ([1, 4, 2, 1][kind], 77, 0);
        for size in sizes {
            let (lead, frames) = push(&mut *payload, &vec![0; size], time);
            prop_assert_eq!(total + i64::from(lead), time - 77);
            time += (size / width) as i64;
            for samples in frames {
                prop_assert!(samples >= format.rate / 50 && samples as usize <= flac::MAX_BLOCK);
                total += i64::from(samples);
            }
        }
    }
}
