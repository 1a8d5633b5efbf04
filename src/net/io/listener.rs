//! Listening sockets, and when nobody is let in.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

use super::key::LISTENERS;

/// Connections that the system keeps until they are accepted: a wall of cameras comes
/// at once, and who finds the line full knocks again only after a second. The system's
/// own limit (Linux: `net.core.somaxconn`, 4096) may be lower.
const BACKLOG: i32 = 1024;
/// How often to say that the gateway is full.
const FULL_REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// Browsers: HTTP and WebSockets.
    Web,
    /// Clients of plain RTSP.
    Rtsp,
}

/// All listening sockets.
pub struct Listeners {
    sockets: Vec<(TcpListener, ListenerKind)>,
    /// Where to look first for the next who waits: each in turn, so that a flood at
    /// one keeps nobody out at the others.
    last_polled: usize,
    /// Somebody may be waiting.
    ready: bool,
    /// Nobody is let in until then, for want of descriptors or memory.
    paused: Option<Instant>,
    /// When it was last said to be full.
    reported_full_at: Option<Instant>,
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
        let web = web.iter().map(|address| (address, ListenerKind::Web));
        let rtsp = rtsp.iter().map(|address| (address, ListenerKind::Rtsp));
        for (index, (address, kind)) in web.chain(rtsp).enumerate() {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
            };
            let mut socket = listen(*address).map_err(named)?;
            let token = Token(LISTENERS.0 + index);
            registry
                .register(&mut socket, token, Interest::READABLE)
                .map_err(named)?;
            sockets.push((socket, kind));
        }
        Ok(Listeners {
            sockets,
            last_polled: 0,
            ready: true,
            paused: None,
            reported_full_at: None,
        })
    }

    /// The addresses listened on, for these.
    pub fn addresses(&self, kind: ListenerKind) -> Vec<SocketAddr> {
        let sockets = self.sockets.iter().filter(|(_, its)| *its == kind);
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
    pub fn set_ready(&mut self) {
        self.ready = true;
    }

    /// A descriptor became free.
    pub fn resume(&mut self) {
        self.paused = None;
    }

    /// Nobody is let in until then, unless a descriptor becomes free.
    pub fn pause(&mut self, until: Instant) {
        self.paused = Some(until);
    }

    /// Whether somebody may be waiting who can be let in.
    pub fn is_open(&mut self, now: Instant) -> bool {
        self.paused = self.paused.filter(|until| *until > now);
        self.ready && self.paused.is_none()
    }

    /// When to look again although no event says so.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.paused.or(self.ready.then_some(now))
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
    pub fn should_report_full(&mut self, now: Instant) -> bool {
        let may = self
            .reported_full_at
            .is_none_or(|last| last + FULL_REPORT_INTERVAL <= now);
        if may {
            self.reported_full_at = Some(now);
        }
        may
    }

    /// The next who waits at any entrance; `None`: nobody does.
    ///
    /// # Errors
    /// Those of the system; descriptors may be short.
    pub fn accept_next(&mut self) -> io::Result<Option<(TcpStream, SocketAddr, ListenerKind)>> {
        for _ in 0..self.sockets.len() {
            self.last_polled = (self.last_polled + 1) % self.sockets.len();
            let (listener, kind) = &self.sockets[self.last_polled];
            match listener.accept() {
                Ok((socket, peer)) => return Ok(Some((socket, peer, *kind))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        self.ready = false;
        Ok(None)
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
