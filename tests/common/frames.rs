//! Interleaved frames whose content tells their place in the stream, and the
//! check that all of them arrived, whole, once and in order.
//!
//! Invariant: the content follows from the sequence number alone, so sender
//! and checker need not talk to each other.

use std::sync::LazyLock;

/// The largest payload that the 16-bit length of an interleaved frame can tell
/// (RFC 2326 section 10.12).
pub const LARGEST: usize = 65_535;

/// The bytes in front of a frame's payload: `$`, channel, 16-bit length.
pub const HEADER: usize = 4;

/// Payload bytes are cut from here. It is full of `$` and line ends, which a
/// framer that searches instead of counting would fall for.
static TEXTURE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let bait = b"$\x00\x00\x04RTSP/1.0 200 OK\r\n\r\n$$\r\n";
    (0..LARGEST + 1024)
        .map(|i| {
            if i % 5 == 0 {
                bait[i % bait.len()]
            } else {
                (i / 3) as u8
            }
        })
        .collect()
});

/// The frame with this sequence number, with `payload` bytes of payload. The
/// sequence number stands in the first four (fewer where it does not fit).
pub fn frame(channel: u8, sequence: u32, payload: usize) -> Vec<u8> {
    let length = u16::try_from(payload).expect("a payload that the length field can tell");
    let mut bytes = Vec::with_capacity(HEADER + payload);
    bytes.extend_from_slice(&[b'$', channel]);
    bytes.extend_from_slice(&length.to_be_bytes());
    let start = sequence as usize % 1024;
    bytes.extend_from_slice(&TEXTURE[start..start + payload]);
    let number = payload.min(4);
    bytes[HEADER..HEADER + number].copy_from_slice(&sequence.to_be_bytes()[..number]);
    bytes
}

/// A run of frames: number `n` has the channel and the payload size that
/// `shape` gives it.
#[derive(Clone, Copy)]
pub struct Pattern {
    pub shape: fn(u32) -> (u8, usize),
}

impl Pattern {
    /// Sizes and channels as a camera sends them: full RTP packets of video,
    /// the short ends of access units, audio, now and then a sender report.
    pub const CAMERA: Self = Self {
        shape: |n| match n % 11 {
            3 => (2, 200 + (n % 173) as usize),
            7 => (0, 12 + (n % 900) as usize),
            10 if n % 3 == 0 => (1, 28),
            _ => (0, 1_400),
        },
    };

    /// Full video packets only: the cheapest way to send a lot.
    pub const BULK: Self = Self {
        shape: |_| (0, 1_400),
    };

    /// Frames of every awkward size: empty, one byte, and the largest.
    pub const EXTREMES: Self = Self {
        shape: |n| match n % 6 {
            0 => (0, LARGEST),
            1 => (1, 0),
            2 => (255, 1),
            3 => (2, 32 * 1024 - HEADER),
            4 => (0, LARGEST - 1),
            _ => (3, 4),
        },
    };

    /// Small frames: many of them fit into one buffer.
    pub const SMALL: Self = Self {
        shape: |n| ((n % 4) as u8, (n % 61) as usize),
    };

    pub fn frame(&self, sequence: u32) -> Vec<u8> {
        let (channel, payload) = (self.shape)(sequence);
        frame(channel, sequence, payload)
    }

    /// Several frames in a row, as one run of bytes.
    pub fn run(&self, sequences: std::ops::Range<u32>) -> Vec<u8> {
        sequences.flat_map(|n| self.frame(n)).collect()
    }
}

/// Checks a stream of WebSocket messages against a [`Pattern`].
pub struct Checker {
    pattern: Pattern,
    next: u32,
    bytes: u64,
    messages: u64,
}

impl Checker {
    /// Expects the frames from number `first` on.
    pub fn new(pattern: Pattern, first: u32) -> Self {
        Self {
            pattern,
            next: first,
            bytes: 0,
            messages: 0,
        }
    }

    /// The sequence number that comes next.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Messages and bytes accepted so far.
    pub fn totals(&self) -> (u64, u64) {
        (self.messages, self.bytes)
    }

    /// Takes a message that must be exactly one frame.
    pub fn accept_one(&mut self, message: &[u8]) -> Result<(), String> {
        let wanted = self.pattern.frame(self.next);
        if message != wanted.as_slice() {
            return Err(self.difference(message, &wanted));
        }
        self.took(message.len());
        self.next += 1;
        Ok(())
    }

    /// Takes a message that must be one whole frame or several; tells how many.
    pub fn accept_several(&mut self, message: &[u8]) -> Result<u32, String> {
        let first = self.next;
        let mut rest = message;
        while !rest.is_empty() {
            let wanted = self.pattern.frame(self.next);
            let Some(after) = rest.strip_prefix(wanted.as_slice()) else {
                return Err(self.difference(rest, &wanted));
            };
            rest = after;
            self.next += 1;
        }
        self.took(message.len());
        if self.next == first {
            return Err("an empty message".into());
        }
        Ok(self.next - first)
    }

    fn took(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }

    fn difference(&self, got: &[u8], wanted: &[u8]) -> String {
        let equal = got.iter().zip(wanted).take_while(|(a, b)| a == b).count();
        let head = |bytes: &[u8]| format!("{:02x?}", &bytes[..bytes.len().min(12)]);
        format!(
            "frame {}: expected {} bytes {}, got {} bytes {}, equal up to byte {equal}",
            self.next,
            wanted.len(),
            head(wanted),
            got.len(),
            head(got),
        )
    }
}
