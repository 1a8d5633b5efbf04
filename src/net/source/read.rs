//! Reading a camera's link: when it is read, how input is handled, and when it fails.

use std::io::{self, IoSliceMut};

use crate::failure::Failure;
use crate::net::io::Io;
use crate::net::io::connection::ReadOutcome;
use crate::net::io::key::Key;
use crate::net::media::queue::{Arrived, PrepareError};
use crate::protocol::rtsp::framer::Invalid;

use super::{Event, Phase, Reader, Sources};

/// The number of reads from one camera in one turn, so that a fast one does not starve
/// others.
pub const READS: usize = 8;

impl Sources {
    /// Prepares a link that is ready to be served. `None`: it is not connected.
    ///
    /// The caller goes on with [`Sources::read`]. Whenever that returns `true`, the
    /// caller handles the events, calls [`Sources::deliver`], and reads again.
    pub fn prepare_link(&mut self, io: &mut Io, link: Key) -> Option<Key> {
        self.count_direct();
        let key = self.source_of_link(io, link)?;
        let source = self.all.get(key)?;
        if let Phase::Connecting(candidates) = &source.link.phase {
            let candidates = candidates.clone();
            if !self.finish_connect(io, link, key, candidates) {
                return None;
            }
        }
        let now = io.now;
        if io.get_mut(link)?.flush(now).is_err() {
            self.link_closed(io, key);
            return None;
        }
        Some(key)
    }

    /// Whether the media of a source comes over UDP.
    pub fn has_ports(&self, source: Key) -> bool {
        let source = self.all.get(source);
        source.is_some_and(|source| !source.ports.is_empty())
    }

    /// Reads media into the pool's buffers and passes it on, up to `reads` times.
    /// `true`: there are messages, and their events must be handled before the media is
    /// passed on.
    pub fn read(&mut self, io: &mut Io, link: Key, key: Key, reads: &mut usize) -> bool {
        while *reads > 0 {
            // Media that arrives over UDP must not be mixed with media of the link.
            let readable = io.get(link).is_some_and(|connection| connection.readable);
            if !readable || self.has_ports(key) || self.link_of(key) != Some(link) {
                if let Some(source) = self.all.get_mut(key) {
                    source.queue.trim(&mut self.pool);
                }
                return false;
            }
            if self.hold_back(io, key) || !self.prepare(io, link, key) {
                return false;
            }
            *reads -= 1;
            match self.read_once(io, link, key) {
                Some(true) => return true,
                Some(false) => self.deliver(io, key),
                None => return false,
            }
        }
        io.schedule(link);
        false
    }

    /// Reads once, after [`Sources::prepare`]. Returns whether there were messages.
    /// `None`: the link is closed.
    fn read_once(&mut self, io: &mut Io, link: Key, key: Key) -> Option<bool> {
        let now = io.now;
        io.counters.reads += 1;
        let (connection, source) = (io.get_mut(link)?, self.all.get_mut(key)?);
        let mut slices = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        let count = source.queue.room(&mut slices);
        match connection.read_vectored(&mut slices[..count]) {
            Ok(ReadOutcome::Bytes(count)) => {
                source.link.last_received = now;
                let before = source.queue.whole();
                let framer = &mut source.link.framer;
                let taken = source.queue.commit(count, &mut self.pool, framer);
                if taken.as_ref().is_ok_and(|arrived| arrived.frames > 0) {
                    source.link.flow.record(now);
                }
                source.update_unsent(now);
                if source.link.framer.skipped() > source.link.stray {
                    self.count_stray(io, key);
                }
                self.send_receiver_reports(io, link, key, before);
                self.handle_arrived(io, key, taken)
            }
            Ok(ReadOutcome::NothingYet) => Some(false),
            Ok(ReadOutcome::Closed) | Err(_) => {
                self.link_closed(io, key);
                None
            }
        }
    }

    /// Makes room for a read. `false`: there is none, and the link is served again when
    /// there is.
    fn prepare(&mut self, io: &mut Io, link: Key, key: Key) -> bool {
        let mut room = self.try_prepare(key, link, None);
        if let Err(PrepareError::PoolEmpty) = room {
            self.relieve(io, link);
            room = self.try_prepare(key, link, None);
        }
        if room.is_err() && self.is_shared(key) {
            room = self.make_room(io, key, link, None);
        }
        let Err(why) = room else {
            return true;
        };
        self.wait_for_room(io, link, key, why);
        let held = self.all.get(key).map(|source| source.queue.held().0);
        if held == Some(0) {
            self.read_answers(io, link, key);
        }
        false
    }

    /// Registers what the link waits for.
    pub(super) fn wait_for_room(&mut self, io: &Io, link: Key, key: Key, why: PrepareError) {
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        source.link.held_up = Some(io.now);
        match why {
            PrepareError::BacklogFull => source.link.paused = true,
            PrepareError::PoolEmpty if !source.link.waiting => {
                source.link.waiting = true;
                self.waiting.push_back(link);
            }
            PrepareError::PoolEmpty => {}
        }
    }

    /// Handles what has arrived. Returns whether there were messages. `None`: it was
    /// not RTSP, and the link is closed.
    pub(super) fn handle_arrived(
        &mut self,
        io: &mut Io,
        key: Key,
        taken: Result<Arrived, (Arrived, Invalid)>,
    ) -> Option<bool> {
        let (arrived, invalid) = match taken {
            Ok(arrived) => (arrived, None),
            Err((arrived, invalid)) => (arrived, Some(invalid)),
        };
        io.counters.frames += arrived.frames;
        let any = !arrived.messages.is_empty();
        for bytes in arrived.messages {
            self.handle_message(io, key, bytes);
        }
        let Some(invalid) = invalid else {
            return Some(any);
        };
        self.deliver(io, key);
        log::warn!(
            "[{}] the camera sent what is not RTSP, at byte {}: {}",
            self.all
                .get(key)
                .map(super::Source::log_name)
                .unwrap_or_default(),
            invalid.position,
            invalid.context
        );
        let reason = "the camera sent something that is not RTSP".to_owned();
        self.fail_link(io, key, &Failure::Refused(reason));
        None
    }

    fn handle_message(&mut self, io: &mut Io, key: Key, bytes: Vec<u8>) {
        match self.all.get(key).map(|source| &source.reader) {
            Some(Reader::Direct(direct)) => {
                let viewer = direct.viewer;
                self.events
                    .push_back(Event::CameraMessage { viewer, bytes });
            }
            Some(Reader::Shared(_)) => {
                self.with_camera(key, io.now, |camera, now| {
                    camera.handle_message(&bytes, now);
                });
                // What the camera wants now must not be overtaken by what comes next on
                // its link, such as the end of it.
                self.drain_cameras(io);
            }
            None => {}
        }
    }

    /// Counts a link's stray bytes, and reports the first.
    fn count_stray(&mut self, io: &mut Io, key: Key) {
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        let skipped = source.link.framer.skipped();
        io.counters.skipped_bytes += skipped - source.link.stray;
        if let (0, Some(position)) = (source.link.stray, source.link.framer.astray()) {
            log::warn!(
                "[{}] the camera sent stray bytes, first at byte {position}: they are passed over",
                source.log_name()
            );
        }
        source.link.stray = skipped;
    }

    /// Whether a camera's link is left unread, or was until a moment ago. What the
    /// camera has sent may then still be on the way.
    pub fn is_held_up(&self, io: &Io, key: Key) -> bool {
        let Some(source) = self.all.get(key) else {
            return false;
        };
        let Some(link) = source.connection else {
            return false;
        };
        let held_up = source.link.held_up;
        !source.queue.has_room(&self.pool, link)
            || held_up.is_some_and(|when| when + io.limits.handshake > io.now)
    }

    /// Whether media arrives at its usual pace, or has arrived within the time that a
    /// camera has to answer.
    pub fn is_flowing(&self, io: &Io, key: Key) -> bool {
        let source = self.all.get(key);
        let source = source.filter(|source| source.connection.is_some());
        source.is_some_and(|source| source.link.flow.is_ongoing(io.limits.handshake, io.now))
    }

    /// The deadline of a link has passed. `is_awaited`: an answer of its camera may
    /// still come.
    pub fn expire(&mut self, io: &mut Io, link: Key, is_awaited: bool) {
        let Some(key) = self.source_of_link(io, link) else {
            return;
        };
        let held_up = self.is_held_up(io, key);
        let (now, idle) = (io.now, io.limits.idle);
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        match source.link.phase {
            Phase::Connecting(ref mut candidates) => {
                let candidates = std::mem::take(candidates);
                self.connect_failed(io, link, key, candidates, io::ErrorKind::TimedOut.into());
            }
            // It is the gateway that has not read, or the answer may still come.
            Phase::Open if held_up || is_awaited => source.link.last_received = now,
            Phase::Open if source.link.last_received + idle <= now => {
                self.fail_link(io, key, &Failure::Silent);
            }
            Phase::Open | Phase::Failed => {}
        }
    }

    /// The viewer who named the camera of a source.
    pub fn viewer_of(&self, source: Key) -> Option<Key> {
        Some(self.all.get(source)?.direct()?.viewer)
    }
}
