//! Redirects of cameras of the configuration: where to, with what, and what viewers are
//! told.
//!
//! Invariant: a redirect leads to the same host or to where `targets` allows, no
//! other host gets the password, and nothing goes to `rtsps://` in clear.

mod common;

use std::sync::{Arc, OnceLock};

use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::rtsp::Message;
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, target};

/// Another address of this machine.
const ELSEWHERE: &str = "127.0.0.2";
const DIGEST: (&str, &str) = ("WWW-Authenticate", "Digest realm=\"x\", nonce=\"y\"");

/// A camera that wants a password, and then redirects.
fn redirecting(to: &str) -> FakeCamera {
    let to = to.to_owned();
    FakeCamera::start(move |link| {
        let request = link.receive()?;
        link.reply(&request, "401 Unauthorized", &[DIGEST], b"")?;
        loop {
            let request = link.receive()?;
            link.reply(&request, "302 Moved", &[("Location", &to)], b"")?;
        }
    })
}

/// One that wants a password, and takes any.
fn locked(link: &mut Link) -> std::io::Result<()> {
    let request = link.receive()?;
    link.reply(&request, "401 Unauthorized", &[DIGEST], b"")?;
    link.serve()
}

fn gateway(targets: &str, camera: &FakeCamera) -> Gateway {
    let url = camera.url().replace("rtsp://", "rtsp://admin:hunter2@");
    Config::new()
        .general("targets", targets)
        .camera("front", &[("url", &url)])
        .start()
}

fn described(gateway: &Gateway) -> Message {
    Viewer::join_shared(gateway, "front", false, Opening::default()).ask("DESCRIBE")
}

/// What a link sent of a password.
fn authorization(camera: &FakeCamera) -> Vec<String> {
    let received = camera.record(0).received;
    let headers = received.iter().filter_map(|it| it.header("Authorization"));
    headers.map(str::to_owned).collect()
}

#[test]
fn another_port_of_the_same_host_is_followed_with_the_password() {
    let there = FakeCamera::start(locked);
    let camera = redirecting(&there.url());
    let gateway = gateway("none", &camera);
    assert_eq!(described(&gateway).status(), 200);
    assert!(!authorization(&camera).is_empty() && !authorization(&there).is_empty());
    // By a name that stands for the same host it is the same host.
    let there = FakeCamera::answering();
    let camera = redirecting(&there.url().replace("127.0.0.1", "localhost"));
    let gateway = self::gateway("none", &camera);
    assert_eq!(described(&gateway).status(), 200);
}

#[test]
fn another_host_needs_the_setting_targets_and_gets_no_password() {
    let there = FakeCamera::start_at(ELSEWHERE, locked);
    let camera = redirecting(&there.url());
    for targets in ["none", "private", "127.0.0.2:1"] {
        let gateway = gateway(targets, &camera);
        let answer = described(&gateway);
        assert_eq!(answer.status(), 403, "{answer:?}");
        assert!(answer.first_line.contains("targets"), "{answer:?}");
        assert!(!answer.first_line.contains(ELSEWHERE), "{answer:?}");
        gateway.await_log(&["[front]", ELSEWHERE]);
        assert_eq!(there.links(), 0);
    }
    let gateway = gateway("127.0.0.2", &camera);
    assert_eq!(described(&gateway).status(), 502, "it wants a password");
    assert_eq!(there.links(), 1);
    assert_eq!(authorization(&there), [""; 0]);
}

#[test]
fn rtsps_is_refused_in_words_wherever_it_comes_from() {
    let there = FakeCamera::answering();
    for to in [
        there.url().replace("rtsp://", "rtsps://"),
        format!("RTSPS://127.0.0.1:{}/s", there.port()),
    ] {
        let camera = redirecting(&to);
        let gateway = gateway("any", &camera);
        let answer = described(&gateway);
        assert_eq!(answer.status(), 502, "{answer:?}");
        assert!(answer.first_line.contains("rtsps://"), "{answer:?}");
    }
    let gateway = Gateway::start_default();
    let mut control = Socket::open(gateway.address(), "control");
    let port = there.port().to_string();
    let mut headers = target("127.0.0.1", &port);
    headers[0].1 = "rtsps";
    let reply = control.ask("INIT", &headers, "");
    assert_eq!(
        (reply.code, control.await_close()),
        (400, 4003),
        "{reply:?}"
    );
    assert!(reply.reason.contains("rtsps://"), "{reply:?}");
    assert_eq!(there.links(), 0);
    // Who says rtsp where INIT asks, and rtsps to the camera, means the latter.
    let mut viewer = Viewer::join(&gateway, &there);
    let request = viewer
        .compose("DESCRIBE", &[])
        .replace("rtsp://", "rtsps://");
    let seq = viewer.wrap(&request);
    let reply = viewer.control.reply();
    assert_eq!((reply.code, reply.seq()), (400, Some(&*seq)), "{reply:?}");
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
    assert_eq!(there.record(0).received.len(), 1, "the OPTIONS alone");
}

#[test]
fn a_circle_of_redirects_ends_and_tells_no_address() {
    let places: Arc<OnceLock<[String; 2]>> = Arc::default();
    let [first, second] = [1, 0].map(|other| {
        let places = Arc::clone(&places);
        FakeCamera::start(move |link| {
            let request = link.receive()?;
            let to = places.get().expect("the places")[other].clone();
            link.reply(&request, "302 Moved", &[("Location", &to)], b"")?;
            link.fall_silent()
        })
    });
    places.set([first.url(), second.url()]).unwrap();
    let gateway = gateway("none", &first);
    let answer = described(&gateway);
    assert_eq!(answer.status(), 502, "{answer:?}");
    assert!(answer.first_line.contains("circle"), "{answer:?}");
    assert!(!answer.first_line.contains("127."), "{answer:?}");
    assert_eq!(first.links() + second.links(), 6);
    gateway.await_log(&["[front]", "circle", "rtsp://127.0.0.1:"]);
}
