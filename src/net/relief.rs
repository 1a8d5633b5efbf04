//! Room for whom the pool keeps memory, and who finds it taken: what was idle was used
//! by others until then.
//!
//! Caches that hold more than their stream's share give way first. Then the direct
//! viewer goes whose media has waited longest: it does not read, or hardly, and its
//! memory is all that can be had.

use std::time::{Duration, Instant};

use super::key::Key;
use super::server::Server;
use super::source::Reader;

/// How long a direct viewer's media must have waited before the viewer is sent away for
/// the share of a configured stream.
const BEHIND: Duration = Duration::from_secs(1);
/// The same for a cache, or for another direct viewer's first buffer.
const LONG_BEHIND: Duration = Duration::from_secs(5);
/// What such a viewer is told.
const REASON: &str = "what it has not read is in the way of others";

impl Server {
    /// Makes room for a link that finds no buffer, as far as others have to give way.
    pub(super) fn relieve(&mut self, link: Key) {
        self.count_direct();
        while let Some((place, source)) = self.source_of(link) {
            let (direct, entitled) = (source.is_direct(), source.queue.is_entitled());
            if source.queue.has_room(&self.pool, link) {
                return;
            }
            let patience = match (direct, entitled) {
                (false, true) => BEHIND,
                (true, false) => return,
                _ => LONG_BEHIND,
            };
            let gave_way = entitled && self.shrink_cache(place);
            if !gave_way && !self.evict(place, patience) {
                return;
            }
        }
    }

    /// Looks again after those who wait and for whom somebody may have to give way by now,
    /// and after links that were left unread for a moment.
    pub(super) fn relieve_waiting(&mut self) {
        if self.relief_due.is_some_and(|due| due <= self.now) {
            self.relief_due = None;
            for link in self.waiting.clone() {
                self.relieve(link);
            }
            let held = self.sources.iter().filter(|(_, it)| it.link.hold.is_on());
            let held: Vec<Key> = held.filter_map(|(_, it)| it.connection).collect();
            for link in held {
                self.schedule(link);
            }
        }
    }

    /// Tells the pool how many viewers have cameras of their own.
    pub(super) fn count_direct(&mut self) {
        self.pool.set_direct(self.sources.direct());
    }

    /// Has the cache that is furthest beyond its stream's share given up; `false`: there
    /// is none.
    fn shrink_cache(&mut self, but: Key) -> bool {
        let shared = self.sources.iter().filter_map(|(key, source)| {
            let (_, excess) = source.queue.held();
            let keeps = source.shared()?.camera.cache.start().is_some() && but != key;
            (keeps && excess > 0).then_some((excess, key))
        });
        let Some((_, key)) = shared.max_by_key(|(excess, _)| *excess) else {
            return false;
        };
        if let Some(shared) = self.sources.shared_mut(key) {
            shared.camera.cache.give_up();
        }
        self.release(key);
        true
    }

    /// Ends the direct viewer whose media has waited longest, if that is `patience`;
    /// `false`: there is none.
    fn evict(&mut self, to: Key, patience: Duration) -> bool {
        let direct = self.sources.iter().filter_map(|(place, source)| {
            let (held, _) = source.queue.held();
            match source.reader {
                Reader::Viewer(viewer) if held > 0 => Some((source.unsent_since(), place, viewer)),
                _ => None,
            }
        });
        let Some((since, place, viewer)) = direct.min_by_key(|(since, ..)| *since) else {
            return false;
        };
        let due = since + patience;
        if due > self.now {
            self.look_again(due);
            return false;
        }
        let waited = self.now.saturating_duration_since(since).as_secs();
        log::info!(
            "[{}] closed: its media waits for {waited} s already, and [{}] needs the memory",
            self.source_name(place),
            self.source_name(to)
        );
        self.counters.evicted += 1;
        self.end_at_once(viewer);
        true
    }

    pub(super) fn look_again(&mut self, due: Instant) {
        self.relief_due = Some(self.relief_due.map_or(due, |other| other.min(due)));
    }

    /// Ends a viewer without waiting for its data socket, which takes nothing.
    fn end_at_once(&mut self, viewer: Key) {
        const TRY_AGAIN: u16 = 1013;
        let found = self.viewers.get_mut(viewer);
        let data = found.and_then(|it| it.sockets.take_media());
        if let Some(data) = data {
            self.drop_connection(data);
        }
        self.end_viewer(viewer, TRY_AGAIN, REASON, false);
    }
}
