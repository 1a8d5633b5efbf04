//! Every way in: the kinds of viewers there are, each as far as to be watching.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::carried::{Carried, ask};
use super::fake_camera::FakeCamera;
use super::gateway::{Config, Gateway};
use super::http::client_frame;
use super::rtsp;
use super::socket::{Opening, Socket, connect};
use super::viewer::{join, target};

/// A kind of viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// WSP, a camera that the viewer names.
    Direct,
    /// WSP, a camera of the configuration.
    Named,
    /// RTSP in a WebSocket.
    Onvif,
    Binary,
    /// RTSP over TCP.
    Plain,
}

pub const DOORS: [Door; 5] = [
    Door::Direct,
    Door::Named,
    Door::Onvif,
    Door::Binary,
    Door::Plain,
];

/// Where the doors are: a gateway with the camera `front`, which viewers may also
/// name themselves.
pub struct House {
    pub gateway: Gateway,
    pub camera: FakeCamera,
}

/// Who came in by a door.
pub enum Guest {
    Wsp { control: Box<Socket>, data: Socket },
    Carried(Carried),
    Plain(TcpStream),
}

/// How it went: the status of its protocol, and the reason.
pub type Welcome = Result<Guest, (u16, String)>;

impl House {
    pub fn new(config: Config, camera: FakeCamera) -> House {
        let gateway = config
            .general("rtsp_listen", "127.0.0.1:0")
            .camera("front", &[("url", &camera.url())])
            .start();
        House { gateway, camera }
    }

    fn address(&self, door: Door) -> SocketAddr {
        match door {
            Door::Plain => self.gateway.rtsp_address(),
            _ => self.gateway.address(),
        }
    }

    /// A connection that says nothing.
    pub fn knock(&self, door: Door, opening: Opening<'_>) -> TcpStream {
        connect(self.address(door), opening)
    }

    /// A viewer that wants the camera, as far as it says so; not yet PLAY.
    pub fn enter(&self, door: Door, opening: Opening<'_>) -> Welcome {
        let address = self.address(door);
        match door {
            Door::Direct => {
                let port = self.camera.port().to_string();
                enter_wsp(address, &target("127.0.0.1", &port), opening)
            }
            Door::Named => enter_wsp(address, &target("camgate", "554"), opening),
            Door::Onvif | Door::Binary => {
                let name = match door {
                    Door::Onvif => "rtsp.onvif.org",
                    _ => "binary",
                };
                let mut carried = Carried::new(Socket::open_as(address, name, opening));
                let answer = ask(&mut carried, "DESCRIBE", "front", &[]);
                described(answer, Guest::Carried(carried))
            }
            Door::Plain => {
                let mut stream = connect(address, opening);
                let answer = ask(&mut stream, "DESCRIBE", "front", &[]);
                described(answer, Guest::Plain(stream))
            }
        }
    }
}

fn enter_wsp(address: SocketAddr, target: &[(&str, &str)], opening: Opening<'_>) -> Welcome {
    let mut control = Socket::open_as(address, "control", opening);
    let reply = control.ask("INIT", target, "");
    if reply.code != 200 {
        assert_eq!(control.await_close(), 1013, "{reply:?}");
        return Err((reply.code, reply.reason));
    }
    let channel = reply.header("channel").expect("a channel");
    let data = join(address, channel, true, opening);
    let control = Box::new(control);
    Ok(Guest::Wsp { control, data })
}

fn described(answer: rtsp::Message, guest: Guest) -> Welcome {
    match answer.status() {
        200 => Ok(guest),
        status => Err((status, answer.first_line)),
    }
}

impl Guest {
    /// One request over RTSP, whatever carries it, and the status of the answer.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        match self {
            Guest::Wsp { control, .. } => {
                let mut all = vec![("CSeq", "5")];
                all.extend_from_slice(headers);
                let line = format!("{method} rtsp://camgate/{path} RTSP/1.0");
                let request = String::from_utf8(rtsp::compose(&line, &all, b"")).unwrap();
                let reply = control.ask("WRAP", &[], &request);
                let status = reply.payload.split(' ').nth(1).unwrap_or_default();
                status.parse().unwrap_or(reply.code)
            }
            Guest::Carried(carried) => ask(carried, method, path, headers).status(),
            Guest::Plain(stream) => ask(stream, method, path, headers).status(),
        }
    }

    /// SETUP and PLAY of the first track, so that media flow.
    pub fn play(&mut self) {
        let transport = [("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")];
        if let Guest::Wsp { .. } = self {
            assert_eq!(self.ask("DESCRIBE", "front", &[]), 200);
        }
        assert_eq!(self.ask("SETUP", "front/track0", &transport), 200);
        assert_eq!(self.ask("PLAY", "front", &[]), 200);
    }

    /// The socket that media come on.
    pub fn stream(&self) -> &TcpStream {
        match self {
            Guest::Wsp { data, .. } => data.stream(),
            Guest::Carried(carried) => carried.stream(),
            Guest::Plain(stream) => stream,
        }
    }

    /// Whether the gateway has hung up, found out by reading on: at least a little,
    /// at most what there is. Pings are answered.
    pub fn is_gone(&mut self) -> bool {
        let mut room = vec![0; 64 * 1024];
        let read = match self {
            Guest::Carried(carried) => carried.read(&mut room),
            _ => self.stream().read(&mut room),
        };
        match read {
            Ok(count) => count == 0,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }

    /// A sign of life that asks for nothing to be read; `false`: nobody takes it.
    pub fn live(&mut self) -> bool {
        const OPTIONS: &[u8] = b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n";
        let said = match self {
            Guest::Wsp { control, data } => {
                let pong = client_frame(10, b"");
                let both = [control.stream(), data.stream()];
                both.into_iter().try_for_each(|mut it| it.write_all(&pong))
            }
            Guest::Carried(carried) => {
                let request = client_frame(2, OPTIONS);
                carried.stream().write_all(&request)
            }
            Guest::Plain(stream) => stream.write_all(OPTIONS),
        };
        said.is_ok()
    }
}
