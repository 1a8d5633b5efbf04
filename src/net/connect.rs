//! From the host that a viewer names to a link that stands: the limits, the
//! name, the policy, one address after another.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use mio::net::TcpStream;

use crate::channel::Failure;
use crate::rtsp::framer::Framer;

use super::connection::{Connection, Role};
use super::key::Key;
use super::queue::Queue;
use super::resolver::{Answer, Resolver};
use super::server::Server;
use super::viewer::{Link, MAX_MESSAGE, Source, Viewer};

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
        match Resolver::literal(&host, port) {
            Some(address) => self.connect_to(viewer, vec![address]),
            None => self.look_up(viewer, host, port),
        }
    }

    fn look_up(&mut self, viewer: Key, host: String, port: u16) {
        let address = self.viewer_address(viewer);
        let waiting = self.viewers.iter().filter(|(key, found)| {
            found.channel.is_connecting()
                && found.source.is_none()
                && self.viewer_address(*key) == address
        });
        let asked = if waiting.count() > NAMES_PER_ADDRESS {
            Err(io::Error::other(
                "too many names of yours are being looked up",
            ))
        } else {
            let until = self.now + self.config.limits.handshake;
            self.resolver.ask(viewer, host, port, until)
        };
        if let Err(error) = asked {
            self.camera_lost(viewer, &Failure::Limit(error.to_string()));
        }
    }

    /// The name of the limit that one more viewer would exceed.
    fn limit_reached(&self, viewer: Key) -> Option<String> {
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
                self.connect_to(answer.key, addresses);
            }
            _ => {
                let failure = format!("there is no host with the name {}", answer.host);
                self.camera_lost(answer.key, &Failure::Refused(failure));
            }
        }
    }

    /// Checks addresses against the policy, then tries those allowed in turn.
    fn connect_to(&mut self, viewer: Key, addresses: Vec<SocketAddr>) {
        let mut allowed = Vec::with_capacity(addresses.len());
        let mut forbidden = None;
        for address in addresses {
            match self.policy.target(address, is_own(address)) {
                Ok(()) => allowed.push(address),
                Err(reason) => forbidden = Some(reason),
            }
        }
        match forbidden {
            Some(reason) if allowed.is_empty() => {
                self.camera_lost(viewer, &Failure::Forbidden(reason));
            }
            _ => {
                allowed.reverse();
                self.try_next(viewer, allowed, None);
            }
        }
    }

    /// Connects to the last of `addresses`; they are tried from the end.
    fn try_next(
        &mut self,
        viewer: Key,
        mut addresses: Vec<SocketAddr>,
        mut failed: Option<(SocketAddr, io::Error)>,
    ) {
        while let Some(address) = addresses.pop() {
            match self.open_link(viewer, address, addresses.clone()) {
                Ok(()) => return,
                Err(error) => failed = Some((address, error)),
            }
        }
        let failure = match failed {
            Some((_, error)) if error.kind() == io::ErrorKind::TimedOut => Failure::Silent,
            Some((address, error)) => Failure::Refused(words(address, &error)),
            None => Failure::Refused("the camera has no address".to_owned()),
        };
        self.camera_lost(viewer, &failure);
    }

    fn open_link(
        &mut self,
        viewer: Key,
        address: SocketAddr,
        rest: Vec<SocketAddr>,
    ) -> io::Result<()> {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return Ok(());
        };
        let id = found.id;
        // An address that is silent must leave time for the others.
        let left = found.open_by.unwrap_or(self.now) - self.now;
        let deadline = self.now + left / (rest.len() as u32 + 1);
        let socket = TcpStream::connect(address)?;
        let limits = &self.config.limits;
        let source = Source {
            viewer,
            connection: None,
            framer: Framer::lenient(MAX_MESSAGE),
            skipped: 0,
            queue: Queue::new(limits.backlog, self.pool.buffer_size()),
            paused: false,
            waiting: false,
            held_up: None,
            heard: self.now,
            flowed: None,
            link: Link::Connecting(rest),
        };
        let full = || io::Error::other("the table of sources is full");
        let source = self
            .sources
            .insert_with(|_| Ok::<_, io::Error>(source))
            .ok_or_else(full)??;
        match self.add_connection(socket, address, id, Role::Camera { source }, deadline) {
            Ok(connection) => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.connection = Some(connection);
                }
                if let Some(found) = self.viewers.get_mut(viewer) {
                    found.source = Some(source);
                }
                Ok(())
            }
            Err(error) => {
                self.sources.remove(source);
                Err(error)
            }
        }
    }

    /// One address failed: the next.
    pub(super) fn connect_failed(
        &mut self,
        key: Key,
        viewer: Key,
        rest: Vec<SocketAddr>,
        error: io::Error,
    ) {
        let failed = self.connections.get(key).map(|c| (c.peer, error));
        self.forget_source(viewer);
        self.try_next(viewer, rest, failed);
    }

    /// Whether the link stands now.
    pub(super) fn finish_connect(&mut self, key: Key, viewer: Key, rest: Vec<SocketAddr>) -> bool {
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
            self.connect_failed(key, viewer, rest, error);
            return false;
        }
        if let Some(source) = self.source_of_mut(key) {
            source.link = Link::Open;
        }
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.open_by = Some(self.now + self.config.limits.handshake);
            found.channel.camera_connected();
            self.run_channel(viewer);
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
