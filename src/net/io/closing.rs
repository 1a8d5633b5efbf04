//! How a connection ends: what was last written to it goes out, and is not lost to a
//! TCP reset.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Io;
use super::connection::{Connection, ReadOutcome, Role};
use super::key::Key;
use super::places::select_victim;

/// How long the peer may take to close the connection after it was sent everything.
pub const LINGER: Duration = Duration::from_secs(2);
/// The limit for the memory of all outboxes and all partial input, in bytes.
const TOTAL_LIMIT: usize = 2 << 20;
/// Partial input of a connection that is not counted, in bytes. Every connection is
/// assumed to use that much.
const FREE_INPUT: usize = 1024;
/// The number of reads that discard input before the connection is closed regardless.
const LAST_READS: usize = 16;

impl Io {
    /// Closes a connection gracefully: its outbox is written first, and the peer may
    /// close before we do.
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

    /// Closes connections at once when more than `handshakes` are closing; see
    /// [`select_victim`].
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

    /// Serves a connection that is closing.
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
                // The peer has stopped sending, but may still read what is left for it.
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
        // A peer that still sends is not waited for.
        if done || (left == 0 && connection.readable) {
            self.close_now(key);
        } else if deadline.is_some() {
            self.set_deadline(key, deadline);
        }
    }

    /// Sets how many bytes of input are retained for a connection until the rest of a
    /// message arrives.
    pub fn set_partial_input(&mut self, key: Key, bytes: usize) {
        let bytes = bytes.saturating_sub(FREE_INPUT);
        if let Some(connection) = self.connections.get_mut(key)
            && connection.partial_input.bytes() != bytes
        {
            connection.partial_input.set(bytes);
        }
    }

    /// Loses the connections that take most memory until all of them together are
    /// within [`TOTAL_LIMIT`].
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

    /// Of the network whose connections take most memory, the connection that takes
    /// most.
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
