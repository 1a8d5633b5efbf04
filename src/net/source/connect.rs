//! Connecting to a camera: its host name is resolved, its addresses are checked against
//! the policy, and those allowed are tried one after the other.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;

use crate::failure::Failure;
use crate::net::io::connection::Role;
use crate::net::io::key::Key;
use crate::net::io::{Client, Io};

use super::resolver::{Resolution, Resolver};
use super::{Attempt, Candidates, Event, Link, Phase, Reader, Source, Sources};

impl Sources {
    /// Resolves a camera's host and connects to it, by the deadline of the source.
    pub(super) fn connect(&mut self, io: &mut Io, attempt: Attempt, host: &str, port: u16) {
        if let Some(address) = Resolver::literal(host, port) {
            return self.connect_to(io, attempt.source, address.to_string(), vec![address]);
        }
        let client = self.client_of(attempt.source);
        let until = self.connect_by(attempt.source, io.now);
        let asked = self.resolver.resolve(attempt, host, port, until, client);
        if let Err(error) = asked {
            self.fail_link(io, attempt.source, &Failure::Limit(error.to_string()));
        }
    }

    /// When a source's link must be connected.
    fn connect_by(&self, key: Key, now: Instant) -> Instant {
        match self.all.get(key).map(|source| &source.reader) {
            Some(Reader::Direct(direct)) => direct.connect_by,
            Some(Reader::Shared(shared)) => shared.camera.connect_by(),
            None => now,
        }
    }

    /// Whether the source still waits for the link of this attempt.
    fn awaits_link(&self, attempt: Attempt) -> bool {
        let Some(source) = self.all.get(attempt.source) else {
            return false;
        };
        let awaits = match &source.reader {
            Reader::Direct(_) => matches!(source.link.phase, Phase::Connecting(_)),
            Reader::Shared(shared) => shared.camera.awaits_link(attempt.number),
        };
        awaits && source.connection.is_none()
    }

    /// The network of the viewer who named a camera.
    fn client_of(&self, key: Key) -> Option<IpAddr> {
        self.all.get(key)?.direct()?.client
    }

    fn is_direct(&self, key: Key) -> bool {
        self.all.get(key).is_some_and(Source::is_direct)
    }

    fn name_of(&self, key: Key) -> String {
        self.all.get(key).map(Source::log_name).unwrap_or_default()
    }

    /// Handles the host names that were resolved.
    pub(super) fn handle_resolutions(&mut self, io: &mut Io) {
        while let Some(resolution) = self.resolver.next_resolution(io.now) {
            self.handle_resolution(io, resolution);
        }
    }

    fn handle_resolution(&mut self, io: &mut Io, resolution: Resolution) {
        let Resolution {
            attempt,
            host,
            port,
            addresses,
        } = resolution;
        if !self.awaits_link(attempt) {
            return;
        }
        let key = attempt.source;
        let late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        let (timed_out, why) = match addresses {
            Ok(addresses) if !addresses.is_empty() => {
                return self.connect_to(io, key, format!("{host}:{port}"), addresses);
            }
            Ok(_) => (false, "it has no address".to_owned()),
            Err(error) => (late(&error), error.to_string()),
        };
        log::info!("[{}] the name {host}: {why}", self.name_of(key));
        let name = match self.is_direct(key) {
            true => format!("the name {host}"),
            false => "the camera's name".to_owned(),
        };
        let failure = match timed_out {
            true => Failure::Late(format!("no name server answers for {name}")),
            false => Failure::Refused(format!("there is no host with {name}")),
        };
        self.fail_link(io, key, &failure);
    }

    /// Checks addresses against the policy, then tries those that are allowed in turn.
    fn connect_to(
        &mut self,
        io: &mut Io,
        key: Key,
        display_name: String,
        addresses: Vec<SocketAddr>,
    ) {
        let mut allowed = Vec::with_capacity(addresses.len());
        let mut forbidden = None;
        for address in addresses {
            match self.may_connect(key, address) {
                Ok(()) => allowed.push(address),
                Err(reason) => forbidden = Some((address, reason)),
            }
        }
        match forbidden {
            Some((address, reason)) if allowed.is_empty() => {
                log::info!("[{}] {reason}", self.name_of(key));
                let message = match self.is_direct(key) {
                    true => reason.replace(&address.to_string(), &display_name),
                    false => "the camera redirects to an address that is not allowed: \
                        see \"targets\" in the configuration"
                        .to_owned(),
                };
                self.fail_link(io, key, &Failure::Forbidden(message));
            }
            _ => {
                allowed.reverse();
                let addresses = allowed;
                self.try_next(
                    io,
                    key,
                    Candidates {
                        display_name,
                        addresses,
                    },
                    None,
                );
            }
        }
    }

    /// Whether a source may connect to an address. The operator decides where a
    /// configured camera is, but not where it redirects to: that must be the same host,
    /// or one that viewers may name.
    fn may_connect(&self, key: Key, address: SocketAddr) -> Result<(), String> {
        if let Some(shared) = self.shared(key)
            && (!shared.camera.is_elsewhere() || shared.home_address == Some(address.ip()))
        {
            return Ok(());
        }
        self.policy.target(address, is_own(address))
    }

    /// Connects to the last address of `candidates`. They are tried from the end.
    fn try_next(
        &mut self,
        io: &mut Io,
        key: Key,
        mut candidates: Candidates,
        mut failed: Option<(SocketAddr, io::Error)>,
    ) {
        loop {
            if let Some((address, error)) = &failed {
                log::info!("[{}] {address}: {error}", self.name_of(key));
            }
            let Some(address) = candidates.addresses.pop() else {
                break;
            };
            match self.open_link(io, key, address, candidates.clone()) {
                Ok(()) => return,
                Err(error) => failed = Some((address, error)),
            }
        }
        let failure = match failed {
            Some((_, error)) if error.kind() == io::ErrorKind::TimedOut => Failure::Silent,
            Some((_, error)) => {
                // Viewers must not learn where a configured camera is.
                let place = match self.is_direct(key) {
                    true => format!(" at {}", candidates.display_name),
                    false => String::new(),
                };
                Failure::Refused(connect_error_message(&place, &error))
            }
            None => Failure::Refused("the camera has no address".to_owned()),
        };
        self.fail_link(io, key, &failure);
    }

    fn open_link(
        &mut self,
        io: &mut Io,
        key: Key,
        to: SocketAddr,
        candidates: Candidates,
    ) -> io::Result<()> {
        // A silent address must leave time for the others.
        let shares = candidates.addresses.len() as u32 + 1;
        let left = self.connect_by(key, io.now) - io.now;
        let deadline = io.now + left / shares;
        let Some(source) = self.all.get_mut(key) else {
            return Ok(());
        };
        if source.connection.is_some() {
            return Ok(());
        }
        // A new link of a source continues its media after the last complete frame.
        source.queue.discard_partial_frame(&mut self.pool);
        source.link = Link::new(candidates, io.now);
        let id = match source.direct() {
            Some(direct) => direct.id,
            None => io.next_id(),
        };
        let client = Client {
            place: None,
            network: source.direct().and_then(|direct| direct.client),
        };
        let stream = io.dial(to)?;
        let role = Role::Camera { source: key };
        source.connection = Some(io.add(stream, to, id, role, client, deadline)?);
        Ok(())
    }

    /// An address failed: tries the next.
    pub(super) fn connect_failed(
        &mut self,
        io: &mut Io,
        link: Key,
        key: Key,
        candidates: Candidates,
        error: io::Error,
    ) {
        let failed = io.get(link).map(|connection| (connection.peer, error));
        self.close_link_now(io, key);
        self.try_next(io, key, candidates, failed);
    }

    /// Whether the link is connected now.
    pub(super) fn finish_connect(
        &mut self,
        io: &mut Io,
        link: Key,
        key: Key,
        candidates: Candidates,
    ) -> bool {
        let Some(connection) = io.get(link) else {
            return false;
        };
        match connection.stream.connect_result(connection.hung_up) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                self.connect_failed(io, link, key, candidates, error);
                return false;
            }
        }
        let peer = connection.peer.ip();
        let Some(source) = self.all.get_mut(key) else {
            return false;
        };
        source.link.phase = Phase::Open;
        match source.direct().map(|direct| direct.viewer) {
            Some(viewer) => self.events.push_back(Event::CameraConnected { viewer }),
            None => self.camera_connected(io, key, Some(peer)),
        }
        true
    }
}

/// Whether an address belongs to this machine, in which case it can be bound to. In
/// doubt it does.
fn is_own(address: SocketAddr) -> bool {
    let mut address = address;
    address.set_ip(address.ip().to_canonical());
    address.set_port(0);
    match UdpSocket::bind(address) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::AddrNotAvailable,
    }
}

/// Why connecting to a camera failed. `place` is empty, or ` at …`.
fn connect_error_message(place: &str, error: &io::Error) -> String {
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
