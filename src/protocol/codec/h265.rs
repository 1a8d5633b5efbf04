//! The fields of an H.265 sequence parameter set (7.3.2.2) that the player and the
//! gateway need.
//!
//! Invariant: a set whose picture size can be read is accepted, however broken the rest
//! is; fields that cannot be read count as missing.

use super::bits::{Bits, unescape};
use super::is_too_large;
use super::splice::Splice;
use super::vui;

/// The fields of a sequence parameter set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sps {
    /// sps_seq_parameter_set_id
    pub id: u32,
    /// The general part of profile_tier_level: profile, compatibility, constraints and
    /// level, laid out as in the decoder configuration record.
    pub profile: [u8; 12],
    /// The number of temporal sub-layers, 1 to 7.
    pub layers: u8,
    /// sps_temporal_id_nesting_flag
    pub nested: bool,
    pub chroma_format: u8,
    /// Bits per sample beyond 8.
    pub luma_depth: u8,
    /// Bits per sample beyond 8.
    pub chroma_depth: u8,
    /// In pixels, inside the conformance window.
    pub width: u32,
    /// In pixels, inside the conformance window.
    pub height: u32,
    /// The sample aspect ratio: width and height of a pixel.
    pub aspect: (u16, u16),
    /// How many pictures may precede one in decoding order and follow it in
    /// output order (sps_max_num_reorder_pics of the highest sub-layer).
    pub reorder: u8,
    /// The duration of a frame in microseconds, if the stream says it.
    pub frame_us: Option<i64>,
    /// The change that makes this set say that no picture is reordered, so that
    /// decoders hold none back. `None` if the set speaks of several sub-layers.
    pub in_order: Option<Splice>,
}

impl Sps {
    /// Reads a NAL unit with its header. `None` if a field is missing that a decoder
    /// configuration record needs.
    pub fn parse(nal: &[u8]) -> Option<Self> {
        let rbsp = unescape(nal.get(2..)?);
        let mut bits = Bits::new(&rbsp);
        bits.skip(4); // sps_video_parameter_set_id
        let more_layers = bits.take(3);
        let nested = bits.flag();
        let profile = *rbsp.get(1..)?.first_chunk::<12>()?;
        skip_profile(&mut bits, more_layers);
        let mut sps = Self {
            id: below(&mut bits, 16)?,
            profile,
            layers: more_layers as u8 + 1,
            nested,
            chroma_format: 0,
            luma_depth: 0,
            chroma_depth: 0,
            width: 0,
            height: 0,
            aspect: (1, 1),
            reorder: 0,
            frame_us: None,
            in_order: None,
        };
        sps.read_size(&mut bits)?;
        let order_bits = below(&mut bits, 13)? + 4;
        let all = bits.flag(); // sps_sub_layer_ordering_info_present_flag
        for layer in if all { 0 } else { more_layers }..=more_layers {
            bits.unsigned(); // sps_max_dec_pic_buffering_minus1
            let from = bits.position();
            sps.reorder = below(&mut bits, 17)? as u8;
            bits.unsigned(); // sps_max_latency_increase_plus1
            sps.in_order = (!all || layer == 0).then_some(Splice {
                from,
                to: bits.position(),
                bits: 0b11, // 0 and 0
            });
        }
        bits.intact()?;
        let _ = sps.read_rest(&mut bits, order_bits);
        Some(sps)
    }

    fn read_size(&mut self, bits: &mut Bits) -> Option<()> {
        let format = below(bits, 4)?;
        self.chroma_format = format as u8;
        if format == 3 {
            bits.flag(); // separate_colour_plane_flag
        }
        let (width, height) = (bits.unsigned(), bits.unsigned());
        let (mut crop_x, mut crop_y) = (0, 0);
        if bits.flag() {
            let window = read_window(bits);
            let (unit_x, unit_y) = match format {
                1 => (2, 2),
                2 => (2, 1),
                _ => (1, 1),
            };
            crop_x = window.0.saturating_mul(unit_x);
            crop_y = window.1.saturating_mul(unit_y);
        }
        if is_too_large(width, height) {
            (crop_x, crop_y) = (0, 0);
        }
        self.width = width.checked_sub(crop_x).filter(|width| *width > 0)?;
        self.height = height.checked_sub(crop_y).filter(|height| *height > 0)?;
        self.luma_depth = below(bits, 8)? as u8;
        self.chroma_depth = below(bits, 8)? as u8;
        Some(())
    }

    /// Reads the fields after sps_max_num_reorder_pics, and the VUI.
    fn read_rest(&mut self, bits: &mut Bits, order_bits: u32) -> Option<()> {
        for _ in 0..6 {
            bits.unsigned(); // sizes of blocks, depths of their hierarchy
        }
        if bits.flag() && bits.flag() {
            skip_scaling_lists(bits);
        }
        bits.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
        if bits.flag() {
            bits.skip(8); // bit depths of PCM samples
            bits.unsigned();
            bits.unsigned();
            bits.flag(); // pcm_loop_filter_disabled_flag
        }
        skip_reference_sets(bits)?;
        if bits.flag() {
            let count = below(bits, 33)?;
            bits.skip(count as usize * (order_bits as usize + 1));
        }
        bits.skip(2); // temporal motion vectors, strong intra smoothing
        if bits.flag() {
            self.read_vui(bits);
        }
        Some(())
    }

    /// Reads the VUI (H.265 E.2.1).
    fn read_vui(&mut self, bits: &mut Bits) {
        vui::read_signal(bits, &mut self.aspect);
        bits.skip(3); // neutral chroma, fields, frame_field_info_present_flag
        if bits.flag() {
            read_window(bits); // default display window
        }
        if bits.flag() {
            self.frame_us = vui::read_timing(bits, 1);
        }
    }
}

/// Reads four offsets; returns the sum of left and right, and that of top and bottom.
fn read_window(bits: &mut Bits) -> (u32, u32) {
    let across = bits.unsigned().saturating_add(bits.unsigned());
    let down = bits.unsigned().saturating_add(bits.unsigned());
    (across, down)
}

/// Reads a number; `None` if it is not below `end`.
fn below(bits: &mut Bits, end: u32) -> Option<u32> {
    Some(bits.unsigned()).filter(|number| *number < end)
}

/// Skips profile_tier_level (H.265 7.3.3).
pub fn skip_profile(bits: &mut Bits, more_layers: u32) {
    bits.skip(96);
    let mut size = 0;
    for _ in 0..more_layers {
        size += if bits.flag() { 88 } else { 0 };
        size += if bits.flag() { 8 } else { 0 };
    }
    if more_layers > 0 {
        bits.skip(2 * (8 - more_layers as usize));
    }
    bits.skip(size);
}

/// Skips the scaling lists (H.265 7.3.4).
fn skip_scaling_lists(bits: &mut Bits) {
    for size in 0..4u32 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            if !bits.flag() {
                bits.unsigned(); // scaling_list_pred_matrix_id_delta
                continue;
            }
            // Larger lists begin with the coefficient of the mean; up to 64 others
            // follow.
            let mean = u32::from(size > 1);
            for _ in 0..mean + (16u32 << (2 * size)).min(64) {
                bits.signed();
            }
        }
    }
}

/// Skips the short-term reference picture sets (H.265 7.3.7).
fn skip_reference_sets(bits: &mut Bits) -> Option<()> {
    let count = below(bits, 65)?;
    let mut pictures = 0; // of the previous set
    for index in 0..count {
        if index > 0 && bits.flag() {
            bits.flag(); // delta_rps_sign
            bits.unsigned(); // abs_delta_rps_minus1
            let before = std::mem::take(&mut pictures);
            for _ in 0..=before {
                // used_by_curr_pic_flag, else use_delta_flag
                pictures += u32::from(bits.flag() || bits.flag());
            }
        } else {
            pictures = below(bits, 17)? + below(bits, 17)?;
            for _ in 0..pictures {
                bits.unsigned(); // delta_poc_minus1
                bits.flag(); // used_by_curr_pic_flag
            }
        }
    }
    Some(())
}
