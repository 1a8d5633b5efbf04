//! Slow name servers: who needs a name that nobody answers for waits alone, and gets one
//! answer.
//!
//! Invariant: a camera of the configuration waits for no other name than its own.

mod common;

use std::net::Ipv4Addr;

use common::fake_camera::FakeCamera;
use common::gateway::{Config, Gateway};
use common::names::NameServer;
use common::rtsp::Message;
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, target};

/// What the camera `front` answers to a viewer's DESCRIBE.
fn described(gateway: &Gateway) -> Message {
    Viewer::join_shared(gateway, "front", false, Opening::default()).ask("DESCRIBE")
}

/// A control socket whose INIT names this host.
fn asking(gateway: &Gateway, host: &str) -> Socket {
    let mut control = Socket::open(gateway.address(), "control");
    control.request("INIT", &target(host, "1"), "");
    control
}

fn url(host: &str, camera: &FakeCamera) -> String {
    format!("rtsp://{host}:{}/stream", camera.port())
}

#[test]
fn names_that_nobody_answers_for_hold_up_no_other_camera() {
    let Some(names) = NameServer::start() else {
        return;
    };
    names.tell("good.test", Ipv4Addr::LOCALHOST);
    let camera = FakeCamera::answering();
    let mut config = Config::new()
        .names(&names)
        .limit("handshake", "300s") // none of the others is given up meanwhile
        .camera("front", &[("url", &url("good.test", &camera))]);
    for number in 0..12 {
        let url = format!("rtsp://dead{number}.test/");
        config = config.camera(&format!("dead{number}"), &[("url", &url), ("always", "on")]);
    }
    let gateway = config.start();
    names.await_question("dead11.test");
    let _asking: Vec<Socket> = (0..4)
        .map(|number| asking(&gateway, &format!("slow{number}.test")))
        .collect();
    names.await_question("slow3.test");
    assert_eq!(described(&gateway).status(), 200);
}

#[test]
fn a_camera_plays_once_its_name_is_answered_for() {
    let Some(names) = NameServer::start() else {
        return;
    };
    let camera = FakeCamera::answering();
    let late = url("late.test", &camera);
    let gateway = Config::new()
        .names(&names)
        .limit("handshake", "1s")
        .camera("front", &[("url", &late)])
        .start();
    // Who wants it is told by the deadline, whatever the resolver does.
    let answer = described(&gateway);
    assert_eq!(answer.status(), 504, "{answer:?}");
    assert!(answer.first_line.contains("name server"), "{answer:?}");
    assert!(!answer.first_line.contains("late"), "{answer:?}");
    gateway.await_log(&["[front]", "late.test"]);
    let mut direct = asking(&gateway, "late.test");
    let reply = direct.reply();
    assert_eq!((reply.code, direct.await_close()), (504, 1011), "{reply:?}");
    names.tell("late.test", Ipv4Addr::LOCALHOST);
    common::await_some("the camera", || {
        (described(&gateway).status() == 200).then_some(())
    });
    assert_eq!(camera.links(), 1);
}

#[test]
fn a_late_answer_gives_no_second_link_and_revives_nothing() {
    let Some(names) = NameServer::start() else {
        return;
    };
    let camera = FakeCamera::answering();
    let late = url("late.test", &camera);
    let config = || Config::new().names(&names).limit("handshake", "300s");
    let mut gateway = config()
        .camera("front", &[("url", &late), ("always", "on")])
        .camera("gone", &[("url", &late), ("always", "on")])
        .start();
    let mut left = asking(&gateway, "late.test");
    names.await_question("late.test");
    left.request("GET_INFO", &[], "");
    left.reply(); // so the INIT before it was read
    left.vanish();
    // It is configured otherwise while the question is out, and one is gone.
    let from = gateway.log_length();
    gateway.reload(&config().camera("front", &[("url", &camera.url())]));
    gateway.await_log_after(from, &["configuration read again"]);
    assert_eq!(described(&gateway).status(), 200);
    names.tell("late.test", Ipv4Addr::LOCALHOST);
    // The answer has come when the same name is known to the gateway.
    let mut control = asking(&gateway, "late.test");
    assert_eq!(control.reply().code, 502, "it refuses");
    assert_eq!(camera.links(), 1);
}

#[test]
fn words_tell_no_address_that_a_name_stands_for() {
    let Some(names) = NameServer::start() else {
        return;
    };
    for (name, address) in [
        ("here.test", Ipv4Addr::new(127, 0, 0, 77)),
        ("far.test", Ipv4Addr::new(10, 11, 12, 13)),
    ] {
        names.tell(name, address);
    }
    let gateway = Config::new()
        .names(&names)
        .camera("front", &[("url", "rtsp://here.test:1/s")])
        .start();
    for (host, code) in [("here.test", 502), ("far.test", 403)] {
        let mut control = asking(&gateway, host);
        let reply = control.reply();
        assert_eq!(reply.code, code, "{reply:?}");
        assert!(reply.reason.contains(host), "{reply:?}");
        assert!(!reply.reason.contains("127.") && !reply.reason.contains("10.11"));
    }
    let words = described(&gateway).first_line;
    assert!(words.contains("refuses connections"), "{words}");
    assert!(
        !words.contains("127.") && !words.contains("here"),
        "{words}"
    );
    gateway.await_log(&["[front]", "127.0.0.77:1"]);
}
