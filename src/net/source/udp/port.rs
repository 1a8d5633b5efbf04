//! A UDP port of a camera's media, and how a pair of them is found.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;

use crate::net::io::key::Key;

/// Attempts to find an even port with a free one above it.
const ATTEMPTS: usize = 64;
/// Room for a datagram, in bytes, before longer ones have come: what fits a link
/// with the usual MTU.
pub const ROOM: usize = 2048;
/// How long a camera may be silent on the port that it announced before another of
/// its ports is taken for that.
const PROOF: Duration = Duration::from_millis(500);
/// What the system is asked to keep of a port's datagrams, in bytes: a key frame
/// comes at once. It gives what its own limit allows.
const KEPT: usize = 512 * 1024;

/// One socket.
pub struct Port {
    pub socket: UdpSocket,
    /// The RTSP connection it is served with.
    pub link: Key,
    /// Of its frames.
    pub channel: u8,
    /// Where datagrams come from: the camera's address, another that it named,
    /// and the port; before the first datagram it may be unknown.
    pub camera: SocketAddr,
    pub source: Option<IpAddr>,
    pub port: Option<u16>,
    /// Datagrams have come from there.
    pub confirmed: bool,
    /// Another port of the camera, and since when datagrams have come from that.
    pub other: Option<(u16, Instant)>,
    /// Room for one datagram: more than any that came.
    pub room: usize,
    /// Edge-triggered: until it says `WouldBlock`.
    pub readable: bool,
}

impl Port {
    /// Where datagrams should come from.
    pub fn expected(&self) -> SocketAddr {
        let address = self.source.unwrap_or(self.camera.ip());
        SocketAddr::new(address, self.port.unwrap_or(0))
    }

    /// Whether a datagram is the camera's. Some send from another port than they
    /// announced: it is believed if for [`PROOF`] nothing came from that.
    pub fn expects(&mut self, from: SocketAddr, now: Instant) -> bool {
        let address = from.ip().to_canonical();
        let known = address == self.camera.ip().to_canonical() || Some(address) == self.source;
        if !known {
            return false;
        }
        let number = from.port();
        if *self.port.get_or_insert(number) == number {
            self.confirmed = true;
            return true;
        }
        match self.other {
            _ if self.confirmed => false,
            Some((other, since)) if other == number => {
                let proven = since + PROOF <= now;
                if proven {
                    (self.port, self.confirmed) = (Some(number), true);
                }
                proven
            }
            Some(_) => false,
            None => {
                self.other = Some((number, now));
                false
            }
        }
    }
}

/// Two sockets at the address of `local`: an even port, and the one above it.
pub fn bind_pair(mut local: SocketAddr) -> io::Result<(UdpSocket, UdpSocket)> {
    let mut failed = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..ATTEMPTS {
        local.set_port(0);
        let first = UdpSocket::bind(local)?;
        let number = first.local_addr()?.port();
        local.set_port(number ^ 1);
        match UdpSocket::bind(local) {
            Ok(second) => {
                for socket in [&first, &second] {
                    let _ = socket2::SockRef::from(socket).set_recv_buffer_size(KEPT);
                }
                return Ok(match number % 2 {
                    0 => (first, second),
                    _ => (second, first),
                });
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
