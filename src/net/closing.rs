//! The end of a connection: last words go out, and are not lost to a reset.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::time::Duration;

use crate::failure::Failure;

use super::admission::first_to_go;
use super::connection::{Connection, OUTBOXES, Role, Taken};
use super::key::Key;
use super::server::Server;

/// How long the other side may take to close, when everything was said to it.
pub const LINGER: Duration = Duration::from_secs(2);

/// Bytes that every connection may keep of what came: they are within what one costs.
const COMMON: usize = 1024;

/// Reads of what still comes, before the connection is closed whatever comes.
const READS: usize = 16;

impl Server {
    /// Closes a connection after what waits to go out, and without losing it.
    pub(super) fn close_connection(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.role = Role::Closing { shut: false };
            connection.place = connection.client.map(|it| self.admission.leave(it));
            self.set_deadline(key, Some(self.now + self.config.limits.handshake));
            self.schedule(key);
            self.thin_out();
        }
    }

    /// Of too many that are closing, closes some at once: see [`first_to_go`].
    fn thin_out(&mut self) {
        while self.admission.is_crowded(&self.config.limits) {
            let closing = self.connections.iter();
            let closing = closing.filter(|(_, it)| matches!(it.role, Role::Closing { .. }));
            let closing: Vec<_> = closing
                .filter_map(|(key, it)| Some((key, it.client?, it.deadline)))
                .collect();
            let Some(key) = first_to_go(&closing) else {
                return;
            };
            self.drop_connection(key);
        }
    }

    pub(super) fn serve_closing(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let before = connection.out.len();
        let mut done = connection.flush(self.now).is_err();
        let left = connection.out.len();
        let mut deadline = (left < before).then(|| self.now + self.config.limits.handshake);
        if let (Role::Closing { shut: shut @ false }, 0) = (&mut connection.role, left) {
            *shut = true;
            done |= connection.socket.shutdown(Shutdown::Write).is_err();
            deadline = Some(self.now + LINGER);
        }
        for _ in 0..READS {
            match connection.read(&mut self.scratch) {
                Ok(Taken::Bytes(_)) => {}
                Ok(Taken::Nothing) => break,
                // It may still read what is left for it.
                Ok(Taken::End) if left > 0 => {
                    connection.readable = false;
                    break;
                }
                Ok(Taken::End) | Err(_) => done = true,
            }
        }
        // Who goes on sending is not waited for.
        if done || (left == 0 && connection.readable) {
            self.drop_connection(key);
        } else if deadline.is_some() {
            self.set_deadline(key, deadline);
        }
    }

    /// Enters what a connection keeps of what came on it.
    pub(super) fn count_held(&mut self, key: Key) {
        let held = self.held(key).saturating_sub(COMMON);
        if let Some(connection) = self.connections.get_mut(key)
            && connection.held.bytes() != held
        {
            connection.held.set(held);
        }
    }

    fn held(&self, key: Key) -> usize {
        let role = self.connections.get(key).map(|it| &it.role);
        match role {
            Some(Role::Http { head }) => head.capacity(),
            Some(Role::Control { viewer, socket }) => socket.decoder.held() + self.said(*viewer),
            Some(Role::Data { viewer, socket }) => {
                let viewer = viewer.filter(|viewer| self.speaks_rtsp(*viewer));
                socket.decoder.held() + viewer.map_or(0, |viewer| self.said(viewer))
            }
            Some(Role::Rtsp { viewer }) => self.said(*viewer),
            // A configured camera is the operator's, and does not count with clients.
            Some(Role::Camera { source }) => match self.sources.get(*source) {
                Some(source) if source.is_direct() => source.link.framer.held(),
                _ => 0,
            },
            Some(Role::Closing { .. }) | None => 0,
        }
    }

    /// What a viewer's session keeps of what was said.
    fn said(&self, viewer: Key) -> usize {
        self.viewers
            .get(viewer)
            .map_or(0, |found| found.channel.held() + found.sockets.held())
    }

    /// The connection that keeps most, among those of the network that does.
    fn costliest(&self) -> Option<(Key, &Connection)> {
        let mut networks: HashMap<Option<IpAddr>, usize> = HashMap::new();
        for (_, it) in self.connections.iter() {
            *networks.entry(it.client).or_default() += it.cost();
        }
        let (network, _) = networks.into_iter().max_by_key(|(_, cost)| *cost)?;
        let those = self.connections.iter();
        let those = those.filter(|(_, it)| it.client == network);
        those.max_by_key(|(_, it)| it.cost())
    }

    /// Closes whoever keeps most, until all outboxes are within their limit.
    pub(super) fn bound_outboxes(&mut self) {
        while self.ledger.total() > OUTBOXES {
            let Some((key, worst)) = self.costliest() else {
                return;
            };
            log::warn!(
                "[c{}] closed: {} bytes wait for it, and the outboxes are full",
                worst.id,
                worst.cost()
            );
            let source = self.source_of(key).map(|(place, _)| place);
            match (&worst.role, source) {
                (_, Some(source)) => {
                    let reason = "there is no memory left for what the camera says or is told";
                    let reason = reason.to_owned();
                    self.link_failed(source, &Failure::Refused(reason));
                    self.drop_connection(key);
                }
                (Role::Http { .. } | Role::Closing { .. }, None) => self.drop_connection(key),
                _ => self.peer_gone(key, "the outboxes are full"),
            }
        }
    }

    /// Closes a socket at once. What hangs on it must have been told.
    pub(super) fn drop_connection(&mut self, key: Key) {
        if let Some(mut connection) = self.connections.remove(key) {
            let _ = self.poll.registry().deregister(&mut connection.socket);
            self.listeners.resume();
        }
    }
}
