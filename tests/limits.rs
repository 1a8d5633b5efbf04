//! More than the gateway can hold: connections, descriptors, viewers of one
//! address, requests nobody takes, replies nobody reads.
//!
//! Invariant: what is too much is refused or waits; memory stays what it was,
//! and everything is served again once there is room.

mod common;

use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::http::{self, Connection, client_frame, upgrade};
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, init, target};

/// KiB that a gateway may grow by while one viewer misbehaves.
const LITTLE: u64 = 4 * 1024;

#[test]
fn connections_beyond_what_it_holds_wait_until_the_silent_ones_are_gone() {
    let gateway = Config::new()
        .limit("handshakes", "20")
        .limit("handshake", "1s")
        .start();
    let before = gateway.metrics();
    let from = |number: u8| Opening {
        from: Some([127, 0, 0, number].into()),
        ..Opening::default()
    };
    let silent: Vec<Connection> = (0..60)
        .map(|number| Connection::open_as(gateway.address(), from(2 + number % 6)))
        .collect();
    gateway.await_log(&["no new connections", "\"handshakes\""]);
    let health = http::get(gateway.address(), "/healthz");
    assert_eq!(health.text().trim(), "ok");
    drop(silent);
    gateway.await_as_before(&before);
}

#[test]
fn a_gateway_out_of_descriptors_goes_on_and_recovers() {
    let gateway = Config::new().descriptors(40).start();
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
    let gateway = Config::new().descriptors(40).start();
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
    let opening = Opening {
        from: Some([127, 0, 0, 2].into()),
        ..Opening::default()
    };
    let mut other = Socket::open_as(gateway.address(), "control", opening);
    let reply = other.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!(reply.code, 200, "{reply:?}");
}

/// Connections of one address that may wait for something: half of the default
/// of `handshakes`.
const WAITING: usize = 128;

#[test]
fn one_address_cannot_hoard_connections() {
    let gateway = Config::new().limit("handshake", "60s").start();
    let address = gateway.address();
    let camera = FakeCamera::answering();
    let mut viewer = Viewer::join(&gateway, &camera);
    let mut plain: Vec<Connection> = (0..40).map(|_| Connection::open(address)).collect();
    let mut sockets: Vec<Socket> = (40..WAITING)
        .map(|number| Socket::open(address, ["control", "data"][number % 2]))
        .collect();
    let opening = |last| Opening {
        from: Some([127, 0, 0, last].into()),
        ..Opening::default()
    };
    let before = gateway.metrics_from(opening(2));
    assert_eq!(before.connections("http"), 41.0);
    for _ in 0..50 {
        assert!(
            Connection::open(address).rest().is_empty(),
            "closed at once"
        );
    }
    let after = gateway.metrics_from(opening(2));
    assert_eq!(after.held(), before.held(), "no more of them than before");
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
    let mut other = Socket::open_as(address, "control", opening(3));
    let reply = other.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!(reply.code, 200, "{reply:?}");
    // Whoever says what he wants is idle no more, and makes room for another.
    plain[0].send(&upgrade(address, "control", &[]));
    assert_eq!(plain[0].reply().status, 101);
    assert!(Connection::open(address).rest().is_empty());
    let control = &mut sockets[0];
    let reply = control.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!(reply.code, 200, "{reply:?}");
    assert_eq!(http::get(address, "/healthz").status, 200);
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
