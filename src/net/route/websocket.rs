//! WebSockets of all roles: reading them, keeping them alive, and closing them.

use crate::net::io::connection::{ReadOutcome, Role, WebSocket};
use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::websocket::{self, Event};

use super::OTHER_CLOSED;

/// The number of bytes that a client may send in one turn. All that they ask for is
/// done before the next client is served, so this bounds how long viewers wait for each
/// client.
pub(super) const PER_TURN: usize = 2 * 1024;
/// Pings are answered only while the outbox is shorter than this, in bytes.
const PONGS: usize = 1024;

impl Server {
    /// Begins to serve a connection that was upgraded. `rest` arrived behind the
    /// request.
    pub(super) fn websocket_opened(&mut self, key: Key, mut rest: Vec<u8>) {
        self.websocket_bytes(key, &mut rest);
        self.io.schedule(key);
    }

    /// Reads and handles up to [`PER_TURN`] bytes.
    pub(super) fn read_websocket(&mut self, key: Key) {
        let found = self.io.get_mut(key);
        let Some(connection) = found.filter(|connection| connection.readable) else {
            return;
        };
        let mut room = [0; PER_TURN];
        match connection.read(&mut room) {
            Ok(ReadOutcome::Bytes(count)) => self.websocket_bytes(key, &mut room[..count]),
            Ok(ReadOutcome::NothingYet) => {}
            Ok(ReadOutcome::Closed) | Err(_) => self.io.lose(key, "closed without a word"),
        }
        self.io.schedule_if_readable(key);
    }

    /// Decodes and handles bytes, as long as the connection is a WebSocket.
    fn websocket_bytes(&mut self, key: Key, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let now = self.io.now;
            let Some(socket) = self.websocket_mut(key) else {
                return;
            };
            socket.mark_alive(now);
            match socket.decoder.decode(bytes) {
                Ok((used, event)) => {
                    bytes = &mut bytes[used..];
                    if let Some(event) = event {
                        self.websocket_event(key, event);
                        self.drain();
                    }
                }
                Err(error) => {
                    return self.fail_websocket(key, error.code, error.reason);
                }
            }
        }
    }

    fn websocket_mut(&mut self, key: Key) -> Option<&mut WebSocket> {
        self.io.get_mut(key)?.role.websocket()
    }

    fn websocket_event(&mut self, key: Key, event: Event) {
        if let Event::Binary(bytes) = &event
            && let Some(viewer) = self.rtsp_viewer(key)
        {
            return self.rtsp_bytes(viewer, bytes);
        }
        let Some(connection) = self.io.get_mut(key) else {
            return;
        };
        match (event, &connection.role) {
            (Event::Text(text), Role::Control { viewer, .. }) => {
                let (viewer, now) = (*viewer, self.io.now);
                self.viewers
                    .with_session(viewer, |session| session.handle_text(&text, now));
            }
            (Event::Text(text), Role::Data { viewer: None, .. }) => self.join(key, &text),
            (Event::Text(_) | Event::Binary(_), _) => {
                self.fail_websocket(key, 1003, "nothing is expected here");
            }
            // It is enough to answer the latest ping (RFC 6455 §5.5.3), so none is
            // answered while much is waiting to be sent.
            (Event::Ping(payload), _) => {
                if connection.out.len() < PONGS {
                    connection.out.push(websocket::pong(&payload));
                }
            }
            (Event::Pong, _) => {}
            (Event::Close { .. }, _) => self.fail_websocket(key, 1000, "as you wish"),
        }
    }

    /// Closes a WebSocket with a code, and ends its viewer.
    pub(super) fn fail_websocket(&mut self, key: Key, code: u16, reason: &str) {
        let Some(viewer) = self.detach(key) else {
            return self.send_close(key, code, reason);
        };
        match self.is_between_messages(viewer, key) {
            true => self.send_close(key, code, reason),
            false => self.io.close_now(key),
        }
        self.end_viewer(viewer, code, OTHER_CLOSED);
    }

    /// Whether a close frame may be sent on this socket now.
    fn is_between_messages(&self, viewer: Key, key: Key) -> bool {
        let role = self.io.get(key).map(|connection| &connection.role);
        let is_data = matches!(role, Some(Role::Data { .. }));
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let between = source.is_none_or(|source| self.sources.is_between_messages(source, viewer));
        !is_data || between
    }

    /// Detaches a socket from its viewer.
    fn detach(&mut self, key: Key) -> Option<Key> {
        let viewer = self.io.get(key)?.role.viewer()?;
        let found = self.viewers.get_mut(viewer)?;
        found.sockets.remove(key);
        Some(viewer)
    }

    pub(super) fn send_close(&mut self, key: Key, code: u16, reason: &str) {
        if let Some(connection) = self.io.get_mut(key) {
            connection.out.push(websocket::close(code, reason));
            self.io.close(key);
        }
    }

    /// Pings a WebSocket that is quiet, and loses one that is dead.
    pub(super) fn keep_alive(&mut self, key: Key) {
        let (now, idle) = (self.io.now, self.io.limits.idle);
        let Some(socket) = self.websocket_mut(key) else {
            return;
        };
        if socket.last_alive + idle <= now {
            return self.io.lose(key, "no sign of life");
        }
        if !socket.pinged && socket.last_alive + idle / 2 <= now {
            socket.pinged = true;
            self.io.push(key, websocket::ping());
            self.io.schedule(key);
        }
    }
}
