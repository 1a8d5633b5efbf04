mod any;
mod starts;

use camgate_protocol::codec::splice::{Splice, splice};

use super::*;

const SEQUENCE: [u8; 9] = [0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90];
const PICTURE: [u8; 4] = [0x68, 0xcb, 0x83, 0xcb];

/// The first slice of an IDR picture (picture parameter set 0), a further one,
/// and the slice of another picture.
const IDR: [u8; 3] = [0x65, 0x88, 0x84];
const MORE: [u8; 3] = [0x65, 0x46, 0x22];
const PLAIN: [u8; 3] = [0x41, 0x9a, 0x01];

/// Recovery points: the picture is correct at once, or after seven pictures.
const RECOVERY: [u8; 5] = [0x06, 0x06, 0x01, 0xc4, 0x80];
const REFRESH: [u8; 5] = [0x06, 0x06, 0x01, 0x11, 0x80];

fn packet(payload: &[u8], marker: bool) -> Packet<'_> {
    Packet {
        marker,
        payload_type: 96,
        sequence: 0,
        timestamp: 0,
        ssrc: 0,
        extension: &[],
        payload,
    }
}

type Unit = (Vec<u8>, i64, bool);

/// Feeds one packet and returns what came out as (data, timestamp, sync).
fn feed(
    depacketiser: &mut Depacketiser,
    payload: &[u8],
    timestamp: i64,
    marker: bool,
) -> Vec<Unit> {
    let mut units = Vec::new();
    let copy = |unit: AccessUnit| (unit.data.to_vec(), unit.timestamp, unit.sync);
    units.extend(depacketiser.finish_before(timestamp).map(copy));
    let pushed = depacketiser.push(&packet(payload, marker), timestamp);
    units.extend(pushed.map(copy));
    units
}

fn h264() -> Depacketiser {
    let mut depacketiser = Depacketiser::new(Codec::H264, false);
    depacketiser.describe(&SEQUENCE);
    depacketiser.describe(&PICTURE);
    assert!(depacketiser.described().is_some());
    depacketiser
}

fn h265(numbered: bool) -> Depacketiser {
    let mut depacketiser = Depacketiser::new(Codec::H265, numbered);
    for set in crate::h265::tests::sets() {
        depacketiser.describe(&set);
    }
    assert!(depacketiser.described().is_some());
    depacketiser
}

/// The first slice of an H.265 picture, with this NAL unit type and a number to identify
/// it.
fn slice(kind: u8, number: u8) -> Vec<u8> {
    let set = if (16..24).contains(&kind) { 0xa0 } else { 0xc0 };
    vec![kind << 1, 1, set, number]
}

fn nals(nals: &[&[u8]]) -> Vec<u8> {
    let lengths = nals.iter().map(|nal| (nal.len() as u32).to_be_bytes());
    let pairs = lengths
        .zip(nals)
        .map(|(length, nal)| [&length, *nal].concat());
    pairs.collect::<Vec<_>>().concat()
}

/// NAL units, each after its length in two bytes.
fn aggregate(head: &[u8], nals: &[&[u8]]) -> Vec<u8> {
    let mut payload = head.to_vec();
    for nal in nals {
        payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
        payload.extend_from_slice(nal);
    }
    payload
}

#[test]
fn single_nal_units_come_out_with_the_marker() {
    let mut depacketiser = h264();
    assert!(feed(&mut depacketiser, &IDR, 10, false).is_empty());
    let units = feed(&mut depacketiser, &MORE, 10, true);
    assert_eq!(units, [(nals(&[&IDR, &MORE]), 10, true)]);
    let units = feed(&mut depacketiser, &PLAIN, 20, true);
    assert_eq!(units, [(nals(&[&PLAIN]), 20, false)]);
}

#[test]
fn without_markers_the_next_timestamp_ends_a_unit() {
    let mut depacketiser = h264();
    assert!(feed(&mut depacketiser, &IDR, 10, false).is_empty());
    let units = feed(&mut depacketiser, &PLAIN, 20, false);
    assert_eq!(units, [(nals(&[&IDR]), 10, true)]);
}

#[test]
fn starts_at_an_idr_picture_with_known_sets() {
    let mut depacketiser = Depacketiser::new(Codec::H264, false);
    assert!(feed(&mut depacketiser, &IDR, 10, true).is_empty());
    assert!(feed(&mut depacketiser, &SEQUENCE, 20, false).is_empty());
    assert!(feed(&mut depacketiser, &PICTURE, 20, true).is_empty());
    assert!(feed(&mut depacketiser, &PLAIN, 30, true).is_empty());
    let unit = depacketiser.push(&packet(&IDR, true), 40).unwrap();
    assert_eq!(unit.data, nals(&[&IDR]));
    assert!(unit.sync && unit.after_loss && unit.format.is_some());
    let unit = depacketiser.push(&packet(&IDR, true), 50).unwrap();
    assert!(unit.sync && !unit.after_loss && unit.format.is_none());
}

#[test]
fn takes_aggregates_apart_and_leaves_out_what_is_no_slice() {
    let inside: [&[u8]; 5] = [&[0x09, 0xf0], &SEQUENCE, &PICTURE, &[0x06, 1, 2], &IDR];
    for head in [&[0x78][..], &[0x79, 0, 7]] {
        let mut depacketiser = Depacketiser::new(Codec::H264, false);
        let units = feed(&mut depacketiser, &aggregate(head, &inside), 10, true);
        assert_eq!(units, [(nals(&[&IDR]), 10, true)]);
    }
}

#[test]
fn joins_fragments() {
    // One is an FU-A, and the other an FU-B, whose start has a decoding order number.
    for start in [&[0x7c, 0x85, 0x88, 1][..], &[0x7d, 0x85, 0, 9, 0x88, 1]] {
        let mut depacketiser = h264();
        assert!(feed(&mut depacketiser, start, 10, false).is_empty());
        assert!(feed(&mut depacketiser, &[0x7c, 0x05, 2, 3], 10, false).is_empty());
        let units = feed(&mut depacketiser, &[0x7c, 0x45, 4], 10, true);
        assert_eq!(units, [(nals(&[&[0x65, 0x88, 1, 2, 3, 4]]), 10, true)]);
    }
}

#[test]
fn packets_of_several_times_are_a_loss() {
    let mut depacketiser = h264();
    assert_eq!(feed(&mut depacketiser, &IDR, 10, true).len(), 1);
    assert!(
        feed(
            &mut depacketiser,
            &[0x7a, 0, 1, 0, 5, 0, 0, 0, 0x41, 0x9a],
            20,
            true
        )
        .is_empty()
    );
    assert!(feed(&mut depacketiser, &PLAIN, 30, true).is_empty());
    assert_eq!(feed(&mut depacketiser, &IDR, 40, true).len(), 1);
}

#[test]
fn start_codes_within_payloads_are_taken_out() {
    let mut stream = Vec::new();
    for nal in [&SEQUENCE[..], &PICTURE, &IDR] {
        stream.extend_from_slice(&[0, 0, 0, 1]);
        stream.extend_from_slice(nal);
    }
    stream.extend_from_slice(&[0, 0, 1]);
    stream.extend_from_slice(&MORE);
    let expected = [(nals(&[&IDR, &MORE]), 10, true)];
    // A picture in one packet, with and without a code before it.
    let mut depacketiser = Depacketiser::new(Codec::H264, false);
    assert_eq!(feed(&mut depacketiser, &stream, 10, true), expected);
    let mut depacketiser = Depacketiser::new(Codec::H264, false);
    assert_eq!(feed(&mut depacketiser, &stream[4..], 10, true), expected);
    // A picture in fragments of what is taken for one NAL unit.
    let mut depacketiser = Depacketiser::new(Codec::H264, false);
    let body = &stream[5..];
    let first = [&[0x7c, 0x87], &body[..9]].concat();
    let last = [&[0x7c, 0x47], &body[9..]].concat();
    assert!(feed(&mut depacketiser, &first, 10, false).is_empty());
    assert_eq!(feed(&mut depacketiser, &last, 10, true), expected);
}

#[test]
fn zeros_behind_nal_units_are_left_out() {
    let mut depacketiser = Depacketiser::new(Codec::H264, false);
    depacketiser.describe(&[&SEQUENCE[..], &[0, 0]].concat());
    depacketiser.describe(&[&[0, 0, 0, 1], &PICTURE[..], &[0]].concat());
    let format = depacketiser.described().unwrap().clone();
    assert_eq!(Some(&format), h264().described());
    assert!(
        feed(
            &mut depacketiser,
            &[&SEQUENCE[..], &[0]].concat(),
            10,
            false
        )
        .is_empty()
    );
    let unit = depacketiser
        .push(&packet(&[0x65, 0x88, 0x84, 0, 0], true), 10)
        .unwrap();
    assert_eq!(unit.data, nals(&[&IDR]));
    assert!(unit.format.is_none());
}

#[test]
fn after_a_loss_waits_for_the_next_idr_picture() {
    let mut depacketiser = h264();
    feed(&mut depacketiser, &IDR, 10, true);
    depacketiser.lose();
    assert!(feed(&mut depacketiser, &PLAIN, 20, true).is_empty());
    assert!(feed(&mut depacketiser, &[0x7c, 0x45, 4], 30, true).is_empty());
    assert_eq!(feed(&mut depacketiser, &IDR, 40, true).len(), 1);
}

#[test]
fn the_rest_of_an_idr_picture_is_no_start() {
    let mut depacketiser = h264();
    assert!(feed(&mut depacketiser, &MORE, 10, true).is_empty());
    assert_eq!(feed(&mut depacketiser, &IDR, 20, true).len(), 1);
}

#[test]
fn a_fragment_without_its_start_is_a_loss() {
    let mut depacketiser = h264();
    feed(&mut depacketiser, &IDR, 10, true);
    assert!(feed(&mut depacketiser, &[0x7c, 0x41, 4], 20, true).is_empty());
    assert!(feed(&mut depacketiser, &PLAIN, 30, true).is_empty());
    let unit = depacketiser.push(&packet(&IDR, true), 40).unwrap();
    assert!(unit.after_loss);
}

#[test]
fn markers_within_units_are_found_out() {
    let mut depacketiser = h264();
    assert_eq!(feed(&mut depacketiser, &IDR, 10, true).len(), 1);
    // This is a second slice of the same picture, so the marker before it was wrong.
    assert!(feed(&mut depacketiser, &MORE, 10, true).is_empty());
    assert!(feed(&mut depacketiser, &IDR, 20, true).is_empty());
    assert!(feed(&mut depacketiser, &MORE, 20, true).is_empty());
    let units = feed(&mut depacketiser, &PLAIN, 30, true);
    assert_eq!(units, [(nals(&[&IDR, &MORE]), 20, true)]);
}

#[test]
fn a_marker_within_a_fragmented_nal_unit_ends_nothing() {
    let mut depacketiser = h264();
    assert!(feed(&mut depacketiser, &[0x7c, 0x85, 0x88, 1], 10, true).is_empty());
    assert_eq!(feed(&mut depacketiser, &[0x7c, 0x45, 2], 10, true).len(), 1);
}

#[test]
fn two_pictures_may_share_a_timestamp() {
    let mut depacketiser = h264();
    assert_eq!(feed(&mut depacketiser, &IDR, 10, true).len(), 1);
    assert_eq!(feed(&mut depacketiser, &PLAIN, 10, true).len(), 1);
}

#[test]
fn sets_that_change_between_sync_samples_travel_in_the_unit() {
    let mut depacketiser = h264();
    feed(&mut depacketiser, &IDR, 10, true);
    let changed = [0x68, 0xcb, 0x83, 0xcf];
    assert!(feed(&mut depacketiser, &changed, 20, false).is_empty());
    let expected = [(nals(&[&changed, &PLAIN]), 20, false)];
    assert_eq!(feed(&mut depacketiser, &PLAIN, 20, true), expected);
    let unit = depacketiser.push(&packet(&IDR, true), 30).unwrap();
    assert!(unit.format.is_some());
}

#[test]
fn another_size_waits_for_a_sync_sample() {
    let mut depacketiser = h264();
    feed(&mut depacketiser, &IDR, 10, true);
    // Everything before the width stays; the width becomes 320.
    let width = Splice {
        from: 24,
        to: 46,
        bits: 0b1101_1001_0000_0001_0100,
    };
    let other = splice(&SEQUENCE[..1], &SEQUENCE[1..], &width);
    feed(&mut depacketiser, &other, 20, false);
    for time in [20, 30] {
        assert!(feed(&mut depacketiser, &PLAIN, time, true).is_empty());
    }
    let unit = depacketiser.push(&packet(&IDR, true), 40).unwrap();
    assert_eq!(unit.format.map(|format| format.width), Some(320));
}

#[test]
fn a_picture_is_what_its_own_sets_say() {
    let mut depacketiser = h264();
    // Sequence parameter set 1 at level 3.1, and picture parameter set 1 for it.
    let sequence = [0x67, 0x42, 0xc0, 0x1f, 0x4d, 0x90, 0x0a, 0x03, 0xd9];
    let picture = [0x68, 0x4a, 0xc1, 0x84];
    feed(&mut depacketiser, &sequence, 10, false);
    feed(&mut depacketiser, &picture, 10, false);
    // An IDR picture refers to set 0, the next one to set 1.
    for (idr, codec) in [(IDR, None), ([0x65, 0x88, 0x44], Some("avc1.42c01f"))] {
        let unit = depacketiser.push(&packet(&idr, true), 10).unwrap();
        let mime = unit.format.map(|format| format.mime.as_str());
        assert_eq!(mime.is_some(), codec.is_some());
        assert!(mime.is_none_or(|mime| mime.contains(codec.unwrap())));
    }
}

#[test]
fn h265_in_all_packets_with_and_without_order_numbers() {
    let (idr, next) = (slice(19, 1), slice(1, 2));
    for numbered in [false, true] {
        let don = if numbered { &[0, 5][..] } else { &[] };
        let delta = if numbered { &[0][..] } else { &[] };
        let mut depacketiser = Depacketiser::new(Codec::H265, numbered);
        // The sets in an aggregation packet.
        let mut payload = [&[48 << 1, 1], don].concat();
        for (index, set) in crate::h265::tests::sets().iter().enumerate() {
            payload.extend_from_slice(if index > 0 { delta } else { &[] });
            payload.extend_from_slice(&aggregate(&[], &[set]));
        }
        assert!(feed(&mut depacketiser, &payload, 10, false).is_empty());
        // A picture in fragments.
        let start = [&[49 << 1, 1, 0x80 | 19], don, &idr[2..3]].concat();
        assert!(feed(&mut depacketiser, &start, 10, false).is_empty());
        let end = [&[49 << 1, 1, 0x40 | 19], &idr[3..]].concat();
        let units = feed(&mut depacketiser, &end, 10, true);
        assert_eq!(units, [(nals(&[&idr]), 10, true)], "{numbered}");
        // A picture alone.
        let single = [&next[..2], don, &next[2..]].concat();
        let units = feed(&mut depacketiser, &single, 20, true);
        assert_eq!(units, [(nals(&[&next]), 20, false)], "{numbered}");
    }
}

#[test]
fn other_layers_are_left_out() {
    let mut depacketiser = h265(false);
    let layer = [1 << 1, 1 << 3 | 1, 0xc0, 9];
    assert!(feed(&mut depacketiser, &slice(20, 1), 10, false).is_empty());
    let units = feed(&mut depacketiser, &layer, 10, true);
    assert_eq!(units, [(nals(&[&slice(20, 1)]), 10, true)]);
}

#[test]
fn a_packet_of_padding_alone_is_no_loss() {
    let mut depacketiser = h264();
    assert_eq!(feed(&mut depacketiser, &IDR, 10, true).len(), 1);
    assert!(feed(&mut depacketiser, &PLAIN, 20, false).is_empty());
    assert!(feed(&mut depacketiser, &[], 20, false).is_empty());
    let units = feed(&mut depacketiser, &PLAIN, 20, true);
    assert_eq!(units, [(nals(&[&PLAIN, &PLAIN]), 20, false)]);
}

#[test]
fn sets_without_end_are_a_loss() {
    let mut depacketiser = h264();
    assert_eq!(feed(&mut depacketiser, &IDR, 10, true).len(), 1);
    let mut set = PICTURE.to_vec();
    set.resize(2048, 0xff);
    for number in 0..2 * MAX_ACCESS_UNIT / set.len() {
        set[2047] = 1 + (number % 2) as u8;
        feed(&mut depacketiser, &set, 20, false);
        assert!(depacketiser.gathered.sets.len() <= MAX_ACCESS_UNIT);
    }
    assert!(feed(&mut depacketiser, &PLAIN, 30, true).is_empty());
}
