//! A FLAC encoder (RFC 9639) whose frames hold their samples losslessly.
//!
//! Browsers play no PCM out of MP4, so samples are wrapped in FLAC for them, and the
//! frames go no further than the browser. One fixed predictor and one Rice partition
//! are therefore enough: most of the gain for little code. Every frame can be decoded
//! on its own.

mod bits;

use bits::BitWriter;

/// The largest number of samples per channel that [`Encoder::frame`] takes.
pub const MAX_BLOCK: usize = 4096;

/// The smallest number of samples per channel (RFC 9639 8.2).
pub const MIN_BLOCK: usize = 16;

/// The largest number of channels (RFC 9639 9.1.3).
pub const MAX_CHANNELS: usize = 8;

/// The order of the fixed predictor (RFC 9639 9.2.5), which is the best one for most
/// sounds.
const ORDER: usize = 2;

/// The largest Rice parameter; the next one is an escape (RFC 9639 9.2.7.1).
const MAX_PARAMETER: u32 = 14;

/// Encodes 16-bit samples.
#[derive(Debug)]
pub struct Encoder {
    rate: u32,
    channels: u16,
    /// The number of the next sample.
    position: u64,
    /// The prediction residual of one channel of a block, as it is Rice coded.
    residual: Vec<u32>,
}

impl Encoder {
    /// An encoder for `rate` samples per second (below 2^20) and 1 to [`MAX_CHANNELS`]
    /// channels.
    pub fn new(rate: u32, channels: u16) -> Self {
        Self {
            rate,
            channels: channels.clamp(1, MAX_CHANNELS as u16),
            position: 0,
            residual: Vec::new(),
        }
    }

    pub fn channels(&self) -> usize {
        usize::from(self.channels)
    }

    /// The STREAMINFO block (RFC 9639 8.2), 34 bytes: for blocks of any size, without a
    /// length or a checksum.
    pub fn stream_info(&self) -> Vec<u8> {
        let mut info = Vec::new();
        let mut w = BitWriter::new(&mut info);
        w.put(MIN_BLOCK as u32, 16);
        w.put(MAX_BLOCK as u32, 16);
        w.put(0, 24); // the smallest and the largest frame, both unknown
        w.put(0, 24);
        w.put(self.rate, 20);
        w.put(u32::from(self.channels) - 1, 3);
        w.put(16 - 1, 5);
        w.align();
        info.resize(34, 0);
        info
    }

    /// Appends a frame. `samples` are interleaved, with [`MIN_BLOCK`] to [`MAX_BLOCK`]
    /// samples of each channel.
    pub fn frame(&mut self, samples: &[i16], out: &mut Vec<u8>) {
        let start = out.len();
        let block = samples.len() / self.channels();
        let mut w = BitWriter::new(out);
        self.header(&mut w, block as u32);
        let check = crc(out.get(start..).unwrap_or_default(), 8, 0x07);
        let mut w = BitWriter::new(out);
        w.put(check, 8);
        for channel in 0..self.channels() {
            self.subframe(samples, channel, &mut w);
        }
        w.align();
        let check = crc(out.get(start..).unwrap_or_default(), 16, 0x8005);
        BitWriter::new(out).put(check, 16);
        self.position = (self.position + block as u64) & ((1 << 36) - 1);
    }

    /// Writes one channel (RFC 9639 9.2).
    fn subframe(&mut self, samples: &[i16], channel: usize, w: &mut BitWriter) {
        w.put((8 | ORDER as u32) << 1, 8);
        self.residual.clear();
        let mut sum = 0;
        let (mut last, mut before) = (0, 0);
        for (index, sample) in samples.chunks(self.channels()).enumerate() {
            let sample = sample.get(channel).copied().map_or(0, i32::from);
            if index < ORDER {
                w.signed(sample, 16);
            } else {
                // 19 bits at most, and at most MAX_BLOCK of them.
                let value = zigzag(sample - 2 * last + before);
                sum += value;
                self.residual.push(value);
            }
            (last, before) = (sample, last);
        }
        let mut parameter = 0;
        while parameter < MAX_PARAMETER && (self.residual.len() as u32) << (parameter + 1) < sum {
            parameter += 1;
        }
        w.put(0, 2 + 4); // parameters of 4 bits, one partition
        w.put(parameter, 4);
        for value in &self.residual {
            w.unary(value >> parameter);
            w.put(value & ((1 << parameter) - 1), parameter);
        }
    }

    /// Writes the frame header (RFC 9639 9.1) without its checksum. Blocks have
    /// variable sizes, so the header has the number of the first sample.
    fn header(&self, w: &mut BitWriter, block: u32) {
        let in_header = self.rate <= 0xffff;
        w.put(0xfff9, 16);
        w.put(7, 4); // the block's size in 16 bits
        w.put(if in_header { 13 } else { 0 }, 4); // the rate in 16 bits
        w.put(u32::from(self.channels) - 1, 4);
        w.put(4 << 1, 4); // 16 bits per sample
        number(w, self.position);
        w.put(block.saturating_sub(1), 16);
        if in_header {
            w.put(self.rate, 16);
        }
    }
}

/// Writes a number of up to 36 bits in the coding of UTF-8 (RFC 9639 9.1.5).
fn number(w: &mut BitWriter, value: u64) {
    if value < 0x80 {
        return w.put(value as u32, 8);
    }
    let mut tail = 1;
    while value >> (tail * 5 + 6) != 0 {
        tail += 1;
    }
    let low = |shift: u32| (value >> shift) as u32 & 0x3f;
    // The first byte has as many ones as there are bytes, a zero, and the highest bits.
    w.put((0xff00 >> (tail + 1)) & 0xff | low(tail * 6), 8);
    for place in (0..tail).rev() {
        w.put(0x80 | low(place * 6), 8);
    }
}

/// Maps small values of either sign to small numbers.
fn zigzag(value: i32) -> u32 {
    (value << 1 ^ value >> 31).cast_unsigned()
}

/// The checksum of `width` bits (RFC 9639 9.1.8, 9.3).
fn crc(bytes: &[u8], width: u32, polynomial: u32) -> u32 {
    let top = 1 << (width - 1);
    bytes.iter().fold(0, |check, byte| {
        let start = check ^ u32::from(*byte) << (width - 8);
        let whole = (0..8).fold(start, |check, _| match check & top {
            0 => check << 1,
            _ => check << 1 ^ polynomial,
        });
        whole & (2 * top - 1)
    })
}

#[cfg(test)]
mod tests;
