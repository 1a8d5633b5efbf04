//! The way to the camera: which targets a viewer may name, how names are looked
//! up, and what a camera that cannot be reached is called.
//!
//! Invariant: INIT succeeds once the link to the camera stands, and fails with
//! a code, with words and with a closing code that tells whether to come back.

mod common;

use std::net::{SocketAddr, TcpListener};

use common::fake_camera::FakeCamera;
use common::gateway::{Config, Gateway};
use common::socket::{Reply, Socket};
use common::viewer::{Viewer, init, target};

/// INIT must fail with this code, in words that hold `word`, and close so.
fn init_refused(gateway: &Gateway, host: &str, port: u16, code: u16, closing: u16) -> Reply {
    let (mut control, reply) = init(gateway, host, port);
    assert_eq!(reply.code, code, "{host}:{port} {reply:?}");
    assert!(reply.reason.contains(' '), "words for a person: {reply:?}");
    assert_eq!(reply.header("channel"), None, "{reply:?}");
    assert_eq!(control.await_close(), closing, "{host}:{port} {reply:?}");
    reply
}

/// A port that accepts nobody: its backlog is full, so a connect goes
/// unanswered for as long as this lives.
struct Unanswering {
    address: SocketAddr,
    _held: Vec<socket2::Socket>,
}

impl Unanswering {
    fn new() -> Self {
        use socket2::{Domain, Socket, Type};
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut held = vec![listener];
        for _ in 0..3 {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&address.into());
            held.push(filler);
        }
        Self {
            address,
            _held: held,
        }
    }
}

#[test]
fn a_target_outside_the_policy_gets_403_naming_the_setting() {
    let camera = FakeCamera::answering();
    let loopback = Gateway::start_default();
    for host in [
        "192.0.2.1",
        "10.0.0.1",
        "8.8.8.8",
        "::ffff:8.8.8.8",
        "2001:db8::1",
        "169.254.169.254",
    ] {
        let reply = init_refused(&loopback, host, 554, 403, 4003);
        assert!(reply.reason.contains("targets"), "{reply:?}");
    }
    for targets in ["none", "10.0.0.0/8", "127.0.0.1:1"] {
        let strict = Config::new().general("targets", targets).start();
        let reply = init_refused(&strict, "127.0.0.1", camera.port(), 403, 4003);
        assert!(reply.reason.contains("targets"), "{reply:?}");
        init_refused(&strict, "localhost", camera.port(), 403, 4003); // judged by what it resolves to
    }
    assert_eq!(camera.links(), 0);
}

#[test]
fn the_gateways_own_port_is_no_target_under_any_name() {
    let gateway = Config::new().general("targets", "any").start();
    let port = gateway.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.0.0.2",
        "0.0.0.0",
        "::ffff:127.0.0.1",
        "::1",
        "2130706433",
        "0x7f.1",
    ] {
        let (mut control, reply) = init(&gateway, host, port);
        assert!(
            reply.code >= 400,
            "{host} reaches the gateway itself: {reply:?}"
        );
        assert!(host != "127.0.0.1" || reply.code == 403, "{reply:?}");
        control.await_close();
    }
}

#[test]
fn a_camera_that_refuses_gets_502() {
    let gateway = Gateway::start_default();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    init_refused(&gateway, "127.0.0.1", free.port(), 502, 1011);
}

#[test]
fn a_camera_that_does_not_answer_the_connect_gets_504() {
    let gateway = Config::new().limit("handshake", "1s").start();
    let silent = Unanswering::new();
    init_refused(&gateway, "127.0.0.1", silent.address.port(), 504, 1011);
}

#[test]
fn a_host_may_be_a_name() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let (_control, reply) = init(&gateway, "localhost", camera.port());
    assert_eq!(reply.code, 200, "{reply:?}");
}

#[test]
fn a_name_that_nobody_knows_is_said_to_be_so() {
    let gateway = Config::new().limit("handshake", "2s").start();
    let (mut control, reply) = init(&gateway, "no-such-camera.invalid", 554);
    assert!([502, 504].contains(&reply.code), "{reply:?}");
    assert!(
        reply.reason.contains("name"),
        "words that say what: {reply:?}"
    );
    assert_eq!(control.await_close(), 1011);
}

#[test]
fn the_gateway_goes_on_while_a_name_is_looked_up() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut waiting: Vec<Socket> = (0..4)
        .map(|_| Socket::open(gateway.address(), "control"))
        .collect();
    for (number, control) in waiting.iter_mut().enumerate() {
        control.request(
            "INIT",
            &target(&format!("no-such-camera-{number}.invalid"), "554"),
            "",
        );
    }
    // An address is no name: it waits for nobody.
    assert_eq!(Viewer::join(&gateway, &camera).ask("OPTIONS").status(), 200);
}

#[test]
fn viewers_beyond_the_limit_get_503_and_may_come_back() {
    let gateway = Config::new().limit("viewers", "2").start();
    let camera = FakeCamera::answering();
    let first = Viewer::join(&gateway, &camera);
    let _second = Viewer::join(&gateway, &camera);
    init_refused(&gateway, "127.0.0.1", camera.port(), 503, 1013);
    first.vanish();
    gateway.await_metrics("room for another", |metrics| metrics.viewers() == 1.0);
    Viewer::join(&gateway, &camera);
}
