//! From the host that a viewer names to a link that stands: the limits, the
//! name, the policy, one address after another.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use mio::net::TcpStream;

use crate::channel::Failure;

use super::connection::{Connection, Role};
use super::key::Key;
use super::queue::Queue;
use super::resolver::{Answer, Resolver};
use super::server::Server;
use super::viewer::{Link, Owner, Source, Stage, Viewer};

/// Host names that viewers of one address may have in the resolver's line.
const NAMES_PER_ADDRESS: usize = 4;

impl Server {
    /// A viewer's INIT names its camera.
    pub(super) fn connect(&mut self, viewer: Key, host: String, port: u16) {
        if let Some(limit) = self.limit_reached(viewer) {
            return self.camera_lost(viewer, &Failure::Limit(limit));
        }
        if let Some(found) = self.viewers.get_mut(viewer) {
            log::info!("[c{}] wants rtsp://{host}:{port}", found.id);
            found.open_by = Some(self.now + self.config.limits.handshake);
        }
        self.connect_for(Owner::Viewer(viewer), host, port);
    }

    /// Looks a camera up and connects to it.
    pub(super) fn connect_for(&mut self, owner: Owner, host: String, port: u16) {
        match Resolver::literal(&host, port) {
            Some(address) => self.connect_to(owner, vec![address]),
            None => self.look_up(owner, host, port),
        }
    }

    fn look_up(&mut self, owner: Owner, host: String, port: u16) {
        let asked = if self.names_of_others(owner) > NAMES_PER_ADDRESS {
            Err(io::Error::other(
                "too many names of yours are being looked up",
            ))
        } else {
            let until = self.now + self.config.limits.handshake;
            self.resolver.ask(owner, host, port, until)
        };
        if let Err(error) = asked {
            self.link_failed(owner, &Failure::Limit(error.to_string()));
        }
    }

    /// Names that viewers at the address of this one wait for.
    fn names_of_others(&self, owner: Owner) -> usize {
        let Owner::Viewer(viewer) = owner else {
            return 0;
        };
        let address = self.viewer_address(viewer);
        let waiting = self.viewers.iter().filter(|(key, found)| {
            found.channel.is_connecting()
                && found.source.is_none()
                && self.viewer_address(*key) == address
        });
        waiting.count()
    }

    /// There is no link for this one, or no more.
    pub(super) fn link_failed(&mut self, owner: Owner, failure: &Failure) {
        match owner {
            Owner::Viewer(viewer) => self.camera_lost(viewer, failure),
            Owner::Camera(camera) => self.shared_lost(camera, failure),
        }
    }

    /// The name of the limit that one more viewer would exceed.
    pub(super) fn limit_reached(&self, viewer: Key) -> Option<String> {
        let limits = &self.config.limits;
        let address = self.viewer_address(viewer)?;
        let others = || {
            let begun = |(key, v): &(Key, &Viewer)| *key != viewer && v.channel.has_begun();
            self.viewers.iter().filter(begun)
        };
        if others().count() >= limits.viewers {
            return Some("too many viewers: see \"viewers\" in the configuration".to_owned());
        }
        let same = others().filter(|(key, _)| self.viewer_address(*key) == Some(address));
        (same.count() >= limits.viewers_per_address).then(|| {
            "too many viewers from this address: see \"per_address\" in the configuration"
                .to_owned()
        })
    }

    fn viewer_address(&self, viewer: Key) -> Option<IpAddr> {
        let control = self.viewers.get(viewer)?.control?;
        self.connections.get(control).map(Connection::address)
    }

    /// A name was looked up.
    pub(super) fn resolved(&mut self, answer: Answer) {
        match answer.addresses {
            Ok(addresses) if !addresses.is_empty() => {
                self.connect_to(answer.owner, addresses);
            }
            _ => {
                let failure = format!("there is no host with the name {}", answer.host);
                self.link_failed(answer.owner, &Failure::Refused(failure));
            }
        }
    }

    /// Checks addresses against the policy, then tries those allowed in turn.
    /// Where a configured camera is, is the operator's choice.
    fn connect_to(&mut self, owner: Owner, addresses: Vec<SocketAddr>) {
        let mut allowed = Vec::with_capacity(addresses.len());
        let mut forbidden = None;
        for address in addresses {
            let verdict = match owner {
                Owner::Viewer(_) => self.policy.target(address, is_own(address)),
                Owner::Camera(_) => Ok(()),
            };
            match verdict {
                Ok(()) => allowed.push(address),
                Err(reason) => forbidden = Some(reason),
            }
        }
        match forbidden {
            Some(reason) if allowed.is_empty() => {
                self.link_failed(owner, &Failure::Forbidden(reason));
            }
            _ => {
                allowed.reverse();
                self.try_next(owner, allowed, None);
            }
        }
    }

    /// Connects to the last of `addresses`; they are tried from the end.
    fn try_next(
        &mut self,
        owner: Owner,
        mut addresses: Vec<SocketAddr>,
        mut failed: Option<(SocketAddr, io::Error)>,
    ) {
        while let Some(address) = addresses.pop() {
            match self.open_link(owner, address, addresses.clone()) {
                Ok(()) => return,
                Err(error) => failed = Some((address, error)),
            }
        }
        let failure = match failed {
            Some((_, error)) if error.kind() == io::ErrorKind::TimedOut => Failure::Silent,
            Some((address, error)) => Failure::Refused(words(address, &error)),
            None => Failure::Refused("the camera has no address".to_owned()),
        };
        self.link_failed(owner, &failure);
    }

    fn open_link(
        &mut self,
        owner: Owner,
        address: SocketAddr,
        rest: Vec<SocketAddr>,
    ) -> io::Result<()> {
        // An address that is silent must leave time for the others.
        let shares = rest.len() as u32 + 1;
        let (id, source, left) = match owner {
            Owner::Viewer(viewer) => {
                let Some(found) = self.viewers.get(viewer) else {
                    return Ok(());
                };
                let left = found.open_by.unwrap_or(self.now) - self.now;
                (found.id, self.add_source(owner, rest)?, left)
            }
            Owner::Camera(camera) => {
                let Some(source) = self.shared.get(camera).map(|shared| shared.source) else {
                    return Ok(());
                };
                self.renew_source(source, rest);
                (
                    self.listeners.number(),
                    source,
                    self.config.limits.handshake,
                )
            }
        };
        let deadline = self.now + left / shares;
        let added = TcpStream::connect(address).and_then(|socket| {
            self.add_connection(socket, address, id, Role::Camera { source }, deadline)
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
    fn add_source(&mut self, owner: Owner, rest: Vec<SocketAddr>) -> io::Result<Key> {
        let queue = Queue::new(self.config.limits.backlog, self.pool.buffer_size());
        let source = Source::new(owner, queue, rest, self.now);
        let full = || io::Error::other("the table of sources is full");
        self.sources
            .insert_with(|_| Ok::<_, io::Error>(source))
            .ok_or_else(full)?
    }

    /// A shared camera's source gets another link; its media goes on.
    fn renew_source(&mut self, source: Key, rest: Vec<SocketAddr>) {
        if let Some(source) = self.sources.get_mut(source) {
            source.queue.drop_unfinished(&mut self.pool);
            source.link = Link::new(rest, self.now);
        }
    }

    /// One address failed: the next.
    pub(super) fn connect_failed(
        &mut self,
        key: Key,
        owner: Owner,
        rest: Vec<SocketAddr>,
        error: io::Error,
    ) {
        let failed = self.connections.get(key).map(|c| (c.peer, error));
        match owner {
            Owner::Viewer(viewer) => self.forget_source(viewer),
            Owner::Camera(camera) => self.drop_link(camera),
        }
        self.try_next(owner, rest, failed);
    }

    /// Whether the link stands now.
    pub(super) fn finish_connect(&mut self, key: Key, owner: Owner, rest: Vec<SocketAddr>) -> bool {
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
            self.connect_failed(key, owner, rest, error);
            return false;
        }
        if let Some(source) = self.source_of_mut(key) {
            source.link.stage = Stage::Open;
        }
        match owner {
            Owner::Camera(camera) => self.shared_connected(camera),
            Owner::Viewer(viewer) => {
                if let Some(found) = self.viewers.get_mut(viewer) {
                    found.open_by = Some(self.now + self.config.limits.handshake);
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

fn words(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("the camera at {address} refuses connections: is it on, and is the port right?")
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            format!("the camera at {address} cannot be reached from the gateway")
        }
        _ => format!("the camera at {address} cannot be connected to: {error}"),
    }
}
