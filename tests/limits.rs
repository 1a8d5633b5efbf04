//! More than the gateway can hold: connections, descriptors, viewers of one
//! address, requests nobody takes, replies nobody reads.
//!
//! Invariant: what is too much is refused or waits; memory stays what it was,
//! and everything is served again once there is room.

mod common;

use std::io::Read;

use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::http::{self, Connection, client_frame, upgrade};
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, init, target};

/// KiB that a gateway may grow by while one viewer misbehaves.
const LITTLE: u64 = 4 * 1024;

fn from(number: u8) -> Opening<'static> {
    Opening {
        from: Some([127, 0, 0, number].into()),
        ..Opening::default()
    }
}

/// Silent connections, from so many networks in turn.
fn silent(gateway: &Gateway, count: u8, networks: u8) -> Vec<Connection> {
    let openings = (0..count).map(|number| from(20 + number % networks));
    openings
        .map(|opening| Connection::open_as(gateway.address(), opening))
        .collect()
}

#[test]
fn connections_beyond_what_it_holds_take_the_places_of_silent_ones() {
    for networks in [1, 2, 3, 6] {
        let gateway = Config::new()
            .limit("handshakes", "20")
            .limit("handshake", "300s")
            .start();
        let before = gateway.metrics();
        let silent = silent(&gateway, 60, networks);
        gateway.await_log(&["make room", "\"handshakes\""]);
        for number in 0..9 {
            let health = http::get_as(gateway.address(), "/healthz", from(2 + number));
            assert_eq!(health.text().trim(), "ok", "{networks} networks");
        }
        let after = gateway.metrics();
        assert!(after.connections("http") <= 20.0, "{after:?}");
        drop(silent);
        gateway.await_as_before(&before);
    }
}

/// Whoever is about to say what he wants is not pushed out by those who say nothing.
#[test]
fn a_flood_pushes_out_nobody_of_a_network_with_fewer() {
    let gateway = Config::new()
        .limit("handshakes", "20")
        .limit("handshake", "300s")
        .start();
    let (address, camera) = (gateway.address(), FakeCamera::answering());
    let mut plain = Connection::open_as(address, from(2));
    let mut control = Socket::open_as(address, "control", from(3));
    let mut floods: Vec<Connection> = silent(&gateway, 60, 1);
    floods.extend(silent(&gateway, 90, 3));
    let before = gateway.metrics_from(from(4));
    assert_eq!(
        before.connections("http") + before.connections("control"),
        20.0
    );
    plain.send(&upgrade(address, "control", &[]));
    assert_eq!(plain.reply().status, 101);
    let reply = control.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!(reply.code, 200, "{reply:?}");
    drop(floods);
}

/// Descriptors that are gone before so many connections say nothing that they make room.
const FEW: u32 = 20;

#[test]
fn a_gateway_out_of_descriptors_goes_on_and_recovers() {
    let gateway = Config::new().descriptors(FEW).start();
    let camera = FakeCamera::answering();
    let mut viewer = Viewer::join(&gateway, &camera);
    let before = gateway.metrics();
    let crowd: Vec<Connection> = (0..60)
        .map(|_| Connection::open(gateway.address()))
        .collect();
    gateway.await_log(&["no new connections"]);
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
    drop(crowd);
    gateway.await_as_before(&before);
    Viewer::join(&gateway, &camera);
}

#[test]
fn a_system_without_memory_for_connections_is_asked_again_later() {
    let gateway = Config::new()
        .fault("accept4:error=ENOMEM:when=2..3")
        .start();
    for _ in 0..4 {
        let health = http::get(gateway.address(), "/healthz");
        assert_eq!(health.text().trim(), "ok");
    }
    gateway.await_log(&["no new connections", "memory"]);
}

#[test]
fn a_link_that_finds_no_descriptor_is_refused_in_words() {
    let gateway = Config::new().descriptors(FEW).start();
    let camera = FakeCamera::answering();
    let mut control = Socket::open(gateway.address(), "control");
    let crowd: Vec<Connection> = (0..60)
        .map(|_| Connection::open(gateway.address()))
        .collect();
    gateway.await_log(&["no new connections"]);
    let reply = control.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert!([502, 503].contains(&reply.code), "{reply:?}");
    control.await_close();
    drop(crowd);
    Viewer::join(&gateway, &camera);
}

#[test]
fn one_address_cannot_take_the_places_of_the_others() {
    let gateway = Config::new().limit("per_address", "2").start();
    let camera = FakeCamera::answering();
    let _viewers = [(); 2].map(|()| Viewer::join(&gateway, &camera));
    let (mut third, reply) = init(&gateway, "127.0.0.1", camera.port());
    assert_eq!((reply.code, third.await_close()), (503, 1013), "{reply:?}");
    assert!(reply.reason.contains("per_address"), "{reply:?}");
    let mut other = Socket::open_as(gateway.address(), "control", from(2));
    let reply = other.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!(reply.code, 200, "{reply:?}");
}

#[test]
fn one_address_cannot_hoard_connections() {
    const PLACES: usize = 60;
    let gateway = Config::new()
        .limit("handshake", "300s")
        .limit("handshakes", &PLACES.to_string())
        .start();
    let address = gateway.address();
    let camera = FakeCamera::answering();
    let mut viewer = Viewer::join(&gateway, &camera);
    let mut sockets: Vec<Socket> = (0..PLACES / 2)
        .map(|number| Socket::open(address, ["control", "data"][number % 2]))
        .collect();
    let mut plain: Vec<Connection> = (PLACES / 2..PLACES)
        .map(|_| Connection::open(address))
        .collect();
    // Each one more takes the place of the one that waits for longest.
    for socket in &mut sockets[..20] {
        plain.push(Connection::open(address));
        let end = socket.stream().read(&mut [0]);
        assert!(matches!(end, Ok(0)), "closed at once: {end:?}");
    }
    let after = gateway.metrics_from(from(2));
    let waiting = ["http", "control", "data"].map(|kind| after.connections(kind));
    assert_eq!(
        waiting.iter().sum::<f64>(),
        (PLACES + 2) as f64,
        "{waiting:?}"
    );
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
    // Whoever says what he wants is idle no more, and makes room for another.
    let mut control = sockets.swap_remove(22);
    let reply = control.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!(reply.code, 200, "{reply:?}");
    for _ in 0..3 * PLACES {
        assert_eq!(http::get(address, "/healthz").status, 200);
    }
    assert_eq!(control.ask("GET_INFO", &[], "").code, 200);
    drop((plain, sockets));
    gateway.await_metrics("the hoard to be gone", |now| now.connections("http") == 1.0);
}

#[test]
fn answered_requests_leave_no_timers_behind() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::answering();
    let mut viewer = Viewer::join(&gateway, &camera);
    let request = viewer.compose("OPTIONS", &[]);
    assert_eq!(viewer.exchange(&request).status(), 200);
    let before = gateway.metrics().timers();
    for _ in 0..10_000 / 16 {
        let seqs = [(); 16].map(|()| viewer.wrap(&request));
        for seq in &seqs {
            assert_eq!(viewer.response(seq).status(), 200);
        }
    }
    let after = gateway.metrics().timers();
    assert!(
        after <= before + 16.0,
        "{before} timers before, {after} after"
    );
}

#[test]
fn pings_from_those_who_do_not_read_are_not_hoarded() {
    let gateway = Gateway::start_default();
    let before = gateway.metrics();
    let unread = Opening {
        receive_buffer: Some(4 * 1024),
        segment: Some(536),
        ..Opening::default()
    };
    let memory = gateway.resident();
    let pings = client_frame(9, &[0x5a; 125]).repeat(500);
    let mut flooding: Vec<Connection> = ["control", "data"]
        .iter()
        .map(|protocol| {
            let mut connection = Connection::open_as(gateway.address(), unread);
            connection.send(&upgrade(gateway.address(), protocol, &[]));
            assert_eq!(connection.reply().status, 101);
            connection
        })
        .collect();
    for _ in 0..120 {
        flooding
            .iter_mut()
            .for_each(|connection| connection.offer(&pings));
    }
    let grown = gateway.resident().saturating_sub(memory);
    assert!(grown < LITTLE, "{grown} KiB for pongs that nobody reads");
    drop(flooding);
    gateway.await_as_before(&before);
}

#[test]
fn requests_that_the_camera_does_not_take_are_not_hoarded() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(Link::freeze);
    let before = gateway.metrics();
    let memory = gateway.resident();
    let mut viewer = Viewer::join(&gateway, &camera);
    let body = "x".repeat(8_000);
    let request = format!(
        "SET_PARAMETER {} RTSP/1.0\r\nCSeq: 1\r\nContent-Length: {}\r\n\r\n{body}",
        camera.url(),
        body.len()
    );
    let wrap = format!("WSP/1.1 WRAP\r\nseq: 1\r\n\r\n{request}");
    for _ in 0..6_000 {
        if viewer.control.try_send(&wrap).is_err() {
            break; // closed for it: that is one way not to hoard
        }
    }
    let grown = gateway.resident().saturating_sub(memory);
    assert!(
        grown < LITTLE,
        "{grown} KiB for one camera that does not read"
    );
    drop(viewer);
    gateway.await_as_before(&before);
}

#[test]
fn replies_that_the_viewer_does_not_read_are_not_hoarded() {
    let gateway = Gateway::start_default();
    let before = gateway.metrics();
    let memory = gateway.resident();
    let opening = Opening {
        receive_buffer: Some(8 * 1024),
        ..Opening::default()
    };
    let mut control = Socket::open_as(gateway.address(), "control", opening);
    let info = "WSP/1.1 GET_INFO\r\nproto: rtsp\r\nhost: 127.0.0.1\r\nport: 554\r\nseq: 1\r\n\r\n";
    let sent = (0..400_000).take_while(|_| control.try_send(info).is_ok());
    let sent = sent.count();
    assert!(sent < 400_000, "all of {sent} requests were taken");
    let grown = gateway.resident().saturating_sub(memory);
    assert!(
        grown < LITTLE,
        "{grown} KiB for one viewer that does not read"
    );
    drop(control);
    gateway.await_as_before(&before);
}
