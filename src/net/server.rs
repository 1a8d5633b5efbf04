//! The loop of the gateway: it waits for events, serves the connections that are ready,
//! and handles what is due.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll, Waker};

use crate::access::Policy;
use crate::config::Config;

use super::io::Io;
use super::io::key::{Key, SIGNALS, WAKER};
use super::io::listener::{ListenerKind, Listeners};
use super::io::signals::Signals;
use super::media::pool::Pool;
use super::source::{Resolver, Sources};
use super::viewer::Viewers;
use super::web::Web;

/// The number of events taken from the system at once.
const EVENTS: usize = 256;

/// A camera within this program. `/api/cameras` lists it, and viewers may name it
/// whatever the setting `targets` says.
#[derive(Debug, Clone)]
pub struct BuiltinCamera {
    /// Its name: letters and digits only.
    pub name: &'static str,
    /// A few words for a person, without quotes or backslashes.
    pub description: &'static str,
    pub address: SocketAddr,
}

/// The gateway: its parts, and its configuration.
pub struct Server {
    signals: Signals,
    pub(super) io: Io,
    pub(super) sources: Sources,
    pub(super) viewers: Viewers,
    pub(super) web: Web,
    pub(super) config: Config,
    pub(super) config_path: Option<PathBuf>,
    pub(super) builtin_cameras: Vec<BuiltinCamera>,
    /// The configured cameras, as GET_INFO lists them: JSON.
    pub(super) camera_list: Rc<str>,
    /// Writes the log lines that are due; see [`Server::set_log_flush`].
    flush_log: fn(Instant) -> Option<Instant>,
    /// When it has to be called again.
    log_flush_at: Option<Instant>,
    /// When a gateway that is stopping ends at the latest.
    pub(super) stop_deadline: Option<Instant>,
}

impl Server {
    /// Opens the listeners. `config_path` is read again on SIGHUP.
    ///
    /// # Errors
    /// An address that cannot be listened on (the error names it), or a system without
    /// epoll.
    pub fn bind(config: Config, config_path: Option<PathBuf>) -> io::Result<Server> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        Server::with(poll, Resolver::new(waker), config, config_path)
    }

    /// The same with a given poll and resolver.
    pub(super) fn with(
        poll: Poll,
        resolver: Resolver,
        config: Config,
        config_path: Option<PathBuf>,
    ) -> io::Result<Server> {
        let signals = Signals::new(poll.registry(), SIGNALS)?;
        let listeners = Listeners::bind(&config.listen, &config.rtsp_listen, poll.registry())?;
        let policy = Rc::new(policy(&config, listeners.ports()));
        let limits = &config.limits;
        let pool = Pool::new(limits.pool, limits.buffer, limits.viewers);
        let mut server = Server {
            signals,
            io: Io::new(poll, listeners, limits.clone()),
            sources: Sources::new(pool, resolver, Rc::clone(&policy)),
            viewers: Viewers::default(),
            web: Web::new(policy),
            config,
            config_path,
            builtin_cameras: Vec::new(),
            camera_list: Rc::from("[]"),
            flush_log: |_| None,
            log_flush_at: None,
            stop_deadline: None,
        };
        server.set_cameras();
        Ok(server)
    }

    /// Adds a camera to those that `/api/cameras` lists.
    pub fn add_builtin_camera(&mut self, camera: BuiltinCamera) {
        self.builtin_cameras.push(camera);
        self.set_policy();
    }

    /// Has the loop call `flush_log` in every turn, and at the time that it last
    /// returned. It writes the log lines that are due by then.
    pub fn set_log_flush(&mut self, flush_log: fn(Instant) -> Option<Instant>) {
        self.flush_log = flush_log;
    }

    /// The addresses of the listeners for browsers, with the ports that the system
    /// chose.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.io.listeners.addresses(ListenerKind::Web)
    }

    /// The addresses of the listeners for RTSP clients.
    pub fn rtsp_addresses(&self) -> Vec<SocketAddr> {
        self.io.listeners.addresses(ListenerKind::Rtsp)
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// Only those of polling itself. Errors of peers are handled.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_done() {
            let timeout = self.timeout();
            self.io.wait(&mut events, timeout)?;
            self.io.now = Instant::now();
            for event in &events {
                self.handle_event(event);
            }
            self.turn();
            self.log_flush_at = (self.flush_log)(self.io.now);
        }
        log::info!("bye");
        Ok(())
    }

    /// One turn: serves what is ready, what is due, and what waits for buffers, and
    /// accepts clients.
    pub(super) fn turn(&mut self) {
        self.serve_ready();
        self.serve_expired();
        self.sources.handle_timeouts(&mut self.io);
        self.drain();
        self.sources.wake_waiting(&mut self.io);
        self.accept();
    }

    fn is_done(&self) -> bool {
        self.stop_deadline
            .is_some_and(|until| self.io.len() == 0 || until <= self.io.now)
    }

    fn timeout(&self) -> Option<Duration> {
        if self.io.pending().1 > 0 {
            return Some(Duration::ZERO);
        }
        let times = [
            self.io.due(),
            self.io.accept_due(),
            self.sources.due(),
            self.log_flush_at,
            self.stop_deadline,
        ];
        let next = times.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn handle_event(&mut self, event: &Event) {
        match event.token() {
            WAKER => {} // what it is about is looked at in every turn
            SIGNALS => {
                for command in self.signals.pending() {
                    self.handle_signal(command);
                }
            }
            token => match (Key::from_token(token), Key::from_port_token(token)) {
                (Some(key), _) => self.io.handle_event(key, event),
                (None, Some(port)) => self.sources.handle_port_event(&mut self.io, port),
                (None, None) => self.io.handle_listener_event(),
            },
        }
    }
}

/// The policy that the configuration sets.
pub(super) fn policy(config: &Config, own_ports: Vec<u16>) -> Policy {
    let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Policy {
        targets: config.targets.clone(),
        origins: config.origins.clone(),
        hosts: config.hosts.clone(),
        host_name: host_name.trim().to_owned(),
        own_ports,
    }
}

/// An id that nobody can guess: 128 random bits. `None`: the system has none to give.
pub(super) fn random_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests;
