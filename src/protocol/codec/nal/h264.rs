//! NAL units as H.264 has them (RFC 6184, H.264 7.3 and 7.4).

use super::{Class, Picture, Shape};
use crate::codec::bits::Bits;
use crate::codec::{sei::recovery_point, slice};

/// NAL unit types (H.264 table 7-1).
pub const SPS: u8 = 7;
pub const PPS: u8 = 8;

/// Packet types (RFC 6184 5.2).
const STAP_A: u8 = 24;
const STAP_B: u8 = 25;
const MTAP16: u8 = 26;
const MTAP24: u8 = 27;
const FU_A: u8 = 28;
const FU_B: u8 = 29;

/// The nal_unit_type in the header of a NAL unit.
pub fn unit_type(header: u8) -> u8 {
    header & 0x1f
}

/// The shape of a payload. STAP-B and FU-B are taken in the order in which they come.
///
/// ```text
/// +---------------+---------------+
/// |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
/// |F|NRI|  Type   |S|E|R|  Type   |
/// +---------------+---------------+
///   FU indicator      FU header
/// ```
pub fn shape(payload: &[u8]) -> Option<Shape<'_>> {
    let (&header, rest) = payload.split_first()?;
    Some(match unit_type(header) {
        STAP_A => Shape::Aggregate { rest, between: 0 },
        STAP_B => Shape::Aggregate {
            rest: rest.get(2..)?,
            between: 0,
        },
        // MTAPs hold pictures of several times, which nobody negotiates.
        MTAP16 | MTAP24 => return None,
        kind @ (FU_A | FU_B) => {
            let (fu, data) = rest.split_first()?;
            let start = fu & 0x80 != 0;
            Shape::Part {
                start,
                end: fu & 0x40 != 0,
                header: [header & 0xe0 | fu & 0x1f, 0],
                // Only a NAL unit's first fragment is an FU-B.
                data: data.get(if kind == FU_B { 2 } else { 0 }..)?,
            }
        }
        // Type 0 is undefined and ignored, unless it comes from a start code.
        0 if !(payload.starts_with(&[0, 0, 1]) || payload.starts_with(&[0, 0, 0, 1])) => {
            Shape::Ignored
        }
        30 | 31 => Shape::Ignored,
        _ => Shape::Part {
            start: true,
            end: true,
            header: [header, 0],
            data: rest,
        },
    })
}

/// The class of a NAL unit (H.264 table 7-1); `rest` is what follows its header, or the
/// beginning of that.
pub fn class(header: u8, rest: &[u8]) -> Class {
    match unit_type(header) {
        5 => Class::Slice(Picture::Instant),
        1 | 2 if slice::is_intra(rest) => Class::Slice(Picture::Intra),
        1..=4 => Class::Slice(Picture::Plain),
        6 => Class::Supplement(recovery_point(rest)),
        SPS | PPS => Class::Set,
        _ => Class::Other,
    }
}

/// Skips the fields before the pic_parameter_set_id of a slice (H.264 7.3.3).
pub fn skip_to_set(bits: &mut Bits) {
    bits.unsigned(); // first_mb_in_slice
    bits.unsigned(); // slice_type
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::nal::Codec;

    fn class(nal: &[u8]) -> Class {
        Codec::H264.class(nal)
    }

    #[test]
    fn reads_the_set_of_a_slice() {
        assert_eq!(Codec::H264.picture_set(&[0x65, 0x88, 0x84]), Some(0));
        // first_mb_in_slice 1, slice_type 7, set 2.
        assert_eq!(
            Codec::H264.picture_set(&[0x41, 0b0100_0010, 0b0001_1000]),
            Some(2)
        );
        assert_eq!(Codec::H264.picture_set(&[0x41]), None);
    }

    #[test]
    fn finds_recovery_points() {
        assert_eq!(class(&[6, 6, 1, 0xc4, 0x80]), Class::Supplement(Some(true)));
        assert_eq!(class(&[6, 6, 1, 0x11]), Class::Supplement(Some(false)));
        // The recovery point follows another message, which has 256 bytes once unescaped.
        let mut nal = vec![6, 5, 255, 1];
        nal.extend([6; 254]);
        nal.extend([0, 0, 3]); // the 3 does not count
        nal.extend([6, 1, 0xc4, 0x80]);
        assert_eq!(class(&nal), Class::Supplement(Some(true)));
        for cut in 0..nal.len() - 2 {
            let class = class(&nal[..cut]);
            assert!(matches!(class, Class::Supplement(None) | Class::Other));
        }
    }

    #[test]
    fn a_header_alone_is_nothing_unless_more_is_to_come() {
        assert_eq!(class(&[0x65]), Class::Other);
        assert_eq!(
            Codec::H264.class_of([0x65, 0], &[]),
            Class::Slice(Picture::Instant)
        );
        assert_eq!(class(&[]), Class::Other);
    }
}
