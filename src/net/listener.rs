//! The doors: listening sockets, and when they are shut.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

use super::connection::Role;
use super::key::Key;
use super::server::{LISTENERS, Server};

/// Connections accepted in one turn, so that those there are get theirs.
const PER_TURN: usize = 64;
/// Connections that the system keeps until they are accepted: a wall of cameras comes
/// at once, and who finds the line full knocks again only after a second. The system's
/// own limit (Linux: `net.core.somaxconn`, 4096) may be lower.
const BACKLOG: i32 = 1024;
/// A viewer's sockets: control, data, the camera's link.
const PER_VIEWER: usize = 3;
/// How long to wait when the system has no more descriptors or memory, if no
/// connection ends before.
const PAUSE: Duration = Duration::from_millis(500);
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
    /// Somebody may be waiting.
    ready: bool,
    /// Nobody is let in until then, for want of descriptors or memory.
    paused: Option<Instant>,
    /// Nobody is let in until a connection ends.
    full: bool,
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
            ready: true,
            paused: None,
            full: false,
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

    /// A place became free.
    pub fn resume(&mut self) {
        self.paused = None;
        self.full = false;
    }

    /// How long the pause still is.
    pub fn until_resume(&self, now: Instant) -> Option<Duration> {
        match self.paused {
            _ if self.full => None,
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

    /// A number for the log.
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
    /// Lets in who waits, as long as there is room.
    pub(super) fn accept(&mut self) {
        let paused = self.listeners.paused.is_some_and(|until| until > self.now);
        if paused || self.listeners.full || !self.listeners.ready {
            return;
        }
        self.listeners.paused = None;
        for _ in 0..PER_TURN {
            if !self.has_place() {
                return;
            }
            match self.accept_one() {
                Ok(true) => {}
                Ok(false) => {
                    self.listeners.ready = false;
                    return;
                }
                // That peer has gone again; the next may be there.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    self.pause(&error.to_string());
                    return;
                }
            }
        }
    }

    /// Whether one more may come in; if not, the listeners wait: when the table
    /// is full, until a connection ends; when too many of those let in have not
    /// said what they want, for [`PAUSE`] or until a connection ends.
    fn has_place(&mut self) -> bool {
        let limits = &self.config.limits;
        let most = limits.viewers * PER_VIEWER + limits.handshakes;
        let why = if self.connections.len() >= most {
            self.listeners.full = true;
            "the gateway is full"
        } else if self.handshakes(None) >= limits.handshakes {
            self.listeners.paused = Some(self.now + PAUSE);
            "the gateway is full of connections that ask for nothing (see \"handshakes\")"
        } else {
            return true;
        };
        if self.listeners.may_complain(self.now) {
            log::warn!("no new connections for now: {why}");
        }
        false
    }

    fn pause(&mut self, why: &str) {
        log::warn!("no new connections for now: {why}");
        self.listeners.paused = Some(self.now + PAUSE);
    }

    /// Connections, of one address or of all, that have not said yet what they
    /// want, or not got it.
    fn handshakes(&self, of: Option<IpAddr>) -> usize {
        let begun = |viewer: &Key| {
            let viewer = self.viewers.get(*viewer);
            viewer.is_some_and(|viewer| viewer.channel.has_begun())
        };
        let waiting = self.connections.iter().filter(|(_, connection)| {
            of.is_none_or(|address| connection.address() == address)
                && match &connection.role {
                    Role::Http { .. } | Role::Data { viewer: None, .. } => true,
                    Role::Control { viewer, .. } => !begun(viewer),
                    Role::Rtsp { viewer }
                    | Role::Data {
                        viewer: Some(viewer),
                        ..
                    } => self.speaks_rtsp(*viewer) && self.is_opening(*viewer),
                    _ => false,
                }
        });
        waiting.count()
    }

    /// Whether an address has more than its share of those. A wall of cameras
    /// behind a reverse proxy opens dozens at once.
    fn is_hoarding(&self, peer: SocketAddr) -> bool {
        let most = self.config.limits.handshakes.div_ceil(2);
        self.handshakes(Some(peer.ip().to_canonical())) >= most
    }

    fn accept_one(&mut self) -> io::Result<bool> {
        for index in 0..self.listeners.sockets.len() {
            let (listener, door) = &self.listeners.sockets[index];
            let door = *door;
            match listener.accept() {
                Ok((socket, peer)) => {
                    self.counters.accepted += 1;
                    let id = self.listeners.number();
                    if self.is_hoarding(peer) {
                        log::info!("[c{id}] {peer} has too many idle connections: closed");
                        return Ok(true);
                    }
                    let role = Role::Http { head: Vec::new() };
                    let deadline = self.now + self.config.limits.handshake;
                    let key = self.add_connection(socket, peer, id, role, deadline)?;
                    if door == Door::Rtsp {
                        self.rtsp_opened(key);
                    }
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
