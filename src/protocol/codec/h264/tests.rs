use super::*;
use crate::codec::splice::splice;
use proptest::prelude::*;

/// x264, 1080p25 high profile with B-frames (size cropped from 1088).
const HIGH: &str = "67640028acd940780227e5c044000003000400000300c83c60c658";
/// A constrained baseline 640x480 set without VUI.
const BASELINE: &str = "6742c01ed900a03d90";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

#[test]
fn reads_a_high_profile_set() {
    let sps = Sps::parse(&hex(HIGH)).unwrap();
    assert_eq!((sps.profile, sps.constraints, sps.level), (100, 0, 40));
    assert_eq!((sps.width, sps.height), (1920, 1080));
    assert_eq!(sps.frame_us, Some(40_000));
    assert_eq!(sps.reorder, Some(2));
    assert_eq!(sps.aspect, (1, 1));
}

#[test]
fn baseline_reorders_nothing() {
    let sps = Sps::parse(&hex(BASELINE)).unwrap();
    assert_eq!((sps.width, sps.height), (640, 480));
    assert_eq!(sps.reorder, Some(0));
}

#[test]
fn a_cut_vui_leaves_the_size() {
    let bytes = hex(HIGH);
    let sps = Sps::parse(&bytes[..bytes.len() - 6]).unwrap();
    assert_eq!((sps.width, sps.height), (1920, 1080));
    assert_eq!(sps.reorder, None);
}

/// The set after the change `in_order`, and its fields.
fn in_order(nal: &[u8]) -> (Vec<u8>, Sps) {
    let change = Sps::parse(nal).unwrap().in_order.unwrap();
    let changed = splice(&nal[..1], &unescape(&nal[1..]), &change);
    let sps = Sps::parse(&changed).unwrap();
    assert_eq!((sps.reorder, sps.in_order), (Some(0), None));
    (changed, sps)
}

#[test]
fn says_that_nothing_is_reordered_where_the_set_says_more() {
    let high = hex(HIGH);
    let (changed, sps) = in_order(&high);
    // The bits before stay as they were; then 011 00101 becomes 1 00101.
    let old = Sps::parse(&high).unwrap();
    assert_eq!((sps.width, sps.height), (old.width, old.height));
    assert_eq!((sps.frame_us, sps.level), (old.frame_us, old.level));
    assert_eq!(changed[..24], high[..24]);
    assert_ne!(changed, high);
}

#[test]
fn a_set_without_vui_gets_one() {
    let (changed, sps) = in_order(&hex(BASELINE));
    assert_eq!((sps.width, sps.height), (640, 480));
    assert_eq!((sps.aspect, sps.frame_us), ((1, 1), None));
    // Written by hand: vui_parameters_present_flag, the eight flags, the restriction.
    let tail = "1_00000000_1_1_1_1_000010000_000010000_1_00100_1";
    let tail: String = tail.chars().filter(|bit| *bit != '_').collect();
    let rbsp = unescape(&changed[1..]);
    let bits: String = rbsp.iter().map(|byte| format!("{byte:08b}")).collect();
    assert!(bits.trim_end_matches('0').ends_with(&tail), "{bits}");
}

#[test]
fn what_cannot_be_read_whole_is_left_as_it_is() {
    let bytes = hex(HIGH);
    let cut = &bytes[..bytes.len() - 6];
    assert_eq!(Sps::parse(cut).unwrap().in_order, None);
}

/// A number in the coding ue(v).
fn golomb(number: u32) -> String {
    let bits = format!("{:b}", number + 1);
    "0".repeat(bits.len() - 1) + &bits
}

/// A baseline set with this many macroblocks, cropped to 16 pixels in each direction.
fn cropped(across: u32, down: u32) -> Vec<u8> {
    let crop = |blocks: u32| golomb(0) + &golomb(blocks * 8 - 8);
    let head = ["010000101100000000011110", "1", "1", "011", "010", "0"].concat();
    let size = [golomb(across - 1), golomb(down - 1), "1".into(), "1".into()].concat();
    let bits = head + &size + "1" + &crop(across) + &crop(down) + "0" + "1";
    let mut rbsp = bits.into_bytes();
    rbsp.resize(rbsp.len().next_multiple_of(8), b'0');
    let byte = |bits: &[u8]| bits.iter().fold(0, |byte, bit| byte << 1 | bit & 1);
    let rbsp: Vec<u8> = rbsp.chunks(8).map(byte).collect();
    let nothing = Splice {
        from: 0,
        to: 0,
        bits: 0,
    };
    splice(&[0x67], &rbsp, &nothing)
}

#[test]
fn tells_what_takes_too_much_memory_however_little_of_it_is_shown() {
    let size = |across, down| {
        let sps = Sps::parse(&cropped(across, down))?;
        Some((sps.width, sps.height))
    };
    assert_eq!(size(40, 30), Some((16, 16)));
    assert_eq!(size(65_535, 65_535), Some((65_535 * 16, 65_535 * 16)));
    // The largest picture of level 6.2, and one with another row.
    assert_eq!(size(512, 272), Some((16, 16)));
    assert_eq!(size(512, 273), Some((8_192, 4_368)));
}

proptest! {
    #[test]
    fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Sps::parse(&bytes);
    }

    #[test]
    fn any_damage_is_fine(at in 1usize..26, value in any::<u8>()) {
        let mut bytes = hex(HIGH);
        bytes[at] = value;
        if let Some(sps) = Sps::parse(&bytes) {
            prop_assert!(sps.width > 0 && sps.height > 0);
        }
    }
}
