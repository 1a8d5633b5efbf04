//! Which answers are late, and when.

use super::*;

/// Sends a request of this method; `number` is its CSeq and its WRAP's seq.
fn send(channel: &mut Channel, method: &str, number: u32, now: Instant) {
    let transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1";
    let request =
        format!("{method} rtsp://cam/s RTSP/1.0\r\nCSeq: {number}\r\n{transport}\r\n\r\n");
    channel.handle_text(&wrap(number, &request), now);
    to_camera(channel);
}

#[test]
fn all_before_a_camera_plays_may_take_three_times_as_long() {
    for method in ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"] {
        let (mut channel, now) = open();
        send(&mut channel, method, 1, now);
        assert_eq!(channel.timeout(), Some(now + PATIENCE * 3), "{method}");
        channel.handle_timeout(now + PATIENCE * 2);
        assert_eq!(channel.poll_output(), None);
        // One behind PLAY is to be answered sooner, and late sooner.
        send(&mut channel, "OPTIONS", 2, now + PATIENCE);
        let times = if method == "PLAY" { 2 } else { 3 };
        assert_eq!(channel.timeout(), Some(now + PATIENCE * times));
        channel.handle_camera(b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n");
        reply(&mut channel);
        channel.handle_timeout(now + PATIENCE * 3);
        assert!(reply(&mut channel).starts_with("WSP/1.1 504 "));
    }
}

#[test]
fn media_forgives_what_is_late_and_nothing_else() {
    let (mut channel, now) = open();
    send(&mut channel, "PLAY", 1, now);
    send(&mut channel, "GET_PARAMETER", 2, now);
    channel.forgive(now + PATIENCE);
    assert_eq!(channel.timeout(), Some(now + PATIENCE * 3), "PLAY waits on");
    channel.forgive(now + PATIENCE * 3);
    assert_eq!(channel.timeout(), None);
}

#[test]
fn rtsps_is_asked_for_in_vain_and_may_be_what_a_camera_calls_its_tracks() {
    let (mut channel, now) = open();
    let request = |method: &str| format!("{method} RTSPS://cam/s RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    channel.handle_text(&wrap(7, &request("DESCRIBE")), now);
    assert!(reply(&mut channel).starts_with("WSP/1.1 400 rtsps://"));
    channel.handle_text(&wrap(8, &request("GET_PARAMETER")), now);
    assert!(to_camera(&mut channel).starts_with("GET_PARAMETER RTSPS://cam/s"));
}
