//! A camera's session over UDP.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::BOUND;
use super::fake_camera::Link;

/// The camera's side of a session over UDP.
pub struct Session {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    /// Where the gateway listens.
    pub to: SocketAddr,
}

impl Session {
    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.rtp.send_to(packet, self.to).map(drop)
    }

    /// A report of the gateway that tells of something.
    pub fn report(&self) -> io::Result<Vec<u8>> {
        let mut bytes = [0; 256];
        loop {
            let (length, _) = self.rtcp.recv_from(&mut bytes)?;
            if length > 8 {
                return Ok(bytes[..length].to_vec());
            }
        }
    }
}

/// Answers until PLAY; TCP is refused.
pub fn set_up(link: &mut Link) -> io::Result<Session> {
    let rtp = UdpSocket::bind("127.0.0.1:0")?;
    let rtcp = UdpSocket::bind("127.0.0.1:0")?;
    rtp.set_read_timeout(Some(BOUND))?;
    rtcp.set_read_timeout(Some(BOUND))?;
    let mut to = None;
    loop {
        let request = link.receive()?;
        let transport = request.header("Transport").unwrap_or_default().to_owned();
        if request.method() == "SETUP" {
            let Some((_, ports)) = transport.split_once("client_port=") else {
                link.reply(&request, "461 Unsupported Transport", &[], b"")?;
                continue;
            };
            let (first, second) = ports.split_once('-').unwrap();
            let number: u16 = first.parse().unwrap();
            assert_eq!((number % 2, number + 1), (0, second.parse().unwrap()));
            to = Some(SocketAddr::from(([127, 0, 0, 1], number)));
            let from = [rtp.local_addr()?.port(), rtcp.local_addr()?.port()];
            let transport = format!(
                "{transport};server_port={}-{};ssrc=00000007",
                from[0], from[1]
            );
            let headers = [("Session", "1;timeout=60"), ("Transport", &*transport)];
            link.reply(&request, "200 OK", &headers, b"")?;
            continue;
        }
        link.send(&Link::usual_reply(&request))?;
        if let ("PLAY", Some(to)) = (request.method(), to) {
            return Ok(Session { rtp, rtcp, to });
        }
    }
}
