//! A fragment: a `moof` that describes samples, and the `mdat` that contains them.

use super::Writer;

/// `default-base-is-moof` (ISO 14496-12 8.8.7).
const BASE_IS_MOOF: u32 = 0x02_0000;

/// The contents of a `trun` (ISO 14496-12 8.8.8): the offset of the data; the duration,
/// size and flags of each sample; and its composition offset, which version 1 has with
/// a sign.
const RUN: u32 = 0x0000_0701;
const RUN_WITH_OFFSETS: u32 = 0x0100_0f01;

/// Sample flags (ISO 14496-12 8.8.3.1): the sample depends on no other.
const SYNC: u32 = 0x0200_0000;
/// The sample depends on others, and is no sync sample.
const NOT_SYNC: u32 = 0x0101_0000;

/// One sample of a fragment, with times in the track's timescale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub size: u32,
    pub duration: u32,
    /// The presentation time minus the decode time.
    pub composition: i32,
    pub sync: bool,
}

/// Appends a fragment without its data. The caller then appends the data: the bytes of
/// the samples, in order. `decode_time` is that of the first sample.
pub fn write(out: &mut Vec<u8>, sequence: u32, track: u32, decode_time: u64, samples: &[Sample]) {
    let start = out.len();
    let mut offset_at = None;
    let mut w = Writer::new(out);
    w.boxed(b"moof", |w| {
        w.full(b"mfhd", 0, |w| w.u32(sequence));
        w.boxed(b"traf", |w| {
            w.full(b"tfhd", BASE_IS_MOOF, |w| w.u32(track));
            w.full(b"tfdt", 0x0100_0000, |w| w.u64(decode_time));
            let offsets = samples.iter().any(|sample| sample.composition != 0);
            let flags = if offsets { RUN_WITH_OFFSETS } else { RUN };
            w.full(b"trun", flags, |w| {
                w.u32(u32::try_from(samples.len()).unwrap_or(u32::MAX));
                offset_at = Some(w.position());
                w.u32(0);
                run(w, samples, offsets);
            });
        });
    });
    let size: u64 = samples.iter().map(|sample| u64::from(sample.size)).sum();
    let data = u32::try_from(w.position() - start + 8).unwrap_or(u32::MAX);
    if let Some(position) = offset_at {
        w.patch(position, data);
    }
    w.u32(u32::try_from(8 + size).unwrap_or(u32::MAX));
    w.bytes(b"mdat");
}

fn run(w: &mut Writer, samples: &[Sample], offsets: bool) {
    for sample in samples {
        w.u32(sample.duration);
        w.u32(sample.size);
        w.u32(if sample.sync { SYNC } else { NOT_SYNC });
        if offsets {
            w.u32(sample.composition.cast_unsigned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_begins_where_the_run_says() {
        for composition in [0, -5] {
            let sample = Sample {
                size: 3,
                duration: 3600,
                composition,
                sync: true,
            };
            let mut out = vec![0xaa; 7];
            write(&mut out, 1, 1, u64::MAX, &[sample, sample]);
            let moof = 7;
            let run = out.windows(4).position(|w| w == b"trun").unwrap();
            let offset = u32::from_be_bytes(out[run + 12..run + 16].try_into().unwrap());
            assert_eq!(moof + offset as usize, out.len());
            let mdat = out.len() - 8;
            assert_eq!(out[mdat..mdat + 4], 14u32.to_be_bytes());
        }
    }
}
