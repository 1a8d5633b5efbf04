use proptest::prelude::*;

use super::*;

const SEQUENCE: [u8; 9] = [0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90];
const PICTURE: [u8; 4] = [0x68, 0xcb, 0x83, 0xcb];

fn packet(payload: &[u8], marker: bool) -> Packet<'_> {
    Packet {
        marker,
        payload_type: 96,
        sequence: 0,
        timestamp: 0,
        ssrc: 0,
        payload,
    }
}

/// Feeds one packet and returns what came out as (data, timestamp, sync).
fn feed(
    depacketiser: &mut Depacketiser,
    payload: &[u8],
    timestamp: i64,
    marker: bool,
) -> Vec<(Vec<u8>, i64, bool)> {
    let mut units = Vec::new();
    let copy = |unit: AccessUnit| (unit.data.to_vec(), unit.timestamp, unit.sync);
    units.extend(depacketiser.finish_before(timestamp).map(copy));
    units.extend(
        depacketiser
            .push(&packet(payload, marker), timestamp)
            .map(copy),
    );
    units
}

fn described() -> Depacketiser {
    let mut depacketiser = Depacketiser::default();
    depacketiser.describe(&SEQUENCE);
    depacketiser.describe(&PICTURE);
    assert!(depacketiser.described().is_some());
    depacketiser
}

fn nal(bytes: &[u8]) -> Vec<u8> {
    let mut unit = (bytes.len() as u32).to_be_bytes().to_vec();
    unit.extend_from_slice(bytes);
    unit
}

#[test]
fn single_nal_units_come_out_with_the_marker() {
    let mut depacketiser = described();
    assert!(feed(&mut depacketiser, &[0x65, 0x88, 1], 10, false).is_empty());
    let mut both = nal(&[0x65, 0x88, 1]);
    both.extend(nal(&[0x65, 0x40, 2]));
    let units = feed(&mut depacketiser, &[0x65, 0x40, 2], 10, true);
    assert_eq!(units, [(both, 10, true)]);
    let units = feed(&mut depacketiser, &[0x41, 0x9a], 20, true);
    assert_eq!(units, [(nal(&[0x41, 0x9a]), 20, false)]);
}

#[test]
fn without_markers_the_next_timestamp_ends_a_unit() {
    let mut depacketiser = described();
    assert!(feed(&mut depacketiser, &[0x65, 0x88], 10, false).is_empty());
    let units = feed(&mut depacketiser, &[0x41, 0x9a], 20, false);
    assert_eq!(units, [(nal(&[0x65, 0x88]), 10, true)]);
}

#[test]
fn starts_at_an_idr_picture_with_known_sets() {
    let mut depacketiser = Depacketiser::default();
    assert!(feed(&mut depacketiser, &[0x65, 0x88], 10, true).is_empty());
    assert!(feed(&mut depacketiser, &SEQUENCE, 20, false).is_empty());
    assert!(feed(&mut depacketiser, &PICTURE, 20, true).is_empty());
    assert!(feed(&mut depacketiser, &[0x41, 0x9a], 30, true).is_empty());
    let unit = depacketiser.push(&packet(&[0x65, 0x88], true), 40).unwrap();
    assert_eq!(unit.data, nal(&[0x65, 0x88]));
    assert!(unit.sync && unit.after_loss && unit.parameters.is_some());
    let unit = depacketiser.push(&packet(&[0x65, 0x88], true), 50).unwrap();
    assert!(unit.sync && !unit.after_loss && unit.parameters.is_none());
}

#[test]
fn takes_aggregates_apart_and_leaves_out_what_is_no_slice() {
    let mut depacketiser = Depacketiser::default();
    let mut payload = vec![0x78];
    for nal in [
        &[0x09u8, 0xf0][..],
        &SEQUENCE,
        &PICTURE,
        &[0x06, 1, 2],
        &[0x65, 0x88, 7],
    ] {
        payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
        payload.extend_from_slice(nal);
    }
    let units = feed(&mut depacketiser, &payload, 10, true);
    assert_eq!(units, [(nal(&[0x65, 0x88, 7]), 10, true)]);
}

#[test]
fn joins_fragments() {
    let mut depacketiser = described();
    assert!(feed(&mut depacketiser, &[0x7c, 0x85, 0x88, 1], 10, false).is_empty());
    assert!(feed(&mut depacketiser, &[0x7c, 0x05, 2, 3], 10, false).is_empty());
    let units = feed(&mut depacketiser, &[0x7c, 0x45, 4], 10, true);
    assert_eq!(units, [(nal(&[0x65, 0x88, 1, 2, 3, 4]), 10, true)]);
}

#[test]
fn after_a_loss_waits_for_the_next_idr_picture() {
    let mut depacketiser = described();
    feed(&mut depacketiser, &[0x65, 0x88], 10, true);
    depacketiser.lose();
    assert!(feed(&mut depacketiser, &[0x41, 0x9a], 20, true).is_empty());
    assert!(feed(&mut depacketiser, &[0x7c, 0x45, 4], 30, true).is_empty());
    assert_eq!(feed(&mut depacketiser, &[0x65, 0x88], 40, true).len(), 1);
}

#[test]
fn the_rest_of_an_idr_picture_is_no_start() {
    let mut depacketiser = described();
    assert!(feed(&mut depacketiser, &[0x65, 0x40], 10, true).is_empty());
    assert_eq!(feed(&mut depacketiser, &[0x65, 0x88], 20, true).len(), 1);
}

#[test]
fn a_fragment_without_its_start_is_a_loss() {
    let mut depacketiser = described();
    feed(&mut depacketiser, &[0x65, 0x88], 10, true);
    assert!(feed(&mut depacketiser, &[0x7c, 0x41, 4], 20, true).is_empty());
    assert!(feed(&mut depacketiser, &[0x41, 0x9a], 30, true).is_empty());
    let unit = depacketiser.push(&packet(&[0x65, 0x88], true), 40).unwrap();
    assert!(unit.after_loss);
}

#[test]
fn markers_within_units_are_found_out() {
    let mut depacketiser = described();
    assert_eq!(feed(&mut depacketiser, &[0x65, 0x88], 10, true).len(), 1);
    // A second slice of the same picture: the marker before it was wrong.
    assert!(feed(&mut depacketiser, &[0x65, 0x40], 10, true).is_empty());
    assert!(feed(&mut depacketiser, &[0x65, 0x88], 20, true).is_empty());
    assert!(feed(&mut depacketiser, &[0x65, 0x40], 20, true).is_empty());
    let mut both = nal(&[0x65, 0x88]);
    both.extend(nal(&[0x65, 0x40]));
    let units = feed(&mut depacketiser, &[0x41, 0x9a], 30, true);
    assert_eq!(units, [(both, 20, true)]);
}

#[test]
fn two_pictures_may_share_a_timestamp() {
    let mut depacketiser = described();
    assert_eq!(feed(&mut depacketiser, &[0x65, 0x88], 10, true).len(), 1);
    assert_eq!(feed(&mut depacketiser, &[0x41, 0x9a], 10, true).len(), 1);
}

#[test]
fn sets_that_change_between_sync_samples_travel_in_the_unit() {
    let mut depacketiser = described();
    feed(&mut depacketiser, &[0x65, 0x88], 10, true);
    let changed = [0x68, 0xcb, 0x83, 0xcf];
    assert!(feed(&mut depacketiser, &changed, 20, false).is_empty());
    let mut unit = nal(&changed);
    unit.extend(nal(&[0x41, 0x9a]));
    assert_eq!(
        feed(&mut depacketiser, &[0x41, 0x9a], 20, true),
        [(unit, 20, false)]
    );
    let unit = depacketiser.push(&packet(&[0x65, 0x88], true), 30).unwrap();
    assert!(unit.parameters.is_some());
}

/// Every NAL unit's length is right and the lengths add up.
fn well_formed(mut data: &[u8]) -> bool {
    while let Some((length, rest)) = data.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        match rest.get(length..) {
            Some(after) if length > 0 => data = after,
            _ => return false,
        }
    }
    data.is_empty()
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        Just(0x65u8),
        Just(0x41),
        Just(0x78),
        Just(0x7c),
        Just(0x67),
        Just(0x68),
        any::<u8>()
    ];
    (first, proptest::collection::vec(any::<u8>(), 0..30)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}

proptest! {
    #[test]
    fn any_packets_are_fine(
        packets in proptest::collection::vec((payload(), 0i64..4, any::<bool>(), 0u8..8), 0..60),
    ) {
        let mut depacketiser = described();
        let mut first = true;
        let mut timestamp = 0;
        for (payload, step, marker, loss) in packets {
            timestamp += step;
            if loss == 0 {
                depacketiser.lose();
                first = true;
            }
            for (data, _, sync) in feed(&mut depacketiser, &payload, timestamp, marker) {
                prop_assert!(well_formed(&data));
                prop_assert!(sync || !first);
                first = false;
            }
        }
    }
}
