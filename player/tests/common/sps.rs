//! Sequence parameter sets of H.264 as a hardware decoder reads them, written apart
//! from the player's own reader.

use camgate_protocol::codec::bits::{Bits, unescape};
use camgate_protocol::codec::splice::{Splice, splice};

/// What decides how many pictures are held back.
#[derive(Debug)]
pub struct Sps {
    level: u32,
    intra: bool,
    frame_macroblocks: u32,
    references: u32,
    /// max_num_reorder_frames and max_dec_frame_buffering, where they are there.
    restriction: Option<(u32, u32)>,
    /// Where vui_parameters_present_flag is in the RBSP, and where the VUI ends.
    vui: (usize, usize),
}

impl Sps {
    pub fn read(nal: &[u8]) -> Self {
        let rbsp = unescape(&nal[1..]);
        let mut bits = Bits::new(&rbsp);
        let (profile, flags, level) = (bits.take(8), bits.take(8), bits.take(8));
        bits.unsigned();
        if [100, 110, 122, 244, 44].contains(&profile) {
            assert_eq!(bits.unsigned(), 1, "4:2:0");
            bits.unsigned();
            bits.unsigned();
            bits.flag();
            assert!(!bits.flag(), "no scaling matrix");
        }
        bits.unsigned();
        match bits.unsigned() {
            0 => {
                bits.unsigned();
            }

            2 => {}
            other => panic!("pic_order_cnt_type {other}"),
        }
        let references = bits.unsigned();
        bits.flag();
        let (across, down) = (bits.unsigned() + 1, bits.unsigned() + 1);
        let frames_only = bits.flag();
        if !frames_only {
            bits.flag();
        }
        bits.flag();
        if bits.flag() {
            for _ in 0..4 {
                bits.unsigned();
            }
        }
        let start = bits.position();
        let restriction = if bits.flag() { vui(&mut bits) } else { None };
        bits.intact().unwrap();
        let end = bits.position();
        assert!(bits.flag(), "the stop bit");
        Self {
            level,
            intra: flags & 0x10 != 0 && profile != 66 && profile != 77,
            frame_macroblocks: across * down * if frames_only { 1 } else { 2 },
            references,
            restriction,
            vui: (start, end),
        }
    }

    /// MaxDpbMbs (H.264 table A-1) in pictures, or what the set wants more.
    fn buffer(&self) -> u32 {
        let macroblocks = match self.level {
            10 => 396,
            11 => 900,
            12 | 13 | 20 => 2_376,
            21 => 4_752,
            22 | 30 => 8_100,
            31 => 18_000,
            32 => 20_480,
            40 | 41 => 32_768,
            42 => 34_816,
            50 => 110_400,
            _ => 184_320,
        };
        let by_level = (macroblocks / self.frame_macroblocks).min(16);
        let wanted = self.restriction.map_or(0, |(_, buffer)| buffer);
        by_level.max(self.references).max(wanted)
    }

    /// So many pictures Chromium's hardware decoders hold back: the rule of
    /// H264Decoder::ProcessSPS and UpdateMaxNumReorderFrames in its
    /// media/gpu/h264_decoder.cc.
    pub fn held(&self) -> u32 {
        match self.restriction {
            Some((reorder, _)) => {
                assert!(reorder <= self.buffer(), "or the set is refused");
                reorder
            }
            None if self.intra => 0,
            None => self.buffer(),
        }
    }

    /// Whether there is room for what pictures refer to (H.264 E.2.1).
    pub fn is_sound(&self) -> bool {
        self.restriction
            .is_none_or(|(reorder, buffer)| buffer >= self.references.max(reorder))
    }
}

/// H.264 E.1.1.
fn vui(bits: &mut Bits) -> Option<(u32, u32)> {
    if bits.flag() && bits.take(8) == 255 {
        bits.skip(32);
    }
    if bits.flag() {
        bits.flag();
    }
    if bits.flag() {
        bits.skip(4);
        if bits.flag() {
            bits.skip(24);
        }
    }
    if bits.flag() {
        bits.unsigned();
        bits.unsigned();
    }
    if bits.flag() {
        bits.skip(65);
    }
    assert!(!bits.flag() && !bits.flag(), "no HRD");
    bits.flag();
    bits.flag().then(|| {
        bits.flag();
        for _ in 0..4 {
            bits.unsigned();
        }
        (bits.unsigned(), bits.unsigned())
    })
}

/// The set without its VUI, as many cameras send it.
pub fn bare(nal: &[u8]) -> Vec<u8> {
    let (start, to) = Sps::read(nal).vui;
    let rbsp = unescape(&nal[1..]);
    // A splice begins with a bit that is set: the last one before the flag.
    let set = |at: &usize| rbsp[at / 8] >> (7 - at % 8) & 1 == 1;
    let from = (0..start).rev().find(set).unwrap();
    let bits = 1 << (start - from);
    splice(&nal[..1], &rbsp, &Splice { from, to, bits })
}

/// The sets in an init segment of H.264.
pub fn of(init: &[u8]) -> Vec<u8> {
    let at = init.windows(4).position(|four| four == b"avcC").unwrap() + 4;
    let length = u16::from_be_bytes([init[at + 6], init[at + 7]]);
    init[at + 8..][..length.into()].to_vec()
}
