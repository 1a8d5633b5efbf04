//! Where a viewer goes on that is too far behind its camera. This is a pure decision on
//! positions.
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

/// The longest rest of a picture, in bytes, that is set aside for a viewer which loses
/// the pictures after it; of a longer rest nothing is sent.
pub const MAX_REST: u64 = 256 * 1024;
/// The number of bytes that may be set aside for all viewers together: they are memory
/// beside the pool.
pub const MAX_OWED: u64 = 1024 * 1024;

/// How far a viewer is behind the media of its camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Where the first frame begins of which nothing was sent yet; at most `whole`.
    pub next: u64,
    /// The end of the last whole frame in the queue.
    pub whole: u64,
    /// The greatest distance from `whole` that the viewer may have, in bytes.
    pub max_lag: u64,
    /// Whether the viewer is further behind than that: see [`is_behind`].
    pub is_behind: bool,
    /// Whether the viewer waits for a key frame already, and gets nothing meanwhile.
    pub awaits_key: bool,
}

/// The decision on a viewer.
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
/// behind `whole`, and also behind what `cache` keeps. To wait for a viewer within the
/// cache costs nothing, and one that has just begun with the cache is far behind.
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

    /// Where the viewer goes on, and whether it waits there for a key frame.
    fn target(&self, cache: &Cache, has_pictures: bool, needs_no_key: bool) -> (u64, bool) {
        let key = cache.key();
        if let Some(key) = key.filter(|key| self.is_ahead(*key) && self.is_near(*key, cache)) {
            return (key, false);
        }
        if !has_pictures {
            // No picture is known to need one that was left out.
            return (self.whole, self.awaits_key);
        }
        let picture = cache.last_picture().filter(|_| needs_no_key);
        if let Some(picture) = picture.filter(|picture| self.is_ahead(*picture)) {
            return (picture, false);
        }
        // A picture that may turn out to be the key frame is kept for the viewer, but not
        // sent yet.
        let undecided = cache.undecided().filter(|start| *start >= self.next);
        (undecided.unwrap_or(self.whole), true)
    }

    /// Whether the viewer would get ahead by going on at `position`. One that waits for a
    /// key frame may be right before it.
    fn is_ahead(&self, position: u64) -> bool {
        position > self.next || (self.awaits_key && position == self.next)
    }

    /// Whether a viewer that goes on at `position` is not behind any more.
    fn is_near(&self, position: u64, cache: &Cache) -> bool {
        !is_behind(position, self.whole, self.max_lag, cache)
    }

    /// The end of the picture that the viewer has begun to get; `next` if there is no such
    /// picture, or if its rest is too long to be set aside.
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
