//! Connections, whatever they are for: which of them can move, what waits for them, when
//! they are looked at, and how they end.
//!
//! Nothing here knows of viewers and cameras but their keys. A connection that is lost
//! while one of the other parts uses it leaves a [`LostConnection`] behind: who has to be told is
//! decided where all parts are at hand.
//!
//! # Edge-triggered
//!
//! Every stream is registered once, for both directions. An event sets
//! `readable` or `writable`; only `WouldBlock` (or a stream that says it is drained)
//! clears it. Whoever stops for another reason, back-pressure or fairness,
//! leaves it set and is put in line again by what it waits for.

mod accept;
pub mod closing;
pub mod connection;
mod counters;
mod deadline;
pub mod key;
pub mod ledger;
pub mod listener;
pub mod outbox;
pub mod places;
pub mod signals;
pub mod stream;
mod timers;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use mio::Registry;
use mio::event::Event;

use crate::config::Limits;

use connection::{Connection, OUTBOX_LIMIT, Role};
use counters::Counters;
use key::{Key, KeyQueue, Table};
use ledger::Ledger;
use listener::Listeners;
use outbox::{Outbox, Piece};
use places::{Places, Ticket};
use stream::Stream;
use timers::Timers;

/// Bytes read at once from streams that carry no media.
const SCRATCH: usize = 16 * 1024;

/// A connection that is gone, and what it was for.
pub struct LostConnection {
    pub key: Key,
    pub id: u64,
    pub role: Role,
    /// For the log.
    pub reason: &'static str,
}

/// Whom a connection is for.
pub struct Client {
    /// Its place among those that wait; a link to a camera has none.
    pub place: Option<Ticket>,
    /// The network that it comes from; a link for a configured camera has none.
    pub network: Option<IpAddr>,
}

/// All connections, and what keeps them going.
pub struct Io {
    registry: Registry,
    pub listeners: Listeners,
    connections: Table<Connection>,
    timers: Timers,
    /// Connections that can move.
    ready: KeyQueue,
    /// Connections whose deadline has to be found anew.
    invalid_deadlines: KeyQueue,
    lost: VecDeque<LostConnection>,
    ledger: Ledger,
    /// Places of connections that have not said yet what they want, or not got it.
    waiting: Places,
    /// Places of connections that all was said to.
    closing: Places,
    scratch: Vec<u8>,
    last_id: u64,
    pub limits: Limits,
    pub counters: Counters,
    /// The time at which this turn of the loop began.
    pub now: Instant,
    #[cfg(test)]
    pub memory_network: memory::MemoryNetwork,
}

impl Io {
    /// No connections yet.
    pub fn new(registry: Registry, listeners: Listeners, limits: Limits) -> Io {
        Io {
            registry,
            listeners,
            connections: Table::new(),
            timers: Timers::default(),
            ready: KeyQueue::new(),
            invalid_deadlines: KeyQueue::new(),
            lost: VecDeque::new(),
            ledger: Ledger::default(),
            waiting: Places::default(),
            closing: Places::default(),
            scratch: vec![0; SCRATCH],
            last_id: 0,
            limits,
            counters: Counters::default(),
            now: Instant::now(),
            #[cfg(test)]
            memory_network: memory::MemoryNetwork::default(),
        }
    }

    /// What events are asked for with.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What `key` names, if it is still there.
    pub fn get(&self, key: Key) -> Option<&Connection> {
        self.connections.get(key)
    }

    /// What `key` names, if it is still there.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut Connection> {
        self.connections.get_mut(key)
    }

    /// The connection, and room for bytes that are read from it.
    pub fn with_scratch(&mut self, key: Key) -> Option<(&mut Connection, &mut [u8])> {
        Some((self.connections.get_mut(key)?, &mut self.scratch))
    }

    /// All of them, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Connection)> {
        self.connections.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Timers that are set, and connections that are in line to be served.
    pub fn pending(&self) -> (usize, usize) {
        (self.timers.len(), self.ready.len())
    }

    /// Memory of all outboxes and of what is not whole yet, in bytes.
    pub fn buffered_bytes(&self) -> usize {
        self.ledger.total()
    }

    /// A number for the log, which grows.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes a stream in.
    ///
    /// # Errors
    /// The table is full, or the system takes no more.
    pub fn add(
        &mut self,
        mut stream: Stream,
        peer: SocketAddr,
        id: u64,
        role: Role,
        client: Client,
        deadline: Instant,
    ) -> io::Result<Key> {
        let (registry, ledger) = (&self.registry, &self.ledger);
        let added = self.connections.insert_with(|key| {
            stream.register(registry, key.token())?;
            Ok::<_, io::Error>(Connection {
                stream,
                id,
                peer,
                role,
                place: client.place,
                client_network: client.network,
                out: Outbox::new(ledger),
                partial_input: ledger.entry(),
                blocked_since: None,
                last_media_write: None,
                readable: false,
                writable: false,
                hung_up: false,
                queued: false,
                deadline: Some(deadline),
                timer: Some(deadline),
            })
        });
        let full = || Err(io::Error::other("the connection table is full"));
        let key = added.unwrap_or_else(full)?;
        self.timers.set(key, deadline);
        Ok(key)
    }

    /// A stream to this address: it may stand now or later.
    ///
    /// # Errors
    /// Those of the system.
    pub fn dial(&mut self, address: SocketAddr) -> io::Result<Stream> {
        #[cfg(test)]
        if let Some(end) = self.memory_network.dial(address) {
            return Ok(Stream::Memory(end));
        }
        mio::net::TcpStream::connect(address).map(Stream::Tcp)
    }

    /// An event of the system for a connection.
    pub fn handle_event(&mut self, key: Key, event: &Event) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.readable |= event.is_readable() || event.is_error();
            connection.writable |= event.is_writable() || event.is_error();
            connection.hung_up |= event.is_read_closed() || event.is_error();
            self.schedule(key);
        }
    }

    /// Somebody knocks at a listener.
    pub fn handle_listener_event(&mut self) {
        self.listeners.set_ready();
    }

    /// Puts a connection in line, once.
    pub fn schedule(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key)
            && !connection.queued
        {
            connection.queued = true;
            self.ready.push_back(key);
        }
    }

    /// Schedules a connection that may have more to read.
    pub fn schedule_if_readable(&mut self, key: Key) {
        if self.get(key).is_some_and(|connection| connection.readable) {
            self.schedule(key);
        }
    }

    /// The next in line.
    pub fn next_ready(&mut self) -> Option<Key> {
        while let Some(key) = self.ready.pop_front() {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.queued = false;
                return Some(key);
            }
        }
        None
    }

    /// Puts something at the end of what waits for a connection's reader.
    pub fn push(&mut self, key: Key, piece: impl Into<Piece>) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.out.push(piece);
        }
    }

    /// Writes what waits for the reader. Whoever does not read what waits for it, or has
    /// gone, is [`LostConnection`].
    pub fn flush(&mut self, key: Key) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        match connection.flush(now) {
            Err(_) => self.lose(key, "writing failed"),
            Ok(()) if connection.blocked_since == Some(now) => self.invalidate_deadline(key),
            Ok(()) => {}
        }
    }

    /// A client that has more to read than [`OUTBOX_LIMIT`] does not read, and is lost.
    pub fn enforce_outbox_limit(&mut self, key: Key) {
        if let Some(connection) = self.connections.get(key)
            && connection.out.cost() > OUTBOX_LIMIT
        {
            log::warn!("[c{}] does not read its replies", connection.id);
            self.lose(key, "outbox full");
        }
        self.enforce_total_limit();
    }

    /// A connection is gone: whoever it served is told by what [`Io::next_lost`] gives.
    pub fn lose(&mut self, key: Key, reason: &'static str) {
        if let Some(connection) = self.remove(key) {
            self.lost.push_back(LostConnection {
                key,
                id: connection.id,
                role: connection.role,
                reason,
            });
        }
    }

    /// The next connection that is gone and whose end nobody was told.
    pub fn next_lost(&mut self) -> Option<LostConnection> {
        self.lost.pop_front()
    }

    /// Closes a connection at once. What hangs on it must have been told.
    pub fn close_now(&mut self, key: Key) {
        self.remove(key);
    }

    fn remove(&mut self, key: Key) -> Option<Connection> {
        let mut connection = self.connections.remove(key)?;
        connection.stream.deregister(&self.registry);
        self.listeners.resume();
        Some(connection)
    }
}

#[cfg(test)]
pub mod memory;
#[cfg(test)]
mod tests;
