//! A writer of bits, most significant first.

/// Writes at the end of a buffer. The last byte is there once
/// [`align`](Self::align) was called.
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bits that make no byte yet, fewer than eight, at the bottom.
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

    /// The lowest `count` (at most 32) bits of `value`; the others are 0.
    #[inline(never)]
    pub fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << count | u64::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.out.push((self.bits >> self.count) as u8);
        }
    }

    /// A number in two's complement.
    pub fn signed(&mut self, value: i32, count: u32) {
        self.put(value.cast_unsigned() & (u32::MAX >> (32 - count)), count);
    }

    /// That many zeros and a one.
    pub fn unary(&mut self, mut zeros: u32) {
        while zeros > 31 {
            self.put(0, 32);
            zeros -= 32;
        }
        self.put(1, zeros + 1);
    }

    /// Zeros to the end of the byte.
    pub fn align(&mut self) {
        self.put(0, self.count.wrapping_neg() % 8);
    }
}
