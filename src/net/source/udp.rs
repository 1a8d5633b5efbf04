//! Media of shared cameras over UDP: pairs of ports for RTP and RTCP, whose datagrams
//! are read into the camera's queue as interleaved frames.
//!
//! A datagram is received directly into a pool buffer, behind room for the header of an
//! interleaved frame. Only datagrams that arrive out of order are copied, and
//! [`crate::camera`] keeps them. The RTSP connection remains for messages alone, and
//! the ports are served and closed with it.

pub mod port;

use std::io;
use std::net::SocketAddr;

use mio::Interest;
use mio::net::UdpSocket;

use crate::camera::Verdict;
use crate::net::io::Io;
use crate::net::io::connection::ReadOutcome;
use crate::net::io::key::Key;
use crate::net::media::queue::{Arrived, PrepareError};
use crate::protocol::rtsp::framer::{Event, FRAME_HEADER, Framer, Invalid};
use crate::protocol::rtsp::transport;

use super::shared::Shared;
use super::{Source, Sources};
use port::{Port, ROOM, bind_pair};

/// The maximum number of UDP ports of all cameras together.
const MAX_PORTS: usize = Key::PORT_CAPACITY;
/// The number of datagrams read from one port in one turn.
const DATAGRAMS: usize = 64;
impl Sources {
    /// Handles an event of the system for a port.
    pub fn handle_port_event(&mut self, io: &mut Io, key: Key) {
        if let Some(port) = self.ports.get_mut(key) {
            port.readable = true;
            io.schedule(port.link);
        }
    }

    /// Opens pairs of ports for a camera, and informs it of their numbers.
    pub(super) fn open_ports(&mut self, io: &mut Io, camera: Key, pairs: usize) {
        self.close_ports(io, camera);
        let mut numbers = Vec::with_capacity(pairs);
        for pair in 0..pairs {
            match self.open_pair(io, camera, pair as u8 * 2) {
                Ok(pair) => numbers.push(pair),
                Err(error) => {
                    let name = self
                        .all
                        .get(camera)
                        .map(Source::log_name)
                        .unwrap_or_default();
                    log::warn!("[{name}] no UDP ports: {error}");
                    numbers.clear();
                    break;
                }
            }
        }
        if let Some(source) = self.all.get_mut(camera) {
            // From now on the link carries only messages.
            source.queue.discard_partial_frame(&mut self.pool);
        }
        self.with_camera(camera, io.now, |camera, now| {
            camera.ports_opened(&numbers, now);
        });
    }

    fn open_pair(&mut self, io: &Io, camera: Key, channel: u8) -> io::Result<(u16, u16)> {
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        let link = self.link_of(camera).ok_or_else(gone)?;
        let connection = io.get(link).ok_or_else(gone)?;
        let (local, peer) = (connection.stream.local()?, connection.peer);
        if self.ports.len() + 2 > MAX_PORTS {
            return Err(io::Error::other("all that there may be are open"));
        }
        let (rtp, rtcp) = bind_pair(local)?;
        let numbers = (rtp.local_addr()?.port(), rtcp.local_addr()?.port());
        for (socket, channel) in [(rtp, channel), (rtcp, channel + 1)] {
            self.add_port(io, camera, link, socket, channel, peer)?;
        }
        Ok(numbers)
    }

    fn add_port(
        &mut self,
        io: &Io,
        camera: Key,
        link: Key,
        mut socket: UdpSocket,
        channel: u8,
        peer: SocketAddr,
    ) -> io::Result<()> {
        let registry = io.registry();
        let added = self.ports.insert_with(|key| {
            registry.register(&mut socket, key.port_token(), Interest::READABLE)?;
            Ok::<_, io::Error>(Port {
                socket,
                link,
                channel,
                camera: peer,
                source: None,
                port: None,
                confirmed: false,
                other: None,
                room: ROOM,
                readable: true,
            })
        });
        let key = added.ok_or_else(|| io::Error::other("the table of ports is full"))??;
        if let Some(source) = self.all.get_mut(camera) {
            source.ports.push(key);
        }
        Ok(())
    }

    /// Closes the ports of a camera.
    pub(super) fn close_ports(&mut self, io: &Io, camera: Key) {
        let Some(source) = self.all.get_mut(camera) else {
            return;
        };
        for key in std::mem::take(&mut source.ports) {
            if let Some(mut port) = self.ports.remove(key) {
                let _ = io.registry().deregister(&mut port.socket);
            }
        }
    }

    /// Sets where the datagrams for a pair of ports will come from, as the camera has
    /// announced.
    pub(super) fn expect_datagrams(&mut self, camera: Key, channel: u8, from: transport::Server) {
        let numbers = from.ports.map(|(rtp, rtcp)| [rtp, rtcp]);
        for step in [0, 1] {
            let number = numbers.and_then(|numbers| numbers.get(step).copied());
            let channel = channel.saturating_add(step as u8);
            if let Some(port) = self.port_of(camera, channel) {
                port.port = number;
                port.source = from.source.map(|source| source.to_canonical());
            }
        }
    }

    /// Sends a datagram to where those of a channel come from. Nobody minds if it is
    /// lost.
    pub(super) fn send_datagram(&mut self, camera: Key, channel: u8, bytes: &[u8]) {
        if let Some(port) = self.port_of(camera, channel)
            && let Some(number) = port.port
        {
            let mut to = port.camera;
            to.set_port(number);
            let _ = port.socket.send_to(bytes, to);
        }
    }

    fn port_of(&mut self, camera: Key, channel: u8) -> Option<&mut Port> {
        let ports = &self.all.get(camera)?.ports;
        let is_it = |key: &&Key| {
            self.ports
                .get(**key)
                .is_some_and(|port| port.channel == channel)
        };
        let key = *ports.iter().find(is_it)?;
        self.ports.get_mut(key)
    }

    /// Reads the link of a camera whose media comes over UDP, up to `reads` times. It
    /// may carry messages, and frames that nobody asked for.
    pub fn read_messages(&mut self, io: &mut Io, link: Key, key: Key, reads: &mut usize) -> bool {
        let now = io.now;
        if *reads == 0 {
            io.schedule(link);
            return false;
        }
        *reads -= 1;
        let (Some((connection, scratch)), Some(source)) =
            (io.with_scratch(link), self.all.get_mut(key))
        else {
            return false;
        };
        let taken = match connection.read(scratch) {
            Ok(ReadOutcome::Bytes(count)) => {
                source.link.last_received = now;
                take_messages(&scratch[..count], &mut source.link.framer)
            }
            Ok(ReadOutcome::NothingYet) => return false,
            Ok(ReadOutcome::Closed) | Err(_) => {
                self.link_closed(io, key);
                return false;
            }
        };
        self.handle_arrived(io, key, taken).is_some()
    }

    /// Reads the ports of a camera and passes the media on.
    pub fn read_ports(&mut self, io: &mut Io, link: Key, camera: Key) {
        let takes = |it: &Shared| it.camera.takes_datagrams();
        if !self.shared(camera).is_some_and(takes) || self.link_of(camera) != Some(link) {
            return;
        }
        let Some(source) = self.all.get_mut(camera) else {
            return;
        };
        let ports = source.ports.clone();
        let (mut arrived, mut more) = (Arrived::default(), false);
        for port in ports {
            more |= self.read_port(io, port, camera, link, &mut arrived);
        }
        self.deliver_datagrams(io, camera, &arrived);
        if more {
            io.schedule(link);
        }
    }

    /// Reads one port. `true`: there may be more to read.
    fn read_port(
        &mut self,
        io: &mut Io,
        key: Key,
        camera: Key,
        link: Key,
        arrived: &mut Arrived,
    ) -> bool {
        let now = io.now;
        let max_payload = self.pool.buffer_size() - FRAME_HEADER;
        for _ in 0..DATAGRAMS {
            let Some(port) = self.ports.get(key).filter(|port| port.readable) else {
                return false;
            };
            let (room, channel) = (port.room.min(max_payload), port.channel);
            if !self.prepare_frame(io, camera, link, room) {
                return false;
            }
            let source = self.all.get_mut(camera).and_then(Source::shared_mut);
            let (Some((shared, queue)), Some(port)) = (source, self.ports.get_mut(key)) else {
                return false;
            };
            io.counters.reads += 1;
            let space = queue.frame_room();
            match port.socket.recv_from(space) {
                Ok((_, from)) if !port.expects(from, now) => {
                    shared.camera.stray_datagram(from, port.expected());
                }
                // The datagram may have been cut off. There will be more room for the
                // next ones.
                Ok((count, _)) if count >= space.len() => port.room = (room * 2).min(max_payload),
                Ok((count, _)) => {
                    let verdict = shared.camera.datagram(channel, &space[..count], now);
                    if verdict == Verdict::Take {
                        queue.commit_frame(channel, count);
                        arrived.frames += 1;
                    }
                    self.take_released(io, camera, link, arrived);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    port.readable = false;
                    return false;
                }
                // This error is about an earlier datagram that was sent.
                Err(_) => {}
            }
        }
        true
    }

    /// Releases datagrams that have waited long enough for earlier ones.
    pub(super) fn release_datagrams(&mut self, io: &mut Io, camera: Key) {
        if let Some(link) = self.link_of(camera) {
            let mut arrived = Arrived::default();
            self.take_released(io, camera, link, &mut arrived);
            self.deliver_datagrams(io, camera, &arrived);
        }
    }

    /// Copies datagrams into the queue that arrived early and whose turn has come. They
    /// are lost if there is no room.
    fn take_released(&mut self, io: &mut Io, camera: Key, link: Key, arrived: &mut Arrived) {
        while let Some(shared) = self.shared_mut(camera)
            && let Some((channel, packet)) = shared.camera.released(io.now)
        {
            if !self.prepare_frame(io, camera, link, packet.len()) {
                continue;
            }
            if let Some(source) = self.all.get_mut(camera)
                && let Some(space) = source.queue.frame_room().get_mut(..packet.len())
            {
                space.copy_from_slice(&packet);
                source.queue.commit_frame(channel, packet.len());
                arrived.frames += 1;
            }
        }
    }

    fn deliver_datagrams(&mut self, io: &mut Io, camera: Key, arrived: &Arrived) {
        let Some(source) = self.all.get_mut(camera) else {
            return;
        };
        source.queue.trim(&mut self.pool);
        if arrived.frames > 0 {
            source.link.last_received = io.now;
            source.link.flow.record(io.now);
            io.counters.frames += arrived.frames;
            self.deliver(io, camera);
        }
    }

    /// Makes room for one frame. `false`: there is none, and the link is served again
    /// when there is.
    fn prepare_frame(&mut self, io: &mut Io, camera: Key, link: Key, room: usize) -> bool {
        let Err(why) = self.try_prepare(camera, link, Some(room)) else {
            return true;
        };
        if why == PrepareError::PoolEmpty {
            self.relieve(io, link);
        }
        match self.make_room(io, camera, link, Some(room)) {
            Ok(()) => true,
            Err(why) => {
                self.wait_for_room(io, link, camera, why);
                false
            }
        }
    }
}

/// Parses the messages among `bytes`, and ignores frames.
fn take_messages(bytes: &[u8], framer: &mut Framer) -> Result<Arrived, (Arrived, Invalid)> {
    let mut arrived = Arrived::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let step = match framer.feed(rest) {
            Ok(step) => step,
            Err(invalid) => return Err((arrived, invalid)),
        };
        if step.event == Event::Message {
            arrived.messages.push(framer.message().to_vec());
        }
        rest = rest.get(step.consumed..).unwrap_or_default();
    }
    Ok(arrived)
}
