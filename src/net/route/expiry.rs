//! The deadline of each role, and what happens when it has passed.

use std::time::{Duration, Instant};

use crate::net::io::connection::Role;
use crate::net::io::key::Key;
use crate::net::server::Server;

impl Server {
    /// Handles all connections whose deadline has passed.
    pub(in crate::net) fn serve_expired(&mut self) {
        while let Some(key) = self.io.next_expired() {
            self.expire(key);
            self.io.invalidate_deadline(key);
            self.drain();
        }
    }

    fn expire(&mut self, key: Key) {
        let Some(connection) = self.io.get(key) else {
            return;
        };
        let is_closing = matches!(connection.role, Role::Closing { .. });
        let progress_deadline = self.io.progress_deadline(key).filter(|_| !is_closing);
        if progress_deadline.is_some_and(|due| due <= self.io.now) {
            return self.io.lose(key, "does not read");
        }
        match connection.role {
            Role::Http { .. } => {
                log::info!("[c{}] no request came in time", connection.id);
                self.io.close_now(key);
            }
            Role::Control { viewer, .. } => self.control_expired(key, viewer),
            Role::Data { viewer, .. } => self.data_expired(key, viewer),
            Role::Rtsp { viewer } => self.rtsp_expired(key, viewer),
            Role::Camera { .. } => self.link_expired(key),
            Role::Closing { .. } => self.io.close_now(key),
        }
    }

    /// Computes the deadline of a connection.
    pub(super) fn recompute_deadline(&mut self, key: Key) {
        let Some(connection) = self.io.get(key) else {
            return;
        };
        let idle = self.io.limits.idle;
        let wanted = match &connection.role {
            // The deadline was set when the connection came, or began to close.
            Role::Http { .. } | Role::Closing { .. } => return,
            Role::Data { viewer: None, .. } => connection.deadline,
            Role::Control { viewer, socket } => {
                let opening = self.opening_deadline(*viewer);
                opening.into_iter().chain([socket.deadline(idle)]).min()
            }
            Role::Data {
                viewer: Some(viewer),
                ..
            }
            | Role::Rtsp { viewer }
                if self.is_ending(*viewer) =>
            {
                connection.deadline
            }
            Role::Data {
                viewer: Some(viewer),
                socket,
            } => {
                let own = self.viewer_deadline(*viewer);
                own.into_iter().chain([socket.deadline(idle)]).min()
            }
            Role::Rtsp { viewer } => self.viewer_deadline(*viewer),
            Role::Camera { source } => self.sources.deadline(&self.io, *source, connection),
        };
        let due = wanted
            .into_iter()
            .chain(self.io.progress_deadline(key))
            .min();
        self.io.set_deadline(key, due);
    }

    fn is_ending(&self, viewer: Key) -> bool {
        let viewer = self.viewers.get(viewer);
        viewer.is_some_and(|viewer| viewer.ending.is_some())
    }

    /// The deadline of a viewer's opening, or of its camera's answer.
    fn opening_deadline(&self, viewer: Key) -> Option<Instant> {
        let viewer = self.viewers.get(viewer)?;
        let times = [viewer.open_deadline, viewer.session.timeout()];
        times.into_iter().flatten().min()
    }

    /// When a viewer that speaks RTSP must have sent something, or taken media.
    pub(super) fn viewer_deadline(&self, viewer: Key) -> Option<Instant> {
        let found = self.viewers.get(viewer)?;
        if !found.sockets.is_rtsp() {
            return None;
        }
        let limits = &self.io.limits;
        // A viewer that waits for an answer of the gateway has nothing to send.
        let more = match found.session.is_waiting() {
            true => limits.handshake,
            false => Duration::ZERO,
        };
        let socket = found.sockets.media().and_then(|socket| self.io.get(socket));
        let last_media_write = socket.and_then(|socket| socket.last_media_write);
        let alive = last_media_write.map_or(found.last_request, |last_media_write| {
            last_media_write.max(found.last_request)
        });
        let quiet = alive + limits.idle + more;
        Some(found.open_deadline.map_or(quiet, |by| by.min(quiet)))
    }
}
