//! Listening sockets, and the pauses in which nobody is accepted.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

use super::key::LISTENERS;

/// The backlog of a listening socket: connections that the kernel keeps until they are
/// accepted. The tiles of a page of cameras connect all at once, and a client that
/// finds the backlog full tries again only after a second. The system's own limit
/// (Linux: `net.core.somaxconn`, 4096) may be lower.
const BACKLOG: i32 = 1024;
/// The minimum time between two log lines that say the gateway is full.
const FULL_REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// What the clients of a listener speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// HTTP and WebSockets: browsers.
    Web,
    /// Plain RTSP.
    Rtsp,
}

/// All listening sockets.
pub struct Listeners {
    sockets: Vec<(TcpListener, ListenerKind)>,
    /// The listener that was polled last. Each is polled in turn, so that a flood of
    /// clients at one listener does not keep out those at the others.
    last_polled: usize,
    /// Whether a client may be waiting.
    ready: bool,
    /// Until when nobody is accepted, for want of descriptors or memory.
    paused: Option<Instant>,
    /// When the log last said that the gateway is full.
    reported_full_at: Option<Instant>,
}

impl Listeners {
    /// Listens on every address.
    ///
    /// # Errors
    /// The error of the system, with the address in its text.
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

    /// The addresses of the listeners of this kind.
    pub fn addresses(&self, kind: ListenerKind) -> Vec<SocketAddr> {
        let sockets = self.sockets.iter().filter(|(_, its)| *its == kind);
        sockets
            .filter_map(|(socket, _)| socket.local_addr().ok())
            .collect()
    }

    /// The ports of all listeners.
    pub fn ports(&self) -> Vec<u16> {
        let addresses = self.sockets.iter().map(|(socket, _)| socket.local_addr());
        addresses.flatten().map(|address| address.port()).collect()
    }

    /// Records that a client may be waiting.
    pub fn set_ready(&mut self) {
        self.ready = true;
    }

    /// Ends a pause, because a descriptor became free.
    pub fn resume(&mut self) {
        self.paused = None;
    }

    /// Pauses accepting until then, unless a descriptor becomes free before.
    pub fn pause(&mut self, until: Instant) {
        self.paused = Some(until);
    }

    /// Whether a client may be waiting and could be accepted.
    pub fn is_open(&mut self, now: Instant) -> bool {
        self.paused = self.paused.filter(|until| *until > now);
        self.ready && self.paused.is_none()
    }

    /// When to accept again although no event asks for it.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.paused.or(self.ready.then_some(now))
    }

    /// Closes all listeners for good.
    pub fn close(&mut self, registry: &Registry) {
        for (mut socket, _) in self.sockets.drain(..) {
            let _ = registry.deregister(&mut socket);
        }
        self.ready = false;
    }

    /// Whether the log should say now that the gateway is full. It may stay so for
    /// long, while connections end and begin all the time.
    pub fn should_report_full(&mut self, now: Instant) -> bool {
        let may = self
            .reported_full_at
            .is_none_or(|last| last + FULL_REPORT_INTERVAL <= now);
        if may {
            self.reported_full_at = Some(now);
        }
        may
    }

    /// Accepts the next client at any listener. `None`: no client is waiting.
    ///
    /// # Errors
    /// Those of the system, for instance that there are no descriptors left.
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

/// A listening socket with a backlog of [`BACKLOG`].
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A gateway that was just stopped must not block the port for the next one.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}
