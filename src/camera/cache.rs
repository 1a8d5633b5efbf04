//! Which of the media that was read is still wanted: the pictures since the
//! last key frame, for those who come next.
//!
//! Positions are those of the queue that holds the media: bytes since its
//! beginning.

/// What a new viewer begins with.
#[derive(Debug)]
pub struct Cache {
    /// Bytes that may be kept; 0: nothing is.
    limit: u64,
    /// Where the last key frame begins.
    key: Option<u64>,
    /// Where what is kept begins; it grew too long otherwise.
    start: Option<u64>,
    /// Where a key frame would begin, if one comes next.
    expected: Option<u64>,
    /// What is before was given back already.
    gone: u64,
}

impl Cache {
    /// `limit` is in bytes.
    pub fn new(limit: usize) -> Cache {
        Cache {
            limit: limit as u64,
            key: None,
            start: None,
            expected: None,
            gone: 0,
        }
    }

    /// Another limit, in bytes.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit as u64;
    }

    /// There is nothing before `position` any more.
    pub fn begins(&mut self, position: u64) {
        self.gone = position;
    }

    /// A key frame begins at `position`; a part of it may be gone.
    pub fn key_frame(&mut self, position: u64) {
        self.key = Some(position);
        self.start = Some(position).filter(|start| *start >= self.gone);
    }

    /// What stands before a picture began at this position, and no picture yet.
    pub fn expect(&mut self, position: Option<u64>) {
        self.expected = position.filter(|start| *start >= self.gone);
    }

    /// There is media up to `whole` now.
    pub fn grown(&mut self, whole: u64) {
        let limit = self.limit;
        let kept = |start: &u64| whole.saturating_sub(*start) <= limit;
        self.start = self.start.filter(kept);
        self.expected = self.expected.filter(kept);
    }

    /// Gives up what is kept, until the next key frame.
    pub fn give_up(&mut self) {
        (self.start, self.expected) = (None, None);
    }

    /// Where a new viewer begins; `None`: at what comes next.
    pub fn start(&self) -> Option<u64> {
        self.start
    }

    /// The first byte that must be kept; `None` if nothing must.
    pub fn kept(&self) -> Option<u64> {
        self.start.or(self.expected)
    }

    /// Where the last key frame begins, whether it is kept or not.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// Another link: what comes has nothing to do with what was.
    pub fn clear(&mut self) {
        (self.key, self.start, self.expected) = (None, None, None);
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
    fn what_stands_before_a_key_frame_is_kept_for_it_and_nothing_that_is_gone() {
        let mut cache = Cache::new(100);
        cache.expect(Some(50));
        cache.grown(150);
        assert_eq!((cache.start(), cache.kept()), (None, Some(50)));
        cache.begins(50);
        cache.key_frame(50);
        assert_eq!((cache.start(), cache.kept()), (Some(50), Some(50)));
        cache.give_up();
        cache.begins(150);
        cache.expect(Some(50));
        cache.key_frame(50);
        assert_eq!((cache.start(), cache.kept()), (None, None));
        cache.expect(Some(200));
        cache.grown(301);
        assert_eq!(cache.kept(), None, "too long");
    }
}
