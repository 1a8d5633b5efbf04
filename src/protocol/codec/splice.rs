//! Replaces some bits of a NAL unit.

/// A change of some bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The first bit to replace and the one after the last, as positions in the RBSP.
    pub from: usize,
    pub to: usize,
    /// The new bits, which begin at the highest bit that is set.
    pub bits: u64,
}

/// The NAL unit with this header and RBSP after the change, with emulation prevention
/// (H.264 7.4.1.1, H.265 7.4.2).
pub fn splice(header: &[u8], rbsp: &[u8], splice: &Splice) -> Vec<u8> {
    let count = (u64::BITS - splice.bits.leading_zeros()) as usize;
    let end = splice.from + count;
    let bit = |at: usize| {
        let old = match at {
            _ if at < splice.from => at,
            _ if at < end => return (splice.bits >> (end - 1 - at)) as u8 & 1,
            _ => at - end + splice.to,
        };
        rbsp.get(old / 8)
            .map_or(0, |byte| byte >> (7 - old % 8) & 1)
    };
    let mut nal = header.to_vec();
    let bits = (rbsp.len() * 8 + end).saturating_sub(splice.to);
    for byte in 0..bits.div_ceil(8) {
        let byte = (0..8).fold(0, |value, index| value << 1 | bit(8 * byte + index));
        if byte <= 3 && nal.ends_with(&[0, 0]) {
            nal.push(3);
        }
        nal.push(byte);
    }
    // The stop bit may have moved into the byte before.
    if nal.ends_with(&[0]) {
        nal.pop();
    }
    nal
}

#[cfg(test)]
mod tests {
    use super::super::bits::unescape;
    use super::*;
    use proptest::prelude::*;

    /// A change that changes nothing.
    const NOTHING: Splice = Splice {
        from: 0,
        to: 0,
        bits: 0,
    };

    #[test]
    fn puts_bits_in_the_place_of_others() {
        // 1010 [11] 10 ... becomes 1010 [10000] 10 ...
        let spliced = |to, bits| {
            let change = Splice { from: 4, to, bits };
            splice(&[0x67], &[0b1010_1110, 0b1000_0000], &change)
        };
        assert_eq!(spliced(6, 0b10000), [0x67, 0b1010_1000, 0b0101_0000]);
        assert_eq!(spliced(6, 0), [0x67, 0b1010_1010]);
        assert_eq!(
            spliced(4, 1 << 15),
            [0x67, 0b1010_1000, 0, 0b1110, 0b1000_0000]
        );
    }

    #[test]
    fn prevents_start_codes() {
        let rbsp = [0, 0, 1, 0, 0, 3, 0, 0, 0, 4, 0];
        let nal = [0x67, 0, 0, 3, 1, 0, 0, 3, 3, 0, 0, 3, 0, 4];
        assert_eq!(splice(&[0x67], &rbsp, &NOTHING), nal);
    }

    proptest! {
        #[test]
        fn without_change_a_unit_stays_as_it_is(
            rbsp in proptest::collection::vec(prop_oneof![Just(0u8), 0u8..5, any::<u8>()], 0..60),
        ) {
            let rbsp = [&rbsp[..], &[0x80]].concat();
            let nal = splice(&[0x67], &rbsp, &NOTHING);
            prop_assert!(nal.windows(3).all(|three| three[..2] != [0, 0] || three[2] >= 3));
            prop_assert_eq!(unescape(&nal[1..]), rbsp);
        }

        #[test]
        fn any_places_are_fine(from in 0usize..99, more in 0usize..99, bits in any::<u64>()) {
            let to = from + more;
            splice(&[], &[0xff; 4], &Splice { from, to, bits });
        }
    }
}
