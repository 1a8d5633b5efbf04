//! Which of a camera's media is kept for viewers to come: the pictures since the last key
//! frame.
//!
//! The cache holds positions only; the media itself stays in the queue. A position is a
//! number of bytes since the queue's beginning.

use std::collections::VecDeque;

/// The number of bytes that are kept of what may become a key frame: parameter sets and
/// other units before the picture.
const MAX_LEAD: u64 = 16 * 1024;
/// The number of pictures whose beginnings are remembered: ten seconds of 25 a second.
const PICTURES: usize = 256;

/// The positions that matter to a new viewer, or to one that is behind.
#[derive(Debug)]
pub struct Cache {
    /// The number of bytes that may be kept; with 0 nothing is kept.
    limit: u64,
    /// Where the last key frame begins, whether it is kept or not.
    key: Option<u64>,
    /// Whether there was a key frame on any link.
    has_keys: bool,
    /// Where the key frame begins from which on everything is kept; `None` if the pictures
    /// since the last key frame have exceeded `limit`.
    start: Option<u64>,
    /// Where a picture begins that may turn out to be a key frame.
    undecided: Option<u64>,
    /// Where the last pictures begin.
    pictures: VecDeque<u64>,
    /// The greatest number of bytes from one key frame to the next so far.
    longest_gop: u64,
    /// How often the pictures from one key frame to the next could not all be kept.
    overflows: u64,
}

impl Cache {
    /// An empty cache; `limit` is in bytes.
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

    /// Changes the limit, in bytes.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit as u64;
    }

    /// Takes note that a picture begins at `position`.
    pub fn picture(&mut self, position: u64) {
        if self.pictures.len() == PICTURES {
            self.pictures.pop_front();
        }
        self.pictures.push_back(position);
    }

    /// Where the first picture begins that is not before `position`. This is the end of the
    /// picture that `position` is within. `None` if it is not known, or has not come yet.
    pub fn next_picture(&self, position: u64) -> Option<u64> {
        let next = self.pictures.partition_point(|start| *start < position);
        // Before the first remembered picture there may have been others.
        let known = self.pictures.front().is_some_and(|f| *f <= position);
        self.pictures.get(next).copied().filter(|_| known)
    }

    /// Where the last picture begins.
    pub fn last_picture(&self) -> Option<u64> {
        self.pictures.back().copied()
    }

    /// Takes note that a key frame begins at `position`, and keeps what follows.
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

    /// Takes note that the picture which begins at `position` may be a key frame: parameter
    /// sets often come a while before it.
    pub fn set_undecided(&mut self, position: Option<u64>) {
        self.undecided = position;
    }

    /// Where a picture begins that may turn out to be a key frame.
    pub fn undecided(&self) -> Option<u64> {
        self.undecided
    }

    /// The queue holds media from `head` to `whole` now: what is gone, or has grown too
    /// long, is not kept any more.
    pub fn grown(&mut self, head: u64, whole: u64) {
        let limit = self.limit;
        let is_kept = |start: &u64, limit| *start >= head && whole - *start <= limit;
        self.start = self.start.filter(|start| is_kept(start, limit));
        self.undecided = self.undecided.filter(|start| is_kept(start, MAX_LEAD));
    }

    /// The greatest number of bytes from one key frame to the next.
    pub fn longest_gop(&self) -> u64 {
        self.longest_gop
    }

    /// How often the pictures from one key frame to the next could not all be kept.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    /// The number of bytes that may be kept.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Keeps nothing until the next key frame.
    pub fn give_up(&mut self) {
        (self.start, self.undecided) = (None, None);
    }

    /// The position of the first byte that is kept, at which a new viewer begins; `None` if
    /// nothing is kept.
    pub fn start(&self) -> Option<u64> {
        self.start.into_iter().chain(self.undecided).min()
    }

    /// Whether the media from `position` on is kept, even when the queue has grown up to
    /// `whole`.
    pub fn keeps(&self, position: u64, whole: u64) -> bool {
        let start = self.start.filter(|start| whole - *start <= self.limit);
        start.is_some_and(|start| start <= position)
    }

    /// Where the last key frame begins, whether it is kept or not.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// Whether this camera is known to send key frames: some refresh their pictures bit by
    /// bit instead.
    pub fn has_keys(&self) -> bool {
        self.has_keys
    }

    /// Forgets all positions, because another link follows with other media.
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
