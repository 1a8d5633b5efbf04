//! One stream and what it is for.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::websocket::Decoder;

use super::key::Key;
use super::ledger::Entry;
use super::outbox::Outbox;
use super::places::{Ticket, network};
use super::stream::Stream;

/// Memory for what waits for the reader of a control socket. Beyond that it does
/// not read, and is closed.
pub const OUTBOX_LIMIT: usize = 256 * 1024;

/// What a socket is for.
pub enum Role {
    /// A browser or another program that has not said yet what it wants.
    Http { head: Vec<u8> },
    /// A viewer's control socket.
    Control { viewer: Key, socket: WebSocket },
    /// A viewer's data socket; no viewer before its JOIN.
    Data {
        viewer: Option<Key>,
        socket: WebSocket,
    },
    /// A client of plain RTSP: requests, answers and media on one socket.
    Rtsp { viewer: Key },
    /// The link to a camera.
    Camera { source: Key },
    /// All was said: what waits goes out, then what comes is dropped until the
    /// other side closes, or the deadline. (To close at once would reset the
    /// connection and lose the last words.)
    Closing { shut: bool },
}

impl Role {
    /// All names, as `/metrics` shows them.
    pub const NAMES: [&str; 6] = ["http", "control", "data", "camera", "closing", "rtsp"];

    /// Where its name stands in [`Role::NAMES`].
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

    /// Its name.
    pub fn name(&self) -> &'static str {
        Role::NAMES[self.number()]
    }

    /// The viewer whose socket it is.
    pub fn viewer(&self) -> Option<Key> {
        match self {
            Role::Control { viewer, .. } | Role::Rtsp { viewer } => Some(*viewer),
            Role::Data { viewer, .. } => *viewer,
            Role::Http { .. } | Role::Camera { .. } | Role::Closing { .. } => None,
        }
    }

    /// The reading side of a WebSocket.
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
    /// When the last bytes came.
    pub last_alive: Instant,
    /// A ping is out that was not answered.
    pub pinged: bool,
}

impl WebSocket {
    /// A fresh one that takes messages up to `limit` bytes.
    pub fn new(limit: usize, now: Instant) -> WebSocket {
        WebSocket {
            decoder: Decoder::new(limit),
            last_alive: now,
            pinged: false,
        }
    }

    /// Bytes came.
    pub fn mark_alive(&mut self, now: Instant) {
        (self.last_alive, self.pinged) = (now, false);
    }

    /// When this socket needs attention: a ping halfway, the end at `idle`.
    pub fn deadline(&self, idle: Duration) -> Instant {
        self.last_alive + if self.pinged { idle } else { idle / 2 }
    }
}

/// One stream. Readiness is edge-triggered: the flags stay set until the socket
/// says `WouldBlock`.
pub struct Connection {
    pub stream: Stream,
    /// The number in the log.
    pub id: u64,
    /// The other side's address.
    pub peer: SocketAddr,
    pub role: Role,
    /// The place it takes among those that wait, or that are closing.
    pub place: Option<Ticket>,
    /// Whom it is for: the client's network; `None` for a configured camera's link.
    pub client_network: Option<IpAddr>,
    pub out: Outbox,
    /// What came and is not whole yet.
    pub partial_input: Entry,
    /// When its reader last stopped taking what waits for it.
    pub blocked_since: Option<Instant>,
    /// When its reader last took media.
    pub last_media_write: Option<Instant>,
    pub readable: bool,
    pub writable: bool,
    /// The other side will send no more; what it sent may still be unread.
    pub hung_up: bool,
    /// In the line of connections to be served.
    pub queued: bool,
    /// When to look at it although nothing happened.
    pub deadline: Option<Instant>,
    /// The one timer that counts for it, at or before the deadline.
    pub timer: Option<Instant>,
}

/// What a read of a connection came to.
pub enum ReadOutcome {
    /// This many bytes.
    Bytes(usize),
    /// Nothing for now.
    NothingYet,
    /// The other side has closed.
    Closed,
}

impl Connection {
    /// What the peer's address counts as.
    pub fn network(&self) -> IpAddr {
        network(self.peer.ip())
    }

    /// Whether it has not said yet what it wants, or not got it.
    pub fn is_waiting(&self) -> bool {
        self.place.is_some() && !matches!(self.role, Role::Closing { .. })
    }

    /// Memory that it takes beside what every connection does, in bytes.
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

    /// One read into the pieces of `room`. A stream that says it is drained is not read
    /// again before its next event, except when its end is known to follow.
    ///
    /// # Errors
    /// Those of the stream, `WouldBlock` excepted.
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

    /// Writes what waits, as far as the socket takes it.
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` excepted.
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
