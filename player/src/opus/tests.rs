use proptest::prelude::*;

use super::*;
use crate::payload::given;

fn opened(parameters: &str) -> (Box<dyn Payload>, Format) {
    let map = "96\r\na=rtpmap:96 opus/48000/2\r\n";
    open(&given::media(&[map, parameters].concat()))
}

fn push(payload: &mut dyn Payload, bytes: &[u8], frames: &mut Frames) {
    let packet = given::packet(bytes, true);
    payload.push(&packet, 0, frames);
}

#[test]
fn a_packet_lasts_what_its_first_byte_says() {
    // RFC 6716 table 2: SILK 10 to 60 ms, hybrid 10 and 20, CELT 2.5 to 20.
    for (mode, milliseconds) in [(0, 10), (3, 60), (11, 60), (12, 10), (15, 20), (31, 20)] {
        assert_eq!(duration(&[mode << 3]), Some(milliseconds * 48), "{mode}");
    }
    assert_eq!(duration(&[28 << 3]), Some(120));
    assert_eq!(duration(&[28 << 3 | 1, 1, 1]), Some(240));
    assert_eq!(duration(&[31 << 3 | 2, 1, 9, 8, 8]), Some(1920));
    assert_eq!(duration(&[31 << 3 | 3, 6, 1, 1, 1, 1, 1, 1]), Some(5760));
    assert_eq!(
        duration(&[31 << 3 | 3, 0x80 | 3, 1, 2, 7, 7, 7, 7]),
        Some(2880)
    );
    assert_eq!(duration(&[31 << 3 | 3, 0x40 | 2, 1, 7, 7, 0]), Some(1920));
}

#[test]
fn malformed_packets_are_left_out() {
    for packet in [
        &[][..],
        &[31 << 3 | 1, 1],            // half a byte each
        &[31 << 3 | 2],               // no length
        &[31 << 3 | 2, 9, 1],         // longer than the packet
        &[31 << 3 | 3],               // no count
        &[31 << 3 | 3, 0],            // no frames
        &[31 << 3 | 3, 0x80],         // no frames
        &[31 << 3 | 3, 7],            // 140 ms
        &[31 << 3 | 3, 2, 1],         // half a byte each
        &[31 << 3 | 3, 0x41, 200, 1], // padding beyond the packet
        &[31 << 3 | 3, 0x82, 2, 1],   // a frame beyond it
        &[&[31 << 3][..], &[0; MAX_FRAME + 1]].concat(),
    ] {
        assert_eq!(duration(packet), None, "{packet:?}");
    }
}

#[test]
fn is_stereo_when_the_description_or_a_packet_says_so() {
    assert_eq!(opened("").1.channels, 2);
    let (mut payload, format) = opened("a=fmtp:96 sprop-stereo=0");
    assert_eq!(format.config, [0, 1, 1, 56, 0, 0, 0xbb, 0x80, 0, 0, 0]);
    let mut frames = Frames::default();
    push(&mut *payload, &[31 << 3], &mut frames);
    assert_eq!(frames.format, None);
    push(&mut *payload, &[31 << 3 | 4], &mut frames);
    assert_eq!(frames.format.map(|format| format.channels), Some(2));
}

#[test]
fn silence_comes_as_near_as_frames_get() {
    let (mut payload, _) = opened("");
    for (missing, expected) in [(119, 0), (120, 120), (500, 480), (99_999, 960)] {
        let (samples, frame) = given::silence(&mut *payload, missing);
        assert_eq!(samples, expected);
        assert_eq!(duration(&frame).unwrap_or(0), expected);
    }
}

proptest! {
    #[test]
    fn any_packet_lasts_up_to_120_ms(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Some(samples) = duration(&bytes) {
            prop_assert!((120..=MAX_SAMPLES).contains(&samples));
        }
    }
}
