//! Streams in memory among the connections: tests connect to the gateway by them, and are
//! the cameras that it dials.

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

/// Ends of streams that were dialled and wait to be taken by a test, by address.
type Dialled = Rc<RefCell<HashMap<SocketAddr, Vec<MemoryStream>>>>;

/// The addresses at which a test is the camera.
#[derive(Clone, Default)]
pub struct MemoryNetwork(Dialled);

impl MemoryNetwork {
    /// From now on somebody is at this address.
    pub fn listen(&self, address: SocketAddr) {
        self.0.borrow_mut().entry(address).or_default();
    }

    /// The next stream that was dialled to this address.
    pub fn accept(&self, address: SocketAddr) -> Option<MemoryStream> {
        self.0.borrow_mut().get_mut(&address)?.pop()
    }

    /// The near end of a stream to this address, if somebody is there.
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
    /// A client comes in by a stream in memory: the end that is its own.
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

    /// What events say of sockets is found by looking, for streams in memory.
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
