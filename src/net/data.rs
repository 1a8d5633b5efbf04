//! Data sockets: JOIN, and media on its way out.

use std::io;
use std::time::{Duration, Instant};

use crate::viewer::{Join, join_reply};
use crate::websocket;

use super::connection::{Connection, Role, WebSocket};
use super::delivery::{Delivery, Framing};
use super::key::Key;
use super::server::Server;

/// What a round of writing came to.
enum Pumped {
    /// All that was there, or all that the socket takes, is written.
    Done,
    /// The viewer is ending, and its data socket may be closed now.
    Finished,
    /// The socket is broken.
    Broken,
}

impl Server {
    pub(super) fn serve_data(&mut self, key: Key) {
        self.read_websocket(key);
        match self.connections.get(key).map(|c| &c.role) {
            Some(Role::Data {
                viewer: Some(viewer),
                ..
            }) => {
                let viewer = *viewer;
                if self
                    .viewers
                    .get(viewer)
                    .is_some_and(|v| v.delivery.is_none())
                {
                    return self.flush_or_drop(key); // it does not play yet
                }
                self.pump(viewer);
            }
            Some(Role::Data { viewer: None, .. }) => self.flush_or_drop(key),
            _ => {}
        }
    }

    /// The first message of a data socket.
    pub(super) fn join(&mut self, key: Key, text: &str) {
        let (reply, refusal) = match Join::parse(text) {
            Ok(join) => match self.attach(key, &join) {
                Ok(()) => (join_reply(200, "OK", join.seq, join.batch), None),
                Err((status, reason, close)) => {
                    let reply = join_reply(status, reason, join.seq, false);
                    (reply, Some((close, reason)))
                }
            },
            Err(reply) => (reply, Some((1002, "not a JOIN"))),
        };
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.out.push(websocket::text(&reply));
        if let Some((code, reason)) = refusal {
            log::info!("[c{}] JOIN refused: {reason}", connection.id);
            connection.out.push(websocket::close(code, reason));
            self.close_connection(key);
        }
        self.schedule(key);
    }

    /// Ties a data socket to its viewer, or says WSP code, reason and close code.
    fn attach(&mut self, key: Key, join: &Join<'_>) -> Result<(), (u16, &'static str, u16)> {
        let unknown = (404, "no such channel", 1011);
        let viewer = *self.channels.get(join.channel).ok_or(unknown)?;
        let found = self.viewers.get_mut(viewer).ok_or(unknown)?;
        if found.sockets.media().is_some() {
            return Err((409, "the channel is joined already", 4009));
        }
        found.framing = match join.batch {
            true => Framing::Batches,
            false => Framing::Messages,
        };
        if !found.channel.is_serving() {
            let source = found.source.and_then(|source| self.sources.get(source));
            let position = source.ok_or(unknown)?.queue.head();
            found.delivery = Some(Delivery::new(position, found.framing, None));
        }
        found.sockets.join(key);
        if let Some(connection) = self.connections.get_mut(key)
            && let Role::Data { viewer: place, .. } = &mut connection.role
        {
            *place = Some(viewer);
            connection.place = None;
            log::debug!("[c{}] joined [c{}]", connection.id, found.id);
        }
        self.expect(viewer, None);
        self.begin_delivery(viewer);
        Ok(())
    }

    /// Writes what a viewer's source has, as far as its socket takes it.
    pub(super) fn pump(&mut self, viewer: Key) {
        let viewed = self.viewers.get(viewer);
        let Some(data) = viewed.and_then(|found| found.sockets.media()) else {
            return;
        };
        let is_stuck = |server: &Server| {
            server
                .connections
                .get(data)
                .is_some_and(|it| it.stuck.is_some())
        };
        let was_stuck = is_stuck(self);
        let pumped = self.write_media(viewer, data);
        // This may be the camera's turn: nobody else looks after this socket.
        if !was_stuck && is_stuck(self) {
            self.renew_deadline(data);
        }
        match pumped {
            Some(Pumped::Done) | None => {}
            Some(Pumped::Broken) => self.peer_gone(data, "writing failed"),
            Some(Pumped::Finished) => {
                if let Some(found) = self.viewers.get_mut(viewer)
                    && let (Some(ending), Some(connection)) =
                        (found.ending.take(), self.connections.get_mut(data))
                {
                    if let Role::Data { .. } = connection.role {
                        let close = websocket::close(ending.code, &ending.reason);
                        connection.out.push(close);
                    }
                    self.close_connection(data);
                }
                self.finish_viewer(viewer);
            }
        }
    }

    fn write_media(&mut self, viewer: Key, data: Key) -> Option<Pumped> {
        let found = self.viewers.get_mut(viewer)?;
        let told = found.takes_notices();
        let connection = self.connections.get_mut(data)?;
        let Some(delivery) = found.delivery.as_mut() else {
            return Some(match connection.flush(self.now) {
                Err(_) => Pumped::Broken,
                Ok(()) if found.ending.is_some() => Pumped::Finished,
                Ok(()) => Pumped::Done,
            });
        };
        let source = self.sources.get_mut(found.source?)?;
        let alone = source.is_direct();
        let start = delivery.position();
        let patience = self.config.limits.handshake;
        let pumped = loop {
            if delivery.between_messages() {
                if connection.flush(self.now).is_err() {
                    break Pumped::Broken;
                }
                // One at a time: a viewer that takes nothing makes nothing grow.
                if connection.out.is_empty()
                    && let Some(tally) = found.skipped.take_if(|_| told && found.skipping.is_none())
                {
                    delivery.tell(&tally, &mut connection.out);
                    continue;
                }
                let may_end = found
                    .ending
                    .as_ref()
                    .is_some_and(|e| !e.drain || delivery.is_idle(&source.queue));
                if may_end {
                    break Pumped::Finished;
                }
            }
            if !connection.writable {
                break Pumped::Done;
            }
            // Who waits for a key frame gets nothing else begun.
            let last = match &found.ending {
                Some(ending) => !ending.drain,
                None => found.skipping.is_some(),
            };
            let Connection { socket, .. } = connection;
            match delivery.write(socket, &source.queue, last) {
                Ok((0, _)) => break Pumped::Done,
                Ok((_, all)) => {
                    self.counters.writes += 1;
                    connection.writable = all;
                    if alone {
                        let to = delivery.position();
                        let link = source.connection;
                        source.queue.release(to, &mut self.pool, link);
                        source.note_sent(self.now);
                    }
                    // Another round would find nothing, but look for it.
                    if all && found.ending.is_none() && delivery.is_idle(&source.queue) {
                        break Pumped::Done;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.counters.writes += 1;
                    connection.writable = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break Pumped::Broken,
            }
        };
        let written = delivery.position() - start;
        self.counters.media_bytes += written;
        let moved = written > 0;
        if moved {
            found.alive = self.now;
        }
        if moved || (delivery.is_idle(&source.queue) && connection.out.is_empty()) {
            connection.stuck = None;
        }
        if !connection.writable {
            connection.stuck.get_or_insert(self.now);
        }
        if moved && let Role::Data { socket, .. } = &mut connection.role {
            if found.ending.is_some() {
                connection.deadline = Some(self.now + patience);
            } else if !connection.writable {
                // Room was made by acknowledgements: the other side lives.
                socket.heard = self.now;
                socket.pinged = false;
            }
        }
        if moved && (source.link.paused || source.link.waiting) {
            source.link.paused = false;
            source.link.held_up = Some(self.now);
            if let Some(camera) = source.connection {
                self.schedule(camera);
            }
        }
        Some(pumped)
    }

    /// Whether a close frame may be put on this socket now.
    pub(super) fn is_between_messages(&self, viewer: Key, key: Key) -> bool {
        let is_data = matches!(
            self.connections.get(key).map(|c| &c.role),
            Some(Role::Data { .. })
        );
        let delivery = self.viewers.get(viewer).and_then(|v| v.delivery.as_ref());
        !is_data || delivery.is_none_or(Delivery::between_messages)
    }

    pub(super) fn data_deadline(
        &self,
        viewer: Option<Key>,
        socket: &WebSocket,
        connection: &Connection,
    ) -> Option<Instant> {
        let ending = viewer
            .and_then(|viewer| self.viewers.get(viewer))
            .is_some_and(|viewer| viewer.ending.is_some());
        if viewer.is_none() || ending {
            // The one set when the socket was accepted, or when its end began.
            return connection.deadline;
        }
        let alive = socket.deadline(self.config.limits.idle);
        let own = viewer.and_then(|viewer| self.viewer_deadline(viewer));
        Some(own.map_or(alive, |own| own.min(alive)))
    }

    /// When a viewer that speaks RTSP must have said something, or taken media.
    pub(super) fn viewer_deadline(&self, viewer: Key) -> Option<Instant> {
        let found = self.viewers.get(viewer)?;
        if !found.sockets.is_rtsp() {
            return None;
        }
        let limits = &self.config.limits;
        // Who waits for an answer of ours has nothing to say.
        let more = match found.channel.is_waiting() {
            true => limits.handshake,
            false => Duration::ZERO,
        };
        let quiet = found.alive + limits.idle + more;
        Some(found.open_by().map_or(quiet, |by| by.min(quiet)))
    }

    pub(super) fn data_expired(&mut self, key: Key) {
        let Some(Role::Data { viewer, .. }) = self.connections.get(key).map(|c| &c.role) else {
            return;
        };
        match viewer.and_then(|viewer| self.viewers.get(viewer)) {
            Some(found) if found.ending.is_none() => {
                let due = viewer.and_then(|viewer| self.viewer_deadline(viewer));
                if due.is_some_and(|due| due <= self.now) {
                    return self.peer_gone(key, "no RTSP request came");
                }
                self.keep_alive(key);
            }
            Some(_) => {
                let viewer = *viewer;
                self.drop_connection(key);
                if let Some(viewer) = viewer {
                    self.finish_viewer(viewer);
                }
            }
            None => self.websocket_failed(key, 1002, "no JOIN came"),
        }
    }
}
