//! From the host that a viewer names to a link that stands: the limits, the
//! name, the policy, one address after another.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;

use mio::net::TcpStream;

use crate::channel::Failure;

use super::connection::{Connection, Role};
use super::key::Key;
use super::queue::Queue;
use super::resolver::{Answer, Resolver};
use super::server::Server;
use super::viewer::{Attempt, Link, Owner, Source, Stage, Way};

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
        let owner = Owner::Viewer(viewer);
        self.connect_for(Attempt { owner, number: 0 }, &host, port);
    }

    /// Looks a camera up and connects to it, by the deadline of the attempt.
    pub(super) fn connect_for(&mut self, attempt: Attempt, host: &str, port: u16) {
        match Resolver::literal(host, port) {
            Some(address) => self.connect_to(attempt.owner, address.to_string(), vec![address]),
            None => self.look_up(attempt, host, port),
        }
    }

    fn look_up(&mut self, attempt: Attempt, host: &str, port: u16) {
        let client = match attempt.owner {
            Owner::Viewer(viewer) => self.viewer_address(viewer),
            Owner::Camera(_) => None,
        };
        let until = self.connect_by(attempt.owner);
        let asked = self.resolver.ask(attempt, host, port, until, client);
        if let Err(error) = asked {
            self.link_failed(attempt.owner, &Failure::Limit(error.to_string()));
        }
    }

    /// Until when a link must stand.
    fn connect_by(&self, owner: Owner) -> Instant {
        let by = match owner {
            Owner::Viewer(viewer) => self.viewers.get(viewer).and_then(|found| found.open_by()),
            Owner::Camera(camera) => self.shared.get(camera).map(|it| it.camera.connect_by()),
        };
        by.unwrap_or(self.now)
    }

    /// Whether an attempt waits for a link. One that was given up does not, nor
    /// does one that has its link.
    fn awaits_link(&self, attempt: Attempt) -> bool {
        match attempt.owner {
            Owner::Viewer(viewer) => self
                .viewers
                .get(viewer)
                .is_some_and(|found| found.channel.is_connecting() && found.source.is_none()),
            Owner::Camera(camera) => {
                let shared = self.shared.get(camera);
                shared.is_some_and(|it| it.camera.awaits_link(attempt.number))
                    && self.link_of(camera).is_none()
            }
        }
    }

    /// There is no link for this one, or no more.
    pub(super) fn link_failed(&mut self, owner: Owner, failure: &Failure) {
        match owner {
            Owner::Viewer(viewer) => self.camera_lost(viewer, failure),
            Owner::Camera(camera) => self.shared_lost(camera, failure),
        }
    }

    fn viewer_address(&self, viewer: Key) -> Option<IpAddr> {
        let control = self.viewers.get(viewer)?.control?;
        self.connections.get(control).map(Connection::network)
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
                return self.connect_to(attempt.owner, format!("{host}:{port}"), addresses);
            }
            Ok(_) => (false, "it has no address".to_owned()),
            Err(error) => (late(&error), error.to_string()),
        };
        let owner = attempt.owner;
        log::info!("[{}] the name {host}: {why}", self.owner_name(owner));
        let name = match owner {
            Owner::Viewer(_) => format!("the name {host}"),
            Owner::Camera(_) => "the camera's name".to_owned(),
        };
        let failure = match is_late {
            true => Failure::Late(format!("no name server answers for {name}")),
            false => Failure::Refused(format!("there is no host with {name}")),
        };
        self.link_failed(owner, &failure);
    }

    /// Checks addresses against the policy, then tries those allowed in turn.
    fn connect_to(&mut self, owner: Owner, place: String, addresses: Vec<SocketAddr>) {
        let mut allowed = Vec::with_capacity(addresses.len());
        let mut forbidden = None;
        for address in addresses {
            match self.may_connect(owner, address) {
                Ok(()) => allowed.push(address),
                Err(reason) => forbidden = Some((address, reason)),
            }
        }
        match forbidden {
            Some((address, reason)) if allowed.is_empty() => {
                log::info!("[{}] {reason}", self.owner_name(owner));
                let words = match owner {
                    Owner::Viewer(_) => reason.replace(&address.to_string(), &place),
                    Owner::Camera(_) => "the camera redirects to an address that is not allowed: \
                        see \"targets\" in the configuration"
                        .to_owned(),
                };
                self.link_failed(owner, &Failure::Forbidden(words));
            }
            _ => {
                allowed.reverse();
                let rest = allowed;
                self.try_next(owner, Way { place, rest }, None);
            }
        }
    }

    /// Where a configured camera is, is the operator's choice. Where it redirects
    /// to is not: that must be the same host, or one that viewers may name.
    fn may_connect(&self, owner: Owner, address: SocketAddr) -> Result<(), String> {
        if let Owner::Camera(camera) = owner
            && let Some(shared) = self.shared.get(camera)
            && (!shared.camera.is_elsewhere() || shared.home == Some(address.ip()))
        {
            return Ok(());
        }
        self.policy.target(address, is_own(address))
    }

    /// Connects to the last address of `way`; they are tried from the end.
    fn try_next(
        &mut self,
        owner: Owner,
        mut way: Way,
        mut failed: Option<(SocketAddr, io::Error)>,
    ) {
        loop {
            if let Some((address, error)) = &failed {
                log::info!("[{}] {address}: {error}", self.owner_name(owner));
            }
            let Some(address) = way.rest.pop() else { break };
            match self.open_link(owner, address, way.clone()) {
                Ok(()) => return,
                Err(error) => failed = Some((address, error)),
            }
        }
        let failure = match failed {
            Some((_, error)) if error.kind() == io::ErrorKind::TimedOut => Failure::Silent,
            Some((_, error)) => {
                let place = match owner {
                    Owner::Viewer(_) => format!(" at {}", way.place),
                    // Viewers of it are not to learn where it is.
                    Owner::Camera(_) => String::new(),
                };
                Failure::Refused(words(&place, &error))
            }
            None => Failure::Refused("the camera has no address".to_owned()),
        };
        self.link_failed(owner, &failure);
    }

    fn open_link(&mut self, owner: Owner, address: SocketAddr, way: Way) -> io::Result<()> {
        // An address that is silent must leave time for the others.
        let shares = way.rest.len() as u32 + 1;
        let left = self.connect_by(owner) - self.now;
        let (id, source) = match owner {
            Owner::Viewer(viewer) => {
                let Some(found) = self.viewers.get(viewer) else {
                    return Ok(());
                };
                (found.id, self.add_source(owner, way)?)
            }
            Owner::Camera(camera) => {
                let Some(source) = self.shared.get(camera).map(|shared| shared.source) else {
                    return Ok(());
                };
                if !self.renew_source(source, way) {
                    return Ok(());
                }
                (self.listeners.number(), source)
            }
        };
        let deadline = self.now + left / shares;
        let client = match owner {
            Owner::Viewer(viewer) => self.viewer_address(viewer),
            Owner::Camera(_) => None,
        };
        let added = TcpStream::connect(address).and_then(|socket| {
            let role = Role::Camera { source };
            self.add_connection(socket, address, id, role, (None, client), deadline)
        });
        match added {
            Ok(connection) => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.connection = Some(connection);
                }
                if let Owner::Viewer(viewer) = owner
                    && let Some(found) = self.viewers.get_mut(viewer)
                {
                    found.source = Some(source);
                }
                Ok(())
            }
            Err(error) => {
                if let Owner::Viewer(_) = owner {
                    self.sources.remove(source);
                }
                Err(error)
            }
        }
    }

    /// A source for a viewer alone.
    fn add_source(&mut self, owner: Owner, way: Way) -> io::Result<Key> {
        let queue = Queue::new(self.config.limits.backlog, self.pool.buffer_size());
        let source = Source::new(owner, queue, way, self.now);
        let full = || io::Error::other("the table of sources is full");
        self.sources
            .insert_with(|_| Ok::<_, io::Error>(source))
            .ok_or_else(full)?
    }

    /// A shared camera's source gets another link; its media goes on. `false`: it
    /// has one.
    fn renew_source(&mut self, source: Key, way: Way) -> bool {
        match self.sources.get_mut(source) {
            Some(source) if source.connection.is_none() => {
                source.queue.drop_unfinished(&mut self.pool);
                source.link = Link::new(way, self.now);
                true
            }
            _ => false,
        }
    }

    /// One address failed: the next.
    pub(super) fn connect_failed(&mut self, key: Key, owner: Owner, way: Way, error: io::Error) {
        let failed = self.connections.get(key).map(|c| (c.peer, error));
        match owner {
            Owner::Viewer(viewer) => self.forget_source(viewer),
            Owner::Camera(camera) => self.drop_link(camera),
        }
        self.try_next(owner, way, failed);
    }

    /// Whether the link stands now.
    pub(super) fn finish_connect(&mut self, key: Key, owner: Owner, way: Way) -> bool {
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
            self.connect_failed(key, owner, way, error);
            return false;
        }
        if let Some(source) = self.source_of_mut(key) {
            source.link.stage = Stage::Open;
        }
        match owner {
            Owner::Camera(camera) => {
                let peer = self.connections.get(key).map(|it| it.peer.ip());
                self.shared_connected(camera, peer);
            }
            Owner::Viewer(viewer) => {
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
