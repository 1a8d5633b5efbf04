//! The loop: wait, serve whoever can move, look at the clock, again.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::access::Policy;
use crate::config::Config;

use super::admission::{Admission, Ticket};
use super::closing::LINGER;
use super::connection::{Connection, Role};
use super::key::{Key, Line, Table};
use super::ledger::Ledger;
use super::listener::{Door, Listeners};
use super::outbox::Outbox;
use super::pool::Pool;
use super::reload::policy;
use super::resolver::Resolver;
use super::signals::{Order, Signals};
use super::source::Sources;
use super::status::Counters;
use super::timer::Timers;
use super::udp::port::Port;
use super::viewer::Viewer;

const WAKER: Token = Token(Key::OTHERS);
const SIGNALS: Token = Token(Key::OTHERS + 1);
/// The listeners' tokens: this one and those after it.
pub(super) const LISTENERS: Token = Token(Key::OTHERS + 2);

/// Events taken from the system at once.
const EVENTS: usize = 256;
/// Bytes read at once from sockets that carry no media.
const SCRATCH: usize = 16 * 1024;
/// A camera of the program's own: `/api/cameras` lists it, viewers may name it
/// whatever the setting `targets` says.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Letters and digits.
    pub name: &'static str,
    /// A few words for a person, without quotes or backslashes.
    pub description: &'static str,
    pub address: SocketAddr,
}

/// The gateway.
pub struct Server {
    pub(super) poll: Poll,
    pub(super) listeners: Listeners,
    pub(super) admission: Admission,
    pub(super) ledger: Ledger,
    signals: Signals,
    pub(super) resolver: Resolver,
    pub(super) timers: Timers,
    pub(super) pool: Pool,
    pub(super) connections: Table<Connection>,
    pub(super) viewers: Table<Viewer>,
    pub(super) sources: Sources,
    /// Their UDP ports.
    pub(super) ports: Table<Port>,
    /// Channel ids of viewers that wait for their JOIN, or had it.
    pub(super) channels: HashMap<String, Key>,
    /// Connections that can move.
    pub(super) ready: Line,
    /// Cameras' links that want a buffer.
    pub(super) waiting: Line,
    /// When somebody will have to give way to one of those, if it still waits then.
    pub(super) relief_due: Option<Instant>,
    pub(super) scratch: Vec<u8>,
    pub(super) config: Config,
    pub(super) policy: Policy,
    pub(super) config_path: Option<PathBuf>,
    pub(super) cameras: Vec<Listed>,
    /// The configured cameras as GET_INFO lists them: JSON.
    pub(super) listed: Rc<str>,
    pub(super) counters: Counters,
    /// Assets that are being sent to clients that do not take gzip, by path.
    pub(super) inflated: HashMap<&'static str, Weak<Vec<u8>>>,
    /// What is owed to the log: see [`Server::tell_by`].
    tell: fn(Instant) -> Option<Instant>,
    /// When it is asked again.
    tell_at: Option<Instant>,
    /// The time at which this turn of the loop began.
    pub(super) now: Instant,
    /// Set when the process was asked to end: until when it may take.
    stopping: Option<Instant>,
}

impl Server {
    /// Opens the listeners. `config_path` is read again on SIGHUP.
    ///
    /// # Errors
    /// An address that cannot be listened on (it is named), or a system without
    /// epoll.
    pub fn bind(config: Config, config_path: Option<PathBuf>) -> io::Result<Server> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let signals = Signals::new(poll.registry(), SIGNALS)?;
        let (web, rtsp) = (&config.listen, &config.rtsp_listen);
        let listeners = Listeners::bind(web, rtsp, poll.registry())?;
        let policy = policy(&config, listeners.ports());
        let mut server = Server {
            poll,
            listeners,
            admission: Admission::default(),
            ledger: Ledger::default(),
            signals,
            resolver: Resolver::new(waker),
            timers: Timers::default(),
            pool: Pool::new(
                config.limits.pool,
                config.limits.buffer,
                config.limits.viewers,
            ),
            connections: Table::new(),
            viewers: Table::new(),
            sources: Sources::default(),
            ports: Table::new(),
            channels: HashMap::new(),
            ready: Line::new(),
            waiting: Line::new(),
            relief_due: None,
            scratch: vec![0; SCRATCH],
            config,
            policy,
            config_path,
            cameras: Vec::new(),
            listed: Rc::from("[]"),
            counters: Counters::default(),
            inflated: HashMap::new(),
            tell: |_| None,
            tell_at: None,
            now: Instant::now(),
            stopping: None,
        };
        server.set_cameras();
        Ok(server)
    }

    /// Adds a camera to the list that pages show.
    pub fn list(&mut self, camera: Listed) {
        self.policy.targets.add(camera.address);
        self.cameras.push(camera);
    }

    /// Has the loop ask `tell` in every turn, and at the time that it answered last, to
    /// write to the log what it owes by then.
    pub fn tell_by(&mut self, tell: fn(Instant) -> Option<Instant>) {
        self.tell = tell;
    }

    /// The addresses that are listened on for browsers, ports as the system gave
    /// them.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.addresses(Door::Web)
    }

    /// The addresses that are listened on for RTSP clients.
    pub fn rtsp_addresses(&self) -> Vec<SocketAddr> {
        self.listeners.addresses(Door::Rtsp)
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// Only what makes waiting itself impossible; what peers do is dealt with.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_done() {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            self.now = Instant::now();
            for event in &events {
                self.notice(event);
            }
            self.serve_ready();
            self.serve_deadlines();
            self.serve_names();
            self.serve_cameras();
            self.relieve_waiting();
            self.wake_waiting();
            self.accept();
            self.tell_at = (self.tell)(self.now);
        }
        log::info!("bye");
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.stopping
            .is_some_and(|until| self.connections.len() == 0 || until <= self.now)
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let now = Instant::now();
        let stop = self
            .stopping
            .map(|until| until.saturating_duration_since(now));
        let resume = self.listeners.until_resume(now);
        let due = [
            self.cameras_due(),
            self.resolver.due(),
            self.relief_due,
            self.tell_at,
        ];
        let due = due.into_iter().flatten().min();
        let due = due.map(|due| due.saturating_duration_since(now));
        let times = [self.timers.until_next(now), stop, resume, due];
        times.into_iter().flatten().min()
    }

    fn notice(&mut self, event: &Event) {
        match event.token() {
            WAKER => {} // what it is about is looked at in every turn
            SIGNALS => {
                for order in self.signals.pending() {
                    self.obey(order);
                }
            }
            token => match (Key::from_token(token), Key::from_port_token(token)) {
                (Some(key), _) => self.notice_connection(key, event),
                (None, Some(port)) => self.notice_port(port),
                (None, None) => self.listeners.notice(token),
            },
        }
    }

    fn notice_connection(&mut self, key: Key, event: &Event) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.readable |= event.is_readable() || event.is_error();
            connection.writable |= event.is_writable() || event.is_error();
            connection.hung_up |= event.is_read_closed() || event.is_error();
            self.schedule(key);
        }
    }

    /// Puts a connection in line, once.
    pub(super) fn schedule(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key)
            && !connection.queued
        {
            connection.queued = true;
            self.ready.push_back(key);
        }
    }

    /// Serves those in line; who gets in line meanwhile is served after the next
    /// look at the events, so that none starves the others.
    fn serve_ready(&mut self) {
        for _ in 0..self.ready.len() {
            let Some(key) = self.ready.pop_front() else {
                return;
            };
            if let Some(connection) = self.connections.get_mut(key) {
                connection.queued = false;
                self.serve(key);
            }
        }
    }

    fn serve(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        match connection.role {
            Role::Http { .. } => self.serve_http(key),
            Role::Control { .. } => self.serve_control(key),
            Role::Data { .. } => self.serve_data(key),
            Role::Rtsp { viewer } => self.serve_rtsp(key, viewer),
            Role::Camera { .. } => self.serve_camera(key),
            Role::Closing { .. } => self.serve_closing(key),
        }
        self.renew_deadline(key);
        self.count_held(key);
        self.bound_outboxes();
    }

    /// Buffers came back: cameras that can have one now try again, in turn.
    fn wake_waiting(&mut self) {
        if !self.pool.take_returned() {
            return;
        }
        for _ in 0..self.waiting.len() {
            let Some(key) = self.waiting.pop_front() else {
                return;
            };
            match self.source_of(key) {
                Some((_, source)) if !source.queue.has_room(&self.pool, key) => {
                    self.waiting.push_back(key);
                }
                _ => self.resume_camera(key),
            }
        }
    }

    /// Takes a socket in; a client's with its `place`, a link for `client` without.
    pub(super) fn add_connection(
        &mut self,
        mut socket: TcpStream,
        peer: SocketAddr,
        id: u64,
        role: Role,
        (place, client): (Option<Ticket>, Option<IpAddr>),
        deadline: Instant,
    ) -> io::Result<Key> {
        // Small replies must not wait for the acknowledgement of the last ones.
        let _ = socket.set_nodelay(true);
        let registry = self.poll.registry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let key = self
            .connections
            .insert_with(|key| {
                registry.register(&mut socket, key.token(), interest)?;
                Ok::<_, io::Error>(Connection {
                    socket,
                    id,
                    peer,
                    role,
                    place,
                    client,
                    out: Outbox::new(&self.ledger),
                    held: self.ledger.entry(),
                    stuck: None,
                    readable: false,
                    writable: false,
                    hung_up: false,
                    queued: false,
                    deadline: Some(deadline),
                    timer: Some(deadline),
                })
            })
            .unwrap_or_else(|| Err(io::Error::other("the connection table is full")))?;
        self.timers.set(key, deadline);
        Ok(key)
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Stop => self.stop(),
            Order::Reload => self.reload(),
            Order::Dump => self.dump(),
        }
    }

    /// No new connections; viewers are sent away with a code that makes them
    /// come back.
    fn stop(&mut self) {
        log::info!("stopping");
        self.stopping = Some(self.now + LINGER);
        self.listeners.close(self.poll.registry());
        let viewers: Vec<Key> = self.viewers.iter().map(|(key, _)| key).collect();
        for viewer in viewers {
            self.end_viewer(viewer, 1013, "the gateway is restarting", false);
        }
        self.remove_cameras();
        let others: Vec<Key> = self
            .connections
            .iter()
            .filter(|(_, c)| matches!(c.role, Role::Http { .. } | Role::Data { viewer: None, .. }))
            .map(|(key, _)| key)
            .collect();
        for key in others {
            self.drop_connection(key);
        }
    }

    /// An id that nobody can guess: 128 bits from the system. `None` if it has none.
    pub(super) fn random_id(&mut self) -> Option<String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(format!("{:032x}", u128::from_ne_bytes(bytes)))
    }
}
