//! Whatever the packets are, access units are well formed, and the first is a sync sample.

use proptest::prelude::*;

use super::*;

/// Whether every NAL unit's length is right, and the lengths add up.
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

/// A payload that begins like one of the known kinds, and may contain start codes.
fn payload(kinds: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![4 => proptest::sample::select(kinds), 1 => any::<u8>()];
    let byte = prop_oneof![2 => 0u8..3, 1 => Just(0x88), 3 => any::<u8>()];
    (first, proptest::collection::vec(byte, 0..30)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}

type Fed = Vec<(Vec<u8>, i64, bool, u8)>;

fn packets(kinds: &'static [u8]) -> impl Strategy<Value = Fed> {
    let packet = (payload(kinds), -1i64..4, any::<bool>(), 0u8..8);
    proptest::collection::vec(packet, 0..60)
}

fn survives(mut depacketiser: Depacketiser, packets: Fed) -> Result<(), TestCaseError> {
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
    Ok(())
}

proptest! {
    #[test]
    fn any_h264_packets_are_fine(
        packets in packets(&[0x65, 0x41, 0x78, 0x79, 0x7c, 0x7d, 0x67, 0x68, 0x06, 0]),
    ) {
        survives(h264(), packets)?;
    }

    #[test]
    fn any_h265_packets_are_fine(
        packets in packets(&[38, 2, 42, 96, 98, 64, 66, 68, 18, 72, 0]),
        numbered in any::<bool>(),
    ) {
        survives(h265(numbered), packets)?;
    }
}
