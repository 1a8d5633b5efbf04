//! Who comes in, as long as there are descriptors.

use std::io;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::connection::Role;
use super::key::Key;
use super::listener::ListenerKind;
use super::places::{network, select_victim};
use super::stream::Stream;
use super::{Client, Io};

/// Bytes that the kernel may keep of what a client says.
const RECEIVE_BUFFER: usize = 32 * 1024;
/// How long to wait when the system has no more descriptors or memory, if no
/// connection ends before.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);
/// Connections that have not said what they want, from which on one of them makes room
/// where descriptors or memory are short.
const DISPLACE_FROM: usize = 16;

impl Io {
    /// The next client that comes in; `None`: nobody does, or there is no room now.
    pub fn accept(&mut self) -> Option<(Key, ListenerKind)> {
        if !self.listeners.is_open(self.now) {
            return None;
        }
        loop {
            match self.accept_one() {
                Ok(Some(accepted)) => return Some(accepted),
                Ok(None) => return None,
                // That peer has gone again; the next may be there.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                // Whoever holds all there is by saying nothing is no reason to wait.
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
        // Requests are short. Where a system cannot do this, it is as it was.
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

    /// Of too many that have not said what they want, closes some.
    pub fn displace(&mut self) {
        while self.waiting.total() > self.limits.handshakes && self.displace_one() {}
    }

    /// Closes one that has not said what it wants, if there is one: see [`select_victim`].
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

    /// When to accept again although no event says so.
    pub fn accept_due(&self) -> Option<Instant> {
        self.listeners.due(self.now)
    }

    /// Nobody comes in any more.
    pub fn stop_listening(&mut self) {
        let registry = &self.registry;
        self.listeners.close(registry);
    }
}
