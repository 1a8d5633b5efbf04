//! Whatever is done to it, the gateway afterwards holds what it held before:
//! connections, viewers, pool buffers, file descriptors.
//!
//! Invariant: checked by the gateway's own metrics and by what the system says
//! of its process.

mod common;

use common::Dice;
use common::fake_camera::{FakeCamera, Link};
use common::frames::Pattern;
use common::gateway::{Config, Gateway};
use common::http::{Connection, client_frame, upgrade};
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, init, target};

/// Runs `abuse` several times and waits until all is as before it.
fn leaves_nothing(gateway: &Gateway, abuse: impl Fn(usize)) {
    let before = gateway.metrics();
    assert_eq!(
        before.buffers_free(),
        before.value("camgate_pool_buffers"),
        "an idle gateway holds no buffer"
    );
    let descriptors = gateway.descriptors();
    for round in 0..5 {
        abuse(round);
    }
    gateway.await_as_before(&before);
    common::await_some("the descriptors to be as before", || {
        (gateway.descriptors() <= descriptors).then_some(())
    });
}

#[test]
fn handshakes_broken_off_or_refused() {
    let gateway = Gateway::start_default();
    let address = gateway.address();
    leaves_nothing(&gateway, |_| {
        drop(Connection::open(address));
        let whole = upgrade(address, "control", &[]);
        for cut in [1, 20, whole.len() - 1, whole.len()] {
            Connection::open(address).send(&whole[..cut]);
        }
        Connection::open(address).send(b"nonsense\r\n\r\n");
        Connection::open(address).send(&upgrade(address, "chat", &[]));
        Connection::open(address).send(&upgrade(
            address,
            "control",
            &[("Origin", "http://evil.example")],
        ));
        Connection::open(address).send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Connection::open(address).offer(&vec![b'x'; 100_000]);
    });
}

#[test]
fn websocket_frames_broken_off_or_forbidden() {
    let gateway = Gateway::start_default();
    leaves_nothing(&gateway, |_| {
        for frame in [
            client_frame(1, b"WSP/1.1 INIT\r\n\r\n")[..9].to_vec(),
            client_frame(3, b"what"),
            vec![
                0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
            ],
            client_frame(8, b""),
        ] {
            for protocol in ["control", "data"] {
                let mut connection = Connection::open(gateway.address());
                connection.send(&upgrade(gateway.address(), protocol, &[]));
                assert_eq!(connection.reply().status, 101);
                connection.send(&frame);
            }
        }
    });
}

#[test]
fn wsp_in_the_wrong_order_or_for_the_wrong_target() {
    let gateway = Gateway::start_default();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    leaves_nothing(&gateway, |_| {
        drop(init(&gateway, "127.0.0.1", free));
        drop(init(&gateway, "8.8.8.8", 554));
        drop(init(&gateway, "127.0.0.1", gateway.address().port()));
        let mut control = Socket::open(gateway.address(), "control");
        control.ask("WRAP", &[], "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        let mut data = Socket::open(gateway.address(), "data");
        data.ask("JOIN", &[("channel", "nobody")], "");
    });
}

#[test]
fn viewers_who_vanish_at_every_stage() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::playing(Pattern::CAMERA, 2_000);
    leaves_nothing(&gateway, |_| {
        let mut hasty = Socket::open(gateway.address(), "control");
        hasty.request("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
        hasty.vanish();
        let mut unresolved = Socket::open(gateway.address(), "control");
        unresolved.request("INIT", &target("no-such-camera.invalid", "554"), "");
        unresolved.vanish();
        init(&gateway, "127.0.0.1", camera.port()).0.vanish();
        Viewer::join(&gateway, &camera).vanish();
        let mut unanswered = Viewer::join(&gateway, &camera);
        let request = unanswered.compose("DESCRIBE", &[]);
        unanswered.wrap(&request);
        unanswered.vanish();
        let mut watching = Viewer::join(&gateway, &camera);
        watching.play();
        watching.vanish();
        let mut half = Viewer::join_batched(&gateway, &camera);
        half.play();
        half.data.binary();
        half.data.vanish();
    });
}

#[test]
fn slow_viewers_who_vanish_with_their_backlog() {
    let gateway = Config::new().limit("pool", "512k").start();
    let flood = FakeCamera::playing(Pattern::BULK, u32::MAX);
    leaves_nothing(&gateway, |round| {
        let opening = Opening {
            receive_buffer: Some(8 * 1024),
            ..Opening::default()
        };
        let mut viewer = Viewer::join_as(&gateway, &flood, round % 2 == 0, opening);
        viewer.play();
        let stalls = round as u64 + 1;
        common::await_some("the camera to find no room", || {
            (flood.stalls() >= stalls).then_some(())
        });
        viewer.vanish();
    });
}

type Failure = fn(&mut Link) -> std::io::Result<()>;
const FAILURES: [Failure; 6] = [
    |link| link.reset(),
    |link| link.serve_until("SETUP").and_then(|_| link.reset()),
    |link| {
        link.serve_until("PLAY")?;
        link.send(&Pattern::BULK.run(0..9)[..10_000])?;
        link.reset()
    },
    |link| {
        link.serve_until("PLAY")?;
        link.send(&Pattern::BULK.run(0..9)[..10_000])?;
        link.close();
        Ok(())
    },
    |link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::CAMERA, 0..9)?;
        link.send(&[0xff; 70_000])?;
        link.fall_silent()
    },
    |link| {
        link.expect("OPTIONS")?;
        link.send(b"RTSP/1.0 200 OK\r\nContent-Length: 4000000000\r\n\r\n")?;
        link.fall_silent()
    },
];

#[test]
fn cameras_that_fail_in_every_way() {
    let gateway = Gateway::start_default();
    for failure in FAILURES {
        let camera = FakeCamera::start(failure);
        leaves_nothing(&gateway, |_| {
            let (mut control, reply) = init(&gateway, "127.0.0.1", camera.port());
            let data = reply.header("channel").map(|channel| {
                let mut data = Socket::open(gateway.address(), "data");
                data.request("JOIN", &[("channel", channel)], "");
                data
            });
            for method in ["OPTIONS", "SETUP", "PLAY"] {
                let request = format!(
                    "{method} {} RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n",
                    camera.url()
                );
                // The socket may already be closing: then there is nobody to ask.
                let wrap = format!("WSP/1.1 WRAP\r\nseq: 2\r\n\r\n{request}");
                let _ = control.try_send(&wrap);
            }
            control.drain();
            data.into_iter().for_each(|mut data| data.drain());
        });
    }
}

#[test]
fn silence_is_ended_by_the_deadlines() {
    let gateway = Config::new()
        .limit("handshake", "1s")
        .limit("idle", "5s")
        .start();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.fall_silent()
    });
    let frozen = FakeCamera::start(Link::freeze);
    let before = gateway.metrics();
    let half = Connection::open(gateway.address());
    let control = Socket::open(gateway.address(), "control");
    let (unjoined, _) = init(&gateway, "127.0.0.1", camera.port());
    let mut unanswered = Viewer::join(&gateway, &frozen);
    let request = unanswered.compose("OPTIONS", &[]);
    unanswered.wrap(&request);
    let mut idle = Viewer::join(&gateway, &camera);
    idle.play();
    gateway.await_as_before(&before);
    drop((half, control, unjoined, unanswered, idle));
}

/// Viewers who come and go as the dice have it.
struct Crowd {
    dice: Dice,
    open: Vec<Viewer>,
    /// Viewers of the broken camera. The gateway takes a second to close each: they
    /// are waited for side by side.
    doomed: Vec<Viewer>,
}

impl Crowd {
    fn act(&mut self, gateway: &Gateway, camera: &FakeCamera, broken: &FakeCamera) {
        let Self { dice, open, doomed } = self;
        if doomed.len() > 16 {
            doomed.drain(..).for_each(|mut viewer| viewer.data.drain());
        }
        match dice.below(8) {
            0 => drop(Connection::open(gateway.address())),
            1 => Socket::open(gateway.address(), "control").vanish(),
            2 => Socket::open(gateway.address(), "data").close(),
            3 => init(gateway, "127.0.0.1", camera.port()).0.vanish(),
            4 => {
                let mut viewer = Viewer::join(gateway, broken);
                let transport = ("Transport", "RTP/AVP/TCP;interleaved=0-1");
                let request = viewer.compose("SETUP", &[transport]);
                viewer.wrap(&request);
                doomed.push(viewer);
            }
            5 if !open.is_empty() => {
                let mut leaving = open.swap_remove(dice.below(open.len()));
                leaving.data.binary();
                leaving.vanish();
            }
            6 if !open.is_empty() => drop(open.swap_remove(dice.below(open.len()))),
            _ => {
                let batched = dice.below(2) == 0;
                let mut viewer = Viewer::join_as(gateway, camera, batched, Opening::default());
                viewer.play();
                open.push(viewer);
            }
        }
        if open.len() > 12 {
            open.swap_remove(dice.below(open.len())).vanish();
        }
    }
}

#[test]
fn a_thousand_random_rounds_leave_nothing() {
    let gateway = Config::new().limit("per_address", "64").start();
    let camera = FakeCamera::playing(Pattern::CAMERA, 3_000);
    let broken = FakeCamera::start(|link| {
        link.serve_until("SETUP")?;
        link.send(&Pattern::CAMERA.frame(0)[..99])?;
        link.reset()
    });
    let before = gateway.metrics();
    let descriptors = gateway.descriptors();
    let mut crowd = Crowd {
        dice: Dice::new(2026),
        open: Vec::new(),
        doomed: Vec::new(),
    };
    for _ in 0..1_000 {
        crowd.act(&gateway, &camera, &broken);
    }
    crowd.open.into_iter().for_each(Viewer::vanish);
    for mut viewer in crowd.doomed {
        viewer.data.drain();
    }
    gateway.await_as_before(&before);
    common::await_some("the descriptors to be as before", || {
        (gateway.descriptors() <= descriptors).then_some(())
    });
    let mut after = Viewer::join(&gateway, &camera);
    after.play();
    after.expect_frames(Pattern::CAMERA, 0..3_000);
}
