//! Where a viewer goes on that is too far behind its camera: positions in, decision
//! out.
//!
//! A camera never waits for a viewer. One that is further behind than its backlog may
//! be, and behind what the cache keeps anyway, gets the rest of the picture under way,
//! as far as there is memory for it, and goes on at the last key frame that is kept or
//! near enough. If there is none, it waits for the next key frame, and what comes until
//! then is left out for it. Where no key frame comes for long, any picture will do.
//! Whole pictures are left out, never a part of one, but for the rest of one that is
//! too long to be set aside.
//!
//! Positions are those of the queue that holds the media: bytes since its beginning.

use super::Cache;

/// The most that is set aside to finish a picture for a viewer that is to lose the
/// next ones, in bytes; of a longer rest nothing is sent.
pub const MAX_REST: u64 = 256 * 1024;
/// The most that may be set aside at all, in bytes, whoever it waits for: it is memory
/// beside the pool.
pub const MAX_OWED: u64 = 1024 * 1024;

/// How a viewer stands to the media of its camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Where the first frame begins of which nothing went out; at most `whole`.
    pub next: u64,
    /// The end of the last whole frame that there is.
    pub whole: u64,
    /// How far behind the viewer may be, in bytes.
    pub max_lag: u64,
    /// Whether the viewer is further behind than that: see [`is_behind`].
    pub is_behind: bool,
    /// Whether the viewer waits for a key frame already, and gets nothing meanwhile.
    pub awaits_key: bool,
}

/// What becomes of a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// The viewer goes on where it is.
    Stay,
    /// The viewer gets the frames before `until` and goes on at `target`; those in
    /// between are left out. With `awaits_key` it waits there for a key frame.
    Move {
        target: u64,
        until: u64,
        awaits_key: bool,
    },
}

/// Whether a viewer whose first unsent byte is at `position` is more than `max_lag` bytes
/// behind, and behind what `cache` keeps anyway: to keep that costs nothing, and a
/// viewer that has just come is far behind.
pub fn is_behind(position: u64, whole: u64, max_lag: u64, cache: &Cache) -> bool {
    let is_kept = cache.start().is_some_and(|start| start <= position);
    whole.saturating_sub(position) > max_lag && !is_kept
}

impl Lag {
    /// Decides where the viewer goes on. `has_pictures`: key frames of the camera are
    /// found; `needs_no_key`: they are so rare, or the viewer has waited so long for
    /// one, that any picture will do; `owed`: bytes that are set aside for viewers
    /// already.
    pub fn shed(&self, cache: &Cache, has_pictures: bool, needs_no_key: bool, owed: u64) -> Shed {
        if !self.awaits_key && !self.is_behind {
            return Shed::Stay;
        }
        let (target, awaits_key) = self.target(cache, has_pictures, needs_no_key);
        Shed::Move {
            target,
            until: self.until(target, cache, owed),
            awaits_key,
        }
    }

    /// Where it goes on, and whether it waits there for a key frame.
    fn target(&self, cache: &Cache, has_pictures: bool, needs_no_key: bool) -> (u64, bool) {
        let key = cache.key();
        if let Some(key) = key.filter(|key| self.is_ahead(*key) && self.is_near(*key, cache)) {
            return (key, false);
        }
        if !has_pictures {
            // Nothing builds on what was left out.
            return (self.whole, self.awaits_key);
        }
        let picture = cache.last_picture().filter(|_| needs_no_key);
        if let Some(picture) = picture.filter(|picture| self.is_ahead(*picture)) {
            return (picture, false);
        }
        // The picture that may turn out to be the key frame is held, but not sent.
        let undecided = cache.undecided().filter(|start| *start >= self.next);
        (undecided.unwrap_or(self.whole), true)
    }

    /// Whether to go on there leads onwards. A viewer that waits for a key frame may
    /// be right before one.
    fn is_ahead(&self, position: u64) -> bool {
        position > self.next || (self.awaits_key && position == self.next)
    }

    /// Whether a viewer that goes on there is not behind.
    fn is_near(&self, position: u64, cache: &Cache) -> bool {
        !is_behind(position, self.whole, self.max_lag, cache)
    }

    /// Up to where the picture under way is finished for the viewer; `next` if it has
    /// none under way, or too much of one.
    fn until(&self, target: u64, cache: &Cache, owed: u64) -> u64 {
        if self.awaits_key {
            return self.next;
        }
        let fits = |end: &u64| {
            let rest = end.saturating_sub(self.next);
            rest <= MAX_REST && rest.saturating_add(owed) <= MAX_OWED
        };
        let end = cache.next_picture(self.next).filter(fits);
        end.map_or(self.next, |end| end.min(target))
    }
}

#[cfg(test)]
mod tests;
