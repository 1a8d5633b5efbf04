//! Passing on the media of a source to all who read it.
//!
//! This is the same for both kinds of source: new media is written to every viewer as
//! far as its socket takes it, and what nobody needs any more is released.
//!
//! The queue of a shared source keeps what the slowest of its viewers has not been
//! sent, and what the camera's cache keeps for future viewers; it never makes the
//! camera wait. A viewer that is further behind than `backlog`, and than what the cache
//! keeps anyway, gets the rest of the current picture and continues at the last key
//! frame that is kept or near enough, or else at the next one. Whole pictures are left
//! out for it, never a part of one. Where no key frame comes for long, it may continue
//! at any picture.

use crate::camera::shed::{Lag, Shed, is_behind};
use crate::camera::{FirstPackets, INSPECTED_BYTES};
use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::io::outbox::Outbox;
use crate::net::media::delivery::Delivery;
use crate::net::media::queue::{PrepareError, Queue};
use crate::protocol::rtp::notice::Kind;

use super::outlet::Outlet;
use super::{Reader, Source, Sources};

impl Sources {
    /// Passes on new media of a camera. If the camera is shared, it inspects the frames
    /// first.
    pub fn deliver(&mut self, io: &mut Io, key: Key) {
        let Some(source) = self.all.get(key) else {
            return;
        };
        if let Some(shared) = source.shared() {
            if shared.inspected_until == source.queue.whole() {
                return;
            }
            self.inspect_frames(io, key);
        }
        let max_lag = io.limits.backlog as u64;
        for at in 0..self.count_outlets(key) {
            self.pump_at(io, key, at);
            if self.shed(io, key, at, max_lag) {
                self.pump_at(io, key, at);
            }
        }
        self.release(io, key);
    }

    fn count_outlets(&self, key: Key) -> usize {
        self.all.get(key).map_or(0, |source| source.outlets().len())
    }

    /// Has the camera inspect the new frames.
    fn inspect_frames(&mut self, io: &Io, key: Key) {
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        let read = source.link.framer.position();
        let Some((shared, queue)) = source.shared_mut() else {
            return;
        };
        let (camera, whole) = (&mut shared.camera, queue.whole());
        let mut moved = Vec::new();
        let inspect = |channel, start: &[u8], length, at| {
            let taken = camera.frame(channel, start, length, at);
            moved.extend(taken.filter(|own| *own != channel).map(|own| (at, own)));
        };
        queue.for_each_frame::<INSPECTED_BYTES>(shared.inspected_until, whole, inspect);
        for (position, channel) in &moved {
            queue.set_channel(*position, *channel);
        }
        let watchers = shared.watchers.as_mut_slice().iter_mut();
        for outlet in watchers.filter(|_| !moved.is_empty()) {
            if let Some(channels) = &outlet.channels {
                outlet.delivery.restrict_to(channels);
            }
        }
        shared.inspected_until = whole;
        shared.camera.frames_arrived(io.now);
        shared.camera.cache.grown(queue.head(), whole);
        let cache = &shared.camera.cache;
        let misses = cache.overflows() > 0
            && !std::mem::replace(&mut shared.cache_warned, cache.overflows() > 0);
        if let Some(channel) = shared.camera.take_unknown_channel() {
            log::warn!(
                "[{}] the camera sends on channel {channel}, which is no track's, by byte {}",
                shared.camera.name(),
                read,
            );
        }
        self.touched.push_back(key);
        if misses {
            self.warn_about_cache(io, key);
        }
    }

    /// Tells the operator which settings would let the cache hold a group of pictures.
    fn warn_about_cache(&self, io: &Io, key: Key) {
        const MIB: u64 = 1 << 20;
        let Some(shared) = self.shared(key) else {
            return;
        };
        let whole = |bytes: u64| bytes.div_ceil(MIB);
        let caches = self.cameras();
        let caches = caches.map(|(_, shared)| &shared.camera.cache);
        let caches = caches.map(|cache| cache.limit().max(cache.longest_gop()));
        let all: u64 = caches.map(whole).sum();
        let (name, cache) = (shared.camera.name(), &shared.camera.cache);
        log::warn!(
            "[{name}] up to {} KiB come from one key frame to the next, which the cache cannot \
             hold: who comes waits for the next one, and slow viewers lose more; write \
             gop_cache = {}M in [camera {}] and pool = {}M or more in [limits]",
            cache.longest_gop().div_ceil(1024),
            whole(cache.longest_gop().max(cache.limit())),
            name.trim_end_matches("/sub"),
            (all + all.div_ceil(4)).max(io.limits.pool as u64 / MIB),
        );
    }

    /// Whether a viewer is more than `max_lag` bytes behind, and also behind the start
    /// of the cache. What the cache keeps costs nothing, and a new viewer begins that
    /// far behind.
    fn is_behind(&self, key: Key, at: usize, max_lag: u64) -> Option<bool> {
        let source = self.all.get(key)?;
        let cache = &source.shared()?.camera.cache;
        let position = source.outlets().get(at)?.delivery.position();
        Some(is_behind(position, source.queue.whole(), max_lag, cache))
    }

    /// Moves a viewer on that is more than `max_lag` bytes behind, or that waits for a
    /// key frame. `false`: it stays. A viewer that is behind is first written to in any
    /// case, since its socket may have room that no event has told of yet.
    fn shed(&mut self, io: &mut Io, key: Key, at: usize, max_lag: u64) -> bool {
        if self.is_behind(key, at, max_lag) == Some(true) {
            let source = self.all.get(key);
            let outlet = source.and_then(|source| source.outlets().get(at));
            if let Some(connection) = outlet.and_then(|outlet| io.get_mut(outlet.socket))
                && !connection.writable
            {
                connection.writable = true;
                self.pump_at(io, key, at);
            }
        }
        let behind = self.is_behind(key, at, max_lag);
        let source = self.all.get_mut(key);
        let moved = behind.and_then(|behind| source?.shed(io, at, max_lag, behind));
        // The rest of a message may have been copied for each of many viewers.
        if moved.is_some() {
            io.enforce_total_limit();
        }
        moved.is_some()
    }

    /// Releases the media that nobody needs any more.
    pub(super) fn release(&mut self, io: &mut Io, key: Key) {
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        let kept = match &source.reader {
            Reader::Shared(shared) => shared.camera.cache.start(),
            // The viewer has not joined yet, and will get everything.
            Reader::Direct(direct) if direct.outlet.is_none() => Some(source.queue.head()),
            Reader::Direct(_) => None,
        };
        let outlets = source.outlets().iter();
        let positions = outlets.map(|outlet| outlet.delivery.position());
        let wanted = positions.chain(kept).fold(source.queue.whole(), u64::min);
        let link = source.connection;
        source.queue.release(wanted, &mut self.pool, link);
        source.update_unsent(io.now);
        // A shared camera never waits for its viewers. A direct one is read again when
        // its viewer has taken something, see [`Source::pump`].
        if !source.is_direct()
            && std::mem::take(&mut source.link.paused)
            && let Some(link) = link
        {
            io.schedule(link);
        }
    }

    /// Makes room for a read, or for a frame of the given size, at the expense of the
    /// cache and then of viewers who are behind.
    pub(super) fn make_room(
        &mut self,
        io: &mut Io,
        key: Key,
        link: Key,
        frame: Option<usize>,
    ) -> Result<(), PrepareError> {
        if let Some(shared) = self.shared_mut(key) {
            shared.camera.cache.give_up();
        }
        self.release(io, key);
        if let Ok(()) = self.try_prepare(key, link, frame) {
            return Ok(());
        }
        // A viewer that is only one buffer behind may be using the last buffers.
        let mut room = Err(PrepareError::BacklogFull);
        for max_lag in [self.pool.buffer_size() as u64, 0] {
            for at in 0..self.count_outlets(key) {
                self.shed(io, key, at, max_lag);
            }
            self.release(io, key);
            room = self.try_prepare(key, link, frame);
            if room.is_ok() {
                break;
            }
        }
        room
    }

    pub(super) fn try_prepare(
        &mut self,
        key: Key,
        link: Key,
        frame: Option<usize>,
    ) -> Result<(), PrepareError> {
        let pool = &mut self.pool;
        match self.all.get_mut(key) {
            Some(source) => match frame {
                Some(payload) => source.queue.prepare_frame(payload, pool, link),
                None => source.queue.prepare(pool, link),
            },
            None => Err(PrepareError::BacklogFull),
        }
    }
}

impl Source {
    /// Moves a viewer on, if it must be; see [`crate::camera::shed`].
    fn shed(&mut self, io: &mut Io, at: usize, max_lag: u64, is_behind: bool) -> Option<()> {
        let now = io.now;
        let Reader::Shared(shared) = &mut self.reader else {
            return None;
        };
        let (queue, outlet) = (&self.queue, shared.watchers.as_mut_slice().get_mut(at)?);
        let lag = Lag {
            next: outlet.delivery.next_position(),
            whole: queue.whole(),
            max_lag,
            is_behind,
            awaits_key: outlet.skipping_since.is_some(),
        };
        let waited = outlet.skipping_since.unwrap_or(now);
        let waited = now.saturating_duration_since(waited);
        let camera = &mut shared.camera;
        let (pictures, no_key) = (camera.has_pictures(), camera.needs_no_key(waited, now));
        let shed = lag.shed(&camera.cache, pictures, no_key, io.buffered_bytes() as u64);
        let Shed::Move {
            target,
            until,
            awaits_key,
        } = shed
        else {
            return None;
        };
        if is_behind {
            outlet.slow_at = Some(now);
        }
        outlet.skipping_since = awaits_key.then(|| outlet.skipping_since.unwrap_or(now));
        let new = || camera.frame_counter(Kind::Skipped);
        let counter = outlet.skipped_frames.get_or_insert_with(new);
        let before = counter.frames;
        let count = |channel, start: &[u8], _, _| counter.frame(channel, start);
        queue.for_each_frame::<INSPECTED_BYTES>(until, target, count);
        camera.skipped_frames += counter.frames - before;
        let sets = camera.missed_sets(until, target, &first_packets(queue, target));
        outlet.resume_at(io, queue, target, until, &sets);
        Some(())
    }
}

impl Outlet {
    /// Continues at `target`, after the rest of what begins before `until`, and after
    /// `own` packets of the gateway.
    fn resume_at(
        &mut self,
        io: &mut Io,
        queue: &Queue,
        target: u64,
        until: u64,
        own: &[(u8, Vec<u8>)],
    ) {
        let between = self.delivery.between_messages();
        let rest = self.delivery.jump_to(target, until, queue);
        if let Some(connection) = io.get_mut(self.socket) {
            match between {
                true => connection.out.push(rest),
                false => connection.out.push_front(rest),
            }
            push_packets(&self.delivery, own, &mut connection.out);
        }
    }
}

/// The first packet of each track at or after a position, as far as they have arrived.
pub(super) fn first_packets(queue: &Queue, position: u64) -> FirstPackets {
    let mut first_packets = FirstPackets::default();
    let inspect = |channel, start: &[u8], _, _| first_packets.frame(channel, start);
    queue.for_each_frame::<INSPECTED_BYTES>(position, queue.whole(), inspect);
    first_packets
}

/// Pushes packets, each with its channel, into a viewer's outbox.
pub(super) fn push_packets(delivery: &Delivery, packets: &[(u8, Vec<u8>)], out: &mut Outbox) {
    for (channel, packet) in packets {
        out.push(delivery.wrap(*channel, packet).unwrap_or_default());
    }
}
