//! WSP as players speak it: GET_INFO, INIT, JOIN and WRAP, in the right order
//! and in every wrong one.
//!
//! Invariant: each cause of failure has its code, its words and its closing
//! code, and the camera sees nothing that was refused.

mod common;

use common::fake_camera::FakeCamera;
use common::frames::Pattern;
use common::gateway::{Config, Gateway};
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, init, join, target};

#[test]
fn get_info_and_init_back_to_back_under_one_seq_are_both_answered() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut control = Socket::open(gateway.address(), "control");
    let rest = format!(
        "\r\nproto: rtsp\r\nhost: 127.0.0.1\r\nport: {}\r\nclient: \r\nseq: 1\r\n\r\n",
        camera.port()
    );
    control.send(&format!("WSP/1.1 GET_INFO{rest}"));
    control.send(&format!("WSP/1.1 INIT{rest}"));
    let info = control.reply();
    assert_eq!(
        (info.code, info.seq(), info.header("command")),
        (200, Some("1"), Some("GET_INFO"))
    );
    let init = control.reply();
    assert_eq!((init.code, init.seq()), (200, Some("1")), "{init:?}");
    assert!(
        init.header("channel")
            .is_some_and(|channel| channel.len() >= 16),
        "unguessable: {init:?}"
    );
    assert_eq!(
        init.header("pubkey"),
        None,
        "it switches the players to a mode that breaks"
    );
}

#[test]
fn get_info_says_what_the_players_read_from_it() {
    let gateway = Gateway::start_default();
    let origin = format!("http://{}", gateway.address());
    let opening = Opening {
        origin: Some(&origin),
        ..Opening::default()
    };
    let mut control = Socket::open_as(gateway.address(), "control", opening);
    let reply = control.ask("GET_INFO", &target("127.0.0.1", "554"), "");
    assert_eq!(
        (reply.code, reply.header("type"), reply.header("command")),
        (200, Some("json"), Some("GET_INFO"))
    );
    let json: String = reply.payload.split_whitespace().collect();
    assert!(
        json.starts_with("{\"info\":{") && json.ends_with("}}"),
        "{json}"
    );
    assert!(json.contains("\"license\":{"), "{json}");
    assert!(
        json.contains("\"clients\":{"),
        "an object, never null: {json}"
    );
    assert!(
        json.contains("\"requestedDomain\":\"127.0.0.1\""),
        "the bare host name: {json}"
    );
}

#[test]
fn header_names_in_any_case_and_unknown_headers_are_understood() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut control = Socket::open(gateway.address(), "rtsp");
    let headers = format!(
        "PROTO: rtsp\r\nHoSt: 127.0.0.1\r\nPort: {}\r\nrestreamer: \r\nsocket: 7",
        camera.port()
    );
    control.send(&format!("WSP/1.1 INIT\r\n{headers}\r\nSEQ: 41\r\n\r\n"));
    let reply = control.reply();
    assert_eq!((reply.code, reply.seq()), (200, Some("41")), "{reply:?}");
}

#[test]
fn lines_may_end_in_lf_only_and_client_may_be_missing() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut control = Socket::open(gateway.address(), "control");
    control.send(&format!(
        "WSP/1.1 INIT\nproto: rtsp\nhost: 127.0.0.1\nport: {}\nseq: 1\n\n",
        camera.port()
    ));
    let reply = control.reply();
    assert_eq!(reply.code, 200, "{reply:?}");
    let mut data = Socket::open(gateway.address(), "rtp");
    data.send(&format!(
        "WSP/1.1 JOIN\nchannel: {}\nseq: 1\n\n",
        reply.header("channel").unwrap()
    ));
    assert_eq!(data.reply().code, 200);
    control.send("WSP/1.1 WRAP\nseq: 2\n\nOPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    let wrapped = control.reply();
    assert_eq!((wrapped.code, wrapped.seq()), (200, Some("2")));
    assert!(
        wrapped.payload.starts_with("RTSP/1.0 200 OK\r\n"),
        "{wrapped:?}"
    );
}

#[test]
fn the_reply_to_wrap_is_the_whole_response_under_the_seq_of_the_request() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut viewer = Viewer::join(&gateway, &camera);
    for (seq, cseq) in [("900", 5), ("7", 1), ("7", 6), ("x-1", 7)] {
        let request = format!("OPTIONS {} RTSP/1.0\r\nCSeq: {cseq}\r\n\r\n", camera.url());
        viewer.control.send(&format!(
            "WSP/1.1 WRAP\r\ncontentLength: 1\r\nseq: {seq}\r\n\r\n{request}"
        ));
        assert_eq!(
            viewer.response(seq).cseq(),
            Some(cseq),
            "the contentLength is not believed"
        );
    }
}

#[test]
fn several_wraps_in_flight_are_matched_to_their_seqs() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        let requests = [link.receive()?, link.receive()?, link.receive()?];
        for request in [&requests[0], &requests[1], &requests[2]] {
            link.reply(request, "200 OK", &[("X-For", request.method())], b"")?;
        }
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    let methods = ["OPTIONS", "DESCRIBE", "GET_PARAMETER"];
    let seqs = methods.map(|method| {
        let request = viewer.compose(method, &[]);
        viewer.wrap(&request)
    });
    for (seq, method) in seqs.iter().zip(methods) {
        assert_eq!(viewer.response(seq).header("X-For"), Some(method));
    }
}

#[test]
fn malformed_wsp_gets_400_with_the_seq_if_it_was_readable() {
    let gateway = Gateway::start_default();
    let cases = [
        ("HELLO\r\n\r\n", None),
        ("", None),
        ("WSP/2.0 INIT\r\nseq: 3\r\n\r\n", None),
        ("WSP/1.1\r\nseq: 3\r\n\r\n", None),
        (
            "WSP/1.1 INIT\r\nseq: 7\r\na line without colon\r\n\r\n",
            Some("7"),
        ),
        (
            "WSP/1.1 INIT\r\nproto: rtsp\r\nport: 554\r\nseq: 9\r\n\r\n",
            Some("9"),
        ),
        (
            "WSP/1.1 INIT\r\nproto: rtsp\r\nhost: 127.0.0.1\r\nport: 99999\r\nseq: 11\r\n\r\n",
            Some("11"),
        ),
        (
            "WSP/1.1 INIT\r\nproto: rtsp\r\nhost: 127.0.0.1\r\nport: 0\r\nseq: 12\r\n\r\n",
            Some("12"),
        ),
        (
            "WSP/1.1 INIT\r\nproto: gopher\r\nhost: 127.0.0.1\r\nport: 554\r\nseq: 14\r\n\r\n",
            Some("14"),
        ),
        ("WSP/1.1 DANCE\r\nseq: 15\r\n\r\n", Some("15")),
    ];
    for (text, seq) in cases {
        let mut control = Socket::open(gateway.address(), "control");
        control.send(text);
        let reply = control.reply();
        assert_eq!(reply.code, 400, "{text:?} {reply:?}");
        assert!(seq.is_none() || reply.seq() == seq, "{text:?} {reply:?}");
    }
}

#[test]
fn wrap_before_init_gets_405_and_the_end() {
    let gateway = Gateway::start_default();
    let mut control = Socket::open(gateway.address(), "control");
    let reply = control.ask(
        "WRAP",
        &[],
        "OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    );
    assert_eq!(reply.code, 405, "{reply:?}");
    assert_eq!(control.await_close(), 1002);
}

#[test]
fn commands_on_the_wrong_socket_get_405_and_the_end() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut data = Socket::open(gateway.address(), "data");
    let reply = data.ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!((reply.code, data.await_close()), (405, 1002), "{reply:?}");
    let mut control = Socket::open(gateway.address(), "control");
    let reply = control.ask("JOIN", &[("channel", "x")], "");
    assert_eq!(
        (reply.code, control.await_close()),
        (405, 1002),
        "{reply:?}"
    );
    assert_eq!(camera.links(), 0, "the camera was not bothered");
}

#[test]
fn a_second_init_gets_405_and_does_not_open_another_link() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut viewer = Viewer::join(&gateway, &camera);
    let reply = viewer
        .control
        .ask("INIT", &target("127.0.0.1", &camera.port().to_string()), "");
    assert_eq!(reply.code, 405, "{reply:?}");
    viewer.vanish();
    camera.await_end(0);
    assert_eq!(camera.links(), 1);
}

#[test]
fn join_of_an_unknown_channel_gets_an_error_and_the_end() {
    let gateway = Gateway::start_default();
    for channel in ["nobody-1 123", "", "0"] {
        let mut data = Socket::open(gateway.address(), "data");
        let reply = data.ask("JOIN", &[("channel", channel)], "");
        assert!((400..500).contains(&reply.code), "{channel:?} {reply:?}");
        let code = data.await_close();
        assert!(
            [1002, 1011].contains(&code),
            "a player that saw 200 would wait for ever: {code}"
        );
    }
}

#[test]
fn join_of_a_used_channel_gets_409_while_the_first_viewer_plays_on() {
    let gateway = Gateway::start_default();
    let (go, gate) = std::sync::mpsc::channel();
    let gate = std::sync::Mutex::new(gate);
    let camera = FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::CAMERA, 0..100)?;
        let _ = gate.lock().unwrap().recv();
        link.send_frames(Pattern::CAMERA, 100..200)?;
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    viewer.expect_frames(Pattern::CAMERA, 0..100);
    let mut thief = Socket::open(gateway.address(), "data");
    let reply = thief.ask("JOIN", &[("channel", &viewer.channel)], "");
    assert_eq!((reply.code, thief.await_close()), (409, 4009), "{reply:?}");
    go.send(()).unwrap();
    viewer.expect_frames(Pattern::CAMERA, 100..200);
    assert_eq!(viewer.ask("GET_PARAMETER").status(), 200);
}

#[test]
fn a_channel_that_is_over_cannot_be_joined() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let (control, reply) = init(&gateway, "127.0.0.1", camera.port());
    let channel = reply.header("channel").unwrap().to_owned();
    control.close();
    camera.await_end(0);
    let mut data = Socket::open(gateway.address(), "data");
    let reply = data.ask("JOIN", &[("channel", &channel)], "");
    assert!((400..500).contains(&reply.code), "{reply:?}");
    data.await_close();
}

#[test]
fn a_wrap_that_is_not_rtsp_gets_400_and_the_camera_sees_nothing() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let payloads = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "",
        "EHLO mail\r\n",
        "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
        "OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n",
        "OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "OPTIONS rtsp://127.0.0.1/ RTSP/9.0\r\nCSeq: 1\r\n\r\n",
        "$\u{0}\u{0}\u{4}abcd",
    ];
    for (link, payload) in payloads.into_iter().enumerate() {
        let mut viewer = Viewer::join(&gateway, &camera);
        let seq = viewer.control.request("WRAP", &[], payload);
        let reply = viewer.control.reply();
        assert_eq!(
            (reply.code, reply.seq()),
            (400, Some(seq.as_str())),
            "{payload:?} {reply:?}"
        );
        viewer.vanish();
        let record = camera.await_end(link);
        let strays: Vec<_> = record
            .received
            .iter()
            .filter(|message| message.method() != "TEARDOWN")
            .collect();
        assert!(strays.is_empty(), "{payload:?} let through {strays:?}");
    }
}

#[test]
fn a_camera_that_does_not_answer_a_request_gets_504() {
    let gateway = Config::new()
        .limit("handshake", "1s")
        .limit("idle", "30s")
        .start();
    let camera = FakeCamera::start(|link| link.fall_silent());
    let mut viewer = Viewer::join(&gateway, &camera);
    let request = viewer.compose("OPTIONS", &[]);
    let seq = viewer.wrap(&request);
    let reply = viewer.control.reply();
    assert_eq!(
        (reply.code, reply.seq()),
        (504, Some(seq.as_str())),
        "{reply:?}"
    );
    assert_eq!(viewer.control.await_close(), 1011);
    assert_eq!(viewer.data.await_close(), 1011);
    camera.await_end(0);
}

#[test]
fn init_without_join_is_closed_at_the_deadline() {
    let gateway = Config::new().limit("handshake", "1s").start();
    let camera = FakeCamera::answering();
    let before = gateway.metrics();
    let (mut control, reply) = init(&gateway, "127.0.0.1", camera.port());
    assert_eq!(reply.code, 200);
    control.await_close();
    drop(control);
    camera.await_end(0);
    gateway.await_as_before(&before);
}

#[test]
fn a_socket_that_never_says_what_it_wants_is_closed_at_the_deadline() {
    let gateway = Config::new().limit("handshake", "1s").start();
    let mut sockets = ["control", "data"].map(|protocol| Socket::open(gateway.address(), protocol));
    for socket in &mut sockets {
        socket.await_close();
    }
}

#[test]
fn a_channel_is_joined_once_init_is_answered_however_late() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut data = Socket::open(gateway.address(), "data");
    let (mut control, reply) = init(&gateway, "127.0.0.1", camera.port());
    let joined = data.ask("JOIN", &[("channel", reply.header("channel").unwrap())], "");
    assert_eq!(joined.code, 200, "{joined:?}");
    let options = format!("OPTIONS {} RTSP/1.0\r\nCSeq: 1\r\n\r\n", camera.url());
    assert_eq!(control.ask("WRAP", &[], &options).code, 200);
}

#[test]
fn channels_are_told_apart_and_never_repeat() {
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut seen = std::collections::HashSet::new();
    let mut open = Vec::new();
    for _ in 0..12 {
        let (control, reply) = init(&gateway, "127.0.0.1", camera.port());
        let channel = reply.header("channel").expect("a channel").to_owned();
        assert!(
            !channel.contains(':'),
            "the players cut at a colon: {channel}"
        );
        assert!(seen.insert(channel.clone()), "{channel} twice");
        open.push((
            control,
            join(gateway.address(), &channel, false, Opening::default()),
        ));
    }
}

#[test]
fn an_open_socket_outlives_the_handshake_deadline() {
    let gateway = Config::new().limit("handshake", "1s").start();
    let other = FakeCamera::answering();
    let mut viewer = Viewer::join(&gateway, &other);
    let mut silent = common::http::Connection::open(gateway.address());
    silent.rest(); // a connection made later has met its deadline by now
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
}
