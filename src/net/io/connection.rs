//! A connection: a stream, and the role that it has in the gateway.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::websocket::Decoder;

use super::key::Key;
use super::ledger::Entry;
use super::outbox::Outbox;
use super::places::{Ticket, network};
use super::stream::Stream;

/// The limit for a client's outbox, in bytes. A client that leaves more unread is
/// closed.
pub const OUTBOX_LIMIT: usize = 256 * 1024;

/// What a connection is for.
pub enum Role {
    /// A client whose HTTP request has not arrived completely.
    Http { head: Vec<u8> },
    /// A viewer's control socket.
    Control { viewer: Key, socket: WebSocket },
    /// A viewer's data socket. It has no viewer before its JOIN.
    Data {
        viewer: Option<Key>,
        socket: WebSocket,
    },
    /// A client of plain RTSP, with requests, responses and media on one socket.
    Rtsp { viewer: Key },
    /// The link to a camera.
    Camera { source: Key },
    /// The connection is closing. The outbox is written, and input is discarded until
    /// the peer closes or the deadline passes. Closing at once while input is unread
    /// would make the kernel send a reset, and the last bytes written would be lost.
    Closing { shut: bool },
}

impl Role {
    /// The names of all roles, as `/metrics` shows them.
    pub const NAMES: [&str; 6] = ["http", "control", "data", "camera", "closing", "rtsp"];

    /// The index of this role in [`Role::NAMES`].
    pub fn number(&self) -> usize {
        match self {
            Role::Http { .. } => 0,
            Role::Control { .. } => 1,
            Role::Data { .. } => 2,
            Role::Camera { .. } => 3,
            Role::Closing { .. } => 4,
            Role::Rtsp { .. } => 5,
        }
    }

    /// The name of this role.
    pub fn name(&self) -> &'static str {
        Role::NAMES[self.number()]
    }

    /// The viewer that the socket belongs to.
    pub fn viewer(&self) -> Option<Key> {
        match self {
            Role::Control { viewer, .. } | Role::Rtsp { viewer } => Some(*viewer),
            Role::Data { viewer, .. } => *viewer,
            Role::Http { .. } | Role::Camera { .. } | Role::Closing { .. } => None,
        }
    }

    /// The reading side of the WebSocket, if it is one.
    pub fn websocket(&mut self) -> Option<&mut WebSocket> {
        match self {
            Role::Control { socket, .. } | Role::Data { socket, .. } => Some(socket),
            _ => None,
        }
    }
}

/// The reading side of a WebSocket.
pub struct WebSocket {
    pub decoder: Decoder,
    /// When the peer last proved to be alive: it sent bytes, or acknowledged ours.
    pub last_alive: Instant,
    /// Whether a ping has not been answered yet.
    pub pinged: bool,
}

impl WebSocket {
    /// A new WebSocket that accepts messages of up to `limit` bytes.
    pub fn new(limit: usize, now: Instant) -> WebSocket {
        WebSocket {
            decoder: Decoder::new(limit),
            last_alive: now,
            pinged: false,
        }
    }

    /// Records that the peer is alive.
    pub fn mark_alive(&mut self, now: Instant) {
        (self.last_alive, self.pinged) = (now, false);
    }

    /// When this socket needs attention: half of `idle` after the last sign of life to
    /// send a ping, and `idle` after it to give up.
    pub fn deadline(&self, idle: Duration) -> Instant {
        self.last_alive + if self.pinged { idle } else { idle / 2 }
    }
}

/// A stream and what is known about it. Readiness is edge-triggered: the flags stay set
/// until the stream reports `WouldBlock` or that it is drained.
pub struct Connection {
    pub stream: Stream,
    /// The number that identifies the connection in the log.
    pub id: u64,
    /// The peer's address.
    pub peer: SocketAddr,
    pub role: Role,
    /// The place it takes among the waiting or the closing connections.
    pub place: Option<Ticket>,
    /// The network of the client it exists for. `None` for the link of a configured
    /// camera.
    pub client_network: Option<IpAddr>,
    pub out: Outbox,
    /// Bytes of input that are retained until the rest of a message arrives.
    pub partial_input: Entry,
    /// Since when the socket has taken none of the bytes that wait for it.
    pub blocked_since: Option<Instant>,
    /// When the socket last took media.
    pub last_media_write: Option<Instant>,
    pub readable: bool,
    pub writable: bool,
    /// The peer will send no more, but bytes that it sent may still be unread.
    pub hung_up: bool,
    /// Whether it is in the queue of connections to be served.
    pub queued: bool,
    /// When to look at the connection even if no event arrives.
    pub deadline: Option<Instant>,
    /// Whether it is in the queue of those whose deadline is computed again.
    pub deadline_invalid: bool,
    /// The time of its only valid entry in the timer heap, which is never after the
    /// deadline.
    pub timer: Option<Instant>,
}

/// The result of a read.
pub enum ReadOutcome {
    /// This many bytes were read.
    Bytes(usize),
    /// Nothing can be read for now.
    NothingYet,
    /// The peer has closed.
    Closed,
}

impl Connection {
    /// The network of the peer, by which clients are counted.
    pub fn network(&self) -> IpAddr {
        network(self.peer.ip())
    }

    /// Whether it has not been served what it came for yet.
    pub fn is_waiting(&self) -> bool {
        self.place.is_some() && !matches!(self.role, Role::Closing { .. })
    }

    /// Memory that it takes beyond what every connection takes, in bytes.
    pub fn cost(&self) -> usize {
        self.out.cost() + self.partial_input.bytes()
    }

    /// One read into `room`; see [`Connection::read_vectored`].
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` excepted.
    pub fn read(&mut self, room: &mut [u8]) -> io::Result<ReadOutcome> {
        self.read_vectored(&mut [IoSliceMut::new(room)])
    }

    /// Reads once into the slices of `room`. A drained stream is not read again before
    /// its next event, unless the peer has hung up: then the end is still to be read.
    ///
    /// # Errors
    /// Those of the stream, except `WouldBlock`.
    pub fn read_vectored(&mut self, room: &mut [IoSliceMut<'_>]) -> io::Result<ReadOutcome> {
        if !self.readable {
            return Ok(ReadOutcome::NothingYet);
        }
        loop {
            match self.stream.read(room) {
                Ok(received) if received.count == 0 => return Ok(ReadOutcome::Closed),
                Ok(received) => {
                    self.readable = !received.drained || self.hung_up;
                    return Ok(ReadOutcome::Bytes(received.count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Ok(ReadOutcome::NothingYet);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes the outbox as far as the socket takes it.
    ///
    /// # Errors
    /// Those of the socket, except `WouldBlock`.
    pub fn flush(&mut self, now: Instant) -> io::Result<()> {
        let before = self.out.len();
        if self.writable {
            match self.out.flush(&mut self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                other => other?,
            }
        }
        if self.out.len() < before {
            self.blocked_since = None;
        }
        if !self.writable && !self.out.is_empty() {
            self.blocked_since.get_or_insert(now);
        }
        Ok(())
    }
}
