//! Which answers are overdue, and when.

use super::*;

/// Sends a request of this method; `number` is its CSeq and its WRAP's seq.
fn send(session: &mut Session, method: &str, number: u32, now: Instant) {
    let transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1";
    let request =
        format!("{method} rtsp://cam/s RTSP/1.0\r\nCSeq: {number}\r\n{transport}\r\n\r\n");
    session.handle_text(&wrap(number, &request), now);
    to_camera(session);
}

#[test]
fn all_before_a_camera_plays_may_take_three_times_as_long() {
    for method in ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"] {
        let (mut session, now) = open();
        send(&mut session, method, 1, now);
        assert_eq!(session.timeout(), Some(now + PATIENCE * 3), "{method}");
        session.handle_timeout(now + PATIENCE * 2);
        assert_eq!(session.poll_output(), None);
        // A request after PLAY is overdue sooner.
        send(&mut session, "OPTIONS", 2, now + PATIENCE);
        let times = if method == "PLAY" { 2 } else { 3 };
        assert_eq!(session.timeout(), Some(now + PATIENCE * times));
        session.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n");
        reply(&mut session);
        session.handle_timeout(now + PATIENCE * 3);
        assert!(reply(&mut session).starts_with("WSP/1.1 504 "));
    }
}

#[test]
fn media_forgives_what_is_late_and_nothing_else() {
    let (mut session, now) = open();
    send(&mut session, "PLAY", 1, now);
    send(&mut session, "GET_PARAMETER", 2, now);
    session.drop_overdue(now + PATIENCE);
    assert_eq!(session.timeout(), Some(now + PATIENCE * 3), "PLAY waits on");
    session.drop_overdue(now + PATIENCE * 3);
    assert_eq!(session.timeout(), None);
}

#[test]
fn rtsps_is_asked_for_in_vain_and_may_be_what_a_camera_calls_its_tracks() {
    let (mut session, now) = open();
    let request = |method: &str| format!("{method} RTSPS://cam/s RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    session.handle_text(&wrap(7, &request("DESCRIBE")), now);
    assert!(reply(&mut session).starts_with("WSP/1.1 400 rtsps://"));
    session.handle_text(&wrap(8, &request("GET_PARAMETER")), now);
    assert!(to_camera(&mut session).starts_with("GET_PARAMETER RTSPS://cam/s"));
}
