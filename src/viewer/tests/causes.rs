//! What the gateway says is marked as its own, and what a camera answers is not.

use super::*;
use crate::failure::Cause;

/// The value of the mark in a WSP reply, or in the RTSP answer that it carries.
fn cause(text: &str) -> Option<&str> {
    let lines = text.lines();
    let mut values = lines.filter_map(|line| line.strip_prefix("gateway-cause: "));
    values.next()
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
            format!(
                "WSP/1.1 {line}\r\nseq: 1\r\ngateway-cause: {}\r\n\r\n",
                failure.cause().word()
            )
        );
        assert!(matches!(session.poll_output(), Some(Output::Close { code, .. }) if code == close));
    }
}

#[test]
fn refusals_of_wsp_name_their_cause() {
    let cases = [
        ("INIT\r\nhost: a b", 400, "address"),
        ("INIT\r\nhost: a\r\nport: x", 400, "address"),
        ("INIT\r\nhost: a\r\nproto: rtsps", 400, "address"),
        ("INIT\r\nhost: a\r\nclient: b", 404, "unknown"),
        ("WRAP", 405, "request"),
        ("FAREWELL", 405, "request"),
        ("JOIN\r\nchannel: a", 405, "request"),
        ("NONSENSE", 400, "request"),
    ];
    for (command, status, word) in cases {
        let (mut session, now) = session();
        session.handle_text(&format!("WSP/1.1 {command}\r\nseq: 1\r\n\r\n"), now);
        let text = reply(&mut session);
        assert!(text.starts_with(&format!("WSP/1.1 {status} ")), "{text}");
        assert_eq!(cause(&text), Some(word), "{text}");
    }
    for text in [
        Join::parse("WSP/1.1 JOIN\r\n\r\n").unwrap_err(),
        join_reply(404, "no such channel", None, false),
        join_reply(409, "the channel is joined already", None, false),
    ] {
        assert_eq!(cause(&text), Some("request"), "{text}");
    }
    assert_eq!(cause(&join_reply(200, "OK", None, true)), None);
}

#[test]
fn refusals_of_shared_cameras_name_their_cause_in_the_rtsp_answer() {
    for (refusal, word) in [
        (Refusal::because(Cause::Unknown, "no such"), "unknown"),
        (Refusal::because(Cause::Full, "too many"), "full"),
        (Refusal::because(Cause::Password, "refused"), "password"),
        (Refusal::because(Cause::Silent, "silent"), "silent"),
    ] {
        let mut session = Session::rtsp("0123456789abcdef".to_owned());
        session.handle_rtsp(b"DESCRIBE rtsp://camgate/front RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        assert_eq!(outputs(&mut session), [Output::Watch("front".to_owned())]);
        let status = refusal.status;
        session.camera_refused(refusal);
        let Some(Output::Rtsp(answer)) = session.poll_output() else {
            panic!("no answer");
        };
        let text = String::from_utf8(answer).expect("UTF-8");
        assert!(text.starts_with(&format!("RTSP/1.0 {status} ")), "{text}");
        assert_eq!(cause(&text), Some(word), "{text}");
    }
    let mut session = Session::rtsp("0123456789abcdef".to_owned());
    for (method, marked) in [("PLAY", true), ("RECORD", true), ("OPTIONS", false)] {
        let request = format!("{method} rtsp://camgate/front RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        session.handle_rtsp(request.as_bytes());
        let Some(Output::Rtsp(answer)) = session.poll_output() else {
            panic!("no answer");
        };
        let text = String::from_utf8(answer).expect("UTF-8");
        assert_eq!(cause(&text), marked.then_some("request"), "{text}");
    }
}

#[test]
fn the_answer_of_a_camera_bears_no_mark_even_if_it_has_one() {
    for header in ["", "Gateway-Cause: full\r\n"] {
        let (mut session, now) = open();
        session.handle_text(
            &wrap(1, "DESCRIBE rtsp://cam/s RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
            now,
        );
        outputs(&mut session);
        session.handle_camera(
            format!("RTSP/1.0 503 Busy\r\nCSeq: 1\r\n{header}X-Other: 1\r\n\r\n").as_bytes(),
        );
        let text = reply(&mut session).to_ascii_lowercase();
        assert!(text.contains("rtsp/1.0 503 busy\r\n"), "{text}");
        assert!(text.contains("x-other: 1\r\n"), "{text}");
        assert_eq!(cause(&text), None, "{text}");
    }
}
