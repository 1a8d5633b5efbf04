use super::pace::{LONGEST_SILENCE, SECOND_PICTURE, SILENCE};
use super::retry::PASSWORD_PAUSE;
use super::*;
use crate::config;
use crate::failure::Failure;

mod anything;
mod deadlines;
mod first_packets;
mod moving;

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

/// What the camera wants done, each in a word or two.
fn outputs(camera: &mut Camera) -> Vec<String> {
    let mut list = Vec::new();
    while let Some(output) = camera.poll_output() {
        list.push(match output {
            Output::Connect { host, port, .. } => format!("connect {host}:{port}"),
            // These are receiver reports.
            Output::Send(bytes) if bytes.first() == Some(&b'$') => continue,
            Output::Send(bytes) => {
                let text = String::from_utf8(bytes).unwrap();
                assert!(!text.contains("hunter2"), "{text}");
                text.split(' ').next().unwrap().to_owned()
            }
            Output::OpenPorts { pairs } => format!("open {pairs}"),
            Output::Expect { channel, from } => format!("expect {channel} from {:?}", from.ports),
            Output::Datagram { channel, bytes } => format!("send {} on {channel}", bytes.len()),
            Output::Release => "release".to_owned(),
            Output::Disconnect => "disconnect".to_owned(),
            Output::Ready { changed } => format!("ready {changed}"),
            Output::Failed => camera.unavailable().unwrap().reason.clone(),
        });
    }
    list
}

fn reply(camera: &mut Camera, headers: &str, body: &str, now: Instant) {
    let length = body.len();
    let answer = format!("RTSP/1.0 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    camera.handle_message(answer.as_bytes(), now);
}

/// Lets the camera come up, from its link to the answer to PLAY.
fn bring_up(camera: &mut Camera, sdp: &str, now: Instant) -> Vec<String> {
    camera.connected(now);
    reply(camera, "", "", now);
    reply(camera, "", sdp, now);
    for channels in ["0-1", "2-3"] {
        let transport = format!("Session: 1\r\nTransport: RTP/AVP/TCP;interleaved={channels}\r\n");
        reply(camera, &transport, "", now);
    }
    reply(camera, "", "", now);
    outputs(camera)
}

#[test]
fn the_first_viewer_calls_it_and_the_last_one_lets_it_go() {
    let (mut camera, now) = camera(false);
    camera.start(now);
    assert_eq!((outputs(&mut camera), camera.timeout()), (vec![], None));
    camera.watch(now);
    camera.watch(now);
    assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:8554"]);
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
    assert_eq!(outputs(&mut camera), [""; 0]);
    camera.handle_timeout(now + LINGER);
    assert_eq!(outputs(&mut camera), ["TEARDOWN", "disconnect"]);
    assert!(camera.description().is_none() && camera.timeout().is_none());
}

#[test]
fn pauses_grow_with_every_failure_up_to_a_limit() {
    let (mut camera, mut now) = camera(true);
    camera.start(now);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:8554"]);
        camera.link_lost(&Failure::Silent, now);
        assert_eq!(
            outputs(&mut camera),
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
    outputs(&mut camera);
    camera.watch(now);
    assert_eq!(
        outputs(&mut camera),
        ["the camera did not answer"],
        "too soon"
    );
    camera.watch(now + SECOND);
    assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:8554"]);
}

#[test]
fn a_refused_password_is_rarely_tried_again() {
    let (mut camera, now) = camera(false);
    camera.watch(now);
    camera.connected(now);
    let refusal = b"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n";
    camera.handle_message(refusal, now);
    camera.handle_message(refusal, now);
    assert!(outputs(&mut camera).contains(&"the camera refuses this user name or password".into()));
    camera.watch(now + SECOND * 100);
    assert_eq!(
        outputs(&mut camera),
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
        outputs(&mut camera);
        assert_eq!(camera.cache.start(), None, "of another link");
        camera.handle_timeout(now + SECOND * 100);
        assert_eq!(bring_up(&mut camera, &sdp, now).last().unwrap(), expected);
    }
}

#[test]
fn what_is_configured_otherwise_takes_effect_while_it_plays() {
    let (mut camera, now) = camera(false);
    let mut config = config::Camera::named("front").unwrap();
    (config.always, config.description) = (true, "Yard".to_owned());
    camera.configure(&config, now);
    assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:8554"]);
    bring_up(&mut camera, SDP, now);
    assert!(camera.described().contains("s=Yard"));
    config.always = false;
    camera.configure(&config, now);
    camera.configure(&config, now + SECOND);
    assert_eq!(camera.leave_at, Some(now + LINGER), "nobody watches");
    config.always = true;
    camera.configure(&config, now);
    assert_eq!((camera.leave_at, outputs(&mut camera)), (None, vec![]));
}

#[test]
fn silence_ends_the_link() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    let mut hear = |channel: u8, packet: &[u8], seconds: u32| {
        camera.frame(channel, packet, packet.len(), 0);
        camera.frames_arrived(now + SECOND * seconds);
    };
    hear(0, &[0x80; 12], 9);
    hear(0, &[0x81; 12], 9);
    hear(0, &[0x82; 12], 10);
    // Neither of these is media of a track.
    hear(9, &[0x80; 12], 14);
    hear(0, &[0x80; 11], 14);
    camera.handle_timeout(now + SILENCE);
    assert!(camera.description().is_some());
    camera.handle_timeout(now + SECOND * 10 + SILENCE);
    let said = outputs(&mut camera);
    assert_eq!(said.last().unwrap(), "the camera sends nothing any more");
}

#[test]
fn frames_tell_of_key_frames_and_of_times() {
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
    assert!(
        camera.sender_reports(&FirstPackets::default()).is_empty(),
        "none for pictures, yet"
    );
    camera.frame(1, &report, 28, 96);
    let kept = [(3, report.clone()), (1, report)];
    assert_eq!(
        camera.sender_reports(&FirstPackets::default()),
        kept,
        "whole ones of known tracks"
    );
    let status = camera.status(now);
    assert_eq!((status.state, status.packets), ("live", 4));
    assert_eq!(status.lost, 0, "numbers left out on a link are no loss");
    assert_eq!(status.codecs, ["H264", "PCMA"]);
}

#[test]
fn the_requests_of_the_camera_are_answered() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    camera.handle_message(b"OPTIONS * RTSP/1.0\r\nCSeq: 3\r\n\r\n", now);
    assert_eq!(outputs(&mut camera), ["RTSP/1.0"]);
}

const OPEN: [(u16, u16); 2] = [(5000, 5001), (5002, 5003)];

fn over(transport: config::Transport) -> (Camera, Instant) {
    let mut config = config::Camera::named("front").unwrap();
    (config.always, config.transport) = (true, transport);
    let now = Instant::now();
    let mut camera = Camera::new("front".into(), &config, "rtsp://10.0.0.1/s", 1, now);
    camera.start(now);
    (camera, now)
}

/// Lets the camera come up over UDP, from its link to the answer to PLAY.
fn bring_up_udp(camera: &mut Camera, now: Instant) -> Vec<String> {
    camera.connected(now);
    reply(camera, "", "", now);
    reply(camera, "", SDP, now);
    camera.ports_opened(&OPEN, now);
    for ports in ["6000-6001", "6002-6003"] {
        let transport = format!("Session: 1\r\nTransport: RTP/AVP;server_port={ports};ssrc=7\r\n");
        reply(camera, &transport, "", now);
    }
    reply(camera, "", "", now);
    outputs(camera)
}

fn refuse(camera: &mut Camera, now: Instant) {
    camera.connected(now);
    reply(camera, "", "", now);
    reply(camera, "", SDP, now);
    for _ in 0..4 {
        camera.handle_message(b"RTSP/1.0 461 Unsupported Transport\r\n\r\n", now);
    }
}

#[test]
fn over_udp_ports_are_opened_before_the_setup() {
    let (mut camera, now) = over(config::Transport::Udp);
    let said = bring_up_udp(&mut camera, now);
    let expected = [
        "connect 10.0.0.1:554",
        "OPTIONS",
        "DESCRIBE",
        "open 2",
        "SETUP",
        "SETUP",
        "expect 0 from Some((6000, 6001))",
        "send 12 on 0",
        "send 8 on 1",
        "PLAY",
        "expect 2 from Some((6002, 6003))",
        "send 12 on 2",
        "send 8 on 3",
        "ready false",
    ];
    let (mut said, mut expected) = (said, expected.map(str::to_owned).to_vec());
    said.sort();
    expected.sort();
    assert_eq!(said, expected);
    assert!(camera.takes_datagrams());
    let packet = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7];
    assert_eq!(camera.datagram(0, &packet, now), Verdict::Take);
    assert_eq!(camera.timeout(), Some(now + SECOND * 5));
    camera.handle_timeout(now + SECOND * 5);
    assert_eq!(outputs(&mut camera), ["send 52 on 1"]);
    let mut early = packet;
    early[3] = 3;
    assert_eq!(camera.datagram(0, &early, now), Verdict::Hold);
    camera.handle_timeout(camera.timeout().unwrap());
    assert_eq!(outputs(&mut camera), ["release"]);
    camera.leave(now);
    assert_eq!(outputs(&mut camera), ["TEARDOWN", "disconnect"]);
}

#[test]
fn numbers_left_out_are_loss_over_udp() {
    let (mut camera, now) = over(config::Transport::Udp);
    bring_up_udp(&mut camera, now);
    for sequence in [1, 2, 5, 4, 9] {
        let packet = [0x80, 96, 0, sequence, 0, 0, 0, 1, 0, 0, 0, 7, 0x41];
        camera.frame(0, &packet, packet.len(), 0);
    }
    assert_eq!(camera.status(now).lost, 2 + 3);
}

#[test]
fn auto_changes_to_udp_and_back_when_nothing_comes() {
    let (mut camera, now) = over(config::Transport::Auto);
    refuse(&mut camera, now);
    let said = outputs(&mut camera);
    assert_eq!(
        said[said.len() - 2..],
        ["disconnect", "connect 10.0.0.1:554"]
    );
    bring_up_udp(&mut camera, now);
    camera.handle_timeout(now + SECOND * 4);
    assert_eq!(outputs(&mut camera), [""; 0]);
    camera.handle_timeout(now + SECOND * 5);
    let said = ["TEARDOWN", "disconnect", "connect 10.0.0.1:554"];
    assert_eq!(outputs(&mut camera), said);
    refuse(&mut camera, now);
    let said = outputs(&mut camera);
    assert!(
        said.last().unwrap().contains("is a firewall between"),
        "{said:?}"
    );
    // After the pause it may find another way.
    camera.handle_timeout(now + SECOND * 100);
    assert_eq!(outputs(&mut camera), ["connect 10.0.0.1:554"]);
    refuse(&mut camera, now);
    assert_eq!(outputs(&mut camera).last().unwrap(), "connect 10.0.0.1:554");
}

#[test]
fn tcp_alone_and_udp_alone_are_what_they_say() {
    let (mut camera, now) = over(config::Transport::Tcp);
    refuse(&mut camera, now);
    let said = outputs(&mut camera);
    assert!(said.last().unwrap().contains("over TCP"), "{said:?}");
    let (mut camera, now) = over(config::Transport::Udp);
    bring_up_udp(&mut camera, now);
    camera.handle_timeout(now + SECOND * 5);
    let said = outputs(&mut camera);
    assert_eq!(said[..2], ["TEARDOWN", "disconnect"]);
    assert!(said[2].contains("is a firewall between"), "{said:?}");
    let (mut camera, now) = over(config::Transport::Udp);
    camera.connected(now);
    reply(&mut camera, "", "", now);
    reply(&mut camera, "", SDP, now);
    camera.ports_opened(&OPEN, now);
    for _ in 0..2 {
        camera.handle_message(b"RTSP/1.0 461 Unsupported Transport\r\n\r\n", now);
    }
    let said = outputs(&mut camera);
    assert!(said.last().unwrap().contains("over UDP"), "{said:?}");
}
