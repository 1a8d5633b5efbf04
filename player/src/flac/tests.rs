use proptest::prelude::*;

use super::*;
use camgate_protocol::codec::bits::Bits;

/// Decodes a frame: the number of its first sample, and the interleaved samples.
fn decode(bytes: &[u8], channels: usize) -> (u64, Vec<i16>) {
    assert_eq!(crc(bytes, 16, 0x8005), 0);
    let mut bits = Bits::new(bytes);
    assert_eq!(bits.take(16), 0xfff9);
    assert_eq!(bits.take(4), 7);
    let rate = bits.take(4);
    assert_eq!(bits.take(4), channels as u32 - 1);
    assert_eq!(bits.take(4), 8);
    let first = bits.take(8);
    let tail = (!(first << 24)).leading_zeros().saturating_sub(1);
    let lead = if tail == 0 {
        first
    } else {
        first & (0x3f >> tail)
    };
    let number = (0..tail).fold(u64::from(lead), |number, _| {
        let byte = bits.take(8);
        assert_eq!(byte >> 6, 2);
        number << 6 | u64::from(byte & 0x3f)
    });
    let block = bits.take(16) as usize + 1;
    if rate == 13 {
        bits.take(16);
    }
    let header = bits.position() / 8 + 1;
    assert_eq!(crc(&bytes[..header], 8, 0x07), 0);
    bits.take(8);
    let all: Vec<Vec<i32>> = (0..channels)
        .map(|_| decode_subframe(&mut bits, block))
        .collect();
    assert_eq!(bits.position().div_ceil(8) + 2, bytes.len());
    let samples = (0..block).flat_map(|index| all.iter().map(move |channel| channel[index] as i16));
    (number, samples.collect())
}

fn decode_subframe(bits: &mut Bits, block: usize) -> Vec<i32> {
    // A fixed predictor of order 2, no wasted bits.
    assert_eq!(bits.take(8), 10 << 1);
    let mut signal: Vec<i32> = (0..2).map(|_| i32::from(bits.take(16) as i16)).collect();
    assert_eq!(bits.take(6), 0);
    let parameter = bits.take(4);
    while signal.len() < block {
        let value = zeros(bits) << parameter | bits.take(parameter);
        let residual = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
        let back = |distance| signal[signal.len() - distance];
        // RFC 9639 table 23.
        signal.push(residual + 2 * back(1) - back(2));
    }
    signal
}

fn zeros(bits: &mut Bits) -> u32 {
    (0..)
        .take_while(|_| !bits.flag() && bits.intact().is_some())
        .count() as u32
}

fn encode(encoder: &mut Encoder, samples: &[i16]) -> Vec<u8> {
    let mut frame = Vec::new();
    encoder.frame(samples, &mut frame);
    frame
}

#[test]
fn a_tone_takes_less_than_its_samples() {
    let mut encoder = Encoder::new(8_000, 1);
    let tone: Vec<i16> = (0..160)
        .map(|index| (f64::from(index) / 3.0).sin() * 8000.0)
        .map(|sample| sample as i16 & !7)
        .collect();
    let frame = encode(&mut encoder, &tone);
    assert!(frame.len() < 270, "{}", frame.len());
    assert_eq!(decode(&frame, 1), (0, tone));
}

#[test]
fn silence_takes_a_bit_per_sample() {
    let mut encoder = Encoder::new(8_000, 2);
    let frame = encode(&mut encoder, &[0; 2 * MAX_BLOCK]);
    assert!(frame.len() < 2 * MAX_BLOCK / 8 + 30);
}

#[test]
fn frames_are_numbered_for_days() {
    let mut encoder = Encoder::new(192_000, 1);
    for position in [
        0x7f,
        0x80,
        0x7ff,
        0x800,
        0xffff,
        0x1_0000,
        0x7fff_ffff,
        (1 << 36) - 16,
    ] {
        encoder.position = position;
        assert_eq!(decode(&encode(&mut encoder, &[5; 16]), 1).0, position);
    }
    assert_eq!(encoder.position, 0);
}

#[test]
fn checksums_are_those_of_the_format() {
    // The catalogue's check values of CRC-8/SMBUS and CRC-16/UMTS.
    assert_eq!(crc(b"123456789", 8, 0x07), 0xf4);
    assert_eq!(crc(b"123456789", 16, 0x8005), 0xfee8);
}

proptest! {
    #[test]
    fn nothing_is_lost(
        samples in prop_oneof![
            proptest::collection::vec(any::<i16>(), 32..300),
            proptest::collection::vec(-9i16..9, 32..300),
            proptest::collection::vec(prop_oneof![Just(i16::MIN), Just(i16::MAX)], 32..300),
            (any::<i16>(), -40i16..40).prop_map(|(start, step)| (0..100)
                .map(|index: i16| start.wrapping_add(index.wrapping_mul(step))).collect()),
        ],
        channels in 1usize..3,
        shift in 0u32..16,
    ) {
        let whole = samples.len() / channels * channels;
        let samples: Vec<i16> = samples[..whole].iter().map(|sample| sample << shift).collect();
        let mut encoder = Encoder::new(48_000, channels as u16);
        let frame = encode(&mut encoder, &samples);
        // Noise at full volume grows, but only slightly.
        prop_assert!(frame.len() <= 4 * samples.len() + 32);
        prop_assert_eq!(decode(&frame, channels).1, samples);
    }
}
