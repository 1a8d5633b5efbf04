//! The media of a shared camera on its way to all who watch.
//!
//! The queue of such a source keeps what the slowest of its viewers has not
//! got, and what the camera's cache wants for those to come; it never makes the
//! camera wait. A viewer further behind than `backlog`, and behind what the cache
//! keeps anyway, gets the rest of the picture under way, and goes on at the last
//! key frame that is kept or near enough, or else at the next one: whole pictures
//! are left out for it, never a part of one.

use crate::camera::LOOK;
use crate::notice::Kind;

use super::key::Key;
use super::queue::{Brought, NoRoom};
use super::server::Server;

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
            self.shed(key, viewer, most);
            self.pump(viewer);
        }
        self.release(key);
    }

    /// Shows the camera the frames that came.
    fn look_at_frames(&mut self, key: Key) {
        let Some(shared) = self.shared.get_mut(key) else {
            return;
        };
        let Some(source) = self.sources.get(shared.source) else {
            return;
        };
        let (camera, whole) = (&mut shared.camera, source.queue.whole());
        let look = |channel, start: &[u8], length, at| camera.frame(channel, start, length, at);
        source.queue.frames::<LOOK>(shared.seen, whole, look);
        shared.seen = whole;
        shared.camera.heard(self.now);
        shared.camera.cache.grown(source.queue.head(), whole);
        if let Some(channel) = shared.camera.take_foreign() {
            log::warn!(
                "[{}] the camera sends on channel {channel}, which is no track's, by byte {}",
                shared.camera.name(),
                source.framer.position(),
            );
        }
    }

    /// The viewers that get media of a camera.
    pub(super) fn playing(&self, key: Key) -> Vec<Key> {
        let source = self
            .shared
            .get(key)
            .and_then(|it| self.sources.get(it.source));
        source.map_or_else(Vec::new, |source| source.watchers.clone())
    }

    /// Moves a viewer that is more than `most` bytes behind, or that waits for a
    /// key frame, to where it can go on.
    fn shed(&mut self, key: Key, viewer: Key, most: u64) {
        let (Some(shared), Some(found)) = (self.shared.get_mut(key), self.viewers.get_mut(viewer))
        else {
            return;
        };
        let Some(source) = self.sources.get(shared.source) else {
            return;
        };
        let (Some(delivery), Some(data)) = (&mut found.delivery, found.data) else {
            return;
        };
        let (at, whole) = (delivery.next_position(), source.queue.whole());
        let cache = &shared.camera.cache;
        // What is kept anyway costs nothing: who has just come is far behind.
        let is_kept = |position: u64| cache.start().is_some_and(|start| start <= position);
        let near = |position: u64| whole - position <= most || is_kept(position);
        if !found.skipping && near(delivery.position()) {
            return;
        }
        let skipped = found.skipping;
        let ahead = |key: &u64| *key > at || (skipped && *key == at);
        let target = match cache.key().filter(|key| ahead(key) && near(*key)) {
            Some(position) => {
                found.skipping = false;
                position
            }
            // Without key frames any frame will do.
            None if !shared.camera.has_pictures() => whole,
            // What may stand before the next one is held, but not sent.
            None => {
                found.skipping = true;
                let undecided = shared.camera.cache.undecided();
                undecided.filter(|start| *start >= at).unwrap_or(whole)
            }
        };
        let end = cache.next_picture(at);
        let owed = || {
            self.connections
                .iter()
                .map(|(_, it)| it.out.cost() as u64)
                .sum::<u64>()
        };
        let end = end.filter(|end| !skipped && end - at <= MAX_REST);
        let end = end.filter(|end| end - at + owed() <= MAX_OWED);
        let end = end.map_or(at, |end| end.min(target));
        let new = || shared.camera.tally(Kind::Skipped);
        let tally = found.skipped.get_or_insert_with(new);
        let before = tally.frames;
        let count = |channel, start: &[u8], _, _| tally.frame(channel, start);
        source.queue.frames::<LOOK>(end, target, count);
        shared.camera.skipped += tally.frames - before;
        let between = delivery.between_messages();
        let rest = delivery.jump(target, end, &source.queue);
        match self.connections.get_mut(data) {
            Some(connection) if between => connection.out.push(rest),
            Some(connection) => connection.out.push_front(rest),
            None => {}
        }
    }

    /// Returns the buffers that nobody wants any more.
    pub(super) fn release(&mut self, key: Key) {
        let Some(shared) = self.shared.get(key) else {
            return;
        };
        let Some(source) = self.sources.get_mut(shared.source) else {
            return;
        };
        let viewers = source.watchers.iter().filter_map(|viewer| {
            let delivery = self.viewers.get(*viewer)?.delivery.as_ref()?;
            Some(delivery.position())
        });
        let kept = shared.camera.cache.start();
        let wanted = viewers.chain(kept).fold(source.queue.whole(), u64::min);
        let link = source.connection;
        source.queue.release(wanted, &mut self.pool, link);
        source.paused = false;
    }

    /// Makes room for a read, or for a `frame` of so many bytes, at the expense of
    /// the cache, and then of those who are behind.
    pub(super) fn make_room(
        &mut self,
        key: Key,
        link: Key,
        frame: Option<usize>,
    ) -> Result<(), NoRoom> {
        let size = self.pool.buffer_size() as u64;
        if let Some(shared) = self.shared.get_mut(key) {
            shared.camera.cache.give_up();
        }
        self.release(key);
        if let Ok(()) = self.try_room(key, link, frame) {
            return Ok(());
        }
        for viewer in self.playing(key) {
            self.shed(key, viewer, size);
        }
        self.release(key);
        self.try_room(key, link, frame)
    }

    pub(super) fn try_room(
        &mut self,
        key: Key,
        link: Key,
        frame: Option<usize>,
    ) -> Result<(), NoRoom> {
        let source = self.shared.get(key).map(|shared| shared.source);
        match source.and_then(|source| self.sources.get_mut(source)) {
            Some(source) => match frame {
                Some(most) => source.queue.prepare_frame(most, &mut self.pool, link),
                None => source.queue.prepare(&mut self.pool, link),
            },
            None => Err(NoRoom::Full),
        }
    }
}
