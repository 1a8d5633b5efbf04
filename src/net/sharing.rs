//! The media of a shared camera on its way to all who watch.
//!
//! The queue of such a source keeps what the slowest of its viewers has not
//! got, and what the camera's cache wants for those to come; it never makes the
//! camera wait. A viewer further behind than `backlog`, and behind what the cache
//! keeps anyway, gets the rest of the picture under way, and goes on at the last
//! key frame that is kept or near enough, or else at the next one: whole pictures
//! are left out for it, never a part of one. Where no key frame comes for long, any
//! picture will do.

use crate::camera::LOOK;
use crate::protocol::rtp::notice::Kind;

use super::key::Key;
use super::queue::{Brought, NoRoom};
use super::server::Server;
use super::source::{Reader, Source};
use super::watching::{precede, starts};

/// The most that is set aside to finish a picture for a viewer who is to lose the
/// next ones, in bytes; of a longer one a part is left out.
const MAX_REST: u64 = 256 * 1024;
/// The most that may be set aside at all, in bytes, whoever it waits for: it is memory
/// beside the pool.
const MAX_OWED: u64 = 1024 * 1024;

impl Server {
    /// Media of a camera has come: it is looked at, and goes to all who watch.
    pub(super) fn brought_all(&mut self, key: Key, brought: &Brought) {
        for message in &brought.messages {
            self.with_camera(key, |camera, now| camera.handle_message(message, now));
        }
        if brought.frames == 0 {
            return;
        }
        self.look_at_frames(key);
        let viewers = self.playing(key);
        let most = self.config.limits.backlog as u64;
        for viewer in viewers {
            self.pump(viewer);
            if self.shed(key, viewer, most) {
                self.pump(viewer);
            }
        }
        self.release(key);
    }

    /// Shows the camera the frames that came.
    fn look_at_frames(&mut self, key: Key) {
        let Some(source) = self.sources.get_mut(key) else {
            return;
        };
        let read = source.link.framer.position();
        let Some((shared, queue)) = source.shared_mut() else {
            return;
        };
        let (camera, whole) = (&mut shared.camera, queue.whole());
        let mut renamed = Vec::new();
        let look = |channel, start: &[u8], length, at| {
            let taken = camera.frame(channel, start, length, at);
            renamed.extend(taken.filter(|it| *it != channel).map(|it| (at, it)));
        };
        queue.frames::<LOOK>(shared.seen, whole, look);
        for (position, channel) in &renamed {
            queue.rename(*position, *channel);
        }
        for viewer in shared.watchers.iter().filter(|_| !renamed.is_empty()) {
            if let Some(found) = self.viewers.get_mut(*viewer)
                && let (Some(delivery), Some(channels)) = (&mut found.delivery, &found.channels)
            {
                delivery.choose(channels);
            }
        }
        shared.seen = whole;
        shared.camera.heard(self.now);
        shared.camera.cache.grown(queue.head(), whole);
        let cache = &shared.camera.cache;
        let misses = cache.missed() > 0 && !std::mem::replace(&mut shared.told, cache.missed() > 0);
        if let Some(channel) = shared.camera.take_foreign() {
            log::warn!(
                "[{}] the camera sends on channel {channel}, which is no track's, by byte {}",
                shared.camera.name(),
                read,
            );
        }
        if misses {
            self.say_what_to_cache(key);
        }
    }

    /// Tells the operator what to write so that a cache holds what its camera sends.
    fn say_what_to_cache(&self, key: Key) {
        const MIB: u64 = 1 << 20;
        let Some(shared) = self.sources.shared(key) else {
            return;
        };
        let whole = |bytes: u64| bytes.div_ceil(MIB);
        let caches = self.sources.iter_shared();
        let caches = caches.map(|(_, it)| it.camera.cache.limit().max(it.camera.cache.group()));
        let all: u64 = caches.map(whole).sum();
        let (name, cache) = (shared.camera.name(), &shared.camera.cache);
        log::warn!(
            "[{name}] up to {} KiB come from one key frame to the next, which the cache cannot \
             hold: who comes waits for the next one, and slow viewers lose more; write \
             gop_cache = {}M in [camera {}] and pool = {}M or more in [limits]",
            cache.group().div_ceil(1024),
            whole(cache.group().max(cache.limit())),
            name.trim_end_matches("/sub"),
            (all + all.div_ceil(4)).max(self.config.limits.pool as u64 / MIB),
        );
    }

    /// The viewers that get media of a camera.
    pub(super) fn playing(&self, key: Key) -> Vec<Key> {
        let shared = self.sources.shared(key);
        shared.map_or_else(Vec::new, |shared| shared.watchers.clone())
    }

    /// Whether a viewer is more than `most` bytes behind, and behind what is kept anyway:
    /// that costs nothing, and who has just come is far behind.
    fn is_behind(&self, key: Key, viewer: Key, most: u64) -> Option<bool> {
        let source = self.sources.get(key)?;
        let cache = &source.shared()?.camera.cache;
        let at = self.viewers.get(viewer)?.delivery.as_ref()?.position();
        let (start, whole) = (cache.start(), source.queue.whole());
        Some(whole - at > most && start.is_none_or(|start| start > at))
    }

    /// Moves a viewer that is more than `most` bytes behind, or that waits for a
    /// key frame, to where it can go on; `false`: it stays where it is. It is offered
    /// all that its socket takes first: there may be room of which no event told yet.
    fn shed(&mut self, key: Key, viewer: Key, most: u64) -> bool {
        if self.is_behind(key, viewer, most) == Some(true) {
            let data = self.viewers.get(viewer).and_then(|it| it.sockets.media());
            if let Some(connection) = data.and_then(|data| self.connections.get_mut(data))
                && !connection.writable
            {
                connection.writable = true;
                self.pump(viewer);
            }
        }
        let Some(behind) = self.is_behind(key, viewer, most) else {
            return false;
        };
        let source = self.sources.get_mut(key);
        let Some((shared, queue)) = source.and_then(Source::shared_mut) else {
            return false;
        };
        let Some(found) = self.viewers.get_mut(viewer) else {
            return false;
        };
        let data = found.sockets.media();
        let (Some(delivery), Some(data)) = (&mut found.delivery, data) else {
            return false;
        };
        if found.skipping.is_none() && !behind {
            return false;
        }
        if behind {
            found.slow = Some(self.now);
        }
        let (at, whole) = (delivery.next_position(), queue.whole());
        let cache = &shared.camera.cache;
        let is_kept = |position: u64| cache.start().is_some_and(|start| start <= position);
        let near = |position: u64| whole - position <= most || is_kept(position);
        let skipped = found.skipping.is_some();
        let waited = found
            .skipping
            .map(|since| self.now.saturating_duration_since(since));
        let ahead = |key: &u64| *key > at || (skipped && *key == at);
        let target = match cache.key().filter(|key| ahead(key) && near(*key)) {
            Some(position) => {
                found.skipping = None;
                position
            }
            // Without key frames any frame will do.
            None if !shared.camera.has_pictures() => whole,
            // Without key frames, or when they are far apart, any picture will do.
            None if shared
                .camera
                .needs_no_key(waited.unwrap_or_default(), self.now)
                && let Some(start) = cache.last_picture().filter(|start| ahead(start)) =>
            {
                found.skipping = None;
                start
            }
            // What may stand before the next one is held, but not sent.
            None => {
                found.skipping = found.skipping.or(Some(self.now));
                let undecided = shared.camera.cache.undecided();
                undecided.filter(|start| *start >= at).unwrap_or(whole)
            }
        };
        let end = cache.next_picture(at);
        let owed = self.ledger.total() as u64;
        let end = end.filter(|end| !skipped && end - at <= MAX_REST);
        let end = end.filter(|end| end - at + owed <= MAX_OWED);
        let end = end.map_or(at, |end| end.min(target));
        let new = || shared.camera.tally(Kind::Skipped);
        let tally = found.skipped.get_or_insert_with(new);
        let before = tally.frames;
        let count = |channel, start: &[u8], _, _| tally.frame(channel, start);
        queue.frames::<LOOK>(end, target, count);
        shared.camera.skipped += tally.frames - before;
        let between = delivery.between_messages();
        let rest = delivery.jump(target, end, queue);
        let sets = shared
            .camera
            .missed_sets(end, target, &starts(queue, target));
        if let Some(connection) = self.connections.get_mut(data) {
            match between {
                true => connection.out.push(rest),
                false => connection.out.push_front(rest),
            }
            precede(delivery, &sets, &mut connection.out);
        }
        // Each of many may have the rest of a message copied in one turn.
        self.bound_outboxes();
        true
    }

    /// Returns the buffers that nobody wants any more.
    pub(super) fn release(&mut self, key: Key) {
        let Some(source) = self.sources.get_mut(key) else {
            return;
        };
        let Reader::Shared(shared) = &source.reader else {
            return;
        };
        let viewers = shared.watchers.iter().filter_map(|viewer| {
            let delivery = self.viewers.get(*viewer)?.delivery.as_ref()?;
            Some(delivery.position())
        });
        let kept = shared.camera.cache.start();
        let wanted = viewers.chain(kept).fold(source.queue.whole(), u64::min);
        let link = source.connection;
        source.queue.release(wanted, &mut self.pool, link);
        if std::mem::take(&mut source.link.paused)
            && let Some(link) = link
        {
            self.schedule(link);
        }
    }

    /// Makes room for a read, or for a `frame` of so many bytes, at the expense of
    /// the cache, and then of those who are behind.
    pub(super) fn make_room(
        &mut self,
        key: Key,
        link: Key,
        frame: Option<usize>,
    ) -> Result<(), NoRoom> {
        if let Some(shared) = self.sources.shared_mut(key) {
            shared.camera.cache.give_up();
        }
        self.release(key);
        if let Ok(()) = self.try_room(key, link, frame) {
            return Ok(());
        }
        // Who is a buffer behind may still want all that there are.
        let mut room = Err(NoRoom::Full);
        for most in [self.pool.buffer_size() as u64, 0] {
            for viewer in self.playing(key) {
                self.shed(key, viewer, most);
            }
            self.release(key);
            room = self.try_room(key, link, frame);
            if room.is_ok() {
                break;
            }
        }
        room
    }

    pub(super) fn try_room(
        &mut self,
        key: Key,
        link: Key,
        frame: Option<usize>,
    ) -> Result<(), NoRoom> {
        match self.sources.get_mut(key) {
            Some(source) => match frame {
                Some(most) => source.queue.prepare_frame(most, &mut self.pool, link),
                None => source.queue.prepare(&mut self.pool, link),
            },
            None => Err(NoRoom::Full),
        }
    }
}
