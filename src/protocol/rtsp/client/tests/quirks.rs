//! Cameras that leave out headers, count in their own way, or refuse what others accept.

use super::scene::{SDP, Scene};
use crate::rtsp::client::*;

/// A client that has chosen both media and sent the first SETUP.
fn setting_up(sdp: &str) -> Scene {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.describe("", sdp);
    scene.client.setup(&[0, 1]);
    scene.expect("SETUP");
    scene
}

fn channels(output: Output) -> (usize, u8, u8) {
    let Output::SetUp {
        media,
        rtp_channel,
        rtcp_channel,
    } = output
    else {
        panic!("{output:?}");
    };
    (media, rtp_channel, rtcp_channel)
}

#[test]
fn answers_numbered_otherwise_are_taken() {
    let mut scene = Scene::new("rtsp://cam/live");
    for wrong in [
        "RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n",
        "RTSP/1.0 404 No\r\nCSeq: x\r\n\r\n",
    ] {
        scene.client.handle_message(wrong.as_bytes(), scene.now);
        if wrong.contains("200") {
            scene.expect("DESCRIBE");
        }
    }
    assert!(matches!(scene.failure(), Failure::Status { code: 404, .. }));
}

#[test]
fn a_late_answer_to_a_keep_alive_given_up_is_not_the_next_ones() {
    let mut scene = Scene::playing();
    scene.now = scene.client.timeout().unwrap();
    scene.client.handle_timeout(scene.now);
    scene.expect("GET_PARAMETER");
    let late = [
        "RTSP/1.0 454 Gone\r\nCSeq: ",
        scene.header("CSeq").unwrap(),
        "\r\n\r\n",
    ]
    .concat();
    scene.now = scene.client.timeout().unwrap();
    scene.client.handle_timeout(scene.now);
    scene.expect("OPTIONS");
    scene.client.handle_message(late.as_bytes(), scene.now);
    scene.nothing();
    scene.answer("200 OK", "", "");
    scene.nothing();
}

#[test]
fn a_camera_that_answers_no_keep_alive_but_sends_media_is_kept() {
    let mut scene = Scene::playing();
    let wait = |scene: &mut Scene| {
        scene.now = scene.client.timeout().unwrap();
        scene.client.handle_timeout(scene.now);
    };
    // The client does not decide how long a camera that plays may send nothing.
    scene.client.heard();
    wait(&mut scene);
    scene.expect("GET_PARAMETER");
    for _ in 0..5 {
        wait(&mut scene);
        scene.expect("OPTIONS");
        let sent = scene.now;
        wait(&mut scene);
        scene.nothing();
        assert_eq!(scene.now, sent + REPLY_TIMEOUT);
        assert_eq!(scene.client.timeout(), Some(scene.now + 10_000));
    }
}

#[test]
fn a_camera_that_answers_no_keep_alive_and_sends_nothing_is_given_up() {
    let mut scene = Scene::playing();
    let wait = |scene: &mut Scene| {
        scene.now = scene.client.timeout().unwrap();
        scene.client.handle_timeout(scene.now);
    };
    wait(&mut scene);
    scene.expect("GET_PARAMETER");
    wait(&mut scene);
    scene.expect("OPTIONS");
    wait(&mut scene);
    let method = "OPTIONS";
    assert_eq!(scene.failure(), Failure::Timeout { method });
}

#[test]
fn a_keep_alive_that_is_refused_is_made_up_for_and_not_sent_again() {
    for status in ["454 Session Not Found", "501 Not Implemented"] {
        let mut scene = Scene::playing();
        scene.now = scene.client.timeout().unwrap();
        scene.client.handle_timeout(scene.now);
        scene.expect("GET_PARAMETER");
        scene.answer(status, "", "");
        scene.expect("OPTIONS");
        scene.answer("200 OK", "Public: PLAY, GET_PARAMETER\r\n", "");
        scene.nothing();
        scene.now = scene.client.timeout().unwrap();
        scene.client.handle_timeout(scene.now);
        scene.expect("OPTIONS");
    }
}

#[test]
fn before_it_plays_it_is_kept_alive_by_the_address_that_was_described() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.client.pause();
    scene.describe("Content-Base: rtsp://cam/other/\r\n", SDP);
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    scene.answer("200 OK", "Session: 99\r\n", "");
    assert!(matches!(scene.take(), Output::SetUp { .. }));
    assert_eq!(scene.take(), Output::Paused);
    for uri in ["rtsp://cam/live", "rtsp://cam/other/"] {
        scene.now = scene.client.timeout().unwrap();
        scene.client.handle_timeout(scene.now);
        scene.expect("GET_PARAMETER");
        assert_eq!(scene.uri(), uri);
        scene.answer("200 OK", "", "");
        if uri.ends_with("live") {
            scene.client.play();
            scene.expect("PLAY");
            scene.answer("200 OK", "", "");
            scene.take();
        }
    }
}

#[test]
fn without_a_session_header_it_is_kept_alive_and_torn_down_all_the_same() {
    let mut scene = setting_up(SDP);
    scene.answer("200 OK", "", "");
    assert_eq!(channels(scene.take()), (0, 0, 1));
    scene.expect("SETUP");
    assert_eq!(scene.header("Session"), None);
    scene.answer("200 OK", "", "");
    assert_eq!(channels(scene.take()), (1, 2, 3));
    scene.expect("PLAY");
    scene.answer("200 OK", "", "");
    scene.take();
    let due = scene.client.timeout().unwrap();
    assert_eq!(due, scene.now + u64::from(SESSION_TIMEOUT) * 500);
    scene.client.handle_timeout(due);
    scene.expect("GET_PARAMETER");
    scene.client.teardown();
    scene.expect("TEARDOWN");
    scene.answer("200 OK", "", "");
    assert_eq!(scene.take(), Output::TornDown);
}

#[test]
fn sessions_last_as_long_as_the_camera_says() {
    for (header, seconds) in [
        ("Session: 1;timeout=4", 4),
        ("Session: 1; Timeout = 90", 90),
        ("session:1 ;timeout=300", 120),
        ("Session: 1;timeout=30s", 30),
        ("Session: 1;timeout=\"40\"", 40),
        ("Session: 1,timeout = 50 ;x", 50),
        ("Session: 1;timeout=0", SESSION_TIMEOUT.into()),
        ("Session: 1;timeout=never", SESSION_TIMEOUT.into()),
    ] {
        let mut scene = setting_up(SDP);
        scene.answer("200 OK", &[header, "\r\n"].concat(), "");
        scene.take();
        scene.expect("SETUP");
        scene.answer("500 No sound", "", "");
        scene.expect("PLAY");
        assert_eq!(scene.header("Session"), Some("1"));
        scene.answer("200 OK", "", "");
        let wait = scene.client.timeout().unwrap() - scene.now;
        assert_eq!(wait, seconds * 500, "{header}");
    }
}

#[test]
fn of_several_session_ids_the_first_is_kept() {
    for first in ["", "Session: 1;timeout=60\r\n"] {
        let mut scene = setting_up(SDP);
        scene.answer("200 OK", first, "");
        scene.take();
        scene.expect("SETUP");
        scene.answer("200 OK", "Session: 2;timeout=60\r\n", "");
        scene.take();
        scene.expect("PLAY");
        let kept = if first.is_empty() { "2" } else { "1" };
        assert_eq!(scene.header("Session"), Some(kept));
        scene.answer("200 OK", "Session: 3\r\n", "");
        scene.take();
        scene.client.teardown();
        scene.expect("TEARDOWN");
        assert_eq!(scene.header("Session"), Some(kept));
    }
}

#[test]
fn media_that_were_given_the_same_channels_get_those_proposed() {
    let mut scene = setting_up(SDP);
    let same = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1234ABCD;mode=\"PLAY\"\r\n";
    scene.answer("200 OK", same, "");
    assert_eq!(channels(scene.take()), (0, 0, 1));
    scene.expect("SETUP");
    scene.answer("200 OK", same, "");
    assert_eq!(channels(scene.take()), (1, 2, 3));
}

#[test]
fn a_transport_refused_is_spelt_otherwise() {
    let mut scene = setting_up(SDP);
    scene.answer("461 Unsupported Transport", "", "");
    scene.expect("SETUP");
    let implied = Some("RTP/AVP;unicast;interleaved=0-1");
    assert_eq!(scene.header("Transport"), implied);
    assert_eq!(scene.uri(), "rtsp://cam/live/track1");
    scene.answer("200 OK", "Transport: RTP/AVP;interleaved=4-5\r\n", "");
    assert_eq!(channels(scene.take()), (0, 4, 5));
    scene.expect("SETUP");
    let implied = Some("RTP/AVP;unicast;interleaved=2-3");
    assert_eq!(scene.header("Transport"), implied);
}

#[test]
fn a_recording_by_the_clock_is_not_asked_for_by_play_time() {
    for (range, asked) in [
        ("clock=20230801T120000Z-", None),
        ("clock=20230801T120000.25Z-20230801T130000Z", None),
        ("npt=now-", Some("npt=0.000-")),
        ("npt=0-30.5", Some("npt=0.000-")),
        ("smpte=0:0:0-", Some("npt=0.000-")),
        ("", Some("npt=0.000-")),
    ] {
        let mut scene = setting_up(&["a=range:", range, "\r\n", SDP].concat());
        scene.answer("200 OK", "", "");
        scene.take();
        scene.expect("SETUP");
        scene.answer("404 Not Found", "", "");
        scene.expect("PLAY");
        assert_eq!(scene.header("Range"), asked, "{range}");
        let answer = "Range: clock=x-\r\nScale: y\r\nRTP-Info: \r\n";
        scene.answer("200 OK", answer, "");
        assert!(matches!(scene.take(), Output::Playing { .. }));
    }
}

/// The URLs that PLAY tries, if each is refused with `code`.
fn plays(sdp: &str, base: &str, code: &str) -> Vec<String> {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.describe(base, sdp);
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    scene.answer("200 OK", "", "");
    scene.take();
    let mut addresses = Vec::new();
    for _ in 0..4 {
        scene.expect("PLAY");
        addresses.push(scene.uri().to_owned());
        scene.answer(code, "", "");
        if scene.client.timeout().is_none() {
            scene.failure();
            break;
        }
    }
    addresses
}

#[test]
fn a_wrong_aggregate_is_given_up_for_the_url_asked_for_and_the_track() {
    let base = "Content-Base: rtsp://cam/nowhere/\r\n";
    let all = [
        "rtsp://cam/nowhere/",
        "rtsp://cam/live",
        "rtsp://cam/nowhere/track1",
    ];
    assert_eq!(plays(SDP, base, "404 Not Found"), all);
    assert_eq!(plays(SDP, base, "459 Aggregate Not Allowed"), all);
    assert_eq!(
        plays(SDP, "", "404 Not Found"),
        ["rtsp://cam/live", "rtsp://cam/live/track1"]
    );
    assert_eq!(plays(SDP, base, "403 Forbidden"), all[..1]);
    assert_eq!(plays(SDP, base, "455 Not Valid in This State"), all[..1]);
}

#[test]
fn a_camera_that_never_paused_plays_on() {
    let mut scene = Scene::playing();
    scene.client.pause();
    scene.expect("PAUSE");
    scene.answer("455 Method Not Valid in This State", "", "");
    assert_eq!(scene.take(), Output::Paused);
    scene.client.play();
    scene.expect("PLAY");
    scene.answer("455 Method Not Valid in This State", "", "");
    assert_eq!(scene.take(), Output::Playing { rtp_info: vec![] });
}

/// The URLs that SETUP tries, if the camera knows none of them.
fn setups(url: &str, base: &str, control: &str) -> Vec<String> {
    let mut scene = Scene::new(url);
    let sdp = ["m=video 0 RTP/AVP 96\r\na=control:", control, "\r\n"].concat();
    scene.describe(base, &sdp);
    scene.client.setup(&[0]);
    let mut tried = Vec::new();
    while scene.client.timeout().is_some() {
        scene.expect("SETUP");
        tried.push(scene.uri().to_owned());
        scene.answer("404 Not Found", "", "");
    }
    assert!(matches!(scene.failure(), Failure::Status { code: 404, .. }));
    tried
}

#[test]
fn controls_are_tried_in_all_ways_they_may_be_meant() {
    let live = "rtsp://cam/live";
    for (url, base, control, tried) in [
        (live, "", "track1", &["rtsp://cam/live/track1"][..]),
        (
            live,
            "Content-Base: rtsp://cam/x/\r\n",
            "track1",
            &["rtsp://cam/x/track1", "rtsp://cam/live/track1"],
        ),
        (
            live,
            "Content-Location: /y\r\n",
            "track1",
            &["rtsp://cam/y/track1", "rtsp://cam/live/track1"],
        ),
        (live, "Content-Base: *\r\n", "*", &["rtsp://cam/live"]),
        (
            "rtsp://cam/live?a=1&b=/2",
            "",
            "track1",
            &[
                "rtsp://cam/live?a=1&b=/2/track1",
                "rtsp://cam/live/track1?a=1&b=/2",
            ],
        ),
        (
            live,
            "",
            "rtsp://192.168.0.1:8554/live/track1?x",
            &[
                "rtsp://192.168.0.1:8554/live/track1?x",
                "rtsp://cam/live/track1?x",
            ],
        ),
        (
            "rtsp://[fe80::1]:8554/live/",
            "Content-Base: rtsp://[fe80::2]/live/\r\n",
            "track1",
            &["rtsp://[fe80::1]:8554/live/track1"],
        ),
    ] {
        assert_eq!(setups(url, base, control), tried, "{url} {base} {control}");
    }
}
