//! When a connection is looked at although nothing happens: its deadline is
//! computed anew whenever it was served, from what its role waits for.

use std::time::Instant;

use super::connection::Role;
use super::key::Key;
use super::server::Server;

impl Server {
    /// Looks after every connection whose time has come.
    pub(super) fn serve_deadlines(&mut self) {
        while let Some((entry, key)) = self.timers.pop(self.now) {
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            if connection.timer != Some(entry) {
                continue;
            }
            connection.timer = None;
            if connection.deadline.is_some_and(|due| due <= self.now) {
                connection.deadline = None;
                self.expire(key);
                self.renew_deadline(key);
            }
            self.arm(key);
        }
    }

    /// Sees to it that a timer stands at or before the deadline.
    fn arm(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if let Some(due) = connection.deadline
            && connection.timer.is_none_or(|timer| due < timer)
        {
            connection.timer = Some(due);
            self.timers.set(key, due);
        }
    }

    /// When to look at a connection next although nothing happens.
    pub(super) fn renew_deadline(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let wanted = match &connection.role {
            Role::Http { .. } | Role::Closing { .. } => return,
            Role::Control { viewer, socket } => self.control_deadline(*viewer, socket),
            Role::Data { viewer, socket } => self.data_deadline(*viewer, socket, connection),
            Role::Rtsp { viewer } => self.rtsp_deadline(*viewer, connection),
            Role::Camera { source } => self.camera_deadline(*source, connection),
        };
        let reads_by = self.reads_by(key);
        self.set_deadline(key, [wanted, reads_by].into_iter().flatten().min());
    }

    /// When a viewer's socket must have taken something of what waits for it.
    fn reads_by(&self, key: Key) -> Option<Instant> {
        let connection = self.connections.get(key)?;
        let is_link = matches!(connection.role, Role::Camera { .. });
        let since = connection.stuck.filter(|_| !is_link)?;
        Some(since + self.config.limits.idle)
    }

    /// Sets or moves a connection's deadline.
    pub(super) fn set_deadline(&mut self, key: Key, due: Option<Instant>) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.deadline = due;
            self.arm(key);
        }
    }

    fn expire(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let is_closing = matches!(connection.role, Role::Closing { .. });
        if !is_closing && self.reads_by(key).is_some_and(|due| due <= self.now) {
            return self.peer_gone(key, "does not read");
        }
        match connection.role {
            Role::Http { .. } => {
                log::info!("[c{}] no request came in time", connection.id);
                self.drop_connection(key);
            }
            Role::Control { .. } => self.control_expired(key),
            Role::Data { .. } => self.data_expired(key),
            Role::Rtsp { viewer } => self.rtsp_expired(key, viewer),
            Role::Camera { .. } => self.camera_expired(key),
            Role::Closing { .. } => self.drop_connection(key),
        }
    }
}
