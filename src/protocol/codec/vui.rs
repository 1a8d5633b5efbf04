//! The part of the video usability information that H.264 (E.1.1) and H.265 (E.2.1)
//! have in common.

use super::bits::Bits;

/// aspect_ratio_idc when the ratio itself follows (H.264 table E-1).
const EXTENDED_SAR: u32 = 255;

/// H.264 table E-1 and H.265 table E.1, sample aspect ratios 1 to 16.
const ASPECT_RATIOS: [(u8, u8); 16] = [
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// Reads the fields from aspect_ratio_info_present_flag to the chroma sample location,
/// and sets `aspect` if there is a ratio.
pub fn read_signal(bits: &mut Bits, aspect: &mut (u16, u16)) {
    if bits.flag() {
        let ratio = match bits.take(8) {
            EXTENDED_SAR => (bits.take(16) as u16, bits.take(16) as u16),
            code => {
                let index = (code as usize).wrapping_sub(1);
                let (across, down) = *ASPECT_RATIOS.get(index).unwrap_or(&(1, 1));
                (across.into(), down.into())
            }
        };
        if ratio.0 > 0 && ratio.1 > 0 {
            *aspect = ratio;
        }
    }
    if bits.flag() {
        bits.flag(); // overscan_appropriate_flag
    }
    if bits.flag() {
        bits.skip(4); // video_format, the range
        if bits.flag() {
            bits.skip(24); // colour description
        }
    }
    if bits.flag() {
        bits.unsigned(); // chroma_sample_loc_type_top_field
        bits.unsigned(); // chroma_sample_loc_type_bottom_field
    }
}

/// Reads num_units_in_tick and time_scale; returns the microseconds that `ticks` ticks
/// take.
pub fn read_timing(bits: &mut Bits, ticks: u64) -> Option<i64> {
    let (tick, scale) = (bits.take(32), bits.take(32));
    let us = (u64::from(tick) * ticks * 1_000_000).checked_div(u64::from(scale))?;
    i64::try_from(us).ok().filter(|us| *us > 0)
}
