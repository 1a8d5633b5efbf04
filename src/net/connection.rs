//! One socket and what it is for.

use std::io::{self, IoSliceMut, Read};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use mio::net::TcpStream;
use socket2::SockRef;

use crate::websocket::Decoder;

use super::admission::{Ticket, network};
use super::key::Key;
use super::ledger::Entry;
use super::outbox::Outbox;

/// Memory for what waits for the reader of a control socket. Beyond that it does
/// not read, and is closed.
pub const OUTBOX_LIMIT: usize = 256 * 1024;

/// Memory for all outboxes together, and for requests that are not whole.
pub const OUTBOXES: usize = 2 << 20;

/// Bytes that the kernel may keep of replies and pages for one socket.
const SEND: usize = 64 * 1024;

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

/// The reading side of a WebSocket.
pub struct WebSocket {
    pub decoder: Decoder,
    /// When the last bytes came.
    pub heard: Instant,
    /// A ping is out that was not answered.
    pub pinged: bool,
}

impl WebSocket {
    /// A fresh one that takes messages up to `limit` bytes.
    pub fn new(limit: usize, now: Instant) -> WebSocket {
        WebSocket {
            decoder: Decoder::new(limit),
            heard: now,
            pinged: false,
        }
    }
}

/// One socket. Readiness is edge-triggered: the flags stay set until the socket
/// says `WouldBlock`.
pub struct Connection {
    pub socket: TcpStream,
    /// The number in the log.
    pub id: u64,
    /// The other side's address.
    pub peer: SocketAddr,
    pub role: Role,
    /// The place it takes among those that wait, or that are closing.
    pub place: Option<Ticket>,
    /// Whom it is for: the client's network; `None` for a configured camera's link.
    pub client: Option<IpAddr>,
    pub out: Outbox,
    /// What came and is not whole yet.
    pub held: Entry,
    /// Since when it takes nothing although something waits for it.
    pub stuck: Option<Instant>,
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

/// What a read brought.
pub enum Taken {
    /// So many bytes.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The other side has closed.
    End,
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
        self.out.cost() + self.held.bytes()
    }

    /// One read into `room`; see [`Connection::read_vectored`].
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` excepted.
    pub fn read(&mut self, room: &mut [u8]) -> io::Result<Taken> {
        self.read_vectored(&mut [IoSliceMut::new(room)])
    }

    /// One read into the pieces of `room`. A read that leaves room says that the socket is
    /// drained (epoll(7), question 9), except when the end is known to follow.
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` excepted.
    pub fn read_vectored(&mut self, room: &mut [IoSliceMut<'_>]) -> io::Result<Taken> {
        if !self.readable {
            return Ok(Taken::Nothing);
        }
        loop {
            match self.socket.read_vectored(room) {
                Ok(0) => return Ok(Taken::End),
                Ok(count) => {
                    let full = count == room.iter().map(|piece| piece.len()).sum();
                    self.readable = full || self.hung_up;
                    return Ok(Taken::Bytes(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Ok(Taken::Nothing);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Bounds what the kernel keeps for the reader of a socket without media. Where a
    /// system cannot do this, it is as it was.
    pub fn bound_kernel(&self) {
        let _ = SockRef::from(&self.socket).set_send_buffer_size(SEND);
    }

    /// Writes what waits, as far as the socket takes it.
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` excepted.
    pub fn flush(&mut self, now: Instant) -> io::Result<()> {
        let before = self.out.len();
        if self.writable {
            match self.out.flush(&mut self.socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                other => other?,
            }
        }
        if self.out.len() < before {
            self.stuck = None;
        }
        if !self.writable && !self.out.is_empty() {
            self.stuck.get_or_insert(now);
        }
        Ok(())
    }
}
