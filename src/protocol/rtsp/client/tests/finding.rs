//! How the client logs in and finds the media: credentials, redirects, URLs.

use super::scene::{SDP, Scene};
use crate::rtsp::client::*;
use crate::rtsp::message;

#[test]
fn digest_login_and_a_nonce_that_expires() {
    let mut scene = Scene::new("rtsp://admin:p@ss@cam/live");
    assert_eq!(scene.uri(), "rtsp://cam/live");
    assert_eq!(scene.header("Authorization"), None);
    let basic = "WWW-Authenticate: Basic realm=\"cam\"\r\n";
    let digest = |n: &str| {
        [
            "WWW-Authenticate: Digest realm=\"cam\", nonce=\"",
            n,
            "\"\r\n",
        ]
        .concat()
    };
    scene.answer("401 Unauthorized", &[basic, &digest("one")].concat(), "");
    scene.expect("OPTIONS");
    assert_eq!(scene.header("CSeq"), Some("2"));
    assert!(
        scene
            .header("Authorization")
            .unwrap()
            .contains("nonce=\"one\"")
    );
    scene.describe("", SDP);
    assert!(
        scene
            .header("Authorization")
            .unwrap()
            .contains("nonce=\"one\"")
    );
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    scene.answer("401 Unauthorized", &digest("two"), "");
    scene.expect("SETUP");
    assert!(
        scene
            .header("Authorization")
            .unwrap()
            .contains("nonce=\"two\"")
    );
    scene.answer("401 Unauthorized", &digest("three"), "");
    assert_eq!(scene.failure(), Failure::Unauthorized { tried: true });
}

/// The value of a parameter of a Digest answer (RFC 7616 §3.4).
fn part<'a>(authorization: &'a str, name: &str) -> &'a str {
    let begin = [" ", name, "="].concat();
    let (_, rest) = authorization.split_once(&begin).expect(name);
    rest.split(',').next().unwrap().trim_matches('"')
}

#[test]
fn every_goodbye_carries_its_own_answer_to_the_challenge() {
    let mut scene = Scene::new("rtsp://admin:secret@cam/live");
    let digest = "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n\", qop=\"auth\"\r\n";
    scene.answer("401 Unauthorized", digest, "");
    scene.expect("OPTIONS");
    scene.describe("", SDP);
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    scene.answer("200 OK", "Session: 99\r\n", "");
    scene.take();
    scene.expect("PLAY");
    scene.answer("200 OK", "", "");
    scene.take();
    // This is the one that the gateway keeps in case the viewer vanishes.
    let Output::Farewell(bytes) = scene.take() else {
        panic!("no farewell");
    };
    scene.nothing();
    let (kept, _) = message::parse(&bytes).unwrap();
    let kept = kept.header("Authorization").unwrap();
    scene.client.teardown();
    scene.expect("TEARDOWN");
    assert_eq!(scene.header("Session"), Some("99"));
    let sent = scene.header("Authorization").unwrap();
    assert_eq!(
        (part(kept, "nc"), part(sent, "nc")),
        ("00000005", "00000006")
    );
    assert_ne!(part(kept, "cnonce"), part(sent, "cnonce"));
    for answer in [kept, sent] {
        let secret = md5("admin:cam:secret");
        let request = md5(&["TEARDOWN:", part(answer, "uri")].concat());
        let (nc, cnonce) = (part(answer, "nc"), part(answer, "cnonce"));
        let response = md5(&[&secret, ":n:", nc, ":", cnonce, ":auth:", &request].concat());
        assert_eq!(part(answer, "response"), response);
    }
    // The nonce may have become stale meanwhile.
    let stale = digest.replace("\"n\"", "\"m\", stale=true");
    scene.answer("401 Unauthorized", &stale, "");
    scene.expect("TEARDOWN");
    let sent = scene.header("Authorization").unwrap();
    assert_eq!((part(sent, "nonce"), part(sent, "nc")), ("m", "00000001"));
    scene.answer("200 OK", "", "");
    assert_eq!(scene.take(), Output::TornDown);
}

fn md5(text: &str) -> String {
    use md5::Digest;
    crate::rtsp::text::to_hex(&md5::Md5::digest(text))
}

#[test]
fn no_credentials_or_an_unknown_login() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.answer(
        "401 Unauthorized",
        "WWW-Authenticate: Basic realm=\"x\"\r\n",
        "",
    );
    assert_eq!(scene.failure(), Failure::Unauthorized { tried: false });
    let mut scene = Scene::new("rtsp://a:b@cam/live");
    scene.answer("401 Unauthorized", "WWW-Authenticate: Bearer x\r\n", "");
    assert!(matches!(scene.failure(), Failure::Protocol(_)));
}

#[test]
fn redirects_within_the_camera_are_followed() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.answer("501 Not Implemented", "", "");
    scene.expect("DESCRIBE");
    scene.answer("302 Found", "Location: rtsp://CAM:554/other\r\n", "");
    scene.expect("DESCRIBE");
    assert_eq!(scene.uri(), "rtsp://cam/other");
    scene.answer("302 Found", "Location: /third\r\n", "");
    scene.expect("DESCRIBE");
    assert_eq!(scene.uri(), "rtsp://cam/third");
    scene.answer("301 Moved", "Location: rtsp://u:secret@elsewhere/x\r\n", "");
    assert_eq!(
        scene.failure(),
        Failure::Redirect(Url::parse("rtsp://u:secret@elsewhere/x").unwrap())
    );
    let mut scene = Scene::new("rtsp://cam/live");
    for _ in 0..5 {
        scene.answer("302 Found", "Location: rtsp://cam/live\r\n", "");
        scene.expect("DESCRIBE");
    }
    scene.answer("302 Found", "Location: rtsp://cam/live\r\n", "");
    assert!(matches!(scene.failure(), Failure::Protocol(_)));
    for nowhere in ["", "Location: \r\n", "Location: http://cam/\r\n"] {
        let mut scene = Scene::new("rtsp://cam/live");
        scene.answer("302 Found", nowhere, "");
        assert!(matches!(scene.failure(), Failure::Status { code: 302, .. }));
    }
}

#[test]
fn a_wrong_base_is_given_up_for_the_url_asked_for() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.describe("Content-Base: rtsp://cam/\r\n", SDP);
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    assert_eq!(scene.uri(), "rtsp://cam/track1");
    scene.answer("404 Not Found", "", "");
    scene.expect("SETUP");
    assert_eq!(scene.uri(), "rtsp://cam/live/track1");
    scene.answer("404 Not Found", "", "");
    assert!(matches!(scene.failure(), Failure::Status { code: 404, .. }));
}

#[test]
fn controls_and_bases_of_all_sorts() {
    for (base, sdp, setup, play) in [
        (
            "",
            "m=video 0 RTP/AVP 96\n",
            "rtsp://cam/a?b=1",
            "rtsp://cam/a?b=1",
        ),
        (
            "Content-Base: nonsense\r\nContent-Location: rtsp://0.0.0.0/c/\r\n",
            "m=video 0 RTP/AVP 96\na=control:trackID=0\n",
            "rtsp://cam/c/trackID=0",
            "rtsp://cam/c/",
        ),
        (
            "",
            "a=control:rtsp://10.0.0.1/all\nm=video 0 RTP/AVP 96\na=control:v\n",
            "rtsp://10.0.0.1/all/v",
            "rtsp://10.0.0.1/all",
        ),
        (
            "Content-Base: rtsp://cam/a?b=1/\r\n",
            "m=video 0 RTP/AVP 96\na=control:trackID=0\n",
            "rtsp://cam/a?b=1/trackID=0",
            "rtsp://cam/a?b=1/",
        ),
    ] {
        let mut scene = Scene::new("rtsp://cam/a?b=1");
        scene.describe(base, sdp);
        scene.client.setup(&[0]);
        scene.expect("SETUP");
        assert_eq!(scene.uri(), setup);
        scene.answer("200 OK", "", "");
        scene.take();
        scene.expect("PLAY");
        assert_eq!(scene.uri(), play);
    }
}

#[test]
fn no_secret_in_debug() {
    let mut scene = Scene::new("rtsp://admin:secret@cam/live");
    scene.answer(
        "401 Unauthorized",
        "WWW-Authenticate: Basic realm=\"x\"\r\n",
        "",
    );
    let shown = format!("{:?}", scene.client);
    let coded = crate::rtsp::text::to_base64(b"admin:secret");
    assert!(!shown.contains("secret") && !shown.contains(&coded));
    assert_eq!(
        format!("{:?}", scene.take()),
        "Send(\"OPTIONS rtsp://cam/live RTSP/1.0\")"
    );
}
