//! Start codes (H.264 and H.265 annex B). RTP has no use for them, but some senders
//! leave them in.

/// The position of the first start code: 00 00 01, which occurs inside no NAL unit.
pub fn find(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            0 => 1,
            1 if bytes.get(at - 2..at) == Some(&[0, 0]) => return Some(at - 2),
            // No start code can end within three bytes of this one.
            _ => 3,
        };
    }
    None
}

/// The NAL units between start codes, without trailing zeros.
pub fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    let pieces = std::iter::from_fn(move || {
        let bytes = rest?;
        let at = find(bytes);
        rest = at.and_then(|at| bytes.get(at + 3..));
        bytes.get(..at.unwrap_or(bytes.len()))
    });
    pieces.filter_map(|piece| {
        let last = piece.iter().rposition(|byte| *byte != 0)?;
        piece.get(..=last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
        split(bytes).collect()
    }

    #[test]
    fn splits_at_long_and_short_codes() {
        let bytes = [0, 0, 0, 1, 7, 8, 0, 0, 1, 9, 0, 0, 0, 0, 1, 5, 1, 0, 0];
        assert_eq!(pieces(&bytes), [&[7, 8][..], &[9], &[5, 1]]);
        assert_eq!(pieces(&[7, 0, 1, 1, 0]), [&[7, 0, 1, 1][..]]);
        assert!(pieces(&[0, 0, 1, 0, 0, 0]).is_empty());
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(bytes in proptest::collection::vec(0u8..3, 0..60)) {
            let plain = bytes.windows(3).position(|window| window == [0, 0, 1]);
            prop_assert_eq!(find(&bytes), plain);
        }
    }
}
