//! Accepting clients, as long as the system has file descriptors for them.

use std::io;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::connection::Role;
use super::key::Key;
use super::listener::ListenerKind;
use super::places::{network, select_victim};
use super::stream::Stream;
use super::{Client, Io};

/// The size of the kernel's receive buffer for a client's socket, in bytes.
const RECEIVE_BUFFER: usize = 32 * 1024;
/// How long accepting pauses when the system is out of descriptors or memory, unless a
/// connection ends earlier.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);
/// When descriptors or memory are short, a waiting connection is closed in favour of a
/// new one only if at least this many are waiting.
const DISPLACE_FROM: usize = 16;

impl Io {
    /// Accepts the next client. `None`: no client is there, or there is no room for one
    /// now.
    pub fn accept(&mut self) -> Option<(Key, ListenerKind)> {
        if !self.listeners.is_open(self.now) {
            return None;
        }
        loop {
            match self.accept_one() {
                Ok(Some(accepted)) => return Some(accepted),
                Ok(None) => return None,
                // This client has gone again, but another may be there.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                // If silent connections hold all the descriptors, one of them makes
                // room.
                Err(_) if self.waiting.total() >= DISPLACE_FROM && self.displace_one() => {}
                Err(error) => {
                    log::warn!("no new connections for now: {error}");
                    self.listeners.pause(self.now + ACCEPT_PAUSE);
                    return None;
                }
            }
        }
    }

    fn accept_one(&mut self) -> io::Result<Option<(Key, ListenerKind)>> {
        let Some((socket, peer, kind)) = self.listeners.accept_next()? else {
            return Ok(None);
        };
        self.counters.accepted += 1;
        let id = self.next_id();
        // Requests are short. A system that refuses keeps its default.
        let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
        let network = network(peer.ip());
        let client = Client {
            place: Some(self.waiting.take(network)),
            network: Some(network),
        };
        let role = Role::Http { head: Vec::new() };
        let deadline = self.now + self.limits.handshake;
        let key = self.add(Stream::Tcp(socket), peer, id, role, client, deadline)?;
        Ok(Some((key, kind)))
    }

    /// Closes waiting connections until no more than `handshakes` are left.
    pub fn displace(&mut self) {
        while self.waiting.total() > self.limits.handshakes && self.displace_one() {}
    }

    /// Closes the waiting connection that [`select_victim`] names. `false`: there is
    /// none.
    fn displace_one(&mut self) -> bool {
        let waiting = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.is_waiting());
        let waiting: Vec<_> = waiting
            .filter_map(|(key, connection)| Some((key, connection.client_network?, connection.id)))
            .collect();
        let Some(key) = select_victim(&waiting) else {
            return false;
        };
        if self.listeners.should_report_full(self.now) {
            log::warn!(
                "the gateway is full of connections that ask for nothing (see \"handshakes\"): \
                 those of the address that has most make room for who comes"
            );
        }
        self.lose(key, "makes room for who comes");
        true
    }

    /// When to accept again although no event asks for it.
    pub fn accept_due(&self) -> Option<Instant> {
        self.listeners.due(self.now)
    }

    /// Stops accepting clients for good.
    pub fn stop_listening(&mut self) {
        self.listeners.close(self.poll.registry());
    }
}
