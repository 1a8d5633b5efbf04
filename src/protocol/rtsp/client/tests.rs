mod finding;
mod habits;
mod quirks;
mod scene;

use super::*;
use proptest::prelude::*;
use scene::{SDP, Scene};

fn set_up(media: usize, rtp_channel: u8, rtcp_channel: u8) -> Output {
    Output::SetUp {
        media,
        rtp_channel,
        rtcp_channel,
    }
}

/// A client that has set up two media of one session, and asks for PLAY.
fn about_to_play() -> Scene {
    let mut scene = Scene::new("rtsp://cam:554/live?x");
    assert_eq!(
        (scene.uri(), scene.header("CSeq")),
        ("rtsp://cam/live?x", Some("1"))
    );
    scene.describe("Content-Base: rtsp://10.9.8.7:99/live/\r\n", SDP);
    scene.client.setup(&[1, 0, 1, 7]);
    scene.expect("SETUP");
    assert_eq!(scene.uri(), "rtsp://cam/live/track2");
    let proposed = "RTP/AVP/TCP;unicast;interleaved=0-1";
    assert_eq!(scene.header("Transport"), Some(proposed));
    let headers = "Session: abc;timeout=30\r\nTransport: RTP/AVP/TCP;interleaved=6-7\r\n";
    scene.answer("200 OK", headers, "");
    assert_eq!(scene.take(), set_up(1, 6, 7));
    scene.expect("SETUP");
    assert_eq!(scene.header("Session"), Some("abc"));
    assert_eq!(
        scene.header("Transport"),
        Some("RTP/AVP/TCP;unicast;interleaved=2-3")
    );
    scene.answer("200 OK", "Session: abc\r\n", "");
    assert_eq!(scene.take(), set_up(0, 2, 3));
    scene.expect("PLAY");
    scene
}

#[test]
fn from_options_to_teardown() {
    let mut scene = about_to_play();
    assert_eq!(
        (scene.uri(), scene.header("Range")),
        ("rtsp://cam/live/", Some("npt=0.000-"))
    );
    scene.answer(
        "200 OK",
        "RTP-Info: url=rtsp://10.9.8.7/live/track1;seq=5;rtptime=6\r\n",
        "",
    );
    let info = RtpInfo {
        media: 0,
        seq: Some(5),
        rtptime: Some(6),
    };
    assert_eq!(
        scene.take(),
        Output::Playing {
            rtp_info: vec![info]
        }
    );

    // The timeout of an earlier answer still applies.
    assert_eq!(scene.client.timeout(), Some(scene.now + 15_000));
    scene.client.pause();
    scene.expect("PAUSE");
    scene.client.play();
    scene.nothing();
    scene.answer("200 OK", "", "");
    assert_eq!(scene.take(), Output::Paused);
    scene.expect("PLAY");
    assert_eq!(scene.header("Range"), None);
    scene.client.teardown();
    scene.expect("TEARDOWN");
    assert_eq!(scene.header("CSeq"), Some("8"));
    scene.answer("454 Session Not Found", "", "");
    assert_eq!(scene.take(), Output::TornDown);
    scene.client.play();
    scene.client.teardown();
    scene.nothing();
}

#[test]
fn keep_alive_by_what_the_camera_knows() {
    let mut scene = Scene::playing();
    let due = scene.client.timeout().unwrap();
    assert_eq!(due, scene.now + 10_000);
    scene.client.handle_timeout(due - 1);
    scene.nothing();
    scene.client.handle_timeout(due);
    scene.expect("GET_PARAMETER");
    assert_eq!(
        (scene.uri(), scene.header("Session")),
        ("rtsp://cam/live", Some("99"))
    );
    scene.now = due;
    scene.answer("451 Parameter Not Understood", "", "");
    scene.expect("OPTIONS");
    scene.answer("200 OK", "", "");
    scene.nothing();
    scene.now = scene.client.timeout().unwrap();
    scene.client.handle_timeout(scene.now);
    scene.expect("OPTIONS");
    // One unanswered keep-alive does not end the session, but two do.
    scene.now = scene.client.timeout().unwrap();
    scene.client.handle_timeout(scene.now);
    scene.expect("OPTIONS");
    scene.client.handle_timeout(scene.now + REPLY_TIMEOUT);
    assert_eq!(scene.failure(), Failure::Timeout { method: "OPTIONS" });
}

#[test]
fn the_session_may_end_on_the_other_side() {
    let mut scene = Scene::playing();
    scene.client.handle_timeout(scene.now + 10_000);
    scene.expect("GET_PARAMETER");
    scene.answer("454 Session Not Found", "", "");
    scene.expect("OPTIONS");
    scene.answer("454 Session Not Found", "", "");
    assert!(matches!(scene.failure(), Failure::Status { code: 454, .. }));
    scene.client.teardown();
    assert_eq!(scene.take(), Output::TornDown);
}

#[test]
fn a_medium_that_is_refused_is_left_out() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.describe("", SDP);
    scene.client.setup(&[0, 1]);
    scene.expect("SETUP");
    scene.answer("461 Unsupported transport", "", "");
    scene.expect("SETUP");
    let implied = "RTP/AVP;unicast;interleaved=0-1";
    assert_eq!(scene.header("Transport"), Some(implied));
    scene.answer("461 Unsupported transport", "", "");
    scene.expect("SETUP");
    let implied = "RTP/AVP;unicast;interleaved=2-3";
    assert_eq!(scene.header("Transport"), Some(implied));
    scene.answer(
        "200 OK",
        "Session: 1\r\nTransport: RTP/AVP;client_port=1-2\r\n",
        "",
    );
    let failure = scene.failure();
    assert!(matches!(
        failure,
        Failure::Status {
            code: 461,
            method: "SETUP",
            ..
        }
    ));
    let words =
        "the camera does not send this stream over TCP (461 Unsupported transport to SETUP)";
    assert_eq!(failure.to_string(), words);
}

#[test]
fn play_without_a_range_and_pause_refused() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.describe("", SDP);
    scene.client.pause();
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    scene.answer("200 OK", "Session: 1\r\n", "");
    scene.take();
    assert_eq!(scene.take(), Output::Paused);
    assert_eq!(scene.client.timeout(), Some(scene.now + 30_000));
    scene.client.play();
    scene.expect("PLAY");
    assert!(scene.header("Range").is_some());
    scene.answer("501 Not Implemented", "", "");
    scene.expect("PLAY");
    assert_eq!(scene.header("Range"), None);
    scene.answer("200 OK", "", "");
    scene.take();
    scene.client.pause();
    scene.expect("PAUSE");
    scene.answer("405 Method Not Allowed", "", "");
    assert_eq!(scene.take(), Output::Paused);
}

#[test]
fn silence_is_noticed_from_when_the_time_is_known() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.describe("", SDP);
    assert_eq!(scene.client.timeout(), None);
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    // The minute that the owner took to choose does not count as the camera's delay.
    assert_eq!(scene.client.timeout(), Some(scene.now));
    scene.client.handle_timeout(scene.now + 60_000);
    scene.nothing();
    let deadline = scene.now + 60_000 + REPLY_TIMEOUT * u64::from(STARTING);
    assert_eq!(scene.client.timeout(), Some(deadline));
    scene.client.handle_timeout(deadline);
    let failure = scene.failure();
    assert_eq!(failure, Failure::Timeout { method: "SETUP" });
    assert_eq!(failure.to_string(), "the camera does not answer (SETUP)");
}

#[test]
fn what_is_not_ours_is_passed_over() {
    let mut scene = Scene::new("rtsp://cam/live");
    for other in [
        "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\n",
    ] {
        scene.client.handle_message(other.as_bytes(), scene.now);
        scene.nothing();
    }
    scene
        .client
        .handle_message(b"RTSP/1.0 200 OK\r\n\r\n", scene.now);
    scene.expect("DESCRIBE");
    scene.answer("200 OK", "", "v=0\r\n");
    assert_eq!(scene.failure(), Failure::NoMedia);
}

#[test]
fn teardown_before_a_session_and_without_an_answer() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.client.teardown();
    assert_eq!(scene.take(), Output::TornDown);
    let mut scene = Scene::playing();
    scene.client.teardown();
    scene.expect("TEARDOWN");
    scene.client.handle_timeout(scene.now);
    scene.client.handle_timeout(scene.now + TEARDOWN_TIMEOUT);
    assert_eq!(scene.take(), Output::TornDown);
    assert_eq!(scene.client.timeout(), None);
}

/// Something that a camera or an owner may do at any time.
fn step() -> impl Strategy<Value = (u8, String, String)> {
    let status = "(RTSP/1\\.0 (200|301|401|404|454|457|461|500) x|PLAY u RTSP/1\\.0|[ -~]{0,8})";
    let header = "(Session|Transport|RTP-Info|Public|WWW-Authenticate|Location|Content-Base): \
        (Digest nonce=n|Basic x|interleaved=1|rtsp://cam/x|url=a;seq=1|GET_PARAMETER|[ -~]{0,12})\r\n";
    let headers = prop::collection::vec(header, 0..4).prop_map(|lines| lines.concat());
    (0u8..9, status, headers)
}

proptest! {
    #[test]
    fn any_camera_and_any_owner(steps in prop::collection::vec(step(), 0..40)) {
        let mut scene = Scene::new("rtsp://a:b@cam/live");
        let mut ended = 0;
        for (choice, status, headers) in steps {
            let now = scene.now;
            match choice {
                0 => scene.client.pause(),
                1 => scene.client.play(),
                2 => scene.client.handle_timeout(now + 7_000),
                3 if headers.len() > 80 => scene.client.teardown(),
                4 => scene.client.setup(&[0, 1]),
                _ => {
                    let length = ["Content-Length: ", &SDP.len().to_string(), "\r\n\r\n"].concat();
                    let bytes = [&status, "\r\n", &headers, &length, SDP].concat();
                    scene.client.handle_message(bytes.as_bytes(), now);
                }
            }
            scene.now += 1_000;
            prop_assert!(scene.client.outputs.len() <= 3);
            while let Some(output) = scene.client.poll_output() {
                ended += usize::from(matches!(output, Output::Failed(_) | Output::TornDown));
                let sent = matches!(output, Output::Send(_));
                prop_assert!(!(sent && ended > 0), "nothing is sent after the end");
            }
            if ended > 0 {
                prop_assert_eq!(scene.client.timeout(), None);
            }
        }
    }
}
