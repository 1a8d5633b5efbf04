//! Frames that describe themselves: which stream, which place in it, when they
//! were sent, and a payload that follows from the place.
//!
//! ```text
//! $ 0 length | RTP header, 12 bytes | FU-A, 2 | number, 8 | sent at (ns), 8 | texture
//! ```
//!
//! Sender and checker share one [`Ring`]: the frames of so many consecutive
//! places, back to back, as they go out. To send is to stamp the heads and to
//! write straight from the ring; to check is to compare the bytes received,
//! wherever they were split, with the ring. So a frame costs the load side one
//! `memcmp` and no copy.
//!
//! Invariant: beyond its head a frame in the ring never changes.

use std::ops::Range;

/// Frames in the ring of a camera that shows nothing in particular.
const SLOTS: u64 = 128;

/// `$`, channel, length; RTP header; FU-A; number; time of sending.
pub const HEAD: usize = 4 + 12 + 2 + 8 + 8;

/// Payload of most frames: an RTP packet that fits an Ethernet frame.
pub const PAYLOAD: usize = 1400;

/// Payload of the last frame of a picture, here every thirteenth.
const SHORT: usize = 500;

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Bytes behind the header of the interleaved frame.
    pub payload: usize,
    /// Part of a key picture, of which there is one, at the ring's beginning.
    pub key: bool,
    /// The first and the last of a picture.
    pub begins: bool,
    pub ends: bool,
}

/// The frames of consecutive places, over and over again.
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
            // `$` again and again: bait for a framer that searches.
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

    /// Mean bytes of a frame.
    pub fn mean(&self) -> f64 {
        self.bytes.len() as f64 / self.slots.len() as f64
    }

    /// Bytes of the first `frames` frames of a stream.
    pub fn volume(&self, frames: u64) -> u64 {
        let rounds = frames / self.slots.len() as u64;
        rounds * self.bytes.len() as u64 + self.starts[self.place(frames)] as u64
    }

    /// How many frames from number `next` on lie in one piece.
    pub fn contiguous(&self, next: u64) -> u64 {
        (self.slots.len() - self.place(next)) as u64
    }

    /// What stands at the place of frame `number`.
    pub fn slot(&self, number: u64) -> Slot {
        self.slots[self.place(number)]
    }

    /// Whether frame `number` is the first of the ring.
    pub fn is_first(&self, number: u64) -> bool {
        self.place(number) == 0
    }

    /// The frames of `stream` numbered `frames` (in one piece), stamped.
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

    /// How many whole frames from number `next` on `bytes` are, and what is left.
    pub fn frames_in(&self, next: u64, bytes: usize) -> (u64, usize) {
        let first = self.place(next);
        let end = self.starts[first] + bytes;
        let after = self.starts.partition_point(|start| *start <= end) - 1;
        ((after - first) as u64, end - self.starts[after])
    }

    /// Frame `number` as it was sent last.
    pub fn frame(&self, number: u64) -> &[u8] {
        let place = self.place(number);
        &self.bytes[self.starts[place]..self.starts[place + 1]]
    }

    fn place(&self, number: u64) -> usize {
        (number % self.slots.len() as u64) as usize
    }
}

/// What follows the header of frame `number`, as far as it is not texture. All
/// frames of a picture are sent at one time, and so have one RTP timestamp.
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
