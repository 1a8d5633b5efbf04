//! A UDP port for a camera's media, and how a pair of ports is found.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;

use crate::net::io::key::Key;

/// The number of attempts to find an even port with a free one above it.
const ATTEMPTS: usize = 64;
/// Room for a datagram in bytes, before longer ones have arrived: enough for a link
/// with the usual MTU.
pub const ROOM: usize = 2048;
/// How long a camera must have been silent on the port that it announced before another
/// of its ports is accepted.
const PROOF: Duration = Duration::from_millis(500);
/// The size of the receive buffer that the system is asked for, in bytes, because a key
/// frame arrives all at once. The system's own limit may be lower.
const KEPT: usize = 512 * 1024;

/// A UDP port that receives a camera's datagrams.
pub struct Port {
    pub socket: UdpSocket,
    /// The RTSP connection that it is served with.
    pub link: Key,
    /// The interleaved channel that its datagrams become frames of.
    pub channel: u8,
    /// Where datagrams come from: the camera's address, another address that it
    /// announced, and the port, which may be unknown before the first datagram.
    pub camera: SocketAddr,
    pub source: Option<IpAddr>,
    pub port: Option<u16>,
    /// Whether datagrams have come from there.
    pub confirmed: bool,
    /// Another port of the camera, and when the first datagram came from it.
    pub other: Option<(u16, Instant)>,
    /// Room for one datagram in bytes: more than the longest that has arrived.
    pub room: usize,
    /// Edge-triggered: set until the socket reports `WouldBlock`.
    pub readable: bool,
}

impl Port {
    /// Where datagrams are expected from.
    pub fn expected(&self) -> SocketAddr {
        let address = self.source.unwrap_or(self.camera.ip());
        SocketAddr::new(address, self.port.unwrap_or(0))
    }

    /// Whether a datagram comes from the camera. Some cameras send from another port
    /// than they announced, which is accepted if nothing came from the announced one
    /// for [`PROOF`].
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

/// Binds two sockets at the address of `local`: an even port, and the one above it.
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
