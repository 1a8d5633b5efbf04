//! Cameras that hang up instead of answering.

use super::scene::{SDP, Scene};
use crate::rtsp::client::*;

/// Makes the next connection, which must be worth it.
fn again(scene: &mut Scene) {
    assert!(scene.hang_up());
    scene.nothing();
    scene.client.start(scene.now);
}

fn set_up(scene: &mut Scene) {
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    scene.answer("200 OK", "Session: 99;timeout=20\r\n", "");
    assert!(matches!(scene.take(), Output::SetUp { .. }));
    scene.expect("PLAY");
}

/// Goes on from the request DESCRIBE to the request PLAY.
fn describe(scene: &mut Scene) {
    scene.expect("DESCRIBE");
    scene.answer("200 OK", "", SDP);
    assert!(matches!(scene.take(), Output::Described(_)));
    set_up(scene);
}

fn play(scene: &mut Scene) {
    scene.answer("200 OK", "", "");
    assert!(matches!(scene.take(), Output::Playing { .. }));
}

fn keep_alive(scene: &mut Scene, method: &str) {
    scene.now = scene.client.timeout().unwrap();
    scene.client.handle_timeout(scene.now);
    scene.expect(method);
}

#[test]
fn at_options_they_are_asked_without() {
    let mut scene = Scene::new("rtsp://cam/live");
    again(&mut scene);
    describe(&mut scene);
    play(&mut scene);
    keep_alive(&mut scene, "GET_PARAMETER");
    scene.answer("501 Not Implemented", "", "");
    scene.nothing();
    keep_alive(&mut scene, "GET_PARAMETER");
    again(&mut scene);
    describe(&mut scene);
    play(&mut scene);
    assert_eq!(scene.client.timeout(), None, "there is nothing left to say");
    assert!(!scene.hang_up());
}

#[test]
fn behind_a_refusal_they_are_asked_what_was_to_come() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.answer("400 Bad Request", "", "");
    scene.expect("DESCRIBE");
    again(&mut scene);
    scene.expect("DESCRIBE");
    scene.answer("200 OK", "", SDP);
    assert!(matches!(scene.take(), Output::Described(_)));
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    scene.answer("461 Unsupported Transport", "", "");
    scene.expect("SETUP");
    again(&mut scene);
    scene.expect("DESCRIBE");
    scene.answer("200 OK", "", SDP);
    assert!(matches!(scene.take(), Output::Described(_)));
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    let implied = "RTP/AVP;unicast;interleaved=0-1";
    assert_eq!(scene.header("Transport"), Some(implied));
}

#[test]
fn at_a_keep_alive_they_get_the_other_one() {
    let mut scene = Scene::playing();
    keep_alive(&mut scene, "GET_PARAMETER");
    again(&mut scene);
    scene.expect("OPTIONS");
    scene.describe("", SDP);
    set_up(&mut scene);
    play(&mut scene);
    keep_alive(&mut scene, "OPTIONS");
}

#[test]
fn behind_a_challenge_they_get_the_password_on_another_connection() {
    let mut scene = Scene::new("rtsp://a:b@cam/live");
    let challenge = |nonce: &str| format!("WWW-Authenticate: Digest realm=x, nonce={nonce}\r\n");
    for nonce in ["1", "2"] {
        scene.answer("401 Unauthorized", &challenge(nonce), "");
        scene.expect("OPTIONS");
        assert!(scene.header("Authorization").unwrap().contains(nonce));
        again(&mut scene);
        scene.expect("OPTIONS");
        assert!(scene.header("Authorization").unwrap().contains(nonce));
    }
    scene.describe("", SDP);
    set_up(&mut scene);
    play(&mut scene);
}

#[test]
fn at_a_description_without_a_password_they_get_it_unasked() {
    let mut scene = Scene::new("rtsp://a:b@cam/live");
    scene.answer("200 OK", "", "");
    scene.expect("DESCRIBE");
    assert_eq!(scene.header("Authorization"), None);
    again(&mut scene);
    scene.expect("OPTIONS");
    assert_eq!(scene.header("Authorization"), Some("Basic YTpi"));
    scene.answer("200 OK", "", "");
    scene.expect("DESCRIBE");
    assert!(!scene.hang_up(), "there is no other way");
    let mut scene = Scene::new("rtsp://cam/live");
    scene.answer("200 OK", "", "");
    scene.expect("DESCRIBE");
    assert!(!scene.hang_up(), "nobody has a password");
}

#[test]
fn at_a_transport_and_at_a_range_they_are_asked_for_less() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.describe("", SDP);
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    again(&mut scene);
    scene.expect("OPTIONS");
    scene.describe("", SDP);
    scene.client.setup(&[0]);
    scene.expect("SETUP");
    let implied = "RTP/AVP;unicast;interleaved=0-1";
    assert_eq!(scene.header("Transport"), Some(implied));
    scene.answer("200 OK", "Session: 99\r\n", "");
    scene.take();
    scene.expect("PLAY");
    assert!(scene.header("Range").is_some());
    again(&mut scene);
    scene.expect("OPTIONS");
    scene.describe("", SDP);
    set_up(&mut scene);
    assert_eq!(scene.header("Range"), None);
    play(&mut scene);
}

#[test]
fn at_the_setup_of_sound_they_play_pictures_alone() {
    let both = |scene: &mut Scene| {
        scene.describe("", SDP);
        scene.client.setup(&[0, 1]);
        scene.expect("SETUP");
        scene.answer("200 OK", "Session: 99\r\n", "");
        assert!(matches!(scene.take(), Output::SetUp { .. }));
    };
    let mut scene = Scene::new("rtsp://cam/live");
    both(&mut scene);
    scene.expect("SETUP");
    again(&mut scene);
    scene.expect("OPTIONS");
    both(&mut scene);
    scene.expect("PLAY");
}

#[test]
fn who_hangs_up_again_and_again_is_given_up() {
    let mut scene = Scene::new("rtsp://a:b@cam/live");
    let mut connections = 1;
    loop {
        let challenge = "WWW-Authenticate: Digest realm=x, nonce=1\r\n";
        scene.answer("401 Unauthorized", challenge, "");
        scene.expect("OPTIONS");
        if !scene.hang_up() {
            break;
        }
        scene.client.start(scene.now);
        scene.expect("OPTIONS");
        connections += 1;
    }
    assert_eq!(connections, 4);
    let mut scene = Scene::playing();
    assert!(!scene.hang_up(), "it owed no answer");
    scene.client.teardown();
    scene.expect("TEARDOWN");
    assert!(!scene.hang_up());
}
