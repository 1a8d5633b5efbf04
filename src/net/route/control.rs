//! The control socket of a viewer: its requests, and the replies.

use crate::failure::Failure;
use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::net::source::DirectRequest;
use crate::websocket;

impl Server {
    pub(super) fn serve_control(&mut self, key: Key) {
        self.read_websocket(key);
        self.io.flush(key);
    }

    fn control_of(&self, viewer: Key) -> Option<Key> {
        self.viewers.get(viewer)?.sockets.control()
    }

    /// Sends a message on a viewer's control socket.
    pub(super) fn reply(&mut self, viewer: Key, text: &str) {
        if let Some(control) = self.control_of(viewer) {
            self.io.push(control, websocket::text(text));
        }
    }

    /// Flushes the control socket of a viewer whose session has no more outputs.
    pub(super) fn session_drained(&mut self, viewer: Key) {
        if let Some(control) = self.control_of(viewer) {
            self.io.flush(control);
            self.update_partial_input(control);
            self.io.enforce_outbox_limit(control);
            self.io.invalidate_deadline(control);
        }
    }

    /// Connects to the camera that a viewer's INIT names.
    pub(super) fn connect(&mut self, viewer: Key, host: String, port: u16) {
        if let Err(limit) = self.admit(viewer) {
            return self.link_failed(viewer, &Failure::Limit(limit.to_owned()));
        }
        let connect_by = self.io.now + self.io.limits.handshake;
        self.set_open_deadline(viewer, Some(connect_by));
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        log::info!("[c{}] wants rtsp://{host}:{port}", found.id);
        let control = found.sockets.control();
        let request = DirectRequest {
            viewer,
            id: found.id,
            client: control.and_then(|socket| Some(self.io.get(socket)?.network())),
            host,
            port,
            connect_by,
        };
        let source = self.sources.open_direct(&mut self.io, request);
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.source = source;
        }
        if source.is_none() {
            let message = "the gateway has all the cameras that it can have";
            self.link_failed(viewer, &Failure::Limit(message.to_owned()));
        }
    }

    /// Admits a viewer whose INIT asks for the configured cameras.
    pub(super) fn admit_to_configured(&mut self, viewer: Key) {
        let admitted = self.admit(viewer);
        self.viewers.with_session(viewer, |session| match admitted {
            Ok(()) => session.admitted(),
            Err(limit) => session.camera_failed(&Failure::Limit(limit.to_owned())),
        });
    }

    /// The deadline of a control socket has passed.
    pub(super) fn control_expired(&mut self, key: Key, viewer: Key) {
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let held_up = source.is_some_and(|source| self.sources.is_held_up(&self.io, source));
        let flowing = source.is_some_and(|source| self.sources.is_flowing(&self.io, source));
        let now = self.io.now;
        self.viewers.with_session(viewer, |session| {
            if held_up {
                session.postpone(now);
            } else if flowing {
                session.drop_overdue(now);
            }
            session.handle_timeout(now);
        });
        let open_deadline = self
            .viewers
            .get(viewer)
            .and_then(|found| found.open_deadline);
        if open_deadline.is_some_and(|due| due <= now) {
            self.set_open_deadline(viewer, None);
            self.opening_expired(viewer);
        }
        self.keep_alive(key);
    }

    /// INIT, connecting to the camera, or JOIN took too long.
    fn opening_expired(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        if found.session.is_connecting() {
            self.link_failed(viewer, &Failure::Silent);
        } else if found.source.is_some() || found.session.is_serving() {
            self.end_viewer(viewer, 1011, "no JOIN came");
        } else {
            self.end_viewer(viewer, 1002, "no INIT came");
        }
    }

    /// Sets the deadline for the next step of a viewer's opening.
    pub(super) fn set_open_deadline(&mut self, viewer: Key, by: Option<std::time::Instant>) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.open_deadline = by;
            for key in found.sockets.iter() {
                self.io.invalidate_deadline(key);
            }
        }
    }
}
