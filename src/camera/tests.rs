use super::*;
use crate::config;

const SDP: &str = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n\
    m=audio 0 RTP/AVP 8\r\na=control:a\r\n";
const SECOND: Duration = Duration::from_secs(1);

fn camera(always: bool) -> (Camera, Instant) {
    let mut config = config::Camera::named("front").unwrap();
    config.always = always;
    let now = Instant::now();
    let url = "rtsp://user:hunter2@10.0.0.1:8554/s";
    (Camera::new("front".into(), &config, url, 1, now), now)
}

/// What it wants done, each in a word or two.
fn wishes(camera: &mut Camera) -> Vec<String> {
    let mut list = Vec::new();
    while let Some(output) = camera.poll_output() {
        list.push(match output {
            Output::Connect { host, port } => format!("connect {host}:{port}"),
            Output::Send(bytes) => {
                let text = String::from_utf8(bytes).unwrap();
                assert!(!text.contains("hunter2"), "{text}");
                text.split(' ').next().unwrap().to_owned()
            }
            Output::Disconnect => "disconnect".to_owned(),
            Output::Ready { changed } => format!("ready {changed}"),
            Output::Failed => camera.trouble().unwrap().words.clone(),
        });
    }
    list
}

fn reply(camera: &mut Camera, headers: &str, body: &str, now: Instant) {
    let length = body.len();
    let answer = format!("RTSP/1.0 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    camera.handle_message(answer.as_bytes(), now);
}

/// From the connect to the first PLAY's answer.
fn bring_up(camera: &mut Camera, sdp: &str, now: Instant) -> Vec<String> {
    camera.connected(now);
    reply(camera, "", "", now);
    reply(camera, "", sdp, now);
    for channels in ["0-1", "2-3"] {
        let transport = format!("Session: 1\r\nTransport: RTP/AVP/TCP;interleaved={channels}\r\n");
        reply(camera, &transport, "", now);
    }
    reply(camera, "", "", now);
    wishes(camera)
}

#[test]
fn the_first_viewer_calls_it_and_the_last_one_lets_it_go() {
    let (mut camera, now) = camera(false);
    camera.start(now);
    assert_eq!((wishes(&mut camera), camera.timeout()), (vec![], None));
    camera.watch(now);
    camera.watch(now);
    assert_eq!(wishes(&mut camera), ["connect 10.0.0.1:8554"]);
    let said = [
        "OPTIONS",
        "DESCRIBE",
        "SETUP",
        "SETUP",
        "PLAY",
        "ready false",
    ];
    assert_eq!(bring_up(&mut camera, SDP, now), said);
    assert_eq!(camera.description().unwrap().tracks.len(), 2);
    camera.unwatch(now);
    camera.unwatch(now);
    assert_eq!(camera.timeout(), Some(now + LINGER));
    camera.handle_timeout(now + LINGER - SECOND);
    camera.watch(now);
    camera.unwatch(now);
    assert_eq!(wishes(&mut camera), [""; 0]);
    camera.handle_timeout(now + LINGER);
    assert_eq!(wishes(&mut camera), ["TEARDOWN", "disconnect"]);
    assert!(camera.description().is_none() && camera.timeout().is_none());
}

#[test]
fn pauses_grow_with_every_failure_up_to_a_limit() {
    let (mut camera, mut now) = camera(true);
    camera.start(now);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        assert_eq!(wishes(&mut camera), ["connect 10.0.0.1:8554"]);
        camera.link_lost(&Failure::Silent, now);
        assert_eq!(
            wishes(&mut camera),
            ["disconnect", "the camera did not answer"]
        );
        let next = camera.timeout().unwrap();
        pauses.push((next - now).as_secs_f64());
        now = next;
        camera.handle_timeout(now);
    }
    for (pause, least) in pauses.iter().zip([1., 2., 4., 8., 16., 30., 30., 30., 30.]) {
        assert!(*pause >= least && *pause <= least * 1.25, "{pauses:?}");
    }
    let steady: Vec<u64> = pauses[5..]
        .iter()
        .map(|pause| (pause * 1000.) as u64)
        .collect();
    assert!(
        steady.windows(2).any(|pair| pair[0] != pair[1]),
        "jitter: {pauses:?}"
    );
}

#[test]
fn a_viewer_hears_of_a_failure_and_another_makes_it_try_again() {
    let (mut camera, now) = camera(false);
    camera.watch(now);
    camera.link_lost(&Failure::Silent, now);
    wishes(&mut camera);
    camera.watch(now);
    assert_eq!(
        wishes(&mut camera),
        ["the camera did not answer"],
        "too soon"
    );
    camera.watch(now + SECOND);
    assert_eq!(wishes(&mut camera), ["connect 10.0.0.1:8554"]);
}

#[test]
fn a_refused_password_is_rarely_tried_again() {
    let (mut camera, now) = camera(false);
    camera.watch(now);
    camera.connected(now);
    let refusal = b"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n";
    camera.handle_message(refusal, now);
    camera.handle_message(refusal, now);
    assert!(wishes(&mut camera).contains(&"the camera refuses this user name or password".into()));
    camera.watch(now + SECOND * 100);
    assert_eq!(
        wishes(&mut camera),
        ["the camera refuses this user name or password"]
    );
    assert!(camera.timeout().unwrap() >= now + PASSWORD_PAUSE);
}

#[test]
fn who_watches_goes_on_unless_the_camera_sends_something_else() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    camera.cache.key_frame(5);
    for (sdp, expected) in [
        (SDP.to_owned(), "ready false"),
        (SDP.replace("H264", "H265"), "ready true"),
    ] {
        camera.link_lost(&Failure::Silent, now);
        wishes(&mut camera);
        assert_eq!(camera.cache.start(), None, "of another link");
        camera.handle_timeout(now + SECOND * 100);
        assert_eq!(bring_up(&mut camera, &sdp, now).last().unwrap(), expected);
    }
}

#[test]
fn silence_ends_the_link() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    camera.heard(now + SECOND * 10);
    camera.handle_timeout(now + SILENCE);
    assert!(camera.description().is_some());
    camera.handle_timeout(now + SECOND * 10 + SILENCE);
    let said = wishes(&mut camera);
    assert_eq!(said.last().unwrap(), "the camera sends nothing any more");
}

#[test]
fn frames_tell_of_key_frames_of_loss_and_of_times() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    let packet =
        |sequence: u8, time: u8, kind: u8| [0x80, 96, 0, sequence, 0, 0, 0, time, 0, 0, 0, 9, kind];
    for (packet, position) in [
        (packet(1, 1, 0x41), 0),
        (packet(2, 2, 0x65), 17),
        (packet(5, 3, 0x41), 34),
    ] {
        camera.frame(0, &packet, packet.len(), position);
    }
    camera.frame(2, &packet(9, 9, 0x65), 13, 51);
    assert_eq!(camera.cache.start(), Some(17), "sound has no key frames");
    let mut report = vec![0x80, 200, 0, 6];
    report.resize(28, 1);
    camera.frame(3, &report, 28, 68);
    camera.frame(1, &report, 400, 68);
    camera.frame(9, &report, 28, 68);
    assert_eq!(
        camera.reports(),
        [(3, report)],
        "whole ones of known tracks"
    );
    let status = camera.status(now);
    assert_eq!((status.state, status.lost, status.packets), ("live", 2, 4));
    assert_eq!(status.codecs, ["H264", "PCMA"]);
}

#[test]
fn the_requests_of_the_camera_are_answered() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    camera.handle_message(b"OPTIONS * RTSP/1.0\r\nCSeq: 3\r\n\r\n", now);
    assert_eq!(wishes(&mut camera), ["RTSP/1.0"]);
}
