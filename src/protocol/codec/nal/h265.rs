//! NAL units as H.265 has them (RFC 7798, H.265 7.3 and 7.4).

use super::{Class, Picture, Shape};
use crate::codec::bits::Bits;
use crate::codec::sei::recovery_point;

/// NAL unit types (H.265 table 7-1).
pub const VPS: u8 = 32;
pub const SPS: u8 = 33;
pub const PPS: u8 = 34;

/// Packet types (RFC 7798 4.4).
const AP: u8 = 48;
const FU: u8 = 49;

/// The nal_unit_type in the first byte of a NAL unit's header.
pub fn unit_type(first: u8) -> u8 {
    first >> 1 & 0x3f
}

/// The shape of a payload. `numbered`: it has decoding order numbers, which are skipped.
///
/// ```text
/// +---------------+---------------+---------------+
/// |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
/// |F|   Type    |  LayerId  | TID |S|E|  FuType   |
/// +-------------+-----------------+---------------+
///   payload header                  FU header
/// ```
pub fn shape(payload: &[u8], numbered: bool) -> Option<Shape<'_>> {
    let (&header, rest) = payload.split_first_chunk::<2>()?;
    let number = if numbered { 2 } else { 0 };
    Some(match unit_type(header[0]) {
        AP => Shape::Aggregate {
            rest: rest.get(number..)?,
            between: number / 2,
        },
        FU => {
            let (fu, data) = rest.split_first()?;
            let start = fu & 0x80 != 0;
            Shape::Part {
                start,
                end: fu & 0x40 != 0,
                header: [header[0] & 0x81 | (fu & 0x3f) << 1, header[1]],
                data: data.get(if start { number } else { 0 }..)?,
            }
        }
        0..AP => Shape::Part {
            start: true,
            end: true,
            header,
            data: rest.get(number..)?,
        },
        // PACI packets belong to extensions that are never negotiated.
        _ => Shape::Ignored,
    })
}

/// The class of a NAL unit (H.265 table 7-1); `rest` is what follows its header, or the
/// beginning of that. Layers other than the base layer are ignored.
pub fn class([first, second]: [u8; 2], rest: &[u8]) -> Class {
    let layer = (first & 1) << 5 | second >> 3;
    match unit_type(first) {
        _ if layer > 0 => Class::Other,
        0..=7 => Class::Slice(Picture::Plain),
        8 | 9 => Class::Slice(Picture::Leading),
        16..=18 | 21 => Class::Slice(Picture::Open),
        19 | 20 => Class::Slice(Picture::Instant),
        VPS | SPS | PPS => Class::Set,
        36 => Class::End,
        39 => Class::Supplement(recovery_point(rest)),
        _ => Class::Other,
    }
}

/// Skips the fields before the slice_pic_parameter_set_id of a slice whose NAL unit has
/// this first byte (H.265 7.3.6.1).
pub fn skip_to_set(first: u8, bits: &mut Bits) {
    bits.flag(); // first_slice_segment_in_pic_flag
    if matches!(unit_type(first), 16..=23) {
        bits.flag(); // no_output_of_prior_pics_flag
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::nal::Codec;

    #[test]
    fn reads_the_set_of_a_slice() {
        assert_eq!(Codec::H265.picture_set(&[19 << 1, 1, 0b1010_0000]), Some(0));
        assert_eq!(Codec::H265.picture_set(&[1 << 1, 1, 0b1010_0000]), Some(1));
        assert_eq!(Codec::H265.picture_set(&[1 << 1, 1]), None);
    }

    #[test]
    fn only_an_end_is_a_header_alone_and_only_the_base_layer_counts() {
        let class = |nal: &[u8]| Codec::H265.class(nal);
        assert_eq!(class(&[36 << 1, 1]), Class::End);
        assert_eq!(class(&[19 << 1, 1]), Class::Other);
        assert_eq!(class(&[19 << 1, 1, 0xaf]), Class::Slice(Picture::Instant));
        assert_eq!(class(&[19 << 1, 9, 0xaf]), Class::Other);
        assert_eq!(class(&[33 << 1 | 1, 1, 0xaf]), Class::Other);
    }
}
