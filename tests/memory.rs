//! What the gateway keeps beside its pool, when nobody takes what it has for them.
//!
//! Invariant: it is what `src/config/README.md` says (limits), within a twentieth,
//! however many come.

mod common;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::fake_camera::FakeCamera;
use common::gateway::{Config, Gateway};
use common::http::{Connection, client_frame, upgrade};
use common::pictures::Pictures;
use common::socket::Opening;
use common::viewer::Viewer;

/// KiB for all outboxes, and for each connection, as documented.
const OUTBOXES: u64 = 2 * 1024;
const CONNECTION: u64 = 8;

/// A control socket that asks for much and reads nothing.
fn greedy(gateway: &Gateway, from: u8, requests: &[u8]) -> Connection {
    let opening = Opening {
        from: Some([127, 0, 0, from].into()),
        ..Opening::NARROW
    };
    let mut connection = Connection::open_as(gateway.address(), opening);
    connection.send(&upgrade(gateway.address(), "control", &[]));
    assert_eq!(connection.reply().status, 101);
    connection.offer(requests);
    connection
}

#[test]
fn what_nobody_reads_has_one_limit_for_all() {
    const CROWD: u64 = 60;
    let gateway = Config::new().start();
    let before = gateway.metrics();
    let memory = gateway.resident();
    // Not as many for one as to be closed for it.
    let info = client_frame(1, b"WSP/1.1 GET_INFO\r\nseq: 1\r\n\r\n").repeat(1_000);
    let close = client_frame(8, b"");
    let mut crowd = Vec::new();
    let mut most = 0;
    for number in 0..CROWD {
        let requests = match number % 2 {
            0 => info.clone(),
            _ => [&info[..], &close].concat(), // it is closing, and keeps what it has
        };
        crowd.push(greedy(&gateway, 2 + number as u8 % 3, &requests));
        // An answer says that what came before was dealt with.
        gateway.metrics();
        most = most.max(gateway.resident());
    }
    let grown = most.saturating_sub(memory);
    let documented = OUTBOXES + CROWD * CONNECTION;
    let log = gateway.log();
    assert!(grown * 20 <= documented * 21, "{grown} KiB of {documented}");
    assert!(
        log.contains("the outboxes are full"),
        "too few to try it:\n{log}"
    );
    drop(crowd);
    gateway.await_as_before(&before);
}

/// The list of cameras is kept once, however long it is and however many could ask for it.
#[test]
fn what_the_gateway_lists_is_kept_once() {
    let description = "x".repeat(1_000);
    let settings = [
        ("url", "rtsp://127.0.0.1:9/"),
        ("description", &*description),
    ];
    let config = (0..60).fold(Config::new(), |config, number| {
        config.camera(&format!("c{number}"), &settings)
    });
    let gateway = config.start();
    drop(greedy(&gateway, 1, b""));
    let memory = gateway.resident();
    let crowd: Vec<Connection> = (0..CROWD).map(|_| greedy(&gateway, 1, b"")).collect();
    let grown = gateway.resident().saturating_sub(memory);
    assert_eq!(gateway.metrics().connections("control"), crowd.len() as f64);
    let documented = CROWD * CONNECTION;
    assert!(grown * 20 <= documented * 21, "{grown} KiB of {documented}");
}

/// A control socket whose link to a camera stands.
fn opened(gateway: &Gateway, camera: &FakeCamera) -> Connection {
    let port = camera.port();
    let init = format!("WSP/1.1 INIT\r\nhost: 127.0.0.1\r\nport: {port}\r\nseq: 1\r\n\r\n");
    let mut connection = greedy(gateway, 1, &client_frame(1, init.as_bytes()));
    connection
        .stream
        .read_exact(&mut [0; 64])
        .expect("the answer to INIT");
    connection
}

fn wrap(request: &str) -> String {
    format!("WSP/1.1 WRAP\r\nseq: 2\r\n\r\n{request}")
}

/// How many come.
const CROWD: u64 = 120;

/// Has a crowd come, one after the other, of whom each keeps `sockets` sockets open
/// between the gateway and others; `then` they do something more. What that costs is
/// what `src/config/README.md` says.
fn assert_bounded<T>(
    gateway: &Gateway,
    (sockets, pool): (u64, u64),
    come: impl Fn() -> T,
    then: impl FnOnce(),
) {
    drop(come()); // what the first of a kind costs is the program's own
    let memory = gateway.resident();
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(come());
        gateway.metrics();
    }
    then();
    gateway.await_log(&["the outboxes are full"]);
    let grown = gateway.peak().saturating_sub(memory);
    let documented = pool + OUTBOXES + CROWD * sockets * CONNECTION;
    assert!(grown * 20 <= documented * 21, "{grown} KiB of {documented}");
}

#[test]
fn what_sessions_keep_of_what_was_said_is_within_the_limit() {
    let mute = FakeCamera::start(|link| link.fall_silent());
    let gateway = Config::new().limit("handshake", "100s").start();
    let long = "a".repeat(15_000);
    let teardown =
        format!("TEARDOWN rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\nAuthorization: {long}\r\n\r\n");
    let farewell = format!("WSP/1.1 FAREWELL\r\nseq: 3\r\n\r\n{teardown}");
    let describe = wrap(&format!(
        "DESCRIBE rtsp://x/{long} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    ));
    let authorized = "OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic";
    let authorized = wrap(&format!("{authorized} {long}\r\n\r\n"));
    assert_bounded(
        &gateway,
        (2, 0),
        || {
            let mut connection = opened(&gateway, &mute);
            for message in [&farewell, &describe, &authorized] {
                connection.offer(&client_frame(1, message.as_bytes()));
            }
            connection
        },
        || (),
    );
}

#[test]
fn half_of_an_answer_is_within_the_limit() {
    let half = FakeCamera::start(|link| {
        link.receive()?;
        link.send(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 60000\r\n\r\n")?;
        link.send(&[b'x'; 59_000])?;
        link.fall_silent()
    });
    let gateway = Config::new().limit("handshake", "100s").start();
    let describe = wrap("DESCRIBE rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    assert_bounded(
        &gateway,
        (2, 0),
        || {
            let mut connection = opened(&gateway, &half);
            connection.offer(&client_frame(1, describe.as_bytes()));
            connection
        },
        || (),
    );
}

#[test]
fn requests_that_wait_and_halves_of_them_are_within_the_limit() {
    let mute = FakeCamera::start(|link| link.fall_silent());
    let gateway = Config::new()
        .general("rtsp_listen", "127.0.0.1:0")
        .limit("handshake", "100s")
        .camera("front", &[("url", &mute.url())])
        .start();
    let address = gateway.rtsp_address();
    let head = "DESCRIBE rtsp://camgate/front RTSP/1.0\r\nCSeq: 1\r\nX: ";
    let long = format!("{head}{}\r\n\r\n", "a".repeat(900)).repeat(15);
    let half = format!("{long}{head}{}", "a".repeat(8_000));
    assert_bounded(
        &gateway,
        (1, 0),
        || {
            let mut connection = Connection::open(address);
            connection.offer(half.as_bytes());
            connection
        },
        || (),
    );
}

#[test]
fn rests_of_messages_of_who_reads_nothing_are_within_the_limit() {
    let all_there = Arc::new(AtomicBool::new(false));
    let go_on = Arc::clone(&all_there);
    let camera = FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        let pictures = Pictures {
            every: 10_000,
            ssrc: 7,
        };
        // As much as one message holds, and then hardly any while they come.
        for number in 0..30 {
            link.send(&pictures.picture(number))?;
        }
        for number in 30.. {
            if go_on.load(Ordering::Relaxed) {
                break;
            }
            let last = pictures.datagrams(number).pop().unwrap_or_default();
            link.send(&[&[b'$', 0, 0, 14], &last[..14]].concat())?;
            std::thread::sleep(Duration::from_millis(200));
        }
        for number in 10_000.. {
            link.send(&pictures.picture(number))?;
        }
        Ok(())
    });
    let url = camera.url();
    let front = [("url", &*url), ("always", "on"), ("gop_cache", "512k")];
    let gateway = Config::new()
        .limit("pool", "1M")
        .limit("backlog", "128k")
        .camera("front", &front)
        .start();
    gateway.await_metrics("some media", |now| now.frames() > 120.0);
    let come = || {
        let mut viewer = Viewer::join_shared(&gateway, "front", true, Opening::NARROW);
        viewer.play();
        viewer
    };
    let pool = 1024;
    assert_bounded(&gateway, (2, pool), come, || {
        all_there.store(true, Ordering::Relaxed);
        let skipped = "camgate_camera_skipped_frames_total{camera=\"front\"}";
        let most = (CROWD * 1_000) as f64;
        gateway.await_metrics("all are behind", |now| now.value(skipped) > most);
    });
}

/// A flood of one kind of line leaves room for the others, and says how many there were.
#[test]
fn what_a_client_provokes_does_not_fill_the_log() {
    let gateway = Gateway::start_default();
    let from = gateway.log_length();
    for _ in 0..400 {
        let mut connection = Connection::open(gateway.address());
        connection.send(b"GET /ws/ HTTP/1.1\r\nHost: stranger.example\r\n\r\n");
        assert_eq!(connection.reply().status, 403);
    }
    let lines = gateway.log_length() - from;
    assert!(lines < 200, "{lines} lines");
    // Nobody comes any more.
    gateway.await_log(&["more were not logged"]);
}
