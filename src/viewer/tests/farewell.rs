//! The TEARDOWN of a session, sent by the viewer or in its stead.

use super::*;

#[test]
fn a_session_left_open_is_torn_down() {
    let (mut session, now) = open();
    let play =
        "PLAY rtsp://cam/ RTSP/1.0\r\nCSeq: 4\r\nSession: 77\r\nAuthorization: Basic YTpi\r\n\r\n";
    session.handle_text(&wrap(1, play), now);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 77;timeout=60\r\n\r\n");
    let farewell = String::from_utf8(session.farewell().expect("a session")).expect("ASCII");
    assert_eq!(
        farewell,
        "TEARDOWN rtsp://cam/ RTSP/1.0\r\nCSeq: 5\r\nSession: 77\r\nAuthorization: Basic YTpi\r\n\r\n"
    );
}

#[test]
fn a_farewell_handed_over_is_said_with_the_next_number() {
    let (mut session, now) = open();
    let farewell = |payload: &str| wrap(1, payload).replace("/1.1 WRAP", "/1.1 FAREWELL");
    let good = "TEARDOWN rtsp://cam/a/ RTSP/1.0\r\nCSeq: 5\r\nAuthorization: Digest nc=3\r\n\r\n";
    session.handle_text(&farewell(good), now);
    assert!(reply(&mut session).starts_with("WSP/1.1 200 "));
    for bad in [
        "nonsense",
        "TEARDOWN rtsp://cam/ RTSP/1.0\r\nCSeq: 5\r\n\r\n",
        "PLAY rtsp://cam/ RTSP/1.0\r\nAuthorization: x\r\n\r\n",
        "TEARDOWN http://cam/ RTSP/1.0\r\nAuthorization: x\r\n\r\n",
    ] {
        session.handle_text(&farewell(bad), now);
        assert!(reply(&mut session).starts_with("WSP/1.1 400 "), "{bad}");
    }
    let play = "PLAY rtsp://cam/ RTSP/1.0\r\nCSeq: 6\r\n\r\n";
    session.handle_text(&wrap(1, play), now);
    to_camera(&mut session);
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 6\r\nSession: 77\r\n\r\n");
    let said = String::from_utf8(session.farewell().expect("a session")).expect("ASCII");
    assert_eq!(
        said,
        "TEARDOWN rtsp://cam/a/ RTSP/1.0\r\nCSeq: 7\r\nSession: 77\r\nAuthorization: Digest nc=3\r\n\r\n"
    );
}

#[test]
fn a_session_that_the_viewer_ended_is_not_torn_down_again() {
    let (mut session, now) = open();
    session.handle_text(
        &wrap(
            1,
            "PLAY rtsp://cam/ RTSP/1.0\r\nCSeq: 4\r\nSession: 7\r\n\r\n",
        ),
        now,
    );
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 7\r\n\r\n");
    session.handle_text(
        &wrap(
            2,
            "TEARDOWN rtsp://cam/ RTSP/1.0\r\nCSeq: 5\r\nSession: 7\r\n\r\n",
        ),
        now,
    );
    session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 5\r\nSession: 7\r\n\r\n");
    assert_eq!(session.farewell(), None);
}
