//! The link to a camera: reading it, losing it, leaving it.

use std::io::{self, IoSliceMut};
use std::time::Instant;

use crate::channel::Failure;
use crate::protocol::rtsp::framer::{Framer, Invalid};

use super::connection::{Connection, OUTBOX_LIMIT, Role, Taken};
use super::key::Key;
use super::queue::{Brought, NoRoom};
use super::server::Server;
use super::viewer::{MAX_MESSAGE, Owner, Source, Stage};

/// Reads from one camera in one turn, so that a fast one does not starve others.
const READS: usize = 8;

impl Server {
    pub(super) fn serve_camera(&mut self, key: Key) {
        self.count_direct();
        let Some(source) = self.source_of(key) else {
            return;
        };
        let owner = source.owner;
        if let Stage::Connecting(way) = &source.link.stage {
            let way = way.clone();
            if !self.finish_connect(key, owner, way) {
                return;
            }
        }
        if let Some(connection) = self.connections.get_mut(key)
            && connection.flush(self.now).is_err()
        {
            return self.camera_closed(owner);
        }
        if !self.has_ports(key) {
            self.read_camera(key, owner);
        }
        // An answer may just have opened some.
        if let Owner::Camera(camera) = owner
            && self.has_ports(key)
        {
            self.read_talk(key, owner);
            self.read_ports(key, camera);
        }
    }

    fn has_ports(&self, key: Key) -> bool {
        self.source_of(key)
            .is_some_and(|source| !source.ports.is_empty())
    }

    /// Reads what the camera sent into the pool, and has it delivered.
    fn read_camera(&mut self, key: Key, owner: Owner) {
        for _ in 0..READS {
            let Some(connection) = self.connections.get_mut(key) else {
                return;
            };
            let Role::Camera { source: place } = connection.role else {
                return;
            };
            // Media that comes over UDP is not to be mixed with what comes here.
            if !connection.readable || self.has_ports(key) {
                if let Some(source) = self.sources.get_mut(place) {
                    source.queue.trim(&mut self.pool);
                }
                return;
            }
            if let Owner::Camera(camera) = owner
                && self.hold(camera)
            {
                return;
            }
            if !self.prepare(key, place, owner) {
                return;
            }
            let (Some(connection), Some(source)) =
                (self.connections.get_mut(key), self.sources.get_mut(place))
            else {
                return;
            };
            self.counters.reads += 1;
            let mut slices = std::array::from_fn(|_| IoSliceMut::new(&mut []));
            let count = source.queue.room(&mut slices);
            match connection.read_vectored(&mut slices[..count]) {
                Ok(Taken::Bytes(count)) => {
                    source.link.heard = self.now;
                    let before = source.queue.whole();
                    let taken =
                        source
                            .queue
                            .take_in(count, &mut self.pool, &mut source.link.framer);
                    if taken.as_ref().is_ok_and(|brought| brought.frames > 0) {
                        source.link.flow.came(self.now);
                    }
                    source.note_sent(self.now);
                    if source.link.framer.skipped() > source.link.skipped {
                        self.count_stray(place, owner);
                    }
                    self.acknowledge(key, place, before);
                    if !self.brought(owner, taken) {
                        return;
                    }
                }
                Ok(Taken::Nothing) => {}
                Ok(Taken::End) | Err(_) => return self.camera_closed(owner),
            }
        }
        self.schedule(key);
    }

    /// Makes room for a read; `false`: there is none now, and who will say when
    /// there is.
    fn prepare(&mut self, key: Key, place: Key, owner: Owner) -> bool {
        let Some(source) = self.sources.get_mut(place) else {
            return false;
        };
        let mut room = source.queue.prepare(&mut self.pool, key);
        if let Err(NoRoom::PoolEmpty) = room {
            self.relieve(key);
            if let Some(source) = self.sources.get_mut(place) {
                room = source.queue.prepare(&mut self.pool, key);
            }
        }
        if let (Err(_), Owner::Camera(camera)) = (room, owner) {
            room = self.make_room(camera, key, None);
        }
        let Some(source) = self.sources.get_mut(place) else {
            return false;
        };
        match room {
            Ok(()) => return true,
            Err(NoRoom::Full) => source.link.paused = true,
            Err(NoRoom::PoolEmpty) if !source.link.waiting => {
                source.link.waiting = true;
                self.waiting.push_back(key);
            }
            Err(NoRoom::PoolEmpty) => {}
        }
        source.link.held_up = Some(self.now);
        if source.queue.held().0 == 0 {
            self.read_answers(key, place, owner);
        }
        false
    }

    /// Hands messages to whom they are for and frames to the viewers; `false`
    /// when the camera is no more.
    pub(super) fn brought(
        &mut self,
        owner: Owner,
        taken: Result<Brought, (Brought, Invalid)>,
    ) -> bool {
        let (brought, invalid) = match taken {
            Ok(brought) => (brought, None),
            Err((brought, invalid)) => (brought, Some(invalid)),
        };
        self.counters.frames += brought.frames;
        match owner {
            Owner::Viewer(viewer) => self.brought_one(viewer, &brought),
            Owner::Camera(camera) => self.brought_all(camera, &brought),
        }
        if let Some(invalid) = invalid {
            log::warn!(
                "[{}] the camera sent what is not RTSP, at byte {}: {}",
                self.owner_name(owner),
                invalid.position,
                invalid.context
            );
            let reason = "the camera sent something that is not RTSP".to_owned();
            self.link_failed(owner, &Failure::Refused(reason));
            return false;
        }
        true
    }

    fn brought_one(&mut self, viewer: Key, brought: &Brought) {
        for message in &brought.messages {
            if let Some(found) = self.viewers.get_mut(viewer) {
                found.channel.handle_camera(message);
            }
        }
        if !brought.messages.is_empty() {
            self.run_channel(viewer);
        }
        if brought.frames > 0 {
            self.pump(viewer);
        }
    }

    /// What the log calls the owner of a link.
    pub(super) fn owner_name(&self, owner: Owner) -> String {
        match owner {
            Owner::Viewer(viewer) => match self.viewers.get(viewer) {
                Some(found) => format!("c{}", found.id),
                None => "gone".to_owned(),
            },
            Owner::Camera(camera) => match self.shared.get(camera) {
                Some(shared) => shared.camera.name().to_owned(),
                None => "gone".to_owned(),
            },
        }
    }

    /// Counts the stray bytes of a link that goes on, and tells of the first.
    fn count_stray(&mut self, place: Key, owner: Owner) {
        let name = self.owner_name(owner);
        let Some(source) = self.sources.get_mut(place) else {
            return;
        };
        let skipped = source.link.framer.skipped();
        self.counters.skipped_bytes += skipped - source.link.skipped;
        if let (0, Some(position)) = (source.link.skipped, source.link.framer.astray()) {
            log::warn!(
                "[{name}] the camera sent stray bytes, first at byte {position}: they are passed over"
            );
        }
        source.link.skipped = skipped;
    }

    /// The camera closed, or the link broke.
    pub(super) fn camera_closed(&mut self, owner: Owner) {
        let reason = "the camera closed the connection".to_owned();
        self.link_failed(owner, &Failure::Refused(reason));
    }

    /// There is no camera for this viewer, or no more: tells it.
    pub(super) fn camera_lost(&mut self, viewer: Key, failure: &Failure) {
        self.forget_link(viewer);
        if let Some(found) = self.viewers.get_mut(viewer) {
            log::info!("[c{}] no camera: {}", found.id, failure.text());
            found.channel.camera_lost(failure, self.now);
            self.run_channel(viewer);
        }
    }

    /// Drops the camera's socket; what it brought stays in the queue.
    fn forget_link(&mut self, viewer: Key) {
        self.resolver.forget(Owner::Viewer(viewer));
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let Some(source) = source.and_then(|source| self.sources.get_mut(source)) else {
            return;
        };
        if source.owner != Owner::Viewer(viewer) {
            return;
        }
        if let Some(connection) = source.connection.take() {
            // What it said by halves ends here, however long the source stays.
            source.link.framer = Framer::lenient(MAX_MESSAGE);
            self.pool.settle(connection);
            self.drop_connection(connection);
        }
    }

    /// Drops the link and what it brought.
    pub(super) fn forget_source(&mut self, viewer: Key) {
        self.forget_link(viewer);
        let source = self.viewers.get_mut(viewer).and_then(|v| v.source.take());
        if let Some(mut source) = source.and_then(|source| self.sources.remove(source)) {
            source.queue.clear(&mut self.pool);
        }
    }

    /// The viewer goes: the camera is told, if it has a session.
    pub(super) fn leave_camera(&mut self, viewer: Key) {
        self.resolver.forget(Owner::Viewer(viewer));
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        let farewell = found.channel.farewell();
        let Some(source) = found.source.and_then(|s| self.sources.get_mut(s)) else {
            return;
        };
        if source.owner != Owner::Viewer(viewer) {
            return;
        }
        let Some(key) = source.connection.take() else {
            return;
        };
        self.pool.settle(key);
        match (farewell, self.connections.get_mut(key)) {
            (Some(farewell), Some(connection)) => {
                connection.out.push(farewell);
                self.close_connection(key);
            }
            _ => self.drop_connection(key),
        }
    }

    /// Bytes for the camera from its viewer's channel.
    pub(super) fn send_to_camera(&mut self, viewer: Key, bytes: Vec<u8>) {
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let key = source.and_then(|source| self.sources.get(source)?.connection);
        let Some(connection) = key.and_then(|key| self.connections.get_mut(key)) else {
            return;
        };
        connection.out.push(bytes);
        let broken = connection.flush(self.now).is_err();
        if broken {
            self.camera_closed(Owner::Viewer(viewer));
        } else if connection.out.cost() > OUTBOX_LIMIT {
            let reason = "the camera does not read its requests".to_owned();
            self.camera_lost(viewer, &Failure::Refused(reason));
        }
    }

    /// The source behind a camera's link.
    pub(super) fn source_of(&self, key: Key) -> Option<&Source> {
        match self.connections.get(key)?.role {
            Role::Camera { source } => self.sources.get(source),
            _ => None,
        }
    }

    pub(super) fn source_of_mut(&mut self, key: Key) -> Option<&mut Source> {
        match self.connections.get(key)?.role {
            Role::Camera { source } => self.sources.get_mut(source),
            _ => None,
        }
    }

    /// Whether a camera's link is left unread, or was until a moment ago: what
    /// it has to say may still be on the way.
    pub(super) fn is_held_up(&self, key: Key) -> bool {
        let patience = self.config.limits.handshake;
        self.source_of(key).is_some_and(|source| {
            !source.queue.has_room(&self.pool, key)
                || source
                    .link
                    .held_up
                    .is_some_and(|when| when + patience > self.now)
        })
    }

    /// Whether media comes at its pace, or came within the time that a camera has to
    /// answer.
    pub(super) fn is_flowing(&self, key: Key) -> bool {
        let patience = self.config.limits.handshake;
        self.source_of(key)
            .is_some_and(|source| source.link.flow.goes_on(patience, self.now))
    }

    /// A link that waited for a buffer may try again.
    pub(super) fn resume_camera(&mut self, key: Key) {
        if let Some(source) = self.source_of_mut(key) {
            source.link.waiting = false;
            self.schedule(key);
        }
    }

    /// Whether the camera of a viewer has time left for an answer.
    fn awaits_answer(&self, key: Key) -> bool {
        let Some(Owner::Viewer(viewer)) = self.source_of(key).map(|source| source.owner) else {
            return false;
        };
        let due = self.viewers.get(viewer).and_then(|it| it.channel.timeout());
        due.is_some_and(|due| due > self.now)
    }

    pub(super) fn camera_deadline(&self, source: Key, connection: &Connection) -> Option<Instant> {
        let source = self.sources.get(source);
        let Some(source) = source.filter(|it| matches!(it.link.stage, Stage::Open)) else {
            return connection.deadline;
        };
        match source.owner {
            Owner::Viewer(_) => Some(source.link.heard + self.config.limits.idle),
            // It knows by itself how long it may be silent.
            Owner::Camera(_) => None,
        }
    }

    pub(super) fn camera_expired(&mut self, key: Key) {
        let (now, idle) = (self.now, self.config.limits.idle);
        let held_up = self.is_held_up(key);
        let awaited = self.awaits_answer(key);
        let Some(source) = self.source_of_mut(key) else {
            return;
        };
        let owner = source.owner;
        match source.link.stage {
            Stage::Connecting(ref mut way) => {
                let way = std::mem::take(way);
                self.connect_failed(key, owner, way, io::ErrorKind::TimedOut.into());
            }
            // It is we who do not listen, or its answer may still come.
            Stage::Open if held_up || awaited => source.link.heard = now,
            Stage::Open if source.link.heard + idle <= now => {
                self.link_failed(owner, &Failure::Silent);
            }
            Stage::Open => {}
        }
    }
}
