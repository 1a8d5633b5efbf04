//! FLAC (RFC 9639): an encoder of frames that hold their samples losslessly.
//!
//! It is there because browsers play no PCM out of MP4. It predicts with the
//! fixed polynomials and codes what is left in one Rice partition: half the
//! bytes for little code. Every frame stands alone.

mod bits;

use bits::BitWriter;

/// The most samples per frame and channel that [`Encoder::frame`] takes.
pub const MAX_BLOCK: usize = 4096;

/// The least (RFC 9639 8.2).
pub const MIN_BLOCK: usize = 16;

/// The most channels (RFC 9639 9.1.3).
pub const MAX_CHANNELS: usize = 8;

/// The highest order of a fixed predictor (RFC 9639 9.2.5).
const MAX_ORDER: usize = 4;

/// The largest Rice parameter; the next one is an escape (RFC 9639 9.2.7.1).
const MAX_PARAMETER: u32 = 14;

/// Encodes 16-bit samples.
#[derive(Debug)]
pub struct Encoder {
    rate: u32,
    channels: u16,
    /// The number of the next sample.
    position: u64,
    /// One channel of a block, and what prediction leaves of it.
    signal: Vec<i32>,
    residual: Vec<i32>,
}

impl Encoder {
    /// For `rate` samples per second (below 2^20), 1 to [`MAX_CHANNELS`].
    pub fn new(rate: u32, channels: u16) -> Self {
        Self {
            rate,
            channels: channels.clamp(1, MAX_CHANNELS as u16),
            position: 0,
            signal: Vec::new(),
            residual: Vec::new(),
        }
    }

    pub fn channels(&self) -> usize {
        usize::from(self.channels)
    }

    /// The STREAMINFO block (RFC 9639 8.2), 34 bytes: of blocks of any size and
    /// without a length or a checksum.
    pub fn stream_info(&self) -> Vec<u8> {
        let mut info = Vec::new();
        let mut w = BitWriter::new(&mut info);
        w.put(MIN_BLOCK as u32, 16);
        w.put(MAX_BLOCK as u32, 16);
        w.put(0, 24); // the smallest and the largest frame: unknown
        w.put(0, 24);
        w.put(self.rate, 20);
        w.put(u32::from(self.channels) - 1, 3);
        w.put(16 - 1, 5);
        w.align();
        info.resize(34, 0);
        info
    }

    /// Appends a frame. `samples` are interleaved, [`MIN_BLOCK`] to
    /// [`MAX_BLOCK`] of each channel.
    pub fn frame(&mut self, samples: &[i16], out: &mut Vec<u8>) {
        let start = out.len();
        let block = samples.len() / self.channels();
        let mut w = BitWriter::new(out);
        self.header(&mut w, block as u32);
        let check = crc(out.get(start..).unwrap_or_default(), 8, 0x07);
        let mut w = BitWriter::new(out);
        w.put(check, 8);
        for channel in 0..self.channels() {
            let of_channel = samples.iter().skip(channel).step_by(self.channels());
            self.signal.clear();
            self.signal
                .extend(of_channel.map(|sample| i32::from(*sample)));
            subframe(&mut self.signal, &mut self.residual, &mut w);
        }
        w.align();
        let check = crc(out.get(start..).unwrap_or_default(), 16, 0x8005);
        BitWriter::new(out).put(check, 16);
        self.position = (self.position + block as u64) & ((1 << 36) - 1);
    }

    /// RFC 9639 9.1, without its checksum: blocks of variable size, whose first
    /// sample is numbered.
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

/// A number of up to 36 bits the way UTF-8 codes one (RFC 9639 9.1.5).
fn number(w: &mut BitWriter, value: u64) {
    if value < 0x80 {
        return w.put(value as u32, 8);
    }
    let mut tail = 1;
    while value >> (tail * 5 + 6) != 0 {
        tail += 1;
    }
    let low = |shift: u32| (value >> shift) as u32 & 0x3f;
    // As many ones as there are bytes, a zero, and the highest bits.
    w.put((0xff00 >> (tail + 1)) & 0xff | low(tail * 6), 8);
    for place in (0..tail).rev() {
        w.put(0x80 | low(place * 6), 8);
    }
}

/// Writes one channel (RFC 9639 9.2) the shortest way. `residual` is room to
/// work in.
fn subframe(signal: &mut [i32], residual: &mut Vec<i32>, w: &mut BitWriter) {
    let first = signal.first().copied().unwrap_or(0);
    if signal.iter().all(|sample| *sample == first) {
        w.put(0, 8); // constant
        return w.signed(first, 16);
    }
    // G.711 leaves the low bits empty.
    let used = signal.iter().fold(0, |bits, sample| bits | sample);
    let wasted = used.trailing_zeros().min(15);
    let depth = 16 - wasted;
    for sample in &mut *signal {
        *sample >>= wasted;
    }
    let order = predict(signal, residual);
    let rest = residual.get(order..).unwrap_or_default();
    let (parameter, size) = rice(rest);
    let verbatim = size >= rest.len() as u64 * u64::from(depth);
    let kind = if verbatim { 1 } else { 8 | order as u32 };
    w.put(kind << 1 | u32::from(wasted > 0), 8);
    if wasted > 0 {
        w.unary(wasted - 1);
    }
    let plain = if verbatim { signal.len() } else { order };
    for sample in signal.iter().take(plain) {
        w.signed(*sample, depth);
    }
    if verbatim {
        return;
    }
    w.put(0, 2 + 4); // parameters of 4 bits, one partition
    w.put(parameter, 4);
    for value in rest {
        let value = zigzag(*value);
        w.unary(value >> parameter);
        w.put(value & ((1 << parameter) - 1), parameter);
    }
}

/// What the best fixed predictor leaves of `signal`, and its order. The values
/// before the order mean nothing.
fn predict(signal: &[i32], residual: &mut Vec<i32>) -> usize {
    residual.clear();
    residual.extend_from_slice(signal);
    let (mut best, mut least) = (0, u64::MAX);
    for order in 0..=MAX_ORDER {
        let rest = residual.iter().skip(MAX_ORDER);
        let sum = rest.map(|value| u64::from(value.unsigned_abs())).sum();
        if sum < least {
            (best, least) = (order, sum);
        }
        difference(residual, order);
    }
    residual.clear();
    residual.extend_from_slice(signal);
    for order in 0..best {
        difference(residual, order);
    }
    best
}

/// From what one order leaves to what the next one does. At most 21 bits.
fn difference(residual: &mut [i32], order: usize) {
    let mut before = residual.get(order).copied().unwrap_or(0);
    for value in residual.iter_mut().skip(order + 1) {
        let difference = *value - before;
        before = std::mem::replace(value, difference);
    }
}

/// A good Rice parameter, and how many bits the values take with it.
fn rice(values: &[i32]) -> (u32, u64) {
    let folded = values.iter().map(|value| u64::from(zigzag(*value)));
    let sum: u64 = folded.clone().sum();
    let mut parameter = 0;
    while parameter < MAX_PARAMETER && (values.len() as u64) << (parameter + 1) < sum {
        parameter += 1;
    }
    let quotients: u64 = folded.map(|value| value >> parameter).sum();
    let size = quotients + values.len() as u64 * u64::from(parameter + 1);
    (parameter, size)
}

/// Small values of either sign to small numbers.
fn zigzag(value: i32) -> u32 {
    (value << 1 ^ value >> 31).cast_unsigned()
}

/// A checksum of `width` bits (RFC 9639 9.1.8, 9.3).
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
