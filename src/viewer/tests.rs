use super::*;

mod farewell;
mod late;
mod parting;

const PATIENCE: Duration = Duration::from_secs(10);

fn session() -> (Session, Instant) {
    let id = "0123456789abcdef".to_owned();
    (
        Session::new(id, "192.168.1.2", "[]".into(), PATIENCE),
        Instant::now(),
    )
}

fn open() -> (Session, Instant) {
    let (mut session, now) = session();
    session.handle_text(
        "WSP/1.1 INIT\r\nproto: rtsp\r\nhost: cam\r\nport: 554\r\nclient: \r\nseq: 1\r\n\r\n",
        now,
    );
    session.camera_connected();
    session.handle_text(&wrap(0, "OPTIONS * RTSP/1.0\r\nCSeq: 0\r\n\r\n"), now);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 0\r\n\r\n");
    while session.poll_output().is_some() {}
    (session, now)
}

fn outputs(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

fn wrap(seq: u32, rtsp: &str) -> String {
    format!("WSP/1.1 WRAP\r\nseq: {seq}\r\n\r\n{rtsp}")
}

fn to_camera(session: &mut Session) -> String {
    match outputs(session).pop() {
        Some(Output::ToCamera(bytes)) => String::from_utf8(bytes).expect("ASCII"),
        other => panic!("not for the camera: {other:?}"),
    }
}

fn reply(session: &mut Session) -> String {
    match session.poll_output() {
        Some(Output::Reply(text)) => text,
        other => panic!("no reply: {other:?}"),
    }
}

#[test]
fn init_is_answered_when_the_camera_is_connected() {
    let (mut session, now) = session();
    session.handle_text("WSP/1.1 INIT\nhost: [fe80::1]\nport: 8554\nseq: 7\n\n", now);
    let host = "fe80::1".to_owned();
    assert_eq!(
        outputs(&mut session),
        [Output::Connect { host, port: 8554 }]
    );
    session.camera_connected();
    assert_eq!(
        reply(&mut session),
        "WSP/1.1 200 OK\r\nseq: 7\r\nchannel: 0123456789abcdef\r\n\r\n"
    );
}

#[test]
fn a_camera_that_is_not_there_has_a_reason_and_a_close_code() {
    let cases = [
        (Failure::Refused("refused".to_owned()), "502 refused", 1011),
        (
            Failure::Forbidden("see targets".to_owned()),
            "403 see targets",
            4003,
        ),
        (Failure::Limit("full".to_owned()), "503 full", 1013),
        (Failure::Silent, "504 the camera did not answer", 1011),
    ];
    for (failure, line, close) in cases {
        let (mut session, now) = session();
        session.handle_text("WSP/1.1 INIT\r\nhost: cam\r\nseq: 1\r\n\r\n", now);
        session.poll_output();
        session.camera_failed(&failure);
        assert_eq!(
            reply(&mut session),
            format!("WSP/1.1 {line}\r\nseq: 1\r\n\r\n")
        );
        assert!(matches!(session.poll_output(), Some(Output::Close { code, .. }) if code == close));
    }
}

#[test]
fn info_has_the_shape_that_players_read() {
    let (mut session, now) = session();
    session.handle_text("WSP/1.1 GET_INFO\r\nproto: rtsp\r\nseq: 1\r\n\r\n", now);
    let text = reply(&mut session);
    assert!(text.starts_with(
        "WSP/1.1 200 OK\r\nseq: 1\r\ncommand: GET_INFO\r\ntype: json\r\n\r\n{\"info\":"
    ));
    assert!(text.contains("\"requestedDomain\":\"192.168.1.2\""));
    assert!(text.contains("\"clients\":{}"));
}

#[test]
fn answers_find_their_wrap_by_cseq() {
    let (mut session, now) = open();
    session.handle_text(
        &wrap(20, "OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 5\r\n\r\n"),
        now,
    );
    session.handle_text(
        &wrap(21, "DESCRIBE rtsp://cam/ RTSP/1.0\r\nCSeq: 6\r\n\r\n"),
        now,
    );
    assert_eq!(outputs(&mut session).len(), 2);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 6\r\n\r\n");
    session.handle_camera(b"RTSP/1.0 100 Continue\r\nCSeq: 5\r\n\r\n");
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n");
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n");
    assert_eq!(
        reply(&mut session),
        "WSP/1.1 200 OK\r\nseq: 21\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 6\r\n\r\n"
    );
    assert!(reply(&mut session).contains("seq: 20"));
    assert_eq!(session.poll_output(), None);
}

#[test]
fn an_answer_with_a_number_of_its_own_is_to_the_only_request() {
    let (mut session, now) = open();
    for (seq, cseq, answered) in [(20, 5, 1), (21, 6, 1), (22, 7, 8)] {
        let text = format!("DESCRIBE rtsp://cam/ RTSP/1.0\r\nCSeq: {cseq}\r\n\r\n");
        session.handle_text(&wrap(seq, &text), now);
        to_camera(&mut session);
        let answer = format!("RTSP/1.0 200 OK\r\nCSeq: {answered}\r\n\r\n");
        session.handle_camera(answer.as_bytes());
        assert!(reply(&mut session).contains(&format!("seq: {seq}\r\n")));
    }
}

#[test]
fn what_is_not_one_rtsp_request_never_reaches_the_camera() {
    let (mut session, now) = open();
    let payloads = [
        "",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
        "OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n",
        "OPTIONS rtsp://cam/ RTSP/1.0\r\n\r\n",
        "OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\nmore",
    ];
    for payload in payloads {
        session.handle_text(&wrap(3, payload), now);
        let text = reply(&mut session);
        assert!(text.starts_with("WSP/1.1 400 "), "{payload:?}: {text}");
        assert!(text.contains("seq: 3"));
        assert_eq!(session.poll_output(), None, "{payload:?}");
    }
}

#[test]
fn keep_alives_of_the_players_are_mended() {
    let (mut session, now) = open();
    let play = "PLAY rtsp://cam/h264 RTSP/1.0\r\nCSeq: 1\r\nSession: 12\r\n\r\n";
    session.handle_text(&wrap(1, play), now);
    assert_eq!(to_camera(&mut session), play);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: 12;timeout=60\r\n\r\n");
    let keep_alives = [
        "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\nSession: 12,timeout=60\r\n\r\n",
        "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\nSession: 12;timeout=60\r\n\r\n",
        "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n",
        "OPTIONS rtsp://cam/h264/track1 RTSP/1.0\nCSeq: 2\nSession: 12\n\n",
    ];
    for text in keep_alives {
        session.handle_text(&wrap(2, text), now);
        assert_eq!(
            to_camera(&mut session),
            "OPTIONS rtsp://cam/h264 RTSP/1.0\r\nCSeq: 2\r\nSession: 12\r\n\r\n",
            "{text}"
        );
    }
}

#[test]
fn a_camera_that_was_not_read_is_not_silent() {
    let (mut session, now) = open();
    session.handle_text(
        &wrap(8, "OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        now,
    );
    outputs(&mut session);
    session.postpone(now + PATIENCE * 3);
    session.handle_timeout(now + PATIENCE * 3);
    assert_eq!(session.poll_output(), None);
    assert_eq!(session.timeout(), Some(now + PATIENCE * 6));
}

#[test]
fn other_protocols_are_not_relayed() {
    let (mut session, now) = open();
    let payloads = [
        "RPUSH k \"v\" RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "RPUSH rtsp://k RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "OPTIONS /etc/passwd RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "OPTIONS http://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    ];
    for payload in payloads {
        session.handle_text(&wrap(3, payload), now);
        assert!(reply(&mut session).starts_with("WSP/1.1 400 "), "{payload}");
        assert_eq!(session.poll_output(), None);
    }
    let hidden = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nFLUSHALL\r\nA B: c\r\nX: y\rQUIT\r\n\r\n";
    session.handle_text(&wrap(4, hidden), now);
    let sent = to_camera(&mut session);
    assert!(
        !sent.contains("FLUSHALL") && !sent.contains("A B"),
        "{sent}"
    );
    assert!(sent.lines().all(|line| line != "QUIT") && !sent.replace("\r\n", "").contains('\r'));
}

#[test]
fn a_camera_that_has_not_answered_yet_gets_no_bodies() {
    let (mut session, now) = session();
    session.handle_text("WSP/1.1 INIT\r\nhost: cam\r\nseq: 1\r\n\r\n", now);
    session.camera_connected();
    outputs(&mut session);
    let body = "SET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nQUIT";
    session.handle_text(&wrap(2, body), now);
    assert!(reply(&mut session).starts_with("WSP/1.1 400 "));
    let options = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    session.handle_text(&wrap(3, options), now);
    assert_eq!(to_camera(&mut session), options);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
    outputs(&mut session);
    session.handle_text(&wrap(4, body), now);
    assert!(to_camera(&mut session).ends_with("\r\n\r\nQUIT"));
}

#[test]
fn an_answer_reaches_the_player_in_the_form_it_reads() {
    let (mut session, now) = open();
    session.handle_text(&wrap(1, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"), now);
    outputs(&mut session);
    session.handle_camera(b"RTSP/1.0  200\nCSeq: 1\n\n");
    let text = reply(&mut session);
    assert!(
        text.ends_with("\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"),
        "{text:?}"
    );
}

#[test]
fn requests_of_the_camera_are_answered_here() {
    let (mut session, _) = open();
    session.handle_camera(b"OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 9\r\nSession: 4\r\n\r\n");
    let answer = to_camera(&mut session);
    assert!(answer.starts_with("RTSP/1.0 200 OK\r\nCSeq: 9\r\nSession: 4\r\n"));
    session.handle_camera(b"RECORD rtsp://cam/ RTSP/1.0\r\nCSeq: 10\r\n\r\n");
    assert!(to_camera(&mut session).starts_with("RTSP/1.0 501 "));
}

#[test]
fn a_description_in_latin_1_becomes_valid_text() {
    let (mut session, now) = open();
    session.handle_text(
        &wrap(1, "DESCRIBE rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        now,
    );
    outputs(&mut session);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 6\r\n\r\ns=T\xfcr\n");
    let text = reply(&mut session);
    assert!(
        text.ends_with("CSeq: 1\r\nContent-Length: 7\r\n\r\ns=T\u{fc}r\n"),
        "{text}"
    );
}

#[test]
fn a_silent_camera_is_given_up() {
    let (mut session, now) = open();
    assert_eq!(session.timeout(), None);
    session.handle_text(
        &wrap(8, "OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        now,
    );
    assert_eq!(session.timeout(), Some(now + PATIENCE * 3));
    outputs(&mut session);
    session.handle_timeout(now + PATIENCE * 3 - Duration::from_millis(1));
    assert_eq!(session.poll_output(), None);
    session.handle_timeout(now + PATIENCE * 3);
    assert!(reply(&mut session).starts_with("WSP/1.1 504 "));
    assert!(matches!(
        session.poll_output(),
        Some(Output::Close { code: 1011, .. })
    ));
}

#[test]
fn too_many_requests_at_once_are_refused() {
    let (mut session, now) = open();
    for cseq in 0..MAX_PENDING {
        let text = format!("OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: {cseq}\r\n\r\n");
        session.handle_text(&wrap(1, &text), now);
    }
    assert_eq!(outputs(&mut session).len(), MAX_PENDING);
    session.handle_text(
        &wrap(2, "OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 99\r\n\r\n"),
        now,
    );
    assert!(reply(&mut session).starts_with("WSP/1.1 503 "));
}

#[test]
fn the_order_is_init_join_wrap() {
    let (mut session, now) = session();
    session.handle_text(
        &wrap(1, "OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        now,
    );
    assert!(reply(&mut session).starts_with("WSP/1.1 405 "));
    assert!(matches!(
        session.poll_output(),
        Some(Output::Close { code: 1002, .. })
    ));
    let join = Join::parse("WSP/1.1 JOIN\r\nchannel: abc\r\nseq: 2\r\nbatch: 1\r\n\r\n");
    assert_eq!(
        join,
        Ok(Join {
            channel: "abc",
            seq: Some("2"),
            batch: true
        })
    );
    assert!(
        Join::parse("WSP/1.1 INIT\r\nseq: 2\r\n\r\n")
            .is_err_and(|reply| reply.starts_with("WSP/1.1 405 "))
    );
    assert!(
        Join::parse("WSP/1.1 JOIN\r\nseq: 2\r\n\r\n")
            .is_err_and(|reply| reply.starts_with("WSP/1.1 400 "))
    );
}

/// A camera would send UDP to any address that a viewer names.
#[test]
fn a_set_up_for_media_beside_the_link_is_answered_here() {
    let (mut session, now) = open();
    let mut set_up = |transport: &str| {
        let text = format!("SETUP rtsp://cam/1 RTSP/1.0\r\nCSeq: 4\r\n{transport}\r\n");
        session.handle_text(&wrap(1, &text), now);
        outputs(&mut session)
    };
    for transport in [
        "",
        "Transport: RTP/AVP;unicast;destination=10.0.0.9;client_port=5000-5001\r\n",
        "Transport: RTP/AVP;multicast\r\nTransport: RTP/AVP/UDP;unicast\r\n",
        "tRANSPORT : RTP/AVP/TCP;unicast;interleaved=0-1;destination=10.0.0.9\r\n",
    ] {
        let out = set_up(transport);
        let [Output::Reply(reply)] = &out[..] else {
            panic!("{transport}: {out:?}");
        };
        assert!(reply.starts_with("WSP/1.1 200 "), "{reply}");
        assert!(reply.contains("RTSP/1.0 461 "), "{reply}");
        assert!(reply.contains("\r\nCSeq: 4\r\n"), "{reply}");
    }
    let both = "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n\
                Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    let out = set_up(both);
    let [Output::ToCamera(bytes)] = &out[..] else {
        panic!("{out:?}");
    };
    let sent = String::from_utf8_lossy(bytes);
    let kept = "\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    assert!(
        sent.contains(kept) && !sent.contains("client_port"),
        "{sent}"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_and_no_camera_makes_it_panic(
        texts in proptest::collection::vec(".{0,200}", 0..8),
        camera in proptest::collection::vec(proptest::collection::vec(0u8..=255, 0..200), 0..8),
    ) {
        let (mut session, now) = open();
        for (text, bytes) in texts.iter().zip(&camera) {
            session.handle_text(text, now);
            session.handle_text(&wrap(1, text), now);
            session.handle_camera(bytes);
        }
        let forwarded = outputs(&mut session);
        proptest::prop_assert!(forwarded.iter().all(|o| !matches!(o, Output::ToCamera(_))));
    }
}
