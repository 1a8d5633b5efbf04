//! Fragments taken apart.

use camgate_player::fmp4::fragment::{self, Sample};
use camgate_player::output::Output;
use camgate_player::pacing::TIMESCALE;

/// The position behind a box's type, by what stands there.
fn behind(data: &[u8], kind: &[u8; 4]) -> usize {
    data.windows(4).position(|w| w == kind).unwrap() + 4
}

fn number(data: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(data[at..at + 4].try_into().unwrap())
}

/// The decode time of its first sample: its `tfdt`.
pub fn decode_time(output: &Output) -> u64 {
    let at = behind(&output.data, b"tfdt") + 4;
    u64::from_be_bytes(output.data[at..at + 8].try_into().unwrap())
}

/// The fragments of a video track that hold one sample each, which together
/// are `output`.
pub fn samples(output: &Output) -> Vec<Output> {
    let data = &output.data;
    let run = behind(data, b"trun");
    let offsets = number(data, run) & 0x800 != 0;
    let mut at = run + 12;
    let mut bytes = &data[behind(data, b"mdat")..];
    let mut time = decode_time(output);
    let mut samples = Vec::new();
    for _ in 0..number(data, run + 4) {
        let sample = Sample {
            duration: number(data, at),
            size: number(data, at + 4),
            sync: number(data, at + 8) & 0x1_0000 == 0,
            composition: if offsets {
                number(data, at + 12).cast_signed()
            } else {
                0
            },
        };
        at += if offsets { 16 } else { 12 };
        let (own, rest) = bytes.split_at(sample.size as usize);
        bytes = rest;
        let mut single = Vec::new();
        fragment::write(&mut single, 1, output.track, time, &[sample]);
        single.extend_from_slice(own);
        let shown = time.cast_signed() + i64::from(sample.composition);
        samples.push(Output {
            time: shown as f64 / f64::from(TIMESCALE),
            duration: f64::from(sample.duration) / f64::from(TIMESCALE),
            sync: sample.sync,
            data: single,
            ..*output
        });
        time += u64::from(sample.duration);
    }
    assert!(bytes.is_empty());
    samples
}

/// The NAL units of a fragment with one sample.
pub fn nals(fragment: &[u8]) -> Vec<Vec<u8>> {
    let at = fragment.windows(4).position(|w| w == b"mdat").unwrap() + 4;
    let mut rest = &fragment[at..];
    let mut nals = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (nal, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        nals.push(nal.to_vec());
        rest = after;
    }
    nals
}
