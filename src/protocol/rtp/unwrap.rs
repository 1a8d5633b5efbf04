//! RTP timestamps (RFC 3550 §5.1) without wrap-around.

/// Unwraps 32-bit timestamps to 64 bits. The first one keeps its value.
#[derive(Clone, Debug, Default)]
pub struct Unwrap {
    last: Option<i64>,
}

impl Unwrap {
    /// Extends the timestamp to the value nearest to the last one, and keeps it as the
    /// new last one.
    pub fn advance(&mut self, timestamp: u32) -> i64 {
        let value = self.peek(timestamp);
        self.last = Some(value);
        value
    }

    /// Like [`advance`](Self::advance), but does not keep the value.
    pub fn peek(&self, timestamp: u32) -> i64 {
        match self.last {
            None => i64::from(timestamp),
            Some(last) => last.wrapping_add(self.distance(timestamp)),
        }
    }

    /// How far the timestamp is from the last one; 0 for the first one.
    pub fn distance(&self, timestamp: u32) -> i64 {
        // The difference is signed, so that the timestamp may be earlier.
        let from = |last: i64| timestamp.wrapping_sub(last as u32) as i32;
        self.last.map_or(0, |last| i64::from(from(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unwraps_both_ways() {
        let mut unwrap = Unwrap::default();
        assert_eq!(unwrap.advance(0xffff_fff0), 0xffff_fff0);
        assert_eq!(unwrap.advance(0x10), 0x1_0000_0010);
        assert_eq!(unwrap.peek(0xffff_ffff), 0xffff_ffff);
        assert_eq!(unwrap.advance(0x7000_0000), 0x1_7000_0000);
        assert_eq!(unwrap.advance(0xe000_0000), 0x1_e000_0000);
        assert_eq!(unwrap.advance(0), 0x2_0000_0000);
    }

    proptest! {
        #[test]
        fn unwrapping_keeps_the_low_bits(values in proptest::collection::vec(any::<u32>(), 1..50)) {
            let mut unwrap = Unwrap::default();
            for value in values {
                prop_assert_eq!(unwrap.advance(value) as u32, value);
            }
        }
    }
}
