//! The control socket of a viewer: requests, and what is said to them.

use crate::failure::Failure;
use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::net::source::Named;
use crate::websocket;

impl Server {
    pub(super) fn serve_control(&mut self, key: Key) {
        self.read_websocket(key);
        self.io.flush(key);
    }

    fn control_of(&self, viewer: Key) -> Option<Key> {
        self.viewers.get(viewer)?.sockets.control()
    }

    /// Says something on a viewer's control socket.
    pub(super) fn reply(&mut self, viewer: Key, text: &str) {
        if let Some(control) = self.control_of(viewer) {
            self.io.push(control, websocket::text(text));
        }
    }

    /// A viewer's session has said all that it had to say.
    pub(super) fn settled(&mut self, viewer: Key) {
        if let Some(control) = self.control_of(viewer) {
            self.io.flush(control);
            self.count_held(control);
            self.io.bound(control);
            self.io.renew(control);
        }
    }

    /// A viewer's INIT names its camera.
    pub(super) fn connect(&mut self, viewer: Key, host: String, port: u16) {
        if let Err(limit) = self.admit(viewer) {
            return self.camera_lost(viewer, &Failure::Limit(limit.to_owned()));
        }
        let connect_by = self.io.now + self.io.limits.handshake;
        self.expect(viewer, Some(connect_by));
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        log::info!("[c{}] wants rtsp://{host}:{port}", found.id);
        let control = found.sockets.control();
        let named = Named {
            viewer,
            id: found.id,
            client: control.and_then(|it| Some(self.io.get(it)?.network())),
            host,
            port,
            connect_by,
        };
        let source = self.sources.name(&mut self.io, named);
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.source = source;
        }
        if source.is_none() {
            let words = "the gateway has all the cameras that it can have";
            self.camera_lost(viewer, &Failure::Limit(words.to_owned()));
        }
    }

    /// A viewer's INIT names the gateway's own cameras.
    pub(super) fn serve_own(&mut self, viewer: Key) {
        let admitted = self.admit(viewer);
        self.viewers.with(viewer, |session| match admitted {
            Ok(()) => session.admitted(),
            Err(limit) => session.camera_failed(&Failure::Limit(limit.to_owned())),
        });
    }

    /// The time of a control socket has come.
    pub(super) fn control_expired(&mut self, key: Key, viewer: Key) {
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let held_up = source.is_some_and(|it| self.sources.is_held_up(&self.io, it));
        let flowing = source.is_some_and(|it| self.sources.is_flowing(&self.io, it));
        let now = self.io.now;
        self.viewers.with(viewer, |session| {
            if held_up {
                session.postpone(now);
            } else if flowing {
                session.drop_overdue(now);
            }
            session.handle_timeout(now);
        });
        let open_by = self.viewers.get(viewer).and_then(|found| found.open_by);
        if open_by.is_some_and(|due| due <= now) {
            self.expect(viewer, None);
            self.opening_expired(viewer);
        }
        self.keep_alive(key);
    }

    /// INIT, the camera or JOIN took too long.
    fn opening_expired(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        if found.session.is_connecting() {
            self.camera_lost(viewer, &Failure::Silent);
        } else if found.source.is_some() || found.session.is_serving() {
            self.end_viewer(viewer, 1011, "no JOIN came", false);
        } else {
            self.end_viewer(viewer, 1002, "no INIT came", false);
        }
    }

    /// Sets until when the next step of a viewer's opening must have come.
    pub(super) fn expect(&mut self, viewer: Key, by: Option<std::time::Instant>) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.open_by = by;
            for key in found.sockets.iter() {
                self.io.renew(key);
            }
        }
    }
}
