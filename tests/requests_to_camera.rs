//! What reaches a camera that a viewer names: requests as they were written,
//! keep-alives as they should have been, and a TEARDOWN in the end.
//!
//! Invariant: nothing else ever reaches it, but reports of what arrives: see
//! `receiver_reports.rs`.

mod common;

use common::fake_camera::FakeCamera;
use common::frames::{Checker, Pattern};
use common::gateway::Gateway;
use common::viewer::Viewer;

#[test]
fn keep_alives_as_the_players_malform_them_are_repaired() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    let url = camera.url();
    let requests = [
        "OPTIONS * RTSP/1.0\r\nCSeq: 70\r\nSession: 12345678,timeout=60\r\n\r\n".to_owned(),
        "OPTIONS * RTSP/1.0\r\nCSeq: 71\r\nSession: 12345678;timeout=60\r\n\r\n".to_owned(),
        format!(
            "GET_PARAMETER {url} RTSP/1.0\r\nCSeq: 72\r\nsession:12345678 ; timeout=60\r\nX-A: b, c;d\r\n\r\n"
        ),
    ];
    for request in &requests {
        assert_eq!(viewer.exchange(request).status(), 200);
    }
    let received = camera.record(0).received;
    let repaired = &received[received.len() - 3..];
    for (message, cseq) in repaired.iter().zip(70..) {
        assert_eq!(message.cseq(), Some(cseq), "{message:?}");
        assert_eq!(message.header("Session"), Some("12345678"), "{message:?}");
        assert_eq!(message.url().trim_end_matches('/'), url, "{message:?}");
    }
    assert_eq!(
        repaired[2].header("X-A"),
        Some("b, c;d"),
        "other headers are not touched"
    );
}

#[test]
fn a_request_that_needs_no_repair_reaches_the_camera_as_it_was_written() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut viewer = Viewer::join(&gateway, &camera);
    // A camera that has not answered yet gets no bodies.
    let first = viewer.compose("OPTIONS", &[]);
    assert_eq!(viewer.exchange(&first).status(), 200);
    let body = "packets_sent\r\njitter\r\n";
    let headers =
        "CSeq: 9\r\nAuthorization: Digest username=\"a,b;c\", uri=\"*\"\r\nUser-Agent: Fenêtre/1.0";
    let length = body.len();
    let request = format!(
        "GET_PARAMETER rtsp://h/a?b=c&d RTSP/1.0\r\n{headers}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    assert_eq!(viewer.exchange(&request).status(), 200);
    let seen = camera.await_request(0, "GET_PARAMETER");
    assert_eq!(seen.first_line, "GET_PARAMETER rtsp://h/a?b=c&d RTSP/1.0");
    assert_eq!(
        seen.header("Authorization"),
        Some("Digest username=\"a,b;c\", uri=\"*\"")
    );
    assert_eq!(seen.header("User-Agent"), Some("Fenêtre/1.0"));
    assert_eq!(seen.body, body.as_bytes());
}

/// Payloads that are no RTSP request.
fn refused(url: &str) -> [String; 12] {
    [
        format!("GET {url} HTTP/1.1\r\nCSeq: 1\r\n\r\n"),
        format!("GET {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        "POST http://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n".to_owned(),
        "OPTIONS http://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n".to_owned(),
        "OPTIONS / RTSP/1.0\r\nCSeq: 1\r\n\r\n".to_owned(),
        "SET x rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n".to_owned(),
        format!("options {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        format!("FLUSHALL\r\nOPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        format!("OPTIONS {url}\rHELO RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        format!("OPTIONS {url} RTSP/1.0\r\nX: y\r\n\r\n"),
        format!("OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\nQUIT\r\n"),
        // The body could be anything, and nobody has said yet that he speaks RTSP.
        format!("ANNOUNCE {url} RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 10\r\n\r\nFLUSHALL\r\n"),
    ]
}

/// Requests that reach the camera without what is wrong with them.
fn mended(url: &str) -> [String; 6] {
    [
        format!("OPTIONS {url} RTSP/1.0\nCSeq: 1\nX: y\n\n"),
        format!("OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nFLUSHALL\r\nHELO mail\r\n\r\n"),
        format!("OPTIONS {url} RTSP/1.0\r\nFLUSHALL now: \r\nCSeq: 1\r\n\r\n"),
        format!("OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nX: y\r\n\tFLUSHALL\r\n z\r\n\r\n"),
        format!("OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nX: y\rFLUSHALL\r\n\r\n"),
        format!("OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nX: \u{0}\u{1b}[2J\u{85}\r\n\r\n"),
    ]
}

/// What could be another protocol to whatever listens at the target is refused,
/// or arrives as what it calls itself: an RTSP request and nothing beside.
#[test]
fn what_could_be_another_protocol_is_refused_or_arrives_as_rtsp() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let url = camera.url();
    let (refused, mended) = (refused(&url), mended(&url));
    for (link, payload) in refused.iter().chain(&mended).enumerate() {
        let mut viewer = Viewer::join(&gateway, &camera);
        viewer.control.request("WRAP", &[], payload);
        let code = viewer.control.reply().code;
        viewer.vanish();
        let received = camera.await_end(link).received;
        let Some(request) = received.first() else {
            assert_eq!(code, 400, "{payload:?}");
            continue;
        };
        assert!(
            link >= refused.len(),
            "{payload:?} let through: {request:?}"
        );
        assert_eq!(request.first_line, format!("OPTIONS {url} RTSP/1.0"));
        for (name, value) in &request.headers {
            let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            assert!(name.chars().all(token), "{payload:?}: {name:?}");
            assert!(
                !value.contains(|c: char| c.is_ascii_control()),
                "{payload:?}: {value:?}"
            );
        }
        assert!(
            request.body.is_empty() && received.len() == 1,
            "{payload:?}: {received:?}"
        );
    }
}

#[test]
fn the_camera_gets_a_teardown_when_either_socket_goes() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    type Parting = fn(Viewer) -> Option<common::socket::Socket>;
    let partings: [(&str, Parting); 5] = [
        ("control closes", |viewer| {
            viewer.control.close();
            Some(viewer.data)
        }),
        ("data closes", |viewer| {
            viewer.data.close();
            Some(viewer.control)
        }),
        ("control vanishes", |viewer| {
            viewer.control.vanish();
            Some(viewer.data)
        }),
        ("data vanishes", |viewer| {
            viewer.data.vanish();
            Some(viewer.control)
        }),
        ("both vanish", |viewer| {
            viewer.vanish();
            None
        }),
    ];
    for (link, (what, part)) in partings.into_iter().enumerate() {
        let mut viewer = Viewer::join(&gateway, &camera);
        viewer.play();
        let left = part(viewer);
        let teardown = camera.await_request(link, "TEARDOWN");
        assert_eq!(
            teardown.header("Session"),
            Some("12345678"),
            "{what}: {teardown:?}"
        );
        assert_eq!(
            teardown.url().trim_end_matches('/'),
            camera.url(),
            "{what}: {teardown:?}"
        );
        assert!(
            teardown.cseq().is_some_and(|cseq| cseq > 4),
            "{what}: {teardown:?}"
        );
        left.map(|mut socket| socket.await_close());
        camera.await_end(link);
    }
}

#[test]
fn a_viewer_that_tore_down_by_itself_causes_no_second_teardown() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    let request = viewer.compose("TEARDOWN", &[("Session", "12345678")]);
    assert_eq!(viewer.exchange(&request).status(), 200);
    viewer.vanish();
    let record = camera.await_end(0);
    assert_eq!(
        record
            .received
            .iter()
            .filter(|message| message.method() == "TEARDOWN")
            .count(),
        1
    );
}

#[test]
fn what_a_viewer_sends_as_media_closes_it_and_never_reaches_the_camera() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::playing(Pattern::CAMERA, 10);
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    viewer.expect_frames(Pattern::CAMERA, 0..10);
    let report = common::frames::frame(1, 5, 32);
    viewer
        .data
        .send_message(tungstenite::Message::binary(report));
    assert_eq!(viewer.data.await_close(), 1003);
    assert!(camera.await_end(0).frames.is_empty());
}

#[test]
fn requests_are_answered_and_a_teardown_arrives_in_a_flood_of_media() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.flood_while_serving(Pattern::BULK)
    });
    for (link, batch) in [false, true].into_iter().enumerate() {
        let mut viewer = Viewer::join_as(&gateway, &camera, batch, Default::default());
        viewer.play();
        let request = viewer.compose("GET_PARAMETER", &[]);
        let Viewer { control, data, .. } = &mut viewer;
        let (stop, stopped) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut checker = Checker::new(Pattern::BULK, 0);
                while stopped.try_recv().is_err() {
                    checker.accept_several(&data.binary()).unwrap();
                }
            });
            for _ in 0..20 {
                assert_eq!(control.ask("WRAP", &[], &request).code, 200);
            }
            stop.send(()).unwrap();
        });
        viewer.vanish();
        camera.await_request(link, "TEARDOWN");
    }
}

/// The camera would send UDP to whomever the viewer names.
#[test]
fn a_set_up_that_asks_for_more_than_the_link_does_not_reach_the_camera() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut viewer = Viewer::join(&gateway, &camera);
    let mut set_up = |transport: &str| {
        let request = viewer.compose("SETUP", &[("Transport", transport)]);
        viewer.exchange(&request).status()
    };
    for transport in [
        "RTP/AVP;unicast;destination=127.0.0.1;client_port=5000-5001",
        "RTP/AVP/UDP;unicast;client_port=5000-5001",
        "RTP/AVP;multicast;ttl=64",
        "RTP/AVP/TCP;unicast;destination=127.0.0.1;interleaved=0-1",
    ] {
        assert_eq!(set_up(transport), 461, "{transport}");
    }
    let list = "RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1";
    assert_eq!(set_up(list), 200);
    let received = camera.record(0).received;
    let transports: Vec<_> = received.iter().map(|it| it.header("Transport")).collect();
    assert_eq!(transports, [Some("RTP/AVP/TCP;unicast;interleaved=0-1")]);
}
