//! The camera's sockets: one thread, one poll, no busy waiting.
//!
//! Readiness is edge-triggered: a connection remembers that it is readable or writable
//! until the socket says `WouldBlock`. After every batch of events all connections are
//! served, each with a single write for everything that is due; then the poll sleeps
//! until the next access unit is due.
//!
//! Invariant: connections are removed after the batch, so a token is never used twice
//! within one.

use super::clip::Clip;
use super::session::Session;
use log::{debug, info, warn};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;
use slab::Slab;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many clients are served at once; further ones are answered with 503.
pub const MAX_CLIENTS: usize = 32;

/// How many bytes are read at once. They hold only a few requests, so there are only a
/// few answers at a time.
const READ_SIZE: usize = 2048;
/// How often one connection is read before it is another one's turn.
const READS: usize = 8;
/// When to try again after `accept` failed for lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(250);
/// Seconds from 1900, where NTP time begins, to 1970.
const NTP_UNIX: u64 = 2_208_988_800;

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);
const SIGNALS: Token = Token(usize::MAX - 2);

/// Stops a running [`Server`] from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<(AtomicBool, Waker)>);

impl Stopper {
    /// Makes [`Server::run`] return soon; does no harm if it has returned already.
    pub fn stop(&self) {
        let (stop, waker) = &*self.0;
        stop.store(true, Ordering::Release);
        if let Err(error) = waker.wake() {
            warn!("camera: cannot be woken: {error}");
        }
    }
}

/// The built-in camera.
pub struct Server {
    poll: Poll,
    listener: TcpListener,
    address: SocketAddr,
    /// Connections may be waiting; `WouldBlock` clears this.
    acceptable: bool,
    accept_at: Duration,
    stopper: Stopper,
    signals: Option<Signals>,
    clients: Slab<Client>,
    clip: Arc<Clip<'static>>,
    started: Instant,
    ntp_epoch: u64,
}

#[derive(Debug)]
struct Client {
    stream: TcpStream,
    peer: SocketAddr,
    session: Session,
    readable: bool,
    writable: bool,
    /// The connection is to be removed.
    dead: bool,
    reported: u64,
}

impl Server {
    /// Listens on `address`; with port 0 the system chooses a port.
    ///
    /// # Errors
    /// The address cannot be listened on, or the embedded clip is damaged.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let clip = Clip::embedded().map_err(|e| io::Error::new(ErrorKind::InvalidData, e))?;
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Waker::new(registry, WAKER)?;
        Ok(Server {
            address: listener.local_addr()?,
            listener,
            acceptable: true,
            accept_at: Duration::ZERO,
            stopper: Stopper(Arc::new((AtomicBool::new(false), waker))),
            signals: None,
            clients: Slab::new(),
            clip: Arc::new(clip),
            started: Instant::now(),
            ntp_epoch: ntp(SystemTime::now()),
            poll,
        })
    }

    /// The address that it listens on, with the actual port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle that stops [`Server::run`].
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves until SIGINT, SIGTERM or [`Stopper::stop`], for the camera as a program
    /// of its own.
    ///
    /// # Errors
    /// The system refuses to poll or to watch signals.
    pub fn run_until_signal(mut self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let registry = self.poll.registry();
        registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
        self.signals = Some(signals);
        self.run()
    }

    /// Serves until [`Stopper::stop`].
    ///
    /// # Errors
    /// The system refuses to poll; what clients do is no error.
    pub fn run(mut self) -> io::Result<()> {
        info!("camera at rtsp://{}/", self.address);
        let mut events = Events::with_capacity(64);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => self.note(&events),
            }
            if self.stopped() {
                info!("camera: stopped");
                return Ok(());
            }
            self.accept();
            self.serve();
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn stopped(&mut self) -> bool {
        let signalled = self.signals.as_mut().map(|s| s.pending().count());
        signalled.is_some_and(|count| count > 0) || self.stopper.0.0.load(Ordering::Acquire)
    }

    /// How long the poll may sleep; `None` if nothing is going to be due.
    fn timeout(&self) -> Option<Duration> {
        let accept = self.acceptable.then_some(self.accept_at);
        let clients = self.clients.iter().map(|(_, client)| client.due());
        let due = clients.chain(accept).min()?;
        Some(due.saturating_sub(self.now()))
    }

    /// Notes the readiness in the events.
    fn note(&mut self, events: &Events) {
        for event in events {
            if event.token() == LISTENER {
                self.acceptable = true;
            }
            if let Some(client) = self.clients.get_mut(event.token().0) {
                client.readable |= event.is_readable() || event.is_read_closed();
                client.writable |= event.is_writable() || event.is_write_closed();
            }
        }
    }

    fn accept(&mut self) {
        if self.now() < self.accept_at {
            return;
        }
        while self.acceptable {
            match self.listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.acceptable = false,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        warn!("camera: cannot accept: {error}");
                        self.accept_at = self.now() + ACCEPT_RETRY;
                        return;
                    }
                },
            }
        }
    }

    fn admit(&mut self, mut stream: TcpStream, peer: SocketAddr) {
        if self.clients.len() >= MAX_CLIENTS {
            warn!("camera: {peer} refused, {MAX_CLIENTS} clients are served already");
            // The connection is dropped whether the answer arrives or not.
            let _ = stream.write(b"RTSP/1.0 503 Service Unavailable\r\n\r\n");
            return;
        }
        let seed = RandomState::new().hash_one(self.clients.len());
        let session = Session::new(Arc::clone(&self.clip), seed, self.ntp_epoch, self.now());
        let entry = self.clients.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        let ready = stream
            .set_nodelay(true)
            .and_then(|()| registry.register(&mut stream, Token(entry.key()), interest));
        if let Err(error) = ready {
            return debug!("camera: {peer}: {error}");
        }
        debug!("camera: {peer} connected");
        entry.insert(Client::new(stream, peer, session));
    }

    /// Serves every connection, then removes those that have ended.
    fn serve(&mut self) {
        let mut scratch = [0; READ_SIZE];
        for (_, client) in &mut self.clients {
            client.serve(&mut scratch, self.started);
        }
        let registry = self.poll.registry();
        self.clients.retain(|_, client| {
            if client.dead {
                debug!("camera: {} gone", client.peer);
                // Closing the socket removes it from the poll in any case.
                let _ = registry.deregister(&mut client.stream);
            }
            !client.dead
        });
    }
}

impl Client {
    fn new(stream: TcpStream, peer: SocketAddr, session: Session) -> Self {
        Client {
            stream,
            peer,
            session,
            readable: true,
            writable: true,
            dead: false,
            reported: 0,
        }
    }

    /// When it is to be served next, even if its socket has no event.
    fn due(&self) -> Duration {
        match self.wants_read() {
            true => Duration::ZERO,
            false => self.session.timeout(),
        }
    }

    fn wants_read(&self) -> bool {
        self.readable && !self.session.is_congested() && !self.session.is_finished()
    }

    fn serve(&mut self, scratch: &mut [u8], started: Instant) {
        let served = self
            .read(scratch, started)
            .and_then(|()| self.write(started));
        if let Err(error) = served {
            debug!("camera: {}: {error}", self.peer);
            self.dead = true;
        }
        self.report();
    }

    fn read(&mut self, scratch: &mut [u8], started: Instant) -> io::Result<()> {
        for _ in 0..READS {
            if !self.wants_read() {
                break;
            }
            match self.stream.read(scratch) {
                Ok(0) => {
                    self.readable = false;
                    self.dead = true;
                }
                Ok(count) => {
                    let bytes = scratch.get(..count).unwrap_or_default();
                    self.session.receive(bytes, started.elapsed());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends what is due and what is waiting, in one write if the socket takes it.
    fn write(&mut self, started: Instant) -> io::Result<()> {
        self.session.handle_timeout(started.elapsed());
        while self.writable && !self.session.output().is_empty() {
            match self.stream.write(self.session.output()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.session.sent(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // A client that was silent for too long will not take the rest either.
        self.dead |= self.session.is_finished();
        Ok(())
    }

    /// Logs losses each time they have doubled.
    fn report(&mut self) {
        let dropped = self.session.dropped();
        if dropped > self.reported * 2 {
            warn!("camera: {} is slow, {dropped} access units lost", self.peer);
            self.reported = dropped;
        }
    }
}

/// The NTP time: seconds since 1900 in 32.32 bits (RFC 3550 §4).
fn ntp(time: SystemTime) -> u64 {
    let unix = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let part = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
    (unix.as_secs().wrapping_add(NTP_UNIX) << 32).wrapping_add(part)
}
