//! A bit writer, most significant bit first.

/// Writes at the end of a buffer. The last byte is written by [`align`](Self::align).
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The bits that make no whole byte yet: fewer than eight, the lowest ones.
    bits: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            bits: 0,
            count: 0,
        }
    }

    /// Writes the lowest `count` (at most 32) bits of `value`; the others must be 0.
    #[inline(never)]
    pub fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << count | u64::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.out.push((self.bits >> self.count) as u8);
        }
    }

    /// Writes a number in two's complement.
    pub fn signed(&mut self, value: i32, count: u32) {
        self.put(value.cast_unsigned() & (u32::MAX >> (32 - count)), count);
    }

    /// Writes this many zeros, and a one.
    pub fn unary(&mut self, mut zeros: u32) {
        while zeros > 31 {
            self.put(0, 32);
            zeros -= 32;
        }
        self.put(1, zeros + 1);
    }

    /// Writes zeros up to the end of the byte.
    pub fn align(&mut self) {
        self.put(0, self.count.wrapping_neg() % 8);
    }
}
