//! A reader of bits, most significant first, and what goes with it. Reading
//! past the end is `None`.

/// Bits of a byte slice.
#[derive(Clone, Debug)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    position: usize,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// How many bits have been read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// One bit.
    #[inline(never)]
    pub fn flag(&mut self) -> Option<bool> {
        let byte = *self.bytes.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit == 1)
    }

    /// `count` bits (at most 32).
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> Option<u32> {
        number(self.read(count))
    }

    #[inline(never)]
    fn read(&mut self, count: u32) -> i64 {
        let mut value = 0;
        for _ in 0..count.min(32) {
            let Some(bit) = self.flag() else { return END };
            value = value << 1 | i64::from(bit);
        }
        value
    }

    /// Steps over `count` bits.
    #[inline(never)]
    pub fn skip(&mut self, count: usize) -> Option<()> {
        let position = self.position.checked_add(count)?;
        if position > self.bytes.len().saturating_mul(8) {
            return None;
        }
        self.position = position;
        Some(())
    }

    /// The bits from here to where `end`, a reader of the same bytes, is; as
    /// bytes, the last one filled up with zeros.
    #[inline(never)]
    pub fn up_to(&self, end: &Self) -> Vec<u8> {
        let mut from = self.clone();
        let mut bytes = Vec::new();
        while from.position < end.position {
            let count = (end.position - from.position).min(8) as u32;
            bytes.push((from.take(count).unwrap_or(0) << (8 - count)) as u8);
        }
        bytes
    }

    /// An unsigned Exp-Golomb number, ue(v) of H.264 9.1.
    #[inline(always)]
    pub fn unsigned(&mut self) -> Option<u32> {
        number(self.read_unsigned())
    }

    #[inline(never)]
    fn read_unsigned(&mut self) -> i64 {
        let mut zeros = 0;
        loop {
            match self.flag() {
                Some(true) => break,
                Some(false) if zeros < 31 => zeros += 1,
                _ => return END,
            }
        }
        match self.read(zeros) {
            END => END,
            rest => (1 << zeros) - 1 + rest,
        }
    }

    /// A signed Exp-Golomb number, se(v) of H.264 9.1.1.
    pub fn signed(&mut self) -> Option<i32> {
        let value = self.unsigned()?;
        let half = value.div_ceil(2).cast_signed();
        Some(if value % 2 == 1 { half } else { -half })
    }
}

/// Stands for the end of the bits where they are read as a number: an
/// `Option<u32>` goes through the memory, wherever it is returned.
const END: i64 = -1;

#[inline(always)]
fn number(read: i64) -> Option<u32> {
    (read >= 0).then_some(read as u32)
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

/// Appends `byte` in two hexadecimal digits, lower case.
pub fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_fields_and_golomb_numbers() {
        // 101 | 1 | 010 | 011 | 00100 | 0...
        let mut bits = Bits::new(&[0b1011_0100, 0b1100_1000]);
        assert_eq!(bits.take(3), Some(5));
        assert_eq!(bits.unsigned(), Some(0));
        assert_eq!(bits.signed(), Some(1));
        assert_eq!(bits.signed(), Some(-1));
        assert_eq!(bits.unsigned(), Some(3));
        assert_eq!(bits.unsigned(), None);
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
        assert_eq!(bits.skip(15), Some(()));
        assert_eq!(bits.flag(), Some(true));
        assert_eq!(bits.skip(1), None);
        assert_eq!(bits.skip(usize::MAX), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut bits = Bits::new(&bytes);
            while bits.unsigned().is_some() && bits.signed().is_some() {}
        }
    }
}
