//! Cameras that redirect, and what viewers are told of places.

use super::*;

fn redirect(camera: &mut Camera, to: &str, now: Instant) -> Vec<String> {
    let answer = format!("RTSP/1.0 302 Moved\r\nLocation: {to}\r\n\r\n");
    camera.handle_message(answer.as_bytes(), now);
    outputs(camera)
}

fn talking() -> (Camera, Instant) {
    let (mut camera, now) = camera(true);
    camera.start(now);
    camera.connected(now);
    outputs(&mut camera);
    (camera, now)
}

/// What it says to a camera that asks for a password.
fn credentials(camera: &mut Camera, now: Instant) -> String {
    camera.connected(now);
    outputs(camera);
    let refusal = b"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n";
    camera.handle_message(refusal, now);
    let mut said = String::new();
    while let Some(output) = camera.poll_output() {
        if let Output::Send(bytes) = output {
            said += &String::from_utf8(bytes).unwrap();
        }
    }
    said
}

#[test]
fn a_redirect_to_the_same_host_is_followed_with_the_password() {
    let (mut camera, now) = talking();
    let said = redirect(&mut camera, "rtsp://10.0.0.1:9554/other", now);
    assert_eq!(said, ["disconnect", "connect 10.0.0.1:9554"]);
    assert!(!camera.is_elsewhere());
    assert!(credentials(&mut camera, now).contains("Authorization: Basic"));
}

#[test]
fn no_other_host_gets_the_password_and_the_first_one_does_again() {
    let (mut camera, now) = talking();
    redirect(&mut camera, "rtsp://evil.example/s", now);
    assert!(camera.is_elsewhere());
    let (mut camera, now) = talking();
    redirect(&mut camera, "rtsp://evil.example/s", now);
    assert!(!credentials(&mut camera, now).contains("Authorization"));
    let (mut camera, now) = talking();
    redirect(&mut camera, "rtsp://evil.example/s", now);
    camera.connected(now);
    redirect(&mut camera, "rtsp://10.0.0.1:8554/s", now);
    assert!(!camera.is_elsewhere());
    assert!(credentials(&mut camera, now).contains("Authorization: Basic"));
}

#[test]
fn rtsps_is_never_spoken_in_clear() {
    for to in [
        "rtsps://10.0.0.1/s",
        "RTSPS://10.0.0.1:8554/s",
        "rtsps://other:322/s",
    ] {
        let (mut camera, now) = talking();
        let said = redirect(&mut camera, to, now);
        assert_eq!(said[0], "disconnect");
        assert!(said[1].contains("rtsps://"), "{said:?}");
        assert_eq!(said.len(), 2, "{said:?}");
    }
}

#[test]
fn viewers_do_not_learn_where_it_is() {
    let (mut camera, now) = talking();
    for number in 0..6 {
        camera.connected(now);
        redirect(&mut camera, &format!("rtsp://10.7.7.{number}/s"), now);
    }
    let unavailable = camera.unavailable().unwrap();
    assert!(!unavailable.reason.contains("10.7"), "{unavailable:?}");
    assert!(
        unavailable.detail.contains("rtsp://10.7.7.5/s"),
        "{unavailable:?}"
    );
    for (reason, kept) in [
        ("No stream at 10.0.0.1", false),
        ("see http://front.lan/", false),
        ("Service Unavailable", true),
    ] {
        let (mut camera, now) = talking();
        let answer = format!("RTSP/1.0 503 {reason}\r\n\r\n");
        for _ in 0..2 {
            camera.handle_message(answer.as_bytes(), now);
        }
        let unavailable = camera.unavailable().unwrap();
        assert_eq!(unavailable.reason.contains(reason), kept, "{unavailable:?}");
        assert!(unavailable.reason.contains("503"), "{unavailable:?}");
        assert!(unavailable.detail.contains(reason), "{unavailable:?}");
    }
}
