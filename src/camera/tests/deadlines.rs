//! No phase lasts for ever, and none ends too soon.

use super::*;
use crate::camera::deadline::TALKING;

/// The camera plays, at the pace of its pictures.
fn picture(camera: &mut Camera, number: u8, now: Instant) {
    let packet = [0x80, 96, 0, number, 0, 0, number, 0, 0, 0, 0, 9, 0x65];
    camera.frame(0, &packet, packet.len(), u64::from(number) * 17);
    camera.frames_arrived(now);
}

fn is_live(camera: &Camera) -> bool {
    camera.description().is_some()
}

#[test]
fn a_link_that_never_comes_is_given_up() {
    let (mut camera, now) = camera(false);
    camera.set_patience(SECOND * 4);
    camera.watch(now);
    outputs(&mut camera);
    assert_eq!(camera.timeout(), Some(now + SECOND * 4));
    camera.handle_timeout(now + SECOND * 3);
    assert_eq!(outputs(&mut camera), [""; 0]);
    camera.handle_timeout(now + SECOND * 4);
    let said = ["disconnect", "the camera did not answer"];
    assert_eq!(outputs(&mut camera), said);
    assert!(camera.timeout() > Some(now + SECOND * 4), "it tries again");
}

/// Each answer comes in time, but the camera never gets to PLAY.
#[test]
fn a_camera_that_answers_and_never_plays_is_given_up() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    camera.connected(now);
    let end = now + camera.patience * TALKING;
    reply(&mut camera, "", "", now + SECOND * 9);
    reply(&mut camera, "", SDP, now + SECOND * 38);
    for (seconds, asked) in [(47, "SETUP"), (56, "PLAY")] {
        reply(&mut camera, "Session: 1\r\n", "", now + SECOND * seconds);
        assert_eq!(outputs(&mut camera).last().unwrap(), asked);
    }
    assert_eq!(camera.timeout(), Some(end));
    camera.handle_timeout(end);
    assert!(
        outputs(&mut camera)
            .last()
            .unwrap()
            .contains("does not begin")
    );
}

#[test]
fn a_camera_that_takes_its_time_to_describe_itself_is_waited_for() {
    for (patience, slow, asked) in [(10, 29, true), (10, 30, false), (2, 5, true), (2, 6, false)] {
        let (mut camera, now) = camera(true);
        camera.set_patience(SECOND * patience);
        camera.start(now);
        camera.connected(now);
        reply(&mut camera, "", "", now);
        outputs(&mut camera);
        camera.handle_timeout(now + SECOND * slow);
        reply(&mut camera, "", SDP, now + SECOND * slow);
        let said = outputs(&mut camera);
        assert_eq!(said.contains(&"SETUP".to_owned()), asked, "{said:?}");
    }
}

#[test]
fn a_picture_every_twenty_seconds_is_a_stream() {
    let (mut camera, mut now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    for number in 1..8 {
        picture(&mut camera, number, now);
        for _ in 0..20 {
            now += SECOND;
            if camera.timeout().is_some_and(|due| due <= now) {
                camera.handle_timeout(now);
                reply(&mut camera, "", "", now);
            }
        }
        assert!(is_live(&camera), "picture {number}");
    }
    outputs(&mut camera);
    // Once the pace is known, the longer patience before it holds no more.
    picture(&mut camera, 8, now);
    assert_eq!(camera.liveness.patience(), SECOND * 100);
    camera.handle_timeout(now + SECOND * 100);
    assert!(!is_live(&camera));
}

#[test]
fn silence_is_what_is_long_for_this_camera() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    assert_eq!(
        camera.liveness.patience(),
        SILENCE,
        "it never said anything"
    );
    picture(&mut camera, 1, now);
    picture(&mut camera, 1, now + SECOND);
    assert_eq!(camera.liveness.patience(), SECOND_PICTURE, "one picture");
    picture(&mut camera, 2, now + SECOND);
    assert_eq!(camera.liveness.patience(), SILENCE, "a usual pace");
    picture(&mut camera, 3, now + SECOND * 7);
    assert_eq!(camera.liveness.patience(), SECOND * 30);
    picture(&mut camera, 4, now + SECOND * 60);
    assert_eq!(camera.liveness.patience(), LONGEST_SILENCE);
    // The next link is given the same time for its first picture.
    camera.link_lost(&Failure::Silent, now);
    outputs(&mut camera);
    camera.handle_timeout(now + SECOND * 100);
    bring_up(&mut camera, SDP, now + SECOND * 100);
    assert_eq!(camera.liveness.patience(), LONGEST_SILENCE);
    let now = now + SECOND * 101;
    picture(&mut camera, 5, now);
    picture(&mut camera, 6, now + SECOND);
    assert_eq!(camera.liveness.patience(), SILENCE, "it is another now");
}

#[test]
fn a_refused_password_is_remembered_while_nobody_asks() {
    let refused = "the camera refuses this user name or password";
    let (mut camera, now) = camera(false);
    camera.watch(now);
    camera.connected(now);
    for _ in 0..2 {
        let refusal = b"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n";
        camera.handle_message(refusal, now);
    }
    camera.unwatch(now);
    outputs(&mut camera);
    let mut later = now;
    while later + SECOND * 20 < now + PASSWORD_PAUSE {
        later += SECOND * 20;
        if camera.timeout().is_some_and(|due| due <= later) {
            camera.handle_timeout(later);
        }
        assert_eq!(camera.status(later).reason, refused);
        camera.watch(later);
        assert_eq!(outputs(&mut camera), [refused], "told at once");
        camera.unwatch(later);
    }
    // After the pause the refused password is forgotten, unless somebody waits.
    camera.handle_timeout(now + PASSWORD_PAUSE * 2);
    assert_eq!(camera.timeout(), None);
    assert_eq!(outputs(&mut camera), ["disconnect"]);
    camera.watch(now + PASSWORD_PAUSE * 2);
    assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:8554"]);
}

#[test]
fn the_operator_has_a_refused_password_tried_at_once() {
    for watched in [false, true] {
        let (mut camera, now) = camera(false);
        camera.watch(now);
        camera.failed(
            Unavailable {
                bad_password: true,
                ..Unavailable::new(502, "refused")
            },
            now,
        );
        if !watched {
            camera.unwatch(now);
            camera.handle_timeout(now + LINGER);
        }
        outputs(&mut camera);
        let now = now + SECOND * 20;
        camera.configure(&config::Camera::named("front").unwrap(), now);
        camera.handle_timeout(now);
        let expected = if watched {
            "connect 10.0.0.1:8554"
        } else {
            "disconnect"
        };
        assert_eq!(outputs(&mut camera), [expected]);
        if !watched {
            camera.watch(now);
            assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:8554"]);
        }
    }
}

#[test]
fn a_link_that_comes_late_changes_nothing() {
    let (mut camera, now) = camera(false);
    camera.watch(now);
    assert!(camera.awaits_link(1) && !camera.awaits_link(2));
    camera.unwatch(now);
    camera.handle_timeout(now + LINGER);
    assert!(!camera.awaits_link(1), "nobody wants it");
    outputs(&mut camera);
    camera.connected(now + LINGER);
    assert_eq!((outputs(&mut camera), camera.timeout()), (vec![], None));
    camera.watch(now + LINGER);
    assert!(camera.awaits_link(2) && !camera.awaits_link(1));
    assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:8554"]);
    let said = bring_up(&mut camera, SDP, now + LINGER);
    assert_eq!(said.last().unwrap(), "ready false");
    camera.connected(now + LINGER);
    assert_eq!(outputs(&mut camera), [""; 0], "a second link");
}
