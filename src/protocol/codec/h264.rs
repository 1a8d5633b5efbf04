//! The fields of an H.264 sequence parameter set (7.3.2.1.1) that the player and the
//! gateway need.
//!
//! Invariant: a set whose picture size can be read is accepted, however broken its VUI
//! is; the VUI's fields then count as missing.

#[cfg(test)]
mod tests;

use super::bits::{Bits, unescape};
use super::is_too_large;
use super::splice::Splice;
use super::vui;

/// The fields of a sequence parameter set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sps {
    /// seq_parameter_set_id
    pub id: u32,
    pub profile: u8,
    /// The constraint_set flags, as a byte.
    pub constraints: u8,
    pub level: u8,
    pub chroma_format: u8,
    /// Bits per sample beyond 8.
    pub luma_depth: u8,
    /// Bits per sample beyond 8.
    pub chroma_depth: u8,
    /// In pixels, after cropping.
    pub width: u32,
    /// In pixels, after cropping.
    pub height: u32,
    /// Whether all pictures are whole frames, never fields.
    pub frames_only: bool,
    /// The sample aspect ratio: width and height of a pixel.
    pub aspect: (u16, u16),
    /// How many pictures may precede one in decoding order and follow it in output
    /// order; `None` if the stream neither says nor implies it.
    pub reorder: Option<u8>,
    /// The duration of a frame in microseconds, if the stream says it.
    pub frame_us: Option<i64>,
    /// max_num_ref_frames
    references: u32,
    /// The change that makes this set say that no picture is reordered, so that
    /// decoders hold none back. (If a set says nothing, decoders hold back as many
    /// pictures as its level allows: E.2.1, max_num_reorder_frames.) `None` if the set
    /// says so already, or cannot be read to its end.
    pub in_order: Option<Splice>,
}

/// bitstream_restriction_flag and the fields after it up to max_num_reorder_frames,
/// with the values that are implied when they are missing (H.264 E.2.1), and without
/// limits of size.
const RESTRICTION: u64 = 0b1111_000010000_000010000;

impl Sps {
    /// Reads a NAL unit with its header byte. `None` if the picture size cannot be
    /// read. A picture that is [too large](is_too_large) is not cropped.
    pub fn parse(nal: &[u8]) -> Option<Self> {
        let rbsp = unescape(nal.get(1..)?);
        let mut bits = Bits::new(&rbsp);
        let mut sps = Self {
            id: 0,
            profile: bits.take(8) as u8,
            constraints: bits.take(8) as u8,
            level: bits.take(8) as u8,
            chroma_format: 1,
            luma_depth: 0,
            chroma_depth: 0,
            width: 0,
            height: 0,
            frames_only: true,
            aspect: (1, 1),
            reorder: None,
            frame_us: None,
            references: 0,
            in_order: None,
        };
        sps.id = bits.unsigned();
        if sps.has_chroma_fields() {
            sps.read_chroma(&mut bits)?;
        }
        let order_type = read_order(&mut bits)?;
        sps.references = bits.unsigned();
        // Nothing is reordered without B slices, nor where output is in decoding order
        // by definition.
        if sps.has_no_b_slices() || order_type == 2 || sps.references < 2 {
            sps.reorder = Some(0);
        }
        sps.read_size(&mut bits)?;
        let start = bits.position();
        if bits.flag() {
            let _ = sps.read_vui(&mut bits);
        } else if bits.intact().is_some() {
            // There is no VUI: this adds one, with eight flags that are not set.
            sps.say_in_order(start, start + 1, RESTRICTION | 1 << 30);
        }
        Some(sps)
    }

    /// Whether sets of this profile have chroma format and bit depth fields.
    pub fn has_chroma_fields(&self) -> bool {
        matches!(
            self.profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        )
    }

    /// Whether the stream has no B slices (H.264 A.2): it is of the baseline profile,
    /// conforms to that (constraint_set0_flag), rules them out (constraint_set5_flag),
    /// or is intra only (set 3).
    fn has_no_b_slices(&self) -> bool {
        let set = |index: u8| self.constraints & 0x80 >> index != 0;
        match self.profile {
            66 => true,
            77 | 88 => set(0) || set(5),
            100 => set(5),
            110 | 122 | 244 => set(3),
            _ => self.profile == 44,
        }
    }

    fn read_chroma(&mut self, bits: &mut Bits) -> Option<()> {
        let format = bits.unsigned();
        if format > 3 {
            return None;
        }
        self.chroma_format = format as u8;
        if format == 3 {
            bits.flag(); // separate_colour_plane_flag
        }
        let (luma, chroma) = (bits.unsigned(), bits.unsigned());
        if luma > 6 || chroma > 6 {
            return None;
        }
        (self.luma_depth, self.chroma_depth) = (luma as u8, chroma as u8);
        bits.flag(); // qpprime_y_zero_transform_bypass_flag
        if bits.flag() {
            for index in 0..if format == 3 { 12 } else { 8 } {
                if bits.flag() {
                    skip_scaling_list(bits, if index < 6 { 16 } else { 64 });
                }
            }
        }
        Some(())
    }

    fn read_size(&mut self, bits: &mut Bits) -> Option<()> {
        bits.flag(); // gaps_in_frame_num_value_allowed_flag
        let width = bits.unsigned().checked_add(1)?.checked_mul(16)?;
        let map_units = bits.unsigned().checked_add(1)?.checked_mul(16)?;
        self.frames_only = bits.flag();
        let fields = if self.frames_only { 1 } else { 2 };
        let height = map_units.checked_mul(fields)?;
        if !self.frames_only {
            bits.flag(); // mb_adaptive_frame_field_flag
        }
        bits.flag(); // direct_8x8_inference_flag
        let (mut crop_x, mut crop_y) = (0u32, 0u32);
        if bits.flag() {
            let (unit_x, unit_y) = self.crop_unit();
            crop_x = bits.unsigned().saturating_add(bits.unsigned());
            crop_x = crop_x.saturating_mul(unit_x);
            crop_y = bits.unsigned().saturating_add(bits.unsigned());
            crop_y = crop_y.saturating_mul(unit_y * fields);
        }
        if is_too_large(width, height) {
            (crop_x, crop_y) = (0, 0);
        }
        bits.intact()?;
        self.width = width.checked_sub(crop_x).filter(|w| *w > 0)?;
        self.height = height.checked_sub(crop_y).filter(|h| *h > 0)?;
        Some(())
    }

    /// SubWidthC and SubHeightC (H.264 table 6-1).
    fn crop_unit(&self) -> (u32, u32) {
        match self.chroma_format {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        }
    }

    /// Reads the VUI (H.264 E.1.1). If it ends too early, the fields before that are
    /// kept.
    fn read_vui(&mut self, bits: &mut Bits) -> Option<()> {
        vui::read_signal(bits, &mut self.aspect);
        if bits.flag() {
            self.frame_us = vui::read_timing(bits, 2);
            bits.flag(); // fixed_frame_rate_flag
        }
        let nal_hrd = bits.flag();
        if nal_hrd {
            skip_hrd(bits)?;
        }
        let vcl_hrd = bits.flag();
        if vcl_hrd {
            skip_hrd(bits)?;
        }
        if nal_hrd || vcl_hrd {
            bits.flag(); // low_delay_hrd_flag
        }
        bits.flag(); // pic_struct_present_flag
        let mut start = bits.position();
        if !bits.flag() {
            bits.intact()?;
            self.say_in_order(start, start + 1, RESTRICTION);
            return Some(());
        }
        bits.flag(); // motion_vectors_over_pic_boundaries_flag
        for _ in 0..4 {
            bits.unsigned(); // two limits of size, two of motion vectors
        }
        start = bits.position();
        let reorder = bits.unsigned();
        bits.intact()?;
        self.reorder = (reorder <= 16).then_some(reorder as u8);
        bits.unsigned(); // max_dec_frame_buffering
        bits.intact()?;
        if reorder > 0 {
            self.say_in_order(start, bits.position(), 0);
        }
        Some(())
    }

    /// Notes the change for the bits `from` to `to`: `before`, then that no frame is
    /// reordered (max_num_reorder_frames) and that only reference frames are kept
    /// (max_dec_frame_buffering).
    fn say_in_order(&mut self, from: usize, to: usize, before: u64) {
        let kept = u64::from(self.references.clamp(1, 16)) + 1;
        let size = 2 * kept.ilog2() + 1;
        self.in_order = Some(Splice {
            from,
            to,
            bits: (before << 1 | 1) << size | kept,
        });
    }
}

/// Skips the frame number and picture order fields, and returns pic_order_cnt_type.
fn read_order(bits: &mut Bits) -> Option<u32> {
    bits.unsigned(); // log2_max_frame_num_minus4
    let order_type = bits.unsigned();
    match order_type {
        0 => {
            bits.unsigned(); // log2_max_pic_order_cnt_lsb_minus4
        }
        1 => {
            bits.flag(); // delta_pic_order_always_zero_flag
            bits.signed(); // offset_for_non_ref_pic
            bits.signed(); // offset_for_top_to_bottom_field
            let count = bits.unsigned();
            for _ in 0..count.min(255) {
                bits.signed(); // offset_for_ref_frame
            }
        }
        2 => {}
        _ => return None,
    }
    Some(order_type)
}

/// Skips a scaling list (H.264 7.3.2.1.1.1).
fn skip_scaling_list(bits: &mut Bits, size: usize) {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = last.wrapping_add(bits.signed()) & 0xff;
        }
        if next != 0 {
            last = next;
        }
    }
}

/// Skips the HRD parameters (H.264 E.1.2).
fn skip_hrd(bits: &mut Bits) -> Option<()> {
    let count = bits.unsigned();
    if count > 31 {
        return None;
    }
    bits.skip(8); // bit_rate_scale, cpb_size_scale
    for _ in 0..=count {
        bits.unsigned(); // bit_rate_value_minus1
        bits.unsigned(); // cpb_size_value_minus1
        bits.flag(); // cbr_flag
    }
    bits.skip(20); // four lengths
    Some(())
}
