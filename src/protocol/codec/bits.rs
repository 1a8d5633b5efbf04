//! A bit reader, most significant bit first, and the removal of emulation prevention.
//!
//! Past the end, everything reads as 0; [`intact`](Bits::intact), called once at the
//! end, tells whether that happened. (A check of every field would be a third of the
//! code that reads parameter sets.)

/// Bits of a byte slice.
#[derive(Clone, Debug)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    /// The position in bits.
    position: usize,
    /// Whether something was read past the end.
    broken: bool,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            broken: false,
        }
    }

    /// The number of bits read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// `None` if something was read past the end.
    pub fn intact(&self) -> Option<()> {
        (!self.broken).then_some(())
    }

    /// One bit.
    #[inline(never)]
    pub fn flag(&mut self) -> bool {
        let Some(byte) = self.bytes.get(self.position / 8) else {
            self.broken = true;
            return false;
        };
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        bit == 1
    }

    /// Reads `count` bits (at most 32); 0 if fewer are left.
    #[inline(never)]
    pub fn take(&mut self, count: u32) -> u32 {
        let value = (0..count).fold(0, |value, _| value << 1 | u32::from(self.flag()));
        if self.broken { 0 } else { value }
    }

    /// Skips `count` bits.
    #[inline(never)]
    pub fn skip(&mut self, count: usize) {
        let end = self.bytes.len().saturating_mul(8);
        let position = self.position.saturating_add(count);
        self.broken |= position > end;
        self.position = position.min(end);
    }

    /// The bits from here to the position of `end`, a reader of the same bytes, padded
    /// with zeros to whole bytes.
    #[inline(never)]
    pub fn up_to(&self, end: &Self) -> Vec<u8> {
        let mut from = self.clone();
        let mut bytes = Vec::new();
        while from.position < end.position {
            let count = (end.position - from.position).min(8) as u32;
            bytes.push((from.take(count) << (8 - count)) as u8);
        }
        bytes
    }

    /// An unsigned Exp-Golomb number, ue(v) of H.264 9.1.
    #[inline(never)]
    pub fn unsigned(&mut self) -> u32 {
        let mut zeros = 0;
        while !self.flag() {
            zeros += 1;
            if self.broken || zeros > 31 {
                self.broken = true;
                return 0;
            }
        }
        (1 << zeros) - 1 + self.take(zeros)
    }

    /// A signed Exp-Golomb number, se(v) of H.264 9.1.1.
    pub fn signed(&mut self) -> i32 {
        let value = self.unsigned();
        let half = value.div_ceil(2) as i32;
        if value % 2 == 1 { half } else { -half }
    }
}

/// Removes the emulation prevention bytes of a NAL unit (H.264 7.4.1.1, H.265
/// 7.4.2).
pub fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut rbsp = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        rbsp.push(byte);
    }
    rbsp
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_fields_and_golomb_numbers() {
        // 101 | 1 | 010 | 011 | 00100 | 0...
        let mut bits = Bits::new(&[0b1011_0100, 0b1100_1000]);
        assert_eq!((bits.take(3), bits.unsigned()), (5, 0));
        assert_eq!((bits.signed(), bits.signed()), (1, -1));
        assert_eq!((bits.unsigned(), bits.intact()), (3, Some(())));
        assert_eq!((bits.unsigned(), bits.intact()), (0, None));
        assert_eq!(Bits::new(&[0xff]).take(9), 0);
    }

    #[test]
    fn removes_emulation_prevention() {
        assert_eq!(
            unescape(&[0, 0, 3, 1, 0, 0, 3, 0, 3]),
            [0, 0, 1, 0, 0, 0, 3]
        );
        assert_eq!(unescape(&[0, 0, 0, 3]), [0, 0, 0]);
    }

    #[test]
    fn skips_within_its_bytes_only() {
        let mut bits = Bits::new(&[0, 1]);
        bits.skip(15);
        assert_eq!((bits.flag(), bits.intact()), (true, Some(())));
        bits.skip(1);
        assert_eq!((bits.position(), bits.intact()), (16, None));
        bits.skip(usize::MAX);
        assert_eq!((bits.flag(), bits.position()), (false, 16));
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut bits = Bits::new(&bytes);
            while bits.intact().is_some() {
                bits.unsigned();
                bits.signed();
            }
        }
    }
}
