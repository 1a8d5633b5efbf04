//! The field of an H.264 slice header that tells whether decoding can begin there.

use super::bits::Bits;

/// Whether a slice refers to no other picture (H.264 7.3.3, table 7-6). `slice` is what
/// follows the NAL unit's header; its beginning is enough.
///
/// The first two numbers are too short to contain an emulation prevention byte.
pub fn is_intra(slice: &[u8]) -> bool {
    let mut bits = Bits::new(slice);
    bits.unsigned(); // first_mb_in_slice
    bits.unsigned() % 5 == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_intra_by_its_type() {
        // first_mb_in_slice 0 with slice_type 7, 2, 0, 5, 6.
        for (slice, intra) in [
            (0b1000_1000, true),
            (0b1011_0000, true),
            (0b1100_0000, false),
            (0b1001_1000, false),
            (0b1001_1100, false),
        ] {
            assert_eq!(is_intra(&[slice]), intra, "{slice:08b}");
        }
        assert!(is_intra(&[0b0100_0010, 0]));
        assert!(!is_intra(&[]));
    }
}
