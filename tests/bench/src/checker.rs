//! Checks every byte that a viewer gets.

use crate::frame::{HEAD, Ring, head_of};

/// The offset of number and time in a head.
const NUMBER: usize = HEAD - 16;
const STAMP: usize = HEAD - 8;
/// The length of `$`, channel and length.
const HEADER: usize = 4;

/// Checks one stream, in pieces of any size.
///
/// Invariant: frames come in order and none is missing. But a checker that
/// [follows](Checker::following) pictures may begin with any key picture, and continue
/// with one after a loss; it also accepts RTCP, which it skips.
pub struct Checker {
    stream: u32,
    next: u64,
    /// How many bytes of frame number `next` were checked.
    at: usize,
    head: [u8; HEAD],
    follows: bool,
    /// How many bytes of RTCP are still to be skipped.
    passing: usize,
    pub seen: Seen,
}

/// What a checker has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub frames: u64,
    pub bytes: u64,
    /// Pictures whose last frame has come.
    pub pictures: u64,
    /// Places where frames were left out, and how many of these were within a picture.
    pub gaps: u64,
    pub torn: u64,
    /// Frames on the RTCP channel.
    pub reports: u64,
}

impl Seen {
    /// The sum of both.
    pub fn plus(self, other: Seen) -> Seen {
        Seen {
            frames: self.frames + other.frames,
            bytes: self.bytes + other.bytes,
            pictures: self.pictures + other.pictures,
            gaps: self.gaps + other.gaps,
            torn: self.torn + other.torn,
            reports: self.reports + other.reports,
        }
    }
}

/// A frame that has arrived, described by its head.
#[derive(Clone, Copy)]
pub struct Arrival {
    pub number: u64,
    /// When it was sent, in nanoseconds.
    pub stamp: u64,
}

impl Checker {
    /// For a stream that begins with its first frame.
    pub fn new(stream: u32) -> Checker {
        Checker {
            stream,
            next: 0,
            at: 0,
            head: [0; HEAD],
            follows: false,
            passing: 0,
            seen: Seen::default(),
        }
    }

    /// For a stream that may begin, and continue, with any key picture.
    pub fn following(stream: u32) -> Checker {
        Checker {
            follows: true,
            ..Checker::new(stream)
        }
    }

    /// The number of the next frame, which is also how many frames of the camera are
    /// past.
    pub fn frames(&self) -> u64 {
        self.next
    }

    /// Whether the checked bytes end with a frame.
    pub fn is_whole(&self) -> bool {
        self.at == 0 && self.passing == 0
    }

    /// Checks the next `bytes`, and calls `arrived` with each frame.
    ///
    /// # Errors
    /// Which frame is lost, out of order or damaged.
    pub fn check(
        &mut self,
        mut bytes: &[u8],
        ring: &Ring,
        mut arrived: impl FnMut(Arrival),
    ) -> Result<(), String> {
        self.seen.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.passing > 0 {
                let count = bytes.len().min(self.passing);
                self.passing -= count;
                bytes = &bytes[count..];
            } else if self.at < HEAD {
                let end = if self.at < HEADER { HEADER } else { HEAD };
                let count = bytes.len().min(end - self.at);
                self.head[self.at..self.at + count].copy_from_slice(&bytes[..count]);
                self.at += count;
                bytes = &bytes[count..];
                if self.at == HEADER && self.follows && self.head[..2] == *b"$\x01" {
                    self.passing = usize::from(u16::from_be_bytes([self.head[2], self.head[3]]));
                    self.seen.reports += 1;
                    self.at = 0;
                } else if self.at == HEAD {
                    arrived(self.check_head(ring)?);
                }
            } else {
                let frame = ring.frame(self.next);
                let count = bytes.len().min(frame.len() - self.at);
                if bytes[..count] != frame[self.at..self.at + count] {
                    return Err(self.complaint("its payload is not what was sent"));
                }
                self.at += count;
                bytes = &bytes[count..];
                if self.at == frame.len() {
                    self.seen.frames += 1;
                    self.seen.pictures += u64::from(ring.slot(self.next).ends);
                    (self.next, self.at) = (self.next + 1, 0);
                }
            }
        }
        Ok(())
    }

    /// Checks a head, and returns the frame that has arrived with it.
    fn check_head(&mut self, ring: &Ring) -> Result<Arrival, String> {
        let (number, stamp) = (self.number_at(NUMBER), self.number_at(STAMP));
        if self.follows && number > self.next && ring.is_first(number) {
            self.go_on(number, ring);
        }
        let frame = ring.frame(self.next);
        if self.head[..4] != frame[..4] {
            return Err(self.complaint("its header is not where it should be"));
        }
        if self.head[4..] != head_of(ring.slot(self.next), self.stream, self.next, stamp) {
            return Err(self.complaint("another frame came in its place"));
        }
        Ok(Arrival { number, stamp })
    }

    /// Accepts that frames were left out before `number`, the first frame of a key
    /// picture.
    fn go_on(&mut self, number: u64, ring: &Ring) {
        if self.seen.frames > 0 {
            self.seen.gaps += 1;
            self.seen.torn += u64::from(!ring.slot(self.next - 1).ends);
        }
        self.next = number;
    }

    fn number_at(&self, at: usize) -> u64 {
        let bytes = self.head[at..].first_chunk();
        bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    fn complaint(&self, what: &str) -> String {
        format!("stream {}, frame {}: {what}", self.stream, self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::film::Film;

    const FRAMES: u64 = 148;

    /// The first `frames` frames of stream 7.
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
        let mut ring = Ring::plain();
        let bytes = stream(&mut ring, FRAMES);
        for piece in [1, 3, 33, 34, 35, 1403, 1404, 1405, 70_000] {
            assert_eq!(check(&ring, &bytes, piece), Ok(FRAMES));
        }
    }

    #[test]
    fn finds_loss_and_disorder() {
        let mut ring = Ring::plain();
        let bytes = stream(&mut ring, 40);
        let (second, third) = (ring.volume(1) as usize, ring.volume(2) as usize);
        let lost = [&bytes[..second], &bytes[third..]].concat();
        assert!(check(&ring, &lost, 4096).is_err());
        let twice = [&bytes[..third], &bytes[second..]].concat();
        assert!(check(&ring, &twice, 4096).is_err());
    }

    #[test]
    fn finds_every_damaged_byte() {
        let mut ring = Ring::plain();
        let bytes = stream(&mut ring, 3);
        // Everything in a head is checked, except for the stamp.
        let (stamp, first) = (HEAD - 8..HEAD, ring.volume(1) as usize);
        for at in (0..first).filter(|at| !stamp.contains(at)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(check(&ring, &damaged, 512).is_err(), "byte {at}");
        }
    }

    #[test]
    fn knows_how_far_a_write_went() {
        let ring = Ring::plain();
        let (first, third) = (ring.volume(1) as usize, ring.volume(3) as usize);
        assert_eq!(ring.frames_in(0, first), (1, 0));
        assert_eq!(ring.frames_in(0, third + 5), (3, 5));
        assert_eq!(ring.frames_in(129, third - first), (2, 0));
    }

    #[test]
    fn passes_over_reports_where_there_may_be_some() {
        let mut ring = Ring::plain();
        let mut bytes = [&[b'$', 1, 0, 60], &[9; 60][..]].concat();
        bytes.extend(stream(&mut ring, 3));
        assert!(check(&ring, &bytes, 7).is_err());
        for piece in [1, 5, 64, 100] {
            let mut checker = Checker::following(7);
            for piece in bytes.chunks(piece) {
                checker.check(piece, &ring, |_| ()).unwrap();
            }
            assert_eq!((checker.frames(), checker.seen.reports), (3, 1));
        }
    }

    #[test]
    fn goes_on_after_a_loss_with_key_pictures_only() {
        let mut ring = Film::ring();
        let group = ring.contiguous(0);
        let first = ring.stamped(0, 0..group, 1).to_vec();
        let end = |frames: u64| ring.volume(frames) as usize;
        let picture = (1..).find(|number| ring.slot(number - 1).ends).unwrap();
        let cuts = [(picture, 0), (picture + 1, 1), (group - 1, 1)];
        let cuts = cuts.map(|(frames, torn)| (end(frames), torn));
        let (late, early) = (end(picture), end(picture - 1));
        let next = ring.stamped(0, group..2 * group, 2).to_vec();
        for (cut, torn) in cuts {
            let mut checker = Checker::following(0);
            checker.check(&first[..cut], &ring, |_| ()).unwrap();
            checker.check(&next, &ring, |_| ()).unwrap();
            assert_eq!((checker.seen.gaps, checker.seen.torn), (1, torn));
        }
        for cut in [late, early] {
            let mut checker = Checker::following(0);
            assert!(checker.check(&next[cut..], &ring, |_| ()).is_err());
        }
    }
}
