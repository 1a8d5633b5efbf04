//! Viewers that speak RTSP themselves, requests, answers and media on one socket:
//! over plain TCP (`rtsp_listen`), or as the bytes of a WebSocket
//! (`rtsp.onvif.org`, `binary`).

use std::time::Instant;

use crate::protocol::rtsp::framer::Event;
use crate::viewer::Session;
use crate::websocket;

use super::connection::{Connection, Role, Taken};
use super::control::PER_TURN;
use super::delivery::Framing;
use super::key::Key;
use super::server::Server;
use super::viewer::Viewer;

impl Server {
    /// A client of plain RTSP has come.
    pub(super) fn rtsp_opened(&mut self, key: Key) {
        let viewer = self
            .random_id()
            .and_then(|id| self.add_rtsp_viewer(key, id));
        let Some(viewer) = viewer else {
            return self.drop_connection(key);
        };
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.framing = Framing::Bare;
        }
        if let Some(connection) = self.connections.get_mut(key) {
            connection.role = Role::Rtsp { viewer };
            log::debug!("[c{}] RTSP client {}", connection.id, connection.peer);
        }
    }

    /// A viewer whose one socket is `key`.
    pub(super) fn add_rtsp_viewer(&mut self, key: Key, id: String) -> Option<Key> {
        let connection: &Connection = self.connections.get(key)?;
        let open_by = self.now + self.config.limits.handshake;
        let mut viewer = Viewer::rtsp(Session::rtsp(id), key, connection.id, open_by);
        viewer.framing = Framing::Batches;
        self.viewers.insert_with(|_| Ok::<_, ()>(viewer))?.ok()
    }

    pub(super) fn speaks_rtsp(&self, viewer: Key) -> bool {
        let viewer = self.viewers.get(viewer);
        viewer.is_some_and(|viewer| viewer.sockets.is_rtsp())
    }

    /// The viewer that speaks RTSP on this WebSocket.
    pub(super) fn rtsp_viewer(&self, key: Key) -> Option<Key> {
        match self.connections.get(key)?.role {
            Role::Data { viewer, .. } => viewer.filter(|viewer| self.speaks_rtsp(*viewer)),
            _ => None,
        }
    }

    pub(super) fn serve_rtsp(&mut self, key: Key, viewer: Key) {
        self.read_rtsp(key, viewer);
        self.pump(viewer);
    }

    fn read_rtsp(&mut self, key: Key, viewer: Key) {
        let found = self.connections.get_mut(key);
        let Some(connection) = found.filter(|it| it.readable) else {
            return;
        };
        let mut room = [0; PER_TURN];
        match connection.read(&mut room) {
            Ok(Taken::Bytes(count)) => self.rtsp_bytes(viewer, &room[..count]),
            Ok(Taken::Nothing) => {}
            Ok(Taken::End) | Err(_) => self.peer_gone(key, "closed"),
        }
        if self.connections.get(key).is_some_and(|c| c.readable) {
            self.schedule(key);
        }
    }

    /// Bytes from a viewer: requests, and receiver reports, which tell nothing
    /// that is wanted here.
    pub(super) fn rtsp_bytes(&mut self, viewer: Key, mut bytes: &[u8]) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.alive = self.now;
        }
        while !bytes.is_empty() {
            let Some(found) = self.viewers.get_mut(viewer) else {
                return;
            };
            let Some(requests) = found.sockets.requests() else {
                return;
            };
            match requests.feed(bytes) {
                Ok(step) => {
                    bytes = bytes.get(step.consumed..).unwrap_or_default();
                    if step.event == Event::Message {
                        found.channel.handle_rtsp(requests.message());
                        self.run_channel(viewer);
                    }
                }
                Err(invalid) => {
                    log::info!("[c{}] no RTSP: {invalid}", found.id);
                    return self.end_viewer(viewer, 1002, "this is not RTSP", false);
                }
            }
        }
    }

    /// An answer for a viewer that speaks RTSP.
    pub(super) fn answer_rtsp(&mut self, viewer: Key, bytes: Vec<u8>) {
        let data = self.viewers.get(viewer).and_then(|it| it.sockets.media());
        let Some(data) = data else { return };
        if let Some(connection) = self.connections.get_mut(data) {
            let bytes = match connection.role {
                Role::Data { .. } => websocket::binary(&bytes),
                _ => bytes,
            };
            connection.out.push(bytes);
            self.schedule(data);
            self.check_outbox(data);
        }
    }

    pub(super) fn rtsp_deadline(&self, viewer: Key, connection: &Connection) -> Option<Instant> {
        let ending = self.viewers.get(viewer).is_some_and(|v| v.ending.is_some());
        match ending {
            true => connection.deadline,
            false => self.viewer_deadline(viewer),
        }
    }

    pub(super) fn rtsp_expired(&mut self, key: Key, viewer: Key) {
        if self.viewers.get(viewer).is_some_and(|v| v.ending.is_some()) {
            self.drop_connection(key);
            return self.finish_viewer(viewer);
        }
        if self
            .viewer_deadline(viewer)
            .is_some_and(|due| due <= self.now)
        {
            self.peer_gone(key, "does not read, or asks for nothing");
        }
    }
}
