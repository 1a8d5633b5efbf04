//! Timeouts of slow and of silent peers, viewers and cameras: who is slow is waited for,
//! who is silent is not, and what waits behind unread media is not late.
//!
//! Invariant: only a peer that does nothing for as long as a limit allows is
//! given up, and all it held comes back.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::BOUND;
use common::fake_camera::{FakeCamera, Link};
use common::frames::{Checker, Pattern};
use common::gateway::Config;
use common::http::client_frame;
use common::pictures::Pictures;
use common::rtsp::{self, Upstream};
use common::socket::{Opening, Socket};
use common::viewer::Viewer;

/// Small buffers at both ends, so that a slow viewer is soon felt.
const SLOW: Opening = Opening {
    origin: None,
    receive_buffer: Some(16 * 1024),
    segment: Some(1_400),
    from: None,
    query: "",
};

/// Bytes that no chain of kernel buffers and queues can hide.
const FRAMES: u32 = 12_000;

/// A pong that nobody asked for: a sign of life (RFC 6455 section 5.5.3).
fn pong(socket: &Socket) -> std::io::Result<()> {
    socket.stream().write_all(&client_frame(10, b""))
}

#[test]
fn an_answer_behind_unread_media_is_waited_for() {
    let gateway = Config::new().limit("handshake", "1s").start();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::BULK, 0..FRAMES)?;
        link.serve()
    });
    // One reads nothing for longer than `handshake`, then all; the other never
    // stops, and takes longer.
    let pauses = [(2_500, 0), (0, 3_000)]
        .map(|(first, all)| (Duration::from_millis(first), Duration::from_millis(all)));
    std::thread::scope(|scope| {
        for (first, all) in pauses {
            let (gateway, camera) = (&gateway, &camera);
            scope.spawn(move || {
                let mut viewer = Viewer::join_as(gateway, camera, false, SLOW);
                viewer.play();
                let request = viewer.compose("GET_PARAMETER", &[]);
                let seq = viewer.wrap(&request);
                std::thread::sleep(first);
                let started = Instant::now();
                let mut checker = Checker::new(Pattern::BULK, 0);
                while checker.next() < FRAMES {
                    checker.accept_one(&viewer.data.binary()).unwrap();
                    let due = started + all * checker.next() / FRAMES;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                }
                assert_eq!(viewer.response(&seq).status(), 200);
                assert_eq!(viewer.ask("OPTIONS").status(), 200);
            });
        }
    });
}

/// The camera takes a while to go on once its link is read again: what it has to
/// say is not late before it had its time since then.
#[test]
fn an_answer_is_waited_for_after_the_media_before_it_was_taken() {
    let gateway = Config::new().limit("handshake", "2s").start();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::BULK, 0..FRAMES)?;
        std::thread::sleep(Duration::from_millis(1_600));
        link.serve()
    });
    let mut viewer = Viewer::join_as(&gateway, &camera, false, SLOW);
    viewer.play();
    let request = viewer.compose("GET_PARAMETER", &[]);
    let seq = viewer.wrap(&request);
    // Longer than `handshake`: it is looked at, and waited for, once more. The
    // second look falls between the last frame and the answer.
    std::thread::sleep(Duration::from_millis(2_800));
    viewer.expect_frames(Pattern::BULK, 0..FRAMES);
    assert_eq!(viewer.response(&seq).status(), 200);
}

/// Some cameras leave keep-alives unanswered for ever. What they send is a sign
/// of life, as long as they do.
#[test]
fn a_camera_that_answers_with_media_alone_is_kept() {
    let gateway = Config::new().limit("handshake", "1s").start();
    const UNANSWERED: usize = 20;
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for frame in 0..60 {
            link.send_frames(Pattern::CAMERA, frame..frame + 1)?;
            std::thread::sleep(Duration::from_millis(50));
        }
        for _ in 0..UNANSWERED {
            link.expect("GET_PARAMETER")?;
        }
        link.serve_until("OPTIONS")?;
        link.expect("GET_PARAMETER")?;
        link.fall_silent()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    // More in all than may wait at a time.
    for n in 0..60 {
        if n % 3 == 0 {
            let request = viewer.compose("GET_PARAMETER", &[]);
            viewer.wrap(&request);
        }
        viewer.expect_frames(Pattern::CAMERA, n..n + 1);
    }
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
    let request = viewer.compose("GET_PARAMETER", &[]);
    let seq = viewer.wrap(&request);
    let reply = viewer.control.reply();
    assert_eq!((reply.code, reply.seq()), (504, Some(&*seq)), "{reply:?}");
}

/// Both send pongs, as browsers do for a page that hangs.
#[test]
fn who_reads_slowly_is_kept_and_who_does_not_read_is_closed() {
    let gateway = Config::new().limit("idle", "5s").start();
    let flood = FakeCamera::playing(Pattern::BULK, u32::MAX);
    let before = gateway.metrics();
    let [mut dead, mut slow] = [(); 2].map(|()| Viewer::join_as(&gateway, &flood, false, SLOW));
    dead.play();
    slow.play();
    let started = Instant::now();
    let mut closed = None;
    let mut took = 0;
    let mut piece = vec![0; 16 * 1024];
    // Longer than `idle`, and as long as the closing takes.
    while closed.is_none() || started.elapsed() < Duration::from_millis(6_500) {
        took += slow.data.stream().read(&mut piece).expect("media goes on");
        pong(&slow.control).expect("the slow one is kept");
        if closed.is_none() && (pong(&dead.data).is_err() || pong(&dead.control).is_err()) {
            closed = Some(started.elapsed());
        }
        assert!(
            started.elapsed() < common::BOUND,
            "who does not read is kept"
        );
        std::thread::sleep(Duration::from_millis(20)); // the pace of the slow one
    }
    assert!(
        closed > Some(Duration::from_secs(4)),
        "too soon: {closed:?}"
    );
    assert!(took > 1 << 20, "{took} bytes");
    let metrics = gateway.metrics();
    assert_eq!((metrics.viewers(), metrics.connections("data")), (1.0, 1.0));
    drop(dead);
    slow.vanish();
    gateway.await_as_before(&before);
}

/// Neither says anything by itself; one answers pings, as browsers do, the other
/// is gone without a word, and its connections stand half open.
#[test]
fn the_quiet_are_asked_for_a_sign_of_life_and_only_the_dead_are_closed() {
    let gateway = Config::new().limit("idle", "5s").start();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for frame in 0..100 {
            link.send_frames(Pattern::CAMERA, frame..frame + 1)?;
            std::thread::sleep(Duration::from_millis(200)); // a camera that lives
        }
        link.serve()
    });
    let [mut dead, mut quiet] = [(); 2].map(|()| Viewer::join(&gateway, &camera));
    dead.play();
    quiet.play();
    let nap = Some(Duration::from_millis(50));
    let mut sockets = [quiet.control, quiet.data];
    for socket in &sockets {
        socket.stream().set_read_timeout(nap).unwrap();
    }
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(8) {
        for socket in &mut sockets {
            match socket.message() {
                Err(tungstenite::Error::Io(error)) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                }
                other => assert!(other.expect("the quiet one is kept").is_binary()),
            }
        }
    }
    let metrics = gateway.metrics();
    let left = ["control", "data"].map(|role| metrics.connections(role));
    assert_eq!((metrics.viewers(), left), (1.0, [1.0, 1.0]));
    drop(dead);
}

/// Battery cameras, and sources that are started on demand: to describe its
/// stream a camera has three times as long as for other answers.
#[test]
fn a_camera_that_is_slow_to_describe_itself_is_waited_for() {
    let slow = FakeCamera::start(|link| {
        let request = link.serve_but("DESCRIBE")?;
        std::thread::sleep(Duration::from_secs(3));
        link.send(&Link::usual_reply(&request))?;
        link.serve()
    });
    let never = FakeCamera::start(|link| {
        link.serve_but("DESCRIBE")?;
        link.fall_silent()
    });
    let gateway = Config::new()
        .limit("handshake", "2s")
        .general("rtsp_listen", "127.0.0.1:0")
        .camera("front", &[("url", &slow.url())])
        .camera("never", &[("url", &never.url())])
        .start();
    let line = gateway.await_log(&["cameras at rtsp://"]);
    let (_, address) = line.split_once("rtsp://").unwrap();
    let rtsp = TcpStream::connect(address.split('/').next().unwrap()).unwrap();
    rtsp.set_read_timeout(Some(BOUND)).unwrap();
    let [mut shared, mut vain] = ["front", "never"]
        .map(|name| Viewer::join_shared(&gateway, name, false, Opening::default()));
    let mut viewers = [
        Viewer::join(&gateway, &slow),
        Viewer::join(&gateway, &never),
    ];
    std::thread::scope(|scope| {
        let [direct, lost] = &mut viewers;
        for (viewer, status) in [(direct, 200), (&mut shared, 200), (&mut vain, 504)] {
            scope.spawn(move || assert_eq!(viewer.ask("DESCRIBE").status(), status));
        }
        scope.spawn(move || {
            let request = lost.compose("DESCRIBE", &[]);
            lost.wrap(&request);
            assert_eq!(lost.control.reply().code, 504);
        });
        scope.spawn(|| {
            let line = "DESCRIBE rtsp://camgate/front RTSP/1.0";
            let request = rtsp::compose(line, &[("CSeq", "1")], b"");
            (&rtsp).write_all(&request).unwrap();
            match rtsp::read_upstream(&mut &rtsp).unwrap() {
                Upstream::Message(answer) => assert_eq!(answer.status(), 200),
                Upstream::Frame(_) => panic!("media before PLAY"),
            }
        });
    });
    assert_eq!(slow.links(), 2, "one for those who share it");
}

/// A camera that sleeps wakes up at whatever it is asked first, or does last.
#[test]
fn a_camera_that_is_slow_to_answer_anything_before_it_plays_is_waited_for() {
    let cameras = ["OPTIONS", "SETUP", "PLAY"].map(|method| {
        FakeCamera::start(move |link| {
            let request = link.serve_but(method)?;
            std::thread::sleep(Duration::from_secs(3));
            link.send(&Link::usual_reply(&request))?;
            if method != "PLAY" {
                link.serve_until("PLAY")?;
            }
            link.send(&Pictures { every: 5, ssrc: 7 }.picture(0))?;
            link.serve()
        })
    });
    let mut config = Config::new().limit("handshake", "2s");
    for (camera, name) in cameras.iter().zip(["front", "middle", "back"]) {
        config = config.camera(name, &[("url", &camera.url())]);
    }
    let gateway = config.start();
    let direct = cameras.iter().map(|it| Viewer::join(&gateway, it));
    let shared = ["front", "middle", "back"]
        .map(|name| Viewer::join_shared(&gateway, name, false, Opening::default()));
    let viewers: Vec<Viewer> = direct.chain(shared).collect();
    std::thread::scope(|scope| {
        for mut viewer in viewers {
            scope.spawn(move || {
                viewer.play();
                viewer.data.binary();
            });
        }
    });
}

/// One that sends a picture now and then, and leaves keep-alives unanswered, goes on
/// from one picture to the next, however long a keep-alive waits.
#[test]
fn a_slow_camera_that_answers_with_media_alone_is_kept() {
    let gateway = Config::new().limit("handshake", "1s").start();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::CAMERA, 0..1)?;
        for frame in 1..3 {
            std::thread::sleep(Duration::from_secs(4));
            link.send_frames(Pattern::CAMERA, frame..frame + 1)?;
        }
        for _ in 0..3 {
            link.expect("GET_PARAMETER")?;
        }
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    for n in 0..3 {
        let request = viewer.compose("GET_PARAMETER", &[]);
        viewer.wrap(&request);
        viewer.expect_frames(Pattern::CAMERA, n..n + 1);
    }
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
}

/// A viewer of a shared camera that is sent away is not sent what comes after that,
/// however slowly it takes what there is.
#[test]
fn who_was_sent_away_gets_no_more_of_a_shared_camera() {
    /// More than is on its way to a viewer, wherever it waits.
    const ENOUGH: usize = 3 << 20;
    let camera = FakeCamera::filming(Pictures::USUAL, Duration::from_millis(1));
    let gateway = Config::new()
        .limit("backlog", "128k")
        .camera("front", &[("url", &camera.url())])
        .start();
    let before = gateway.metrics().viewers();
    let mut viewer = Viewer::join_shared(&gateway, "front", true, Opening::NARROW);
    viewer.play();
    let skipped = "camgate_camera_skipped_frames_total{camera=\"front\"}";
    gateway.await_metrics("it is behind", |now| now.value(skipped) > 100.0);
    let reply = viewer.control.ask("JOIN", &[], "");
    assert_eq!(reply.code, 405, "{reply:?}");
    let (mut taken, mut room) = (0, [0; 4096]);
    loop {
        match viewer.data.stream().read(&mut room) {
            Ok(0) | Err(_) => break,
            Ok(count) => taken += count,
        }
        assert!(taken < ENOUGH, "still fed after {taken} bytes");
        std::thread::sleep(Duration::from_millis(1)); // slower than the camera
    }
    gateway.await_metrics("its place", |now| now.viewers() == before);
}
