//! What a viewer is told when its camera hangs up.

use super::*;

fn refused() -> Failure {
    Failure::Refused("the camera closed the connection".to_owned())
}

fn ask(session: &mut Session, method: &str, number: u32, now: Instant) {
    let request = format!("{method} rtsp://cam/s RTSP/1.0\r\nCSeq: {number}\r\n\r\n");
    session.handle_text(&wrap(number, &request), now);
}

#[test]
fn a_request_that_crosses_the_hang_up_behind_a_401_is_answered() {
    let (mut session, now) = open();
    ask(&mut session, "DESCRIBE", 1, now);
    session.handle_camera(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n");
    outputs(&mut session);
    session.camera_lost(&refused(), now);
    assert_eq!(outputs(&mut session), [], "the viewer does not know yet");
    ask(&mut session, "DESCRIBE", 2, now);
    let answer = reply(&mut session);
    assert!(
        answer.starts_with("WSP/1.1 502 the camera closed"),
        "{answer}"
    );
    assert!(answer.contains("seq: 2"), "{answer}");
    assert_eq!(session.poll_output(), None);

    let due = session.timeout().expect("it ends");
    session.handle_timeout(due);
    let last = outputs(&mut session);
    assert!(
        matches!(last[..], [Output::Close { code: 1011, .. }]),
        "{last:?}"
    );
    assert_eq!(session.timeout(), None);
}

#[test]
fn the_answer_that_is_due_comes_before_the_sockets_close() {
    let (mut session, now) = open();
    ask(&mut session, "DESCRIBE", 1, now);
    outputs(&mut session);
    session.camera_lost(&refused(), now);
    assert!(reply(&mut session).starts_with("WSP/1.1 502 "));
    assert_eq!(session.poll_output(), None);
    assert!(session.timeout().is_some_and(|due| due > now));
}

#[test]
fn who_is_owed_nothing_by_a_camera_that_played_learns_at_once() {
    let (mut session, now) = open();
    ask(&mut session, "PLAY", 1, now);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
    outputs(&mut session);
    session.camera_lost(&refused(), now);
    let last = outputs(&mut session);
    assert!(
        matches!(last[..], [Output::Close { code: 1011, .. }]),
        "{last:?}"
    );
}
