//! The doors: listening sockets, and when they are shut.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockRef, Socket, Type};

use super::admission::{first_to_go, network};
use super::connection::Role;
use super::server::{LISTENERS, Server};

/// Connections accepted in one turn, so that those there are get theirs.
const PER_TURN: usize = 64;
/// Connections that the system keeps until they are accepted: a wall of cameras comes
/// at once, and who finds the line full knocks again only after a second. The system's
/// own limit (Linux: `net.core.somaxconn`, 4096) may be lower.
const BACKLOG: i32 = 1024;
/// Bytes that the kernel may keep of what a client says.
const RECEIVE: usize = 32 * 1024;
/// How long to wait when the system has no more descriptors or memory, if no
/// connection ends before.
const PAUSE: Duration = Duration::from_millis(500);
/// Connections that have not said what they want, from which on one of them makes room
/// where descriptors or memory are short.
const CROWD: usize = 16;
/// How often to say that the gateway is full.
const COMPLAINTS: Duration = Duration::from_secs(10);

/// Who comes in by a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Browsers: HTTP and WebSockets.
    Web,
    /// Clients of plain RTSP.
    Rtsp,
}

/// All listening sockets.
pub struct Listeners {
    sockets: Vec<(TcpListener, Door)>,
    /// Where to look first for the next who waits: each in turn, so that a flood at
    /// one keeps nobody out at the others.
    turn: usize,
    /// Somebody may be waiting.
    ready: bool,
    /// Nobody is let in until then, for want of descriptors or memory.
    paused: Option<Instant>,
    /// When it was last said to be full.
    complained: Option<Instant>,
    next_id: u64,
}

impl Listeners {
    /// Listens on every address.
    ///
    /// # Errors
    /// The system's, with the address.
    pub fn bind(
        web: &[SocketAddr],
        rtsp: &[SocketAddr],
        registry: &Registry,
    ) -> io::Result<Listeners> {
        let mut sockets = Vec::with_capacity(web.len() + rtsp.len());
        let web = web.iter().map(|address| (address, Door::Web));
        let rtsp = rtsp.iter().map(|address| (address, Door::Rtsp));
        for (index, (address, door)) in web.chain(rtsp).enumerate() {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
            };
            let mut socket = listen(*address).map_err(named)?;
            let token = Token(LISTENERS.0 + index);
            registry
                .register(&mut socket, token, Interest::READABLE)
                .map_err(named)?;
            sockets.push((socket, door));
        }
        Ok(Listeners {
            sockets,
            turn: 0,
            ready: true,
            paused: None,
            complained: None,
            next_id: 1,
        })
    }

    /// The addresses listened on, for these.
    pub fn addresses(&self, door: Door) -> Vec<SocketAddr> {
        let sockets = self.sockets.iter().filter(|(_, its)| *its == door);
        sockets
            .filter_map(|(socket, _)| socket.local_addr().ok())
            .collect()
    }

    /// The ports listened on.
    pub fn ports(&self) -> Vec<u16> {
        let addresses = self.sockets.iter().map(|(socket, _)| socket.local_addr());
        addresses.flatten().map(|address| address.port()).collect()
    }

    /// Somebody knocks.
    pub fn notice(&mut self, _token: Token) {
        self.ready = true;
    }

    /// A descriptor became free.
    pub fn resume(&mut self) {
        self.paused = None;
    }

    /// How long the pause still is.
    pub fn until_resume(&self, now: Instant) -> Option<Duration> {
        match self.paused {
            Some(until) => Some(until.saturating_duration_since(now)),
            None if self.ready => Some(Duration::ZERO),
            None => None,
        }
    }

    /// No more connections, for good.
    pub fn close(&mut self, registry: &Registry) {
        for (mut socket, _) in self.sockets.drain(..) {
            let _ = registry.deregister(&mut socket);
        }
        self.ready = false;
    }

    /// Whether to say again that it is full: it may be so for long, with one
    /// connection ending and one coming all the time.
    fn may_complain(&mut self, now: Instant) -> bool {
        let may = self.complained.is_none_or(|last| last + COMPLAINTS <= now);
        if may {
            self.complained = Some(now);
        }
        may
    }

    /// The next who waits at any door; `None`: nobody does.
    fn next(&mut self) -> io::Result<Option<(TcpStream, SocketAddr, Door)>> {
        for _ in 0..self.sockets.len() {
            self.turn = (self.turn + 1) % self.sockets.len();
            let (listener, door) = &self.sockets[self.turn];
            match listener.accept() {
                Ok((socket, peer)) => return Ok(Some((socket, peer, *door))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A number for the log, which grows.
    pub fn number(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

/// A listening socket with a line for [`BACKLOG`] connections.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A gateway that was just ended leaves its port to the next one.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

impl Server {
    /// Lets in who waits, as long as there are descriptors.
    pub(super) fn accept(&mut self) {
        let paused = self.listeners.paused.is_some_and(|until| until > self.now);
        if paused || !self.listeners.ready {
            return;
        }
        self.listeners.paused = None;
        for _ in 0..PER_TURN {
            match self.accept_one() {
                Ok(true) => {}
                Ok(false) => {
                    self.listeners.ready = false;
                    return;
                }
                // That peer has gone again; the next may be there.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                // Whoever holds all there is by saying nothing is no reason to wait.
                Err(_) if self.admission.waiting() >= CROWD && self.displace_one() => {}
                Err(error) => {
                    self.pause(&error.to_string());
                    return;
                }
            }
        }
    }

    fn pause(&mut self, why: &str) {
        log::warn!("no new connections for now: {why}");
        self.listeners.paused = Some(self.now + PAUSE);
    }

    fn accept_one(&mut self) -> io::Result<bool> {
        let Some((socket, peer, door)) = self.listeners.next()? else {
            return Ok(false);
        };
        self.counters.accepted += 1;
        let id = self.listeners.number();
        let client = network(peer.ip());
        // Requests are short. Where a system cannot do this, it is as it was.
        let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE);
        let role = Role::Http { head: Vec::new() };
        let deadline = self.now + self.config.limits.handshake;
        let whose = (Some(self.admission.enter(client)), Some(client));
        let key = self.add_connection(socket, peer, id, role, whose, deadline)?;
        if door == Door::Rtsp {
            self.rtsp_opened(key);
        }
        self.displace();
        Ok(true)
    }

    /// Of too many that have not said what they want, closes some.
    fn displace(&mut self) {
        while self.admission.is_full(&self.config.limits) && self.displace_one() {}
    }

    /// Closes one that has not said what it wants, if there is one: see [`first_to_go`].
    fn displace_one(&mut self) -> bool {
        let waiting = self.connections.iter().filter(|(_, it)| it.is_waiting());
        let waiting: Vec<_> = waiting
            .filter_map(|(key, it)| Some((key, it.client?, it.id)))
            .collect();
        let Some(key) = first_to_go(&waiting) else {
            return false;
        };
        if self.listeners.may_complain(self.now) {
            log::warn!(
                "the gateway is full of connections that ask for nothing (see \"handshakes\"): \
                 those of the address that has most make room for who comes"
            );
        }
        self.peer_gone(key, "makes room for who comes");
        true
    }
}
