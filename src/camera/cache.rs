//! Which of the media that was read is still wanted: the pictures since the
//! last key frame, for those who come next.
//!
//! Positions are those of the queue that holds the media: bytes since its
//! beginning.

use std::collections::VecDeque;

/// Bytes that are kept of what may become a key frame: parameter sets, and what
/// else stands before the picture.
const MAX_LEAD: u64 = 16 * 1024;
/// Beginnings of pictures that are remembered: ten seconds of 25 a second.
const PICTURES: usize = 256;

/// What a new viewer begins with.
#[derive(Debug)]
pub struct Cache {
    /// Bytes that may be kept; 0: nothing is.
    limit: u64,
    /// Where the last key frame begins.
    key: Option<u64>,
    /// There has been one, on whichever link.
    has_keys: bool,
    /// Where what is kept begins; it grew too long otherwise.
    start: Option<u64>,
    /// Where a picture begins that may yet turn out to be a key frame.
    undecided: Option<u64>,
    /// Where the last pictures begin.
    pictures: VecDeque<u64>,
    /// The most bytes from one key frame to the next so far.
    longest_gop: u64,
    /// How often so many were not kept to their end.
    overflows: u64,
}

impl Cache {
    /// `limit` is in bytes.
    pub fn new(limit: usize) -> Cache {
        Cache {
            limit: limit as u64,
            key: None,
            has_keys: false,
            start: None,
            undecided: None,
            pictures: VecDeque::new(),
            longest_gop: 0,
            overflows: 0,
        }
    }

    /// Another limit, in bytes.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit as u64;
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

    /// Where the last picture begins.
    pub fn last_picture(&self) -> Option<u64> {
        self.pictures.back().copied()
    }

    /// A key frame begins at `position`.
    pub fn key_frame(&mut self, position: u64) {
        if let Some(last) = self.key {
            self.longest_gop = self.longest_gop.max(position.saturating_sub(last));
            self.overflows += u64::from(self.limit > 0 && self.start != Some(last));
        }
        self.key = Some(position);
        self.has_keys = true;
        self.start = Some(position);
        self.undecided = None;
    }

    /// The picture that begins at `position` may be a key frame: parameter sets
    /// often come a while before it.
    pub fn set_undecided(&mut self, position: Option<u64>) {
        self.undecided = position;
    }

    /// Where a picture begins that may turn out to be a key frame.
    pub fn undecided(&self) -> Option<u64> {
        self.undecided
    }

    /// There is media from `head` up to `whole` now.
    pub fn grown(&mut self, head: u64, whole: u64) {
        let limit = self.limit;
        let there = |start: &u64, most| *start >= head && whole - *start <= most;
        self.start = self.start.filter(|start| there(start, limit));
        self.undecided = self.undecided.filter(|start| there(start, MAX_LEAD));
    }

    /// The most bytes that were between two key frames.
    pub fn longest_gop(&self) -> u64 {
        self.longest_gop
    }

    /// How often what is between two key frames was not kept to its end.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    /// The most bytes that are kept.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Gives up what is kept, until the next key frame.
    pub fn give_up(&mut self) {
        (self.start, self.undecided) = (None, None);
    }

    /// The first byte that must be kept, where a new viewer begins; `None` if there
    /// is none.
    pub fn start(&self) -> Option<u64> {
        self.start.into_iter().chain(self.undecided).min()
    }

    /// Whether what begins at `position` is kept, also when there is media up to `whole`.
    pub fn keeps(&self, position: u64, whole: u64) -> bool {
        let start = self.start.filter(|start| whole - *start <= self.limit);
        start.is_some_and(|start| start <= position)
    }

    /// Where the last key frame begins, whether it is kept or not.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// Whether this camera is known to send key frames: some draw their pictures
    /// anew bit by bit instead.
    pub fn has_keys(&self) -> bool {
        self.has_keys
    }

    /// Another link: what comes has nothing to do with what was.
    pub fn clear(&mut self) {
        self.give_up();
        self.key = None;
        self.pictures.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_starts_anew_and_too_much_is_given_up() {
        let mut cache = Cache::new(100);
        cache.grown(0, 1000);
        assert_eq!((cache.start(), cache.key()), (None, None));
        cache.key_frame(1000);
        cache.grown(0, 1100);
        assert_eq!(cache.start(), Some(1000));
        cache.grown(0, 1101);
        assert_eq!((cache.start(), cache.key()), (None, Some(1000)));
        cache.key_frame(1101);
        assert_eq!(cache.start(), Some(1101));
    }

    #[test]
    fn what_it_could_not_keep_is_counted() {
        let mut cache = Cache::new(100);
        for (key, grown) in [(0, 90), (90, 190), (190, 310), (310, 400)] {
            cache.key_frame(key);
            cache.grown(0, grown);
        }
        cache.give_up();
        cache.key_frame(400);
        assert_eq!((cache.longest_gop(), cache.overflows()), (120, 2));
        cache.clear();
        cache.key_frame(1_000);
        assert_eq!(
            (cache.longest_gop(), cache.overflows()),
            (120, 2),
            "another link"
        );
    }

    #[test]
    fn what_may_be_a_key_frame_is_kept_and_what_is_gone_is_none() {
        let mut cache = Cache::new(100);
        cache.set_undecided(Some(10));
        cache.grown(0, 20);
        assert_eq!(cache.start(), Some(10));
        cache.key_frame(10);
        cache.set_undecided(Some(60));
        cache.grown(10, 80);
        assert_eq!(cache.start(), Some(10));
        cache.give_up();
        assert_eq!(cache.start(), None);
        cache.set_undecided(Some(60));
        cache.grown(80, 90);
        assert_eq!(cache.start(), None, "its beginning is gone");
        cache.key_frame(60);
        cache.grown(80, 95);
        assert_eq!(cache.start(), None);
        cache.set_undecided(Some(100));
        cache.grown(80, 200);
        assert_eq!(cache.start(), Some(100));
        cache.grown(80, 101 + MAX_LEAD);
        assert_eq!(cache.start(), None, "it is too long");
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
