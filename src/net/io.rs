//! The connections of the gateway, whatever each of them is for.
//!
//! This room keeps track of which connections are ready to be served, what waits to be
//! written to them, when each has to be looked at next, and how it ends. It knows
//! viewers and sources only as keys. When a connection that another part uses is lost,
//! it leaves a [`LostConnection`] behind, and the room that can reach all parts
//! ([`route`](super::route)) decides who has to be informed.
//!
//! # Edge-triggered readiness
//!
//! Every stream is registered once, for reading and writing. An event sets `readable`
//! or `writable`; only `WouldBlock`, or a stream that reports itself drained, clears
//! the flag. Code that stops reading for another reason (back-pressure, or fairness to
//! others) leaves the flag set, and whatever it waits for has to schedule the
//! connection again.

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
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll, Registry};

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

/// The size of the buffer for reads from streams that carry no media, in bytes.
const SCRATCH: usize = 16 * 1024;

/// A connection that was closed while another part was still using it.
pub struct LostConnection {
    pub key: Key,
    pub id: u64,
    pub role: Role,
    /// The reason, as the log gives it.
    pub reason: &'static str,
}

/// The client on whose behalf a connection exists, for the limits per network.
pub struct Client {
    /// Its place among the connections that have not asked for anything yet. A link to
    /// a camera has none.
    pub place: Option<Ticket>,
    /// The network that the client comes from. A link to a configured camera has none.
    pub network: Option<IpAddr>,
}

/// All connections, with their timers and the queues of those to be served.
pub struct Io {
    poll: Poll,
    pub listeners: Listeners,
    connections: Table<Connection>,
    timers: Timers,
    /// Connections that are ready to be served.
    ready: KeyQueue,
    /// Connections whose deadline has to be computed again.
    invalid_deadlines: KeyQueue,
    lost: VecDeque<LostConnection>,
    ledger: Ledger,
    /// The places of connections that have not been served what they came for yet.
    waiting: Places,
    /// The places of connections that are closing.
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
    /// Starts without connections.
    pub fn new(poll: Poll, listeners: Listeners, limits: Limits) -> Io {
        Io {
            poll,
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

    /// The registry in which sockets are registered for events.
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Waits for events, for as long as `timeout` says.
    ///
    /// # Errors
    /// Those of polling itself.
    pub fn wait(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            other => other,
        }
    }

    /// The connection behind `key`, unless it is gone.
    pub fn get(&self, key: Key) -> Option<&Connection> {
        self.connections.get(key)
    }

    /// The connection behind `key`, unless it is gone.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut Connection> {
        self.connections.get_mut(key)
    }

    /// The connection behind `key`, together with the scratch buffer to read into.
    pub fn with_scratch(&mut self, key: Key) -> Option<(&mut Connection, &mut [u8])> {
        Some((self.connections.get_mut(key)?, &mut self.scratch))
    }

    /// All connections, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Connection)> {
        self.connections.iter()
    }

    /// The number of connections.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// The number of timers in the heap, and the number of connections to be served.
    pub fn pending(&self) -> (usize, usize) {
        (self.timers.len(), self.ready.len())
    }

    /// Memory of all outboxes and all partial input, in bytes.
    pub fn buffered_bytes(&self) -> usize {
        self.ledger.total()
    }

    /// The next number by which the log identifies a connection.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Adds a stream as a connection.
    ///
    /// # Errors
    /// The table is full, or the system cannot register the stream.
    pub fn add(
        &mut self,
        mut stream: Stream,
        peer: SocketAddr,
        id: u64,
        role: Role,
        client: Client,
        deadline: Instant,
    ) -> io::Result<Key> {
        let (registry, ledger) = (self.poll.registry(), &self.ledger);
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
                deadline_invalid: false,
                timer: Some(deadline),
            })
        });
        let full = || Err(io::Error::other("the connection table is full"));
        let key = added.unwrap_or_else(full)?;
        self.timers.set(key, deadline);
        Ok(key)
    }

    /// Connects to `address`. The stream is returned at once, and may be connected only
    /// later.
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

    /// Handles an event of the system for a connection.
    pub fn handle_event(&mut self, key: Key, event: &Event) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.readable |= event.is_readable() || event.is_error();
            connection.writable |= event.is_writable() || event.is_error();
            connection.hung_up |= event.is_read_closed() || event.is_error();
            self.schedule(key);
        }
    }

    /// Handles an event of the system for a listener.
    pub fn handle_listener_event(&mut self) {
        self.listeners.set_ready();
    }

    /// Puts a connection into the queue of those to be served, unless it is there
    /// already.
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

    /// The next connection to be served.
    pub fn next_ready(&mut self) -> Option<Key> {
        while let Some(key) = self.ready.pop_front() {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.queued = false;
                return Some(key);
            }
        }
        None
    }

    /// Appends `piece` to a connection's outbox.
    pub fn push(&mut self, key: Key, piece: impl Into<Piece>) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.out.push(piece);
        }
    }

    /// Writes a connection's outbox as far as the socket takes it. If writing fails,
    /// the connection is lost.
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

    /// Loses a connection whose outbox is larger than [`OUTBOX_LIMIT`], because its
    /// client does not read. Then enforces the limit of all outboxes together.
    pub fn enforce_outbox_limit(&mut self, key: Key) {
        if let Some(connection) = self.connections.get(key)
            && connection.out.cost() > OUTBOX_LIMIT
        {
            log::warn!("[c{}] does not read its replies", connection.id);
            self.lose(key, "outbox full");
        }
        self.enforce_total_limit();
    }

    /// Closes a connection at once, and leaves a [`LostConnection`] for the part that
    /// used it.
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

    /// The next lost connection that nobody has been informed of.
    pub fn next_lost(&mut self) -> Option<LostConnection> {
        self.lost.pop_front()
    }

    /// Closes a connection at once and informs nobody. The caller has dealt with the
    /// parts that used it.
    pub fn close_now(&mut self, key: Key) {
        self.remove(key);
    }

    fn remove(&mut self, key: Key) -> Option<Connection> {
        let mut connection = self.connections.remove(key)?;
        connection.stream.deregister(self.poll.registry());
        self.listeners.resume();
        Some(connection)
    }
}

#[cfg(test)]
pub mod memory;
#[cfg(test)]
mod tests;
