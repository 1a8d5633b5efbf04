//! Frames that describe themselves: their stream, their place in it, the time at which
//! they were sent, and a payload that follows from the place.
//!
//! ```text
//! $ 0 length | RTP header, 12 bytes | FU-A, 2 | number, 8 | sent at (ns), 8 | texture
//! ```
//!
//! Sender and checker share one [`Ring`]: the frames of consecutive places, one after
//! the other, as they are sent. The sender stamps the heads, and writes directly from
//! the ring. The checker compares the received bytes, however they were split, with the
//! ring. So a frame costs the load one `memcmp` and no copy.
//!
//! Invariant: after its head, a frame in the ring never changes.

use std::ops::Range;

/// The number of frames in the ring of a camera that shows no film.
const SLOTS: u64 = 128;

/// The length of `$`, channel and length; RTP header; FU-A; number; time of sending.
pub const HEAD: usize = 4 + 12 + 2 + 8 + 8;

/// The payload of most frames: an RTP packet that fits into an Ethernet frame.
pub const PAYLOAD: usize = 1400;

/// The payload of the last frame of a picture; without a film, that is every thirteenth
/// frame.
const SHORT: usize = 500;

/// The frame at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The bytes after the header of the interleaved frame.
    pub payload: usize,
    /// Whether it is part of the key picture, the first picture of the ring.
    pub key: bool,
    /// Whether it is the first and the last of a picture.
    pub begins: bool,
    pub ends: bool,
}

/// The frames of consecutive places, which repeat for ever.
pub struct Ring {
    bytes: Vec<u8>,
    starts: Vec<usize>,
    slots: Vec<Slot>,
}

impl Ring {
    /// Frames that belong to no picture.
    pub fn plain() -> Ring {
        let slots = (0..SLOTS).map(|slot| Slot {
            payload: if slot % 13 == 12 { SHORT } else { PAYLOAD },
            key: false,
            begins: false,
            ends: false,
        });
        Ring::new(slots.collect())
    }

    pub fn new(slots: Vec<Slot>) -> Ring {
        let mut ring = Ring {
            bytes: Vec::new(),
            starts: vec![0],
            slots: Vec::new(),
        };
        for Slot { payload, .. } in &slots {
            let payload = *payload;
            let start = ring.bytes.len();
            ring.bytes.extend_from_slice(&[b'$', 0]);
            ring.bytes
                .extend_from_slice(&(payload as u16).to_be_bytes());
            // Many `$` are in the payload, to mislead a framer that searches for them.
            let texture = (start + 4..start + 4 + payload).map(|at| match at % 11 {
                0 => b'$',
                _ => (at * at / 7) as u8,
            });
            ring.bytes.extend(texture);
            ring.starts.push(ring.bytes.len());
        }
        ring.slots = slots;
        ring
    }

    /// The mean length of a frame in bytes.
    pub fn mean(&self) -> f64 {
        self.bytes.len() as f64 / self.slots.len() as f64
    }

    /// The length of the first `frames` frames of a stream in bytes.
    pub fn volume(&self, frames: u64) -> u64 {
        let rounds = frames / self.slots.len() as u64;
        rounds * self.bytes.len() as u64 + self.starts[self.place(frames)] as u64
    }

    /// How many frames, from number `next` on, are contiguous in memory.
    pub fn contiguous(&self, next: u64) -> u64 {
        (self.slots.len() - self.place(next)) as u64
    }

    /// The frame at the place of number `number`.
    pub fn slot(&self, number: u64) -> Slot {
        self.slots[self.place(number)]
    }

    /// Whether frame `number` is the first in the ring.
    pub fn is_first(&self, number: u64) -> bool {
        self.place(number) == 0
    }

    /// The stamped frames of `stream` with the numbers `frames`, which must be
    /// contiguous.
    pub fn stamped(&mut self, stream: u32, frames: Range<u64>, stamp: u64) -> &[u8] {
        for number in frames.clone() {
            let place = self.place(number);
            let start = self.starts[place];
            let head = &mut self.bytes[start..start + HEAD];
            head[4..].copy_from_slice(&head_of(self.slots[place], stream, number, stamp));
        }
        let first = self.place(frames.start);
        let count = (frames.end - frames.start) as usize;
        &self.bytes[self.starts[first]..self.starts[first + count]]
    }

    /// How many whole frames, from number `next` on, `bytes` are, and how many bytes
    /// are left.
    pub fn frames_in(&self, next: u64, bytes: usize) -> (u64, usize) {
        let first = self.place(next);
        let end = self.starts[first] + bytes;
        let after = self.starts.partition_point(|start| *start <= end) - 1;
        ((after - first) as u64, end - self.starts[after])
    }

    /// Frame `number` as it was last sent.
    pub fn frame(&self, number: u64) -> &[u8] {
        let place = self.place(number);
        &self.bytes[self.starts[place]..self.starts[place + 1]]
    }

    fn place(&self, number: u64) -> usize {
        (number % self.slots.len() as u64) as usize
    }
}

/// The bytes after the header of frame `number` that are not texture. All frames of a
/// picture are sent at one time, so they have the same RTP timestamp.
pub fn head_of(slot: Slot, stream: u32, number: u64, stamp: u64) -> [u8; HEAD - 4] {
    let kind = if slot.key { 5 } else { 1 };
    let mut head = [0; HEAD - 4];
    head[0] = 0x80;
    head[1] = u8::from(slot.ends) << 7 | 96;
    head[2..4].copy_from_slice(&(number as u16).to_be_bytes());
    head[4..8].copy_from_slice(&((stamp / 11_111) as u32).to_be_bytes());
    head[8..12].copy_from_slice(&stream.to_be_bytes());
    // A fragment of a slice (RFC 6184 section 5.8).
    head[12] = 0x7c;
    head[13] = u8::from(slot.begins) << 7 | u8::from(slot.ends) << 6 | kind;
    head[14..22].copy_from_slice(&number.to_be_bytes());
    head[22..].copy_from_slice(&stamp.to_be_bytes());
    head
}
