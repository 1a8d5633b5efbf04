//! From the host that a viewer names to a link that stands: the limits, the
//! name, the policy, one address after another.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;

use mio::net::TcpStream;

use crate::failure::Failure;

use super::connection::{Connection, Role};
use super::key::Key;
use super::queue::Queue;
use super::resolver::{Answer, Resolver};
use super::server::Server;
use super::source::{Attempt, Link, Reader, Source, Stage, Way};
use super::viewer::Viewer;

impl Server {
    /// A viewer's INIT names its camera.
    pub(super) fn connect(&mut self, viewer: Key, host: String, port: u16) {
        if let Err(limit) = self.admit(viewer) {
            return self.camera_lost(viewer, &Failure::Limit(limit.to_owned()));
        }
        if let Some(found) = self.viewers.get(viewer) {
            log::info!("[c{}] wants rtsp://{host}:{port}", found.id);
        }
        self.expect(viewer, Some(self.now + self.config.limits.handshake));
        let queue = Queue::new(self.config.limits.backlog, self.pool.buffer_size());
        let source = Source::new(Reader::Viewer(viewer), queue, Way::default(), self.now);
        let Some(source) = self.sources.insert(source) else {
            let words = "the gateway has all the cameras that it can have";
            return self.camera_lost(viewer, &Failure::Limit(words.to_owned()));
        };
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.source = Some(source);
        }
        self.connect_for(Attempt { source, number: 0 }, &host, port);
    }

    /// Looks a camera up and connects to it, by the deadline of the attempt.
    pub(super) fn connect_for(&mut self, attempt: Attempt, host: &str, port: u16) {
        match Resolver::literal(host, port) {
            Some(address) => self.connect_to(attempt.source, address.to_string(), vec![address]),
            None => self.look_up(attempt, host, port),
        }
    }

    fn look_up(&mut self, attempt: Attempt, host: &str, port: u16) {
        let client = self.client_of(attempt.source);
        let until = self.connect_by(attempt.source);
        let asked = self.resolver.ask(attempt, host, port, until, client);
        if let Err(error) = asked {
            self.link_failed(attempt.source, &Failure::Limit(error.to_string()));
        }
    }

    /// Until when a link must stand.
    fn connect_by(&self, place: Key) -> Instant {
        let by = match self.sources.get(place).map(|source| &source.reader) {
            Some(Reader::Viewer(viewer)) => self.viewers.get(*viewer).and_then(Viewer::open_by),
            Some(Reader::Shared(shared)) => Some(shared.camera.connect_by()),
            None => None,
        };
        by.unwrap_or(self.now)
    }

    /// Whether an attempt waits for a link. One that was given up does not, nor
    /// does one that has its link.
    fn awaits_link(&self, attempt: Attempt) -> bool {
        let Some(source) = self.sources.get(attempt.source) else {
            return false;
        };
        let awaits = match &source.reader {
            Reader::Viewer(viewer) => {
                let found = self.viewers.get(*viewer);
                found.is_some_and(|found| found.channel.is_connecting())
            }
            Reader::Shared(shared) => shared.camera.awaits_link(attempt.number),
        };
        awaits && source.connection.is_none()
    }

    /// The network of the viewer who named a camera.
    fn client_of(&self, place: Key) -> Option<IpAddr> {
        let viewer = self.sources.get(place)?.viewer()?;
        let control = self.viewers.get(viewer)?.sockets.control()?;
        self.connections.get(control).map(Connection::network)
    }

    fn is_direct(&self, place: Key) -> bool {
        self.sources.get(place).is_some_and(Source::is_direct)
    }

    /// Takes what was found out about names.
    pub(super) fn serve_names(&mut self) {
        while let Some(answer) = self.resolver.answer(self.now) {
            self.resolved(answer);
        }
    }

    fn resolved(&mut self, answer: Answer) {
        let Answer {
            attempt,
            host,
            port,
            addresses,
        } = answer;
        if !self.awaits_link(attempt) {
            return;
        }
        let late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        let (is_late, why) = match addresses {
            Ok(addresses) if !addresses.is_empty() => {
                return self.connect_to(attempt.source, format!("{host}:{port}"), addresses);
            }
            Ok(_) => (false, "it has no address".to_owned()),
            Err(error) => (late(&error), error.to_string()),
        };
        let place = attempt.source;
        log::info!("[{}] the name {host}: {why}", self.source_name(place));
        let name = match self.is_direct(place) {
            true => format!("the name {host}"),
            false => "the camera's name".to_owned(),
        };
        let failure = match is_late {
            true => Failure::Late(format!("no name server answers for {name}")),
            false => Failure::Refused(format!("there is no host with {name}")),
        };
        self.link_failed(place, &failure);
    }

    /// Checks addresses against the policy, then tries those allowed in turn.
    fn connect_to(&mut self, source: Key, place: String, addresses: Vec<SocketAddr>) {
        let mut allowed = Vec::with_capacity(addresses.len());
        let mut forbidden = None;
        for address in addresses {
            match self.may_connect(source, address) {
                Ok(()) => allowed.push(address),
                Err(reason) => forbidden = Some((address, reason)),
            }
        }
        match forbidden {
            Some((address, reason)) if allowed.is_empty() => {
                log::info!("[{}] {reason}", self.source_name(source));
                let words = match self.is_direct(source) {
                    true => reason.replace(&address.to_string(), &place),
                    false => "the camera redirects to an address that is not allowed: \
                        see \"targets\" in the configuration"
                        .to_owned(),
                };
                self.link_failed(source, &Failure::Forbidden(words));
            }
            _ => {
                allowed.reverse();
                let rest = allowed;
                self.try_next(source, Way { place, rest }, None);
            }
        }
    }

    /// Where a configured camera is, is the operator's choice. Where it redirects
    /// to is not: that must be the same host, or one that viewers may name.
    fn may_connect(&self, source: Key, address: SocketAddr) -> Result<(), String> {
        if let Some(shared) = self.sources.shared(source)
            && (!shared.camera.is_elsewhere() || shared.home == Some(address.ip()))
        {
            return Ok(());
        }
        self.policy.target(address, is_own(address))
    }

    /// Connects to the last address of `way`; they are tried from the end.
    fn try_next(&mut self, source: Key, mut way: Way, mut failed: Option<(SocketAddr, io::Error)>) {
        loop {
            if let Some((address, error)) = &failed {
                log::info!("[{}] {address}: {error}", self.source_name(source));
            }
            let Some(address) = way.rest.pop() else { break };
            match self.open_link(source, address, way.clone()) {
                Ok(()) => return,
                Err(error) => failed = Some((address, error)),
            }
        }
        let failure = match failed {
            Some((_, error)) if error.kind() == io::ErrorKind::TimedOut => Failure::Silent,
            Some((_, error)) => {
                // Viewers of a configured camera are not to learn where it is.
                let place = match self.is_direct(source) {
                    true => format!(" at {}", way.place),
                    false => String::new(),
                };
                Failure::Refused(words(&place, &error))
            }
            None => Failure::Refused("the camera has no address".to_owned()),
        };
        self.link_failed(source, &failure);
    }

    fn open_link(&mut self, place: Key, address: SocketAddr, way: Way) -> io::Result<()> {
        // An address that is silent must leave time for the others.
        let shares = way.rest.len() as u32 + 1;
        let left = self.connect_by(place) - self.now;
        let deadline = self.now + left / shares;
        if !self.renew_link(place, way) {
            return Ok(());
        }
        let viewer = self.sources.get(place).and_then(Source::viewer);
        let id = match viewer.and_then(|viewer| self.viewers.get(viewer)) {
            Some(found) => found.id,
            None => self.listeners.number(),
        };
        let client = self.client_of(place);
        let socket = TcpStream::connect(address)?;
        let role = Role::Camera { source: place };
        let link = self.add_connection(socket, address, id, role, (None, client), deadline)?;
        if let Some(source) = self.sources.get_mut(place) {
            source.connection = Some(link);
        }
        Ok(())
    }

    /// A source gets another link; its media goes on. `false`: it has one.
    fn renew_link(&mut self, place: Key, way: Way) -> bool {
        match self.sources.get_mut(place) {
            Some(source) if source.connection.is_none() => {
                source.queue.drop_unfinished(&mut self.pool);
                source.link = Link::new(way, self.now);
                true
            }
            _ => false,
        }
    }

    /// One address failed: the next.
    pub(super) fn connect_failed(&mut self, key: Key, place: Key, way: Way, error: io::Error) {
        let failed = self.connections.get(key).map(|c| (c.peer, error));
        self.drop_link(place);
        self.try_next(place, way, failed);
    }

    /// Whether the link stands now.
    pub(super) fn finish_connect(&mut self, key: Key, place: Key, way: Way) -> bool {
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        let error = match connection.socket.take_error() {
            Ok(Some(error)) | Err(error) => Some(error),
            Ok(None) => match connection.socket.peer_addr() {
                Ok(_) => None,
                Err(_) if !connection.hung_up => return false,
                Err(error) => Some(error),
            },
        };
        if let Some(error) = error {
            self.connect_failed(key, place, way, error);
            return false;
        }
        let Some(source) = self.sources.get_mut(place) else {
            return false;
        };
        source.link.stage = Stage::Open;
        match source.viewer() {
            None => {
                let peer = self.connections.get(key).map(|it| it.peer.ip());
                self.shared_connected(place, peer);
            }
            Some(viewer) => {
                self.expect(viewer, Some(self.now + self.config.limits.handshake));
                if let Some(found) = self.viewers.get_mut(viewer) {
                    found.channel.camera_connected();
                    self.run_channel(viewer);
                }
            }
        }
        self.connections.get(key).is_some()
    }
}

/// Whether an address is one of this machine's: only those can be bound to.
/// When in doubt it is.
fn is_own(address: SocketAddr) -> bool {
    let mut address = address;
    address.set_ip(address.ip().to_canonical());
    address.set_port(0);
    match UdpSocket::bind(address) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::AddrNotAvailable,
    }
}

/// Why a camera cannot be connected to; `place` is nothing, or ` at …`.
fn words(place: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("the camera{place} refuses connections: is it on, and is the port right?")
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            format!("the camera{place} cannot be reached from the gateway")
        }
        _ => format!("the camera{place} cannot be connected to: {error}"),
    }
}

#[cfg(test)]
mod tests;
