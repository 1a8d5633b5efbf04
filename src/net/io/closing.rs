//! The end of a connection: last words go out, and are not lost to a reset.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Io;
use super::connection::{Connection, ReadOutcome, Role};
use super::key::Key;
use super::places::select_victim;

/// How long the other side may take to close, when everything was said to it.
pub const LINGER: Duration = Duration::from_secs(2);
/// Memory for all outboxes together, and for what came and is not whole.
const TOTAL_LIMIT: usize = 2 << 20;
/// Bytes that every connection may keep of what came: they are within what one costs.
const FREE_INPUT: usize = 1024;
/// Reads of what still comes, before the connection is closed whatever comes.
const LAST_READS: usize = 16;

impl Io {
    /// Closes a connection after what waits to go out, and without losing it.
    pub fn close(&mut self, key: Key) {
        let due = self.now + self.limits.handshake;
        if let Some(connection) = self.connections.get_mut(key) {
            connection.role = Role::Closing { shut: false };
            connection.place = connection
                .client_network
                .map(|network| self.closing.take(network));
            self.set_deadline(key, Some(due));
            self.schedule(key);
            self.limit_closing();
        }
    }

    /// Of too many that are closing, closes some at once: see [`select_victim`].
    fn limit_closing(&mut self) {
        while self.closing.total() > self.limits.handshakes {
            let closing = self.connections.iter();
            let closing =
                closing.filter(|(_, connection)| matches!(connection.role, Role::Closing { .. }));
            let closing: Vec<_> = closing
                .filter_map(|(key, connection)| {
                    Some((key, connection.client_network?, connection.deadline))
                })
                .collect();
            let Some(key) = select_victim(&closing) else {
                return;
            };
            self.close_now(key);
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
        for _ in 0..LAST_READS {
            match connection.read(scratch) {
                Ok(ReadOutcome::Bytes(_)) => {}
                Ok(ReadOutcome::NothingYet) => break,
                // It may still read what is left for it.
                Ok(ReadOutcome::Closed) if left > 0 => {
                    connection.readable = false;
                    break;
                }
                Ok(ReadOutcome::Closed) | Err(_) => {
                    done = true;
                    break;
                }
            }
        }
        // Who goes on sending is not waited for.
        if done || (left == 0 && connection.readable) {
            self.close_now(key);
        } else if deadline.is_some() {
            self.set_deadline(key, deadline);
        }
    }

    /// Enters what is kept, for a connection, of what came on it.
    pub fn set_partial_input(&mut self, key: Key, bytes: usize) {
        let bytes = bytes.saturating_sub(FREE_INPUT);
        if let Some(connection) = self.connections.get_mut(key)
            && connection.partial_input.bytes() != bytes
        {
            connection.partial_input.set(bytes);
        }
    }

    /// Gives up whoever keeps most, until all outboxes are within their limit.
    pub fn enforce_total_limit(&mut self) {
        while self.ledger.total() > TOTAL_LIMIT {
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
            *networks.entry(it.client_network).or_default() += it.cost();
        }
        let (network, _) = networks.into_iter().max_by_key(|(_, cost)| *cost)?;
        let same_network = self.connections.iter();
        let same_network =
            same_network.filter(|(_, connection)| connection.client_network == network);
        same_network.max_by_key(|(_, connection)| connection.cost())
    }
}
