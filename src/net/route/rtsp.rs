//! Viewers that speak RTSP, with requests, answers and media on one socket: over plain
//! TCP (`rtsp_listen`), or as the bytes of a WebSocket (`rtsp.onvif.org`, `binary`).

use crate::net::io::connection::{ReadOutcome, Role};
use crate::net::io::key::Key;
use crate::net::media::delivery::Framing;
use crate::net::server::{Server, random_id};
use crate::net::viewer::Viewer;
use crate::viewer::Session;
use crate::websocket;

use super::websocket::PER_TURN;

impl Server {
    /// Gives a new client of plain RTSP a viewer.
    pub(super) fn rtsp_opened(&mut self, key: Key) {
        let viewer = random_id().and_then(|id| self.add_rtsp_viewer(key, id, Framing::Bare));
        let Some(viewer) = viewer else {
            return self.io.close_now(key);
        };
        if let Some(connection) = self.io.get_mut(key) {
            connection.role = Role::Rtsp { viewer };
            log::debug!("[c{}] RTSP client {}", connection.id, connection.peer);
        }
    }

    /// Adds a viewer whose only socket is `key`.
    pub(super) fn add_rtsp_viewer(
        &mut self,
        key: Key,
        id: String,
        framing: Framing,
    ) -> Option<Key> {
        let number = self.io.get(key)?.id;
        let open_deadline = self.io.now + self.io.limits.handshake;
        let viewer = Viewer::rtsp(Session::rtsp(id), key, number, open_deadline, framing);
        self.viewers.add(viewer)
    }

    pub(super) fn speaks_rtsp(&self, viewer: Key) -> bool {
        let viewer = self.viewers.get(viewer);
        viewer.is_some_and(|viewer| viewer.sockets.is_rtsp())
    }

    /// The viewer that speaks RTSP on this WebSocket.
    pub(super) fn rtsp_viewer(&self, key: Key) -> Option<Key> {
        match self.io.get(key)?.role {
            Role::Data { viewer, .. } => viewer.filter(|viewer| self.speaks_rtsp(*viewer)),
            _ => None,
        }
    }

    pub(super) fn serve_rtsp(&mut self, key: Key, viewer: Key) {
        self.read_rtsp(key, viewer);
        self.pump(key, viewer);
    }

    fn read_rtsp(&mut self, key: Key, viewer: Key) {
        let found = self.io.get_mut(key);
        let Some(connection) = found.filter(|connection| connection.readable) else {
            return;
        };
        let mut room = [0; PER_TURN];
        match connection.read(&mut room) {
            Ok(ReadOutcome::Bytes(count)) => self.rtsp_bytes(viewer, &room[..count]),
            Ok(ReadOutcome::NothingYet) => {}
            Ok(ReadOutcome::Closed) | Err(_) => self.io.lose(key, "closed"),
        }
        self.io.schedule_if_readable(key);
        self.drain();
    }

    /// Handles bytes from an RTSP viewer: requests, and receiver reports, which are
    /// ignored.
    pub(super) fn rtsp_bytes(&mut self, viewer: Key, mut bytes: &[u8]) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.last_request = self.io.now;
        }
        while !bytes.is_empty() {
            match self.viewers.feed(viewer, &mut bytes) {
                Some(Ok(true)) => self.drain(),
                Some(Ok(false)) => {}
                Some(Err(invalid)) => {
                    if let Some(found) = self.viewers.get(viewer) {
                        log::info!("[c{}] no RTSP: {invalid}", found.id);
                    }
                    return self.end_viewer(viewer, 1002, "this is not RTSP");
                }
                None => return,
            }
        }
    }

    /// Sends a response to a viewer that speaks RTSP.
    pub(super) fn answer_rtsp(&mut self, viewer: Key, bytes: Vec<u8>) {
        let socket = self
            .viewers
            .get(viewer)
            .and_then(|viewer| viewer.sockets.media());
        let Some(socket) = socket else { return };
        if let Some(connection) = self.io.get_mut(socket) {
            let bytes = match connection.role {
                Role::Data { .. } => websocket::binary(&bytes),
                _ => bytes,
            };
            connection.out.push(bytes);
            self.io.schedule(socket);
            self.io.enforce_outbox_limit(socket);
        }
    }

    /// The deadline of a client of plain RTSP has passed.
    pub(super) fn rtsp_expired(&mut self, key: Key, viewer: Key) {
        let ending = self
            .viewers
            .get(viewer)
            .map(|viewer| viewer.ending.is_some());
        if ending == Some(true) {
            self.io.close_now(key);
            return self.remove_viewer(viewer);
        }
        let due = self.viewer_deadline(viewer);
        if due.is_some_and(|due| due <= self.io.now) {
            self.io.lose(key, "does not read, or asks for nothing");
        }
    }
}
