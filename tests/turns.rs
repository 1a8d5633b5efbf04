//! Whose turn it is: who asks for much at once gets it bit by bit, and whoever comes
//! meanwhile is not kept waiting until then.
//!
//! Invariant: what a client may say in one turn of the loop is small.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use common::doors::{Door, House};
use common::fake_camera::FakeCamera;
use common::gateway::Config;
use common::http::client_frame;
use common::metrics::Metrics;
use common::socket::Socket;

/// Clients that ask for much.
const CROWD: usize = 20;
/// Bytes of what each of them says.
const MUCH: usize = 20 * 1024;

/// Requests that are answered at once.
fn requests(door: Door) -> Vec<u8> {
    let rtsp = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    let wsp = b"WSP/1.1 GET_INFO\r\nproto: rtsp\r\nseq: 1\r\n\r\n";
    let one = match door {
        Door::Plain => rtsp.to_vec(),
        Door::Onvif | Door::Binary => client_frame(2, rtsp),
        Door::Named | Door::Direct => client_frame(1, wsp),
    };
    one.repeat(MUCH / one.len())
}

/// All of them say it while the gateway stands still, and hang up. Who asks next how
/// many viewers there are is answered before all that is worked off.
#[test]
fn who_asks_for_much_does_not_keep_others_waiting() {
    for (door, protocol) in [
        (Door::Plain, ""),
        (Door::Onvif, "rtsp.onvif.org"),
        (Door::Named, "control"),
    ] {
        let mut house = House::new(Config::new(), FakeCamera::answering());
        let (web, plain) = (house.gateway.address(), house.gateway.rtsp_address());
        let open = |_| match door {
            Door::Plain => TcpStream::connect(plain).unwrap(),
            _ => {
                let socket = Socket::open(web, protocol);
                socket.stream().try_clone().unwrap()
            }
        };
        let mut crowd: Vec<_> = (0..CROWD).map(open).collect();
        let gateway = &mut house.gateway;
        gateway.await_metrics("all of them", |now| now.viewers() == CROWD as f64);
        gateway.signal("STOP");
        for client in &mut crowd {
            client.write_all(&requests(door)).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        }
        let mut next = TcpStream::connect(web).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        next.write_all(request.as_bytes()).unwrap();
        gateway.signal("CONT");
        let mut answer = String::new();
        next.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let there = Metrics::parse(body).viewers();
        assert_eq!(there, CROWD as f64, "{door:?}");
        gateway.await_metrics("all worked off", |now| now.viewers() == 0.0);
    }
}
