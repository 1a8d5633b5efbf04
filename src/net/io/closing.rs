//! The end of a connection: last words go out, and are not lost to a reset.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Io;
use super::connection::{Connection, Role, Taken};
use super::key::Key;
use super::places::first_to_go;

/// How long the other side may take to close, when everything was said to it.
pub const LINGER: Duration = Duration::from_secs(2);
/// Memory for all outboxes together, and for what came and is not whole.
const OUTBOXES: usize = 2 << 20;
/// Bytes that every connection may keep of what came: they are within what one costs.
const COMMON: usize = 1024;
/// Reads of what still comes, before the connection is closed whatever comes.
const READS: usize = 16;

impl Io {
    /// Closes a connection after what waits to go out, and without losing it.
    pub fn close(&mut self, key: Key) {
        let due = self.now + self.limits.handshake;
        if let Some(connection) = self.connections.get_mut(key) {
            connection.role = Role::Closing { shut: false };
            connection.place = connection.client.map(|network| self.closing.take(network));
            self.set_deadline(key, Some(due));
            self.schedule(key);
            self.thin_out();
        }
    }

    /// Of too many that are closing, closes some at once: see [`first_to_go`].
    fn thin_out(&mut self) {
        while self.closing.all() > self.limits.handshakes {
            let closing = self.connections.iter();
            let closing = closing.filter(|(_, it)| matches!(it.role, Role::Closing { .. }));
            let closing: Vec<_> = closing
                .filter_map(|(key, it)| Some((key, it.client?, it.deadline)))
                .collect();
            let Some(key) = first_to_go(&closing) else {
                return;
            };
            self.drop(key);
        }
    }

    /// A connection that is closing can move.
    pub fn serve_closing(&mut self, key: Key) {
        let (now, patience) = (self.now, self.limits.handshake);
        let Some((connection, scratch)) = self.with_scratch(key) else {
            return;
        };
        let before = connection.out.len();
        let mut done = connection.flush(now).is_err();
        let left = connection.out.len();
        let mut deadline = (left < before).then(|| now + patience);
        if let (Role::Closing { shut: shut @ false }, 0) = (&mut connection.role, left) {
            *shut = true;
            done |= connection.stream.shutdown().is_err();
            deadline = Some(now + LINGER);
        }
        for _ in 0..READS {
            match connection.read(scratch) {
                Ok(Taken::Bytes(_)) => {}
                Ok(Taken::Nothing) => break,
                // It may still read what is left for it.
                Ok(Taken::End) if left > 0 => {
                    connection.readable = false;
                    break;
                }
                Ok(Taken::End) | Err(_) => {
                    done = true;
                    break;
                }
            }
        }
        // Who goes on sending is not waited for.
        if done || (left == 0 && connection.readable) {
            self.drop(key);
        } else if deadline.is_some() {
            self.set_deadline(key, deadline);
        }
    }

    /// Enters what is kept, for a connection, of what came on it.
    pub fn keep(&mut self, key: Key, bytes: usize) {
        let bytes = bytes.saturating_sub(COMMON);
        if let Some(connection) = self.connections.get_mut(key)
            && connection.held.bytes() != bytes
        {
            connection.held.set(bytes);
        }
    }

    /// Gives up whoever keeps most, until all outboxes are within their limit.
    pub fn bound_all(&mut self) {
        while self.ledger.total() > OUTBOXES {
            let Some((key, worst)) = self.costliest() else {
                return;
            };
            log::warn!(
                "[c{}] closed: {} bytes wait for it, and the outboxes are full",
                worst.id,
                worst.cost()
            );
            self.lose(key, "the outboxes are full");
        }
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
}
