//! Viewers that speak RTSP themselves: over TCP, and as the bytes of a WebSocket.
//!
//! Invariant: they get the same bytes of a shared camera as all others do; only what is
//! around the bytes differs.

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::BOUND;
use common::carried::{Carried, ask};
use common::fake_camera::FakeCamera;
use common::gateway::{Config, Gateway};
use common::pictures::{Packet, Pictures, packets};
use common::rtsp::{self, Upstream};
use common::socket::{Opening, Socket};

fn filming() -> FakeCamera {
    FakeCamera::filming(Pictures::USUAL, Duration::from_millis(5))
}

fn start(camera: &FakeCamera) -> (Gateway, SocketAddr) {
    let gateway = Config::new()
        .general("rtsp_listen", "127.0.0.1:0")
        .limit("handshake", "1s")
        .camera("front", &[("url", &camera.url())])
        .start();
    let address = gateway.rtsp_address();
    (gateway, address)
}

fn play(stream: &mut (impl Read + Write)) -> Vec<Packet> {
    play_at(stream, "front")
}

fn play_at(stream: &mut (impl Read + Write), name: &str) -> Vec<Packet> {
    assert_eq!(ask(stream, "OPTIONS", name, &[]).status(), 200);
    let description = ask(stream, "DESCRIBE", name, &[("Accept", "application/sdp")]);
    assert!(String::from_utf8_lossy(&description.body).contains("a=control:track0"));
    let transport = [("Transport", "RTP/AVP;unicast;client_port=5000-5001")];
    let answer = ask(stream, "SETUP", &format!("{name}/track0"), &transport);
    assert_eq!(answer.status(), 461, "clients then try TCP");
    let transport = [("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")];
    let answer = ask(stream, "SETUP", &format!("{name}/track0"), &transport);
    let session = answer.header("Session").unwrap().to_owned();
    assert_eq!(
        ask(stream, "PLAY", name, &[("Session", &session)]).status(),
        200
    );
    let mut all = Vec::new();
    while all.len() < 100 {
        match rtsp::read_upstream(stream).unwrap() {
            Upstream::Frame(frame) => all.extend(packets(&frame)),
            Upstream::Message(message) => panic!("{message:?}"),
        }
    }
    // In the middle of media.
    assert_eq!(
        ask(stream, "GET_PARAMETER", name, &[("Session", &session)]).status(),
        200
    );
    assert_eq!(
        ask(stream, "TEARDOWN", name, &[("Session", &session)]).status(),
        200
    );
    all
}

fn check(got: &[Packet]) {
    assert_eq!((got[0].packet, got[0].key), (0, true));
    assert!(
        got.windows(2)
            .all(|pair| pair[1].picture - pair[0].picture <= 1)
    );
}

#[test]
fn a_client_of_plain_rtsp_gets_the_camera() {
    let camera = filming();
    let (gateway, address) = start(&camera);
    let before = gateway.metrics();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        check(&play(&mut stream));
    }
    assert_eq!(camera.links(), 1);
    gateway.await_metrics("no viewer", |now| now.viewers() == before.viewers());
}

/// The gateway calls tracks so, and the smaller stream.
#[test]
fn any_name_that_a_camera_may_have_can_be_watched() {
    let camera = filming();
    let url = [("url", &*camera.url()), ("sub", &*camera.url())];
    let names = ["track1", "track0", "sub", "-", "camgate", "a..b", "options"];
    let config = Config::new().general("rtsp_listen", "127.0.0.1:0");
    let config = names.iter().fold(config, |it, name| it.camera(name, &url));
    let gateway = config.start();
    for name in names
        .iter()
        .flat_map(|name| [(*name).to_owned(), format!("{name}/sub")])
    {
        let mut stream = TcpStream::connect(gateway.rtsp_address()).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        check(&play_at(&mut stream, &name));
    }
}

#[test]
fn a_websocket_may_carry_rtsp() {
    let camera = filming();
    let (gateway, _) = start(&camera);
    // The address is said by some, to a relay that is to connect there.
    for (protocol, query) in [
        ("rtsp.onvif.org", ""),
        ("rtsp.onvif.org", "?uri=rtsp://camgate/front"),
        ("binary", ""),
        ("binary", "?uri=rtsp%3A%2F%2Fcamgate%2Ffront"),
    ] {
        let opening = Opening {
            query,
            ..Opening::default()
        };
        let socket = Socket::open_as(gateway.address(), protocol, opening);
        check(&play(&mut Carried::new(socket)));
    }
    assert_eq!(camera.links(), 1);
    gateway.await_metrics("no viewer", |now| now.viewers() == 0.0);
}

#[test]
fn who_asks_for_nothing_or_speaks_no_rtsp_is_closed() {
    let camera = filming();
    let (gateway, address) = start(&camera);
    for said in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[b'x'; 20_000]] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let _ = stream.write_all(said);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest); // its end, or a reset
    }
    gateway.await_metrics("no viewer", |now| now.viewers() == 0.0);
    assert_eq!(camera.links(), 0);
}
