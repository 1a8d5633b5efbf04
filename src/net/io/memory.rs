//! Connections over streams in memory. Tests use them to be the gateway's clients, and
//! the cameras that it connects to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

use super::connection::Role;
use super::key::Key;
use super::places::network;
use super::stream::Stream;
use super::stream::memory::{MemoryStream, pair};
use super::{Client, Io};

/// By address, the remote ends of the streams that the gateway has opened and no test
/// has accepted yet.
type Dialled = Rc<RefCell<HashMap<SocketAddr, Vec<MemoryStream>>>>;

/// The addresses at which a test plays the camera.
#[derive(Clone, Default)]
pub struct MemoryNetwork(Dialled);

impl MemoryNetwork {
    /// Accepts connections to this address from now on.
    pub fn listen(&self, address: SocketAddr) {
        self.0.borrow_mut().entry(address).or_default();
    }

    /// The remote end of the next stream that the gateway has opened to this address.
    pub fn accept(&self, address: SocketAddr) -> Option<MemoryStream> {
        self.0.borrow_mut().get_mut(&address)?.pop()
    }

    /// Opens a stream to this address, if a test listens there, and returns the
    /// gateway's end.
    pub fn dial(&self, address: SocketAddr) -> Option<MemoryStream> {
        let mut dialled = self.0.borrow_mut();
        let waiting = dialled.get_mut(&address)?;
        let own = SocketAddr::new(address.ip(), 1);
        let (near, far) = pair(own, address);
        waiting.insert(0, far);
        Some(near)
    }
}

impl Io {
    /// Adds a client over a stream in memory. Returns the gateway's connection and the
    /// client's end.
    pub fn connect(&mut self, from: SocketAddr) -> (Key, MemoryStream) {
        let (theirs, ours) = pair(from, SocketAddr::from(([127, 0, 0, 1], 80)));
        let network = network(from.ip());
        let client = Client {
            place: Some(self.waiting.take(network)),
            network: Some(network),
        };
        let id = self.next_id();
        let (role, due) = (
            Role::Http { head: Vec::new() },
            self.now + self.limits.handshake,
        );
        let added = self.add(Stream::Memory(ours), from, id, role, client, due);
        (added.unwrap(), theirs)
    }

    /// Updates the readiness of all streams in memory, for which the system has no
    /// events.
    pub fn poll_memory_streams(&mut self) {
        let mut ready = Vec::new();
        for (key, connection) in self.connections.iter() {
            if let Stream::Memory(end) = &connection.stream {
                ready.push((key, end.readiness()));
            }
        }
        for (key, (readable, writable, hung_up)) in ready {
            if let Some(connection) = self.connections.get_mut(key) {
                let news = (readable && !connection.readable) || (writable && !connection.writable);
                connection.readable |= readable;
                connection.writable |= writable;
                connection.hung_up |= hung_up;
                if news {
                    self.schedule(key);
                }
            }
        }
    }
}
