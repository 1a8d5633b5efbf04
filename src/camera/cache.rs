//! Which of the media that was read is still wanted: the pictures since the
//! last key frame, for those who come next.
//!
//! Positions are those of the queue that holds the media: bytes since its
//! beginning.

use std::collections::VecDeque;

/// Beginnings of pictures that are remembered: ten seconds of 25 a second.
const PICTURES: usize = 256;

/// What a new viewer begins with.
#[derive(Debug)]
pub struct Cache {
    /// Bytes that may be kept; 0: nothing is.
    limit: u64,
    /// Where the last key frame begins.
    key: Option<u64>,
    /// Where what is kept begins; it grew too long otherwise.
    start: Option<u64>,
    /// Where the last pictures begin.
    pictures: VecDeque<u64>,
}

impl Cache {
    /// `limit` is in bytes.
    pub fn new(limit: usize) -> Cache {
        Cache {
            limit: limit as u64,
            key: None,
            start: None,
            pictures: VecDeque::new(),
        }
    }

    /// A picture begins at `position`.
    pub fn picture(&mut self, position: u64) {
        if self.pictures.len() == PICTURES {
            self.pictures.pop_front();
        }
        self.pictures.push_back(position);
    }

    /// Where the first picture from `position` on begins: the end of the one that
    /// `position` is within. `None` if that is not known, or not there yet.
    pub fn next_picture(&self, position: u64) -> Option<u64> {
        let next = self.pictures.partition_point(|start| *start < position);
        // Before the first of them there may have been others.
        let known = self.pictures.front().is_some_and(|f| *f <= position);
        self.pictures.get(next).copied().filter(|_| known)
    }

    /// A key frame begins at `position`.
    pub fn key_frame(&mut self, position: u64) {
        self.key = Some(position);
        self.start = Some(position);
    }

    /// There is media up to `whole` now.
    pub fn grown(&mut self, whole: u64) {
        if self.start.is_some_and(|start| whole - start > self.limit) {
            self.start = None;
        }
    }

    /// Gives up what is kept, until the next key frame.
    pub fn give_up(&mut self) {
        self.start = None;
    }

    /// The first byte that must be kept; `None` if nothing must.
    pub fn start(&self) -> Option<u64> {
        self.start
    }

    /// Where the last key frame begins, whether it is kept or not.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// Another link: what comes has nothing to do with what was.
    pub fn clear(&mut self) {
        (self.key, self.start) = (None, None);
        self.pictures.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_starts_anew_and_too_much_is_given_up() {
        let mut cache = Cache::new(100);
        cache.grown(1000);
        assert_eq!((cache.start(), cache.key()), (None, None));
        cache.key_frame(1000);
        cache.grown(1100);
        assert_eq!(cache.start(), Some(1000));
        cache.grown(1101);
        assert_eq!((cache.start(), cache.key()), (None, Some(1000)));
        cache.key_frame(1101);
        assert_eq!(cache.start(), Some(1101));
    }

    #[test]
    fn a_picture_ends_where_the_next_one_begins() {
        let mut cache = Cache::new(100);
        assert_eq!(cache.next_picture(0), None);
        for picture in 1..=PICTURES as u64 + 1 {
            cache.picture(picture * 10);
        }
        let last = PICTURES as u64 * 10 + 10;
        for (position, next) in [
            (19, None),
            (20, Some(20)),
            (21, Some(30)),
            (last, Some(last)),
            (last + 1, None),
        ] {
            assert_eq!(cache.next_picture(position), next, "{position}");
        }
    }
}
