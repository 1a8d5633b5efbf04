//! Frames that describe themselves: which stream, which place in it, when they
//! were sent, and a payload that follows from the place.
//!
//! ```text
//! $ 0 length | RTP header, 12 bytes | sequence, 8 | sent at (ns), 8 | texture
//! ```
//!
//! Sender and checker share one [`Ring`]: the frames of [`SLOTS`] consecutive
//! places, back to back, as they go out. To send is to stamp the heads and to
//! write straight from the ring; to check is to compare the bytes received,
//! wherever they were split, with the ring. So a frame costs the load side one
//! `memcmp` and no copy.
//!
//! Invariant: beyond its head a frame in the ring never changes.

use std::ops::Range;

/// Frames in the ring.
pub const SLOTS: u64 = 128;

/// `$`, channel, length; RTP header; sequence; time of sending.
pub const HEAD: usize = 4 + 12 + 8 + 8;

/// Payload of most frames: an RTP packet that fits an Ethernet frame.
const PAYLOAD: usize = 1400;

/// Payload of the last frame of a picture, here every thirteenth.
const SHORT: usize = 500;

/// The frames of [`SLOTS`] consecutive places.
pub struct Ring {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Ring {
    pub fn new() -> Ring {
        let mut ring = Ring {
            bytes: Vec::new(),
            starts: vec![0],
        };
        for slot in 0..SLOTS {
            let payload = if slot % 13 == 12 { SHORT } else { PAYLOAD };
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
        ring
    }

    /// Mean bytes of a frame.
    pub fn mean(&self) -> f64 {
        self.bytes.len() as f64 / SLOTS as f64
    }

    /// Bytes of the first `frames` frames of a stream.
    pub fn volume(&self, frames: u64) -> u64 {
        let (rounds, rest) = (frames / SLOTS, frames % SLOTS);
        rounds * self.bytes.len() as u64 + self.starts[rest as usize] as u64
    }

    /// How many frames from number `next` on lie in one piece.
    pub fn contiguous(next: u64) -> u64 {
        SLOTS - next % SLOTS
    }

    /// The frames of `stream` numbered `frames` (in one piece), stamped.
    pub fn stamped(&mut self, stream: u32, frames: Range<u64>, stamp: u64) -> &[u8] {
        for number in frames.clone() {
            let start = self.starts[(number % SLOTS) as usize];
            let head = &mut self.bytes[start..start + HEAD];
            head[4..].copy_from_slice(&head_of(stream, number, stamp));
        }
        let first = (frames.start % SLOTS) as usize;
        let count = (frames.end - frames.start) as usize;
        &self.bytes[self.starts[first]..self.starts[first + count]]
    }

    /// How many whole frames from number `next` on `bytes` are, and what is left.
    pub fn frames_in(&self, next: u64, bytes: usize) -> (u64, usize) {
        let first = (next % SLOTS) as usize;
        let end = self.starts[first] + bytes;
        let after = self.starts.partition_point(|start| *start <= end) - 1;
        ((after - first) as u64, end - self.starts[after])
    }

    fn slot(&self, number: u64) -> Range<usize> {
        let slot = (number % SLOTS) as usize;
        self.starts[slot]..self.starts[slot + 1]
    }
}

fn head_of(stream: u32, number: u64, stamp: u64) -> [u8; HEAD - 4] {
    let mut head = [0; HEAD - 4];
    head[0] = 0x80;
    head[1] = 96;
    head[2..4].copy_from_slice(&(number as u16).to_be_bytes());
    head[4..8].copy_from_slice(&((stamp / 11_111) as u32).to_be_bytes());
    head[8..12].copy_from_slice(&stream.to_be_bytes());
    head[12..20].copy_from_slice(&number.to_be_bytes());
    head[20..].copy_from_slice(&stamp.to_be_bytes());
    head
}

/// Checks one stream, in pieces of any size.
pub struct Checker {
    stream: u32,
    next: u64,
    /// Bytes of frame number `next` that are checked.
    at: usize,
    head: [u8; HEAD],
}

impl Checker {
    pub fn new(stream: u32) -> Checker {
        Checker {
            stream,
            next: 0,
            at: 0,
            head: [0; HEAD],
        }
    }

    /// Whole frames checked so far.
    pub fn frames(&self) -> u64 {
        self.next
    }

    /// Whether what was checked ends with a frame.
    pub fn is_whole(&self) -> bool {
        self.at == 0
    }

    /// Checks the next `bytes`; `sent` is told the stamp of each frame.
    ///
    /// # Errors
    /// Which frame is lost, out of place or damaged.
    pub fn check(
        &mut self,
        mut bytes: &[u8],
        ring: &Ring,
        mut sent: impl FnMut(u64),
    ) -> Result<(), String> {
        while !bytes.is_empty() {
            let place = ring.slot(self.next);
            let frame = &ring.bytes[place];
            if self.at < HEAD {
                let count = bytes.len().min(HEAD - self.at);
                self.head[self.at..self.at + count].copy_from_slice(&bytes[..count]);
                self.at += count;
                bytes = &bytes[count..];
                if self.at == HEAD {
                    sent(self.check_head(frame)?);
                }
            } else {
                let count = bytes.len().min(frame.len() - self.at);
                if bytes[..count] != frame[self.at..self.at + count] {
                    return Err(self.complaint("its payload is not what was sent"));
                }
                self.at += count;
                bytes = &bytes[count..];
                if self.at == frame.len() {
                    (self.next, self.at) = (self.next + 1, 0);
                }
            }
        }
        Ok(())
    }

    /// The stamp of a head that is right.
    fn check_head(&self, frame: &[u8]) -> Result<u64, String> {
        let stamp = u64::from_be_bytes(
            self.head[HEAD - 8..]
                .try_into()
                .map_err(|_| "eight bytes are eight bytes")?,
        );
        if self.head[..4] != frame[..4] {
            return Err(self.complaint("its header is not where it should be"));
        }
        if self.head[4..] != head_of(self.stream, self.next, stamp) {
            return Err(self.complaint("another frame came in its place"));
        }
        Ok(stamp)
    }

    fn complaint(&self, what: &str) -> String {
        format!("stream {}, frame {}: {what}", self.stream, self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first `frames` frames of stream 7, and where each begins.
    fn stream(ring: &mut Ring, frames: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in 0..frames {
            bytes.extend_from_slice(ring.stamped(7, number..number + 1, 1000 + number));
        }
        assert_eq!(bytes.len() as u64, ring.volume(frames));
        bytes
    }

    fn check(ring: &Ring, bytes: &[u8], piece: usize) -> Result<u64, String> {
        let mut checker = Checker::new(7);
        for piece in bytes.chunks(piece) {
            checker.check(piece, ring, |_| ())?;
        }
        Ok(checker.frames())
    }

    #[test]
    fn accepts_what_was_sent_however_it_is_cut() {
        let mut ring = Ring::new();
        let bytes = stream(&mut ring, SLOTS + 20);
        for piece in [1, 3, 31, 32, 33, 1403, 1404, 1405, 70_000] {
            assert_eq!(check(&ring, &bytes, piece), Ok(SLOTS + 20));
        }
    }

    #[test]
    fn finds_loss_and_disorder() {
        let mut ring = Ring::new();
        let bytes = stream(&mut ring, 40);
        let (second, third) = (ring.volume(1) as usize, ring.volume(2) as usize);
        let lost = [&bytes[..second], &bytes[third..]].concat();
        assert!(check(&ring, &lost, 4096).is_err());
        let twice = [&bytes[..third], &bytes[second..]].concat();
        assert!(check(&ring, &twice, 4096).is_err());
    }

    #[test]
    fn finds_every_damaged_byte() {
        let mut ring = Ring::new();
        let bytes = stream(&mut ring, 3);
        // Of a head all but the stamp; that says itself what it is.
        let (stamp, first) = (HEAD - 8..HEAD, ring.volume(1) as usize);
        for at in (0..first).filter(|at| !stamp.contains(at)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(check(&ring, &damaged, 512).is_err(), "byte {at}");
        }
    }

    #[test]
    fn knows_how_far_a_write_went() {
        let ring = Ring::new();
        let (first, third) = (ring.volume(1) as usize, ring.volume(3) as usize);
        assert_eq!(ring.frames_in(0, first), (1, 0));
        assert_eq!(ring.frames_in(0, third + 5), (3, 5));
        assert_eq!(ring.frames_in(SLOTS + 1, third - first), (2, 0));
    }
}
