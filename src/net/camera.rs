//! The link to a camera: reading it, losing it, leaving it.

use std::io::{self, IoSliceMut};
use std::time::Instant;

use crate::failure::Failure;
use crate::protocol::rtsp::framer::Invalid;

use super::connection::{Connection, Role, Taken};
use super::key::Key;
use super::queue::{Brought, NoRoom};
use super::server::Server;
use super::source::{Reader, Source, Stage};

/// Reads from one camera in one turn, so that a fast one does not starve others.
const READS: usize = 8;

impl Server {
    pub(super) fn serve_camera(&mut self, key: Key) {
        self.count_direct();
        let Some((place, source)) = self.source_of(key) else {
            return;
        };
        if let Stage::Connecting(way) = &source.link.stage {
            let way = way.clone();
            if !self.finish_connect(key, place, way) {
                return;
            }
        }
        if let Some(connection) = self.connections.get_mut(key)
            && connection.flush(self.now).is_err()
        {
            return self.camera_closed(place);
        }
        if !self.has_ports(key) {
            self.read_camera(key, place);
        }
        // An answer may just have opened some.
        if self.has_ports(key) {
            self.read_talk(key, place);
            self.read_ports(key, place);
        }
    }

    fn has_ports(&self, key: Key) -> bool {
        self.source_of(key)
            .is_some_and(|(_, source)| !source.ports.is_empty())
    }

    /// Reads what the camera sent into the pool, and has it delivered.
    fn read_camera(&mut self, key: Key, place: Key) {
        for _ in 0..READS {
            let Some(connection) = self.connections.get_mut(key) else {
                return;
            };
            // Media that comes over UDP is not to be mixed with what comes here.
            if !connection.readable || self.has_ports(key) {
                if let Some(source) = self.sources.get_mut(place) {
                    source.queue.trim(&mut self.pool);
                }
                return;
            }
            if self.hold(place) || !self.prepare(key, place) {
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
                        self.count_stray(place);
                    }
                    self.acknowledge(key, place, before);
                    if !self.brought(place, taken) {
                        return;
                    }
                }
                Ok(Taken::Nothing) => {}
                Ok(Taken::End) | Err(_) => return self.camera_closed(place),
            }
        }
        self.schedule(key);
    }

    /// Makes room for a read; `false`: there is none now, and who will say when
    /// there is.
    fn prepare(&mut self, key: Key, place: Key) -> bool {
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
        if room.is_err() && self.sources.shared(place).is_some() {
            room = self.make_room(place, key, None);
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
            self.read_answers(key, place);
        }
        false
    }

    /// Hands messages to whom they are for and frames to the viewers; `false`
    /// when the camera is no more.
    pub(super) fn brought(
        &mut self,
        place: Key,
        taken: Result<Brought, (Brought, Invalid)>,
    ) -> bool {
        let (brought, invalid) = match taken {
            Ok(brought) => (brought, None),
            Err((brought, invalid)) => (brought, Some(invalid)),
        };
        self.counters.frames += brought.frames;
        match self.sources.get(place).and_then(Source::viewer) {
            Some(viewer) => self.brought_one(viewer, &brought),
            None => self.brought_all(place, &brought),
        }
        if let Some(invalid) = invalid {
            log::warn!(
                "[{}] the camera sent what is not RTSP, at byte {}: {}",
                self.source_name(place),
                invalid.position,
                invalid.context
            );
            let reason = "the camera sent something that is not RTSP".to_owned();
            self.link_failed(place, &Failure::Refused(reason));
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

    /// What the log calls a source.
    pub(super) fn source_name(&self, place: Key) -> String {
        let name = match self.sources.get(place).map(|source| &source.reader) {
            Some(Reader::Shared(shared)) => Some(shared.camera.name().to_owned()),
            Some(Reader::Viewer(viewer)) => {
                let found = self.viewers.get(*viewer);
                found.map(|found| format!("c{}", found.id))
            }
            None => None,
        };
        name.unwrap_or_else(|| "gone".to_owned())
    }

    /// Counts the stray bytes of a link that goes on, and tells of the first.
    fn count_stray(&mut self, place: Key) {
        let name = self.source_name(place);
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

    /// The source behind a camera's link.
    pub(super) fn source_of(&self, key: Key) -> Option<(Key, &Source)> {
        match self.connections.get(key)?.role {
            Role::Camera { source } => Some((source, self.sources.get(source)?)),
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
        self.source_of(key).is_some_and(|(_, source)| {
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
            .is_some_and(|(_, source)| source.link.flow.goes_on(patience, self.now))
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
        let Some(Reader::Viewer(viewer)) = self.source_of(key).map(|(_, it)| &it.reader) else {
            return false;
        };
        let due = self
            .viewers
            .get(*viewer)
            .and_then(|it| it.channel.timeout());
        due.is_some_and(|due| due > self.now)
    }

    pub(super) fn camera_deadline(&self, source: Key, connection: &Connection) -> Option<Instant> {
        let source = self.sources.get(source);
        let Some(source) = source.filter(|it| matches!(it.link.stage, Stage::Open)) else {
            return connection.deadline;
        };
        match source.reader {
            Reader::Viewer(_) => Some(source.link.heard + self.config.limits.idle),
            // It knows by itself how long it may be silent.
            Reader::Shared(_) => None,
        }
    }

    pub(super) fn camera_expired(&mut self, key: Key) {
        let (now, idle) = (self.now, self.config.limits.idle);
        let held_up = self.is_held_up(key);
        let awaited = self.awaits_answer(key);
        let Some((place, _)) = self.source_of(key) else {
            return;
        };
        let Some(source) = self.sources.get_mut(place) else {
            return;
        };
        match source.link.stage {
            Stage::Connecting(ref mut way) => {
                let way = std::mem::take(way);
                self.connect_failed(key, place, way, io::ErrorKind::TimedOut.into());
            }
            // It is we who do not listen, or its answer may still come.
            Stage::Open if held_up || awaited => source.link.heard = now,
            Stage::Open if source.link.heard + idle <= now => {
                self.link_failed(place, &Failure::Silent);
            }
            Stage::Open => {}
        }
    }
}
