//! Relief: finding memory for those to whom the pool owes some, when others are using
//! it.
//!
//! Caches that hold more than the share of their stream are given up first. Then the
//! direct viewer is evicted whose media has waited longest: it hardly reads, and its
//! memory is the only one that can be had.

use std::time::{Duration, Instant};

use crate::net::io::Io;
use crate::net::io::key::Key;

use super::{Event, Reader, Sources};

/// How long a direct viewer's media must have waited before the viewer is evicted for
/// the share of a configured stream.
const BEHIND: Duration = Duration::from_secs(1);
/// The same in favour of a cache, or of another direct viewer's first buffer.
const LONG_BEHIND: Duration = Duration::from_secs(5);

impl Sources {
    /// Makes room for a link that finds no buffer, as far as others have to give way.
    pub(super) fn relieve(&mut self, io: &mut Io, link: Key) {
        self.count_direct();
        while let Some(key) = self.source_of_link(io, link)
            && let Some(source) = self.all.get(key)
        {
            let (direct, entitled) = (source.is_direct(), source.queue.is_entitled());
            if source.queue.has_room(&self.pool, link) {
                return;
            }
            let patience = match (direct, entitled) {
                (false, true) => BEHIND,
                (true, false) => return,
                _ => LONG_BEHIND,
            };
            let gave_way = entitled && self.shrink_cache(io, key);
            if !gave_way && !self.evict(io, key, patience) {
                return;
            }
        }
    }

    /// Tries again for the links that wait, when somebody may have to give way by now,
    /// and serves links that were held back.
    pub(super) fn relieve_waiting(&mut self, io: &mut Io) {
        if self.relief_due.is_some_and(|due| due <= io.now) {
            self.relief_due = None;
            for link in self.waiting.clone() {
                self.relieve(io, link);
            }
            let held = self
                .all
                .iter()
                .filter(|(_, source)| source.link.hold.is_on());
            for link in held.filter_map(|(_, source)| source.connection) {
                io.schedule(link);
            }
        }
    }

    /// Gives up the cache that is furthest beyond its stream's share. `false`: there is
    /// none.
    fn shrink_cache(&mut self, io: &mut Io, except: Key) -> bool {
        let caches = self.all.iter().filter_map(|(key, source)| {
            let (_, excess) = source.queue.held();
            let keeps = source.shared()?.camera.cache.start().is_some() && except != key;
            (keeps && excess > 0).then_some((excess, key))
        });
        let Some((_, key)) = caches.max_by_key(|(excess, _)| *excess) else {
            return false;
        };
        if let Some(shared) = self.shared_mut(key) {
            shared.camera.cache.give_up();
        }
        self.release(io, key);
        true
    }

    /// Evicts the direct viewer whose media has waited longest, if it has waited for
    /// `patience`. `false`: there is none. The viewer's socket takes nothing, and is
    /// closed at once.
    fn evict(&mut self, io: &mut Io, beneficiary: Key, patience: Duration) -> bool {
        let direct = self.all.iter().filter_map(|(key, source)| {
            let (held, _) = source.queue.held();
            (source.is_direct() && held > 0).then_some((source.unsent_since(), key))
        });
        let Some((since, key)) = direct.min_by_key(|(since, _)| *since) else {
            return false;
        };
        let due = since + patience;
        if due > io.now {
            self.schedule_relief(due);
            return false;
        }
        let name = |key| self.all.get(key).map(super::Source::log_name);
        log::info!(
            "[{}] closed: its media waits for {} s already, and [{}] needs the memory",
            name(key).unwrap_or_default(),
            io.now.saturating_duration_since(since).as_secs(),
            name(beneficiary).unwrap_or_default()
        );
        io.counters.evicted += 1;
        self.discard_media(io, key);
        true
    }

    fn discard_media(&mut self, io: &mut Io, key: Key) {
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        source.queue.clear(&mut self.pool);
        if let Reader::Direct(direct) = &mut source.reader {
            if let Some(outlet) = direct.outlet.take() {
                io.close_now(outlet.socket);
            }
            let viewer = direct.viewer;
            self.events.push_back(Event::ViewerEvicted { viewer });
        }
    }

    /// Has [`Sources::relieve_waiting`] called at this time, or before.
    pub(super) fn schedule_relief(&mut self, due: Instant) {
        self.relief_due = Some(self.relief_due.map_or(due, |other| other.min(due)));
    }
}
