//! Sequence numbers (RFC 3550 §5.1): they count a source's packets, in 16 bits that
//! wrap.

/// A sequence number this far ahead, or farther, is a new beginning; a smaller jump is
/// a loss (§A.1).
pub const MAX_DROPOUT: u16 = 3000;
/// A sequence number at most this far behind is that of an old packet; one further
/// behind is a new beginning (§A.1).
pub const MAX_MISORDER: u16 = 100;

/// The number after this one.
#[inline(always)]
pub fn after(sequence: u16) -> u16 {
    sequence.wrapping_add(1)
}

/// How many numbers `sequence` is after `due`: 0 for the packet that is due, and almost
/// 2^16 for an old one.
#[inline(always)]
pub fn ahead(due: u16, sequence: u16) -> u16 {
    sequence.wrapping_sub(due)
}

/// Whether a packet this far ahead of the one that is due shows that those between are
/// lost, and not that the numbers begin anew.
#[inline(always)]
pub fn is_loss(ahead: u16) -> bool {
    ahead < MAX_DROPOUT
}

/// How many packets are lost before one that is this far ahead of the one that is due.
#[inline(always)]
pub fn lost(ahead: u16) -> u16 {
    if is_loss(ahead) { ahead } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_missing_is_lost_unless_the_numbers_begin_anew() {
        for (due, sequence, missing) in [
            (7, 7, 0),
            (7, 9, 2),
            (0xffff, 1, 2),
            (1, 3000, 2999),
            (1, 3001, 0),
            (9, 7, 0),
        ] {
            assert_eq!(lost(ahead(due, sequence)), missing, "{due} {sequence}");
        }
    }

    proptest! {
        #[test]
        fn numbers_wrap(due: u16, many: u16) {
            prop_assert_eq!(ahead(due, due.wrapping_add(many)), many);
            prop_assert_eq!(ahead(after(due), due), u16::MAX);
            prop_assert!(lost(many) <= many);
        }
    }
}
