//! WebSockets: reading them, and what a viewer says on its control socket; the
//! end of a viewer.

use std::time::{Duration, Instant};

use crate::viewer::Output;
use crate::websocket::{self, Event};

use super::closing::LINGER;
use super::connection::{OUTBOX_LIMIT, Role, Taken, WebSocket};
use super::key::Key;
use super::server::Server;
use super::source::Source;
use super::viewer::Ending;

/// Bytes that a client may say in one turn: all that it asks for is done before it is the
/// next one's, and whoever watches waits for as many turns as there are clients.
pub const PER_TURN: usize = 2 * 1024;

/// Bytes in an outbox from which on pings are not answered.
const PONGS: usize = 1024;

/// Another socket of the same viewer closed.
const OTHER_CLOSED: &str = "the viewer's other socket closed";

impl WebSocket {
    /// When this socket needs attention: a ping halfway, the end at `idle`.
    pub fn deadline(&self, idle: Duration) -> Instant {
        self.heard + if self.pinged { idle } else { idle / 2 }
    }
}

impl Server {
    /// A socket became a WebSocket; `rest` came behind the request.
    pub(super) fn websocket_opened(&mut self, key: Key, mut rest: Vec<u8>) {
        self.websocket_bytes(key, &mut rest);
        self.schedule(key);
    }

    pub(super) fn serve_control(&mut self, key: Key) {
        self.read_websocket(key);
        self.flush_or_drop(key);
    }

    /// Reads and handles what is there, up to [`PER_TURN`].
    pub(super) fn read_websocket(&mut self, key: Key) {
        let found = self.connections.get_mut(key);
        let Some(connection) = found.filter(|it| it.readable) else {
            return;
        };
        let mut room = [0; PER_TURN];
        match connection.read(&mut room) {
            Ok(Taken::Bytes(count)) => self.websocket_bytes(key, &mut room[..count]),
            Ok(Taken::Nothing) => {}
            Ok(Taken::End) | Err(_) => self.peer_gone(key, "closed without a word"),
        }
        if self.connections.get(key).is_some_and(|c| c.readable) {
            self.schedule(key);
        }
    }

    /// Decodes and handles bytes, as long as the socket is a WebSocket.
    fn websocket_bytes(&mut self, key: Key, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let now = self.now;
            let Some(socket) = self.websocket_mut(key) else {
                return;
            };
            socket.heard = now;
            socket.pinged = false;
            match socket.decoder.decode(bytes) {
                Ok((used, event)) => {
                    bytes = &mut bytes[used..];
                    if let Some(event) = event {
                        self.websocket_event(key, event);
                    }
                }
                Err(error) => {
                    return self.websocket_failed(key, error.code, error.reason);
                }
            }
        }
    }

    fn websocket_mut(&mut self, key: Key) -> Option<&mut WebSocket> {
        match &mut self.connections.get_mut(key)?.role {
            Role::Control { socket, .. } | Role::Data { socket, .. } => Some(socket),
            _ => None,
        }
    }

    fn websocket_event(&mut self, key: Key, event: Event) {
        if let Event::Binary(bytes) = &event
            && let Some(viewer) = self.rtsp_viewer(key)
        {
            return self.rtsp_bytes(viewer, bytes);
        }
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        match (event, &connection.role) {
            (Event::Text(text), Role::Control { viewer, .. }) => {
                let viewer = *viewer;
                if let Some(found) = self.viewers.get_mut(viewer) {
                    found.channel.handle_text(&text, self.now);
                    self.run_channel(viewer);
                }
            }
            (Event::Text(text), Role::Data { viewer: None, .. }) => self.join(key, &text),
            (Event::Text(_) | Event::Binary(_), _) => {
                self.websocket_failed(key, 1003, "nothing is expected here");
            }
            // To answer the latest will do (RFC 6455 §5.5.3): none is answered
            // while much waits.
            (Event::Ping(payload), _) => {
                if connection.out.len() < PONGS {
                    connection.out.push(websocket::pong(&payload));
                }
            }
            (Event::Pong, _) => {}
            (Event::Close { .. }, _) => self.websocket_failed(key, 1000, "as you wish"),
        }
    }

    /// Closes a WebSocket with a code, and its viewer's other one.
    pub(super) fn websocket_failed(&mut self, key: Key, code: u16, reason: &str) {
        match self.detach(key) {
            Some(viewer) => {
                let between = self.is_between_messages(viewer, key);
                if between {
                    self.say_close(key, code, reason);
                } else {
                    self.drop_connection(key);
                }
                self.end_viewer(viewer, code, OTHER_CLOSED, false);
            }
            None => self.say_close(key, code, reason),
        }
    }

    /// The other side is gone.
    pub(super) fn peer_gone(&mut self, key: Key, why: &str) {
        if let Some(connection) = self.connections.get(key) {
            log::debug!("[c{}] {why}", connection.id);
        }
        let viewer = self.detach(key);
        self.drop_connection(key);
        if let Some(viewer) = viewer {
            self.end_viewer(viewer, 1000, OTHER_CLOSED, false);
        }
    }

    /// Takes a socket from its viewer.
    fn detach(&mut self, key: Key) -> Option<Key> {
        let viewer = match self.connections.get(key)?.role {
            Role::Control { viewer, .. } => viewer,
            Role::Data { viewer, .. } => viewer?,
            Role::Rtsp { viewer } => viewer,
            _ => return None,
        };
        let found = self.viewers.get_mut(viewer)?;
        found.sockets.remove(key);
        Some(viewer)
    }

    fn say_close(&mut self, key: Key, code: u16, reason: &str) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.out.push(websocket::close(code, reason));
            self.close_connection(key);
        }
    }

    /// Does what a viewer's channel wants done.
    pub(super) fn run_channel(&mut self, viewer: Key) {
        while let Some(found) = self.viewers.get_mut(viewer) {
            let control = found.sockets.control();
            let Some(output) = found.channel.poll_output() else {
                break;
            };
            match output {
                Output::Reply(text) => {
                    if let Some(connection) = control.and_then(|c| self.connections.get_mut(c)) {
                        connection.out.push(websocket::text(&text));
                    }
                }
                Output::Rtsp(bytes) => self.answer_rtsp(viewer, bytes),
                Output::Watch(name) => self.watch(viewer, &name),
                Output::Locate => self.locate(viewer),
                Output::Play(channels) => self.play(viewer, channels),
                Output::Pause => self.stop_delivery(viewer),
                Output::Leave => self.unwatch(viewer),
                Output::Serve => self.serve_own(viewer),
                Output::Connect { host, port } => self.connect(viewer, host, port),
                Output::ToCamera(bytes) => {
                    if let Some((place, _)) = self.direct_source(viewer) {
                        self.send_to_camera(place, bytes);
                    }
                }
                Output::Close { code, reason } => self.end_viewer(viewer, code, &reason, true),
            }
        }
        let control = self.viewers.get(viewer).and_then(|it| it.sockets.control());
        if let Some(control) = control {
            self.flush_or_drop(control);
            self.count_held(control);
            self.check_outbox(control);
            self.renew_deadline(control);
        }
    }

    pub(super) fn flush_or_drop(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key) {
            match connection.flush(self.now) {
                Err(_) => self.peer_gone(key, "writing failed"),
                Ok(()) if connection.stuck == Some(self.now) => self.renew_deadline(key),
                Ok(()) => {}
            }
        }
    }

    pub(super) fn check_outbox(&mut self, key: Key) {
        if let Some(connection) = self.connections.get(key)
            && connection.out.cost() > OUTBOX_LIMIT
        {
            log::warn!("[c{}] does not read its replies", connection.id);
            self.peer_gone(key, "outbox full");
        }
        self.bound_outboxes();
    }

    pub(super) fn control_deadline(&self, viewer: Key, socket: &WebSocket) -> Option<Instant> {
        let idle = Some(socket.deadline(self.config.limits.idle));
        let viewer = self.viewers.get(viewer);
        let open_by = viewer.and_then(|viewer| viewer.open_by());
        let answer = viewer.and_then(|viewer| viewer.channel.timeout());
        [idle, open_by, answer].into_iter().flatten().min()
    }

    pub(super) fn control_expired(&mut self, key: Key) {
        let now = self.now;
        let Some(Role::Control { viewer, .. }) = self.connections.get(key).map(|c| &c.role) else {
            return;
        };
        let viewer = *viewer;
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let link = source.and_then(|source| self.sources.get(source)?.connection);
        let held_up = link.is_some_and(|link| self.is_held_up(link));
        let flowing = link.is_some_and(|link| self.is_flowing(link));
        if let Some(found) = self.viewers.get_mut(viewer) {
            if held_up {
                found.channel.postpone(now);
            } else if flowing {
                found.channel.forgive(now);
            }
            found.channel.handle_timeout(now);
            if found.open_by().is_some_and(|due| due <= now) {
                self.expect(viewer, None);
                self.opening_expired(viewer);
            }
            self.run_channel(viewer);
        }
        self.keep_alive(key);
    }

    /// Pings a quiet WebSocket, gives up on a dead one.
    pub(super) fn keep_alive(&mut self, key: Key) {
        let (now, idle) = (self.now, self.config.limits.idle);
        let Some(socket) = self.websocket_mut(key) else {
            return;
        };
        if socket.heard + idle <= now {
            return self.peer_gone(key, "no sign of life");
        }
        if !socket.pinged && socket.heard + idle / 2 <= now {
            socket.pinged = true;
            if let Some(connection) = self.connections.get_mut(key) {
                connection.out.push(websocket::ping());
                self.schedule(key);
            }
        }
    }

    /// INIT, the camera or JOIN took too long.
    fn opening_expired(&mut self, viewer: Key) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            if found.channel.is_connecting() {
                self.camera_lost(viewer, &crate::failure::Failure::Silent);
            } else if found.source.is_some() || found.channel.is_serving() {
                self.end_viewer(viewer, 1011, "no JOIN came", false);
            } else {
                self.end_viewer(viewer, 1002, "no INIT came", false);
            }
        }
    }

    /// Closes what a viewer has: its sockets with a code, the link to its camera.
    /// With `drain`, what a viewer's own camera sent is delivered first.
    pub(super) fn end_viewer(&mut self, viewer: Key, code: u16, reason: &str, drain: bool) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        if found.ending.is_some() {
            // Its end was waiting for the data socket; if that is gone, too:
            if found.sockets.media().is_none() {
                self.finish_viewer(viewer);
            }
            return;
        }
        log::info!("[c{}] viewer ends: {code} {reason}", found.id);
        // What a shared camera sends has no end, and a slow viewer never has all of it.
        let source = found.source.and_then(|source| self.sources.get(source));
        let drain = drain && source.is_some_and(Source::is_direct);
        found.ending = Some(Ending {
            code,
            reason: reason.to_owned(),
            drain,
        });
        let (control, data) = (found.sockets.take_control(), found.sockets.media());
        self.channels.remove(found.channel.id());
        if let Some(control) = control {
            self.say_close(control, code, reason);
        }
        self.leave_camera(viewer);
        match data {
            Some(data) => {
                let patience = if drain {
                    self.config.limits.handshake
                } else {
                    LINGER
                };
                self.set_deadline(data, Some(self.now + patience));
                self.pump(viewer);
            }
            None => self.finish_viewer(viewer),
        }
    }

    /// Forgets a viewer and returns its buffers.
    pub(super) fn finish_viewer(&mut self, viewer: Key) {
        self.unwatch(viewer);
        let Some(found) = self.viewers.remove(viewer) else {
            return;
        };
        if let Some(mut source) = found.source.and_then(|source| self.sources.remove(source)) {
            source.queue.clear(&mut self.pool);
        }
    }
}
