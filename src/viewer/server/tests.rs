use super::respond::METHODS;
use super::*;
use crate::protocol::rtsp::sdp;
use proptest::prelude::*;

const SDP: &str = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
    m=audio 0 RTP/AVP 0\r\n";

fn camera() -> Rc<Description> {
    let session = sdp::parse(SDP.as_bytes());
    let mut description = Description::new(SDP.as_bytes());
    for (index, media) in session.media.iter().enumerate() {
        let channel = index as u8 * 2;
        description.add(index, media, channel, channel + 1);
    }
    Rc::new(description)
}

fn request(method: &str, uri: &str, headers: &str) -> Vec<u8> {
    format!("{method} {uri} RTSP/1.0\r\nCSeq: 7\r\n{headers}\r\n").into_bytes()
}

/// The status and the text of the answer, which must be the next output.
fn answer(server: &mut RtspServer) -> (u16, String) {
    match server.poll_output() {
        Some(Output::Locate) => {
            server.located(FirstPackets::default());
            answer(server)
        }
        Some(Output::Reply(reply)) => {
            let text = reply.strip_prefix("WSP/1.1 200 OK\r\nseq: t\r\n\r\n");
            let text = text.expect("the answer to this WRAP").to_owned();
            assert!(text.contains("\r\nCSeq: 7\r\n"), "{text}");
            (text[9..12].parse().unwrap(), text)
        }
        other => panic!("{other:?}"),
    }
}

fn ask(server: &mut RtspServer, method: &str, uri: &str, headers: &str) -> (u16, String) {
    server.handle("t", &request(method, uri, headers)).unwrap();
    answer(server)
}

const BASE: &str = "rtsp://camgate/Front";
const TCP: &str = "Transport: RTP/AVP/TCP;unicast;interleaved=";

fn described() -> RtspServer {
    let mut server = RtspServer::new("abc".into(), Carrier::Wsp);
    server.handle("t", &request("DESCRIBE", BASE, "")).unwrap();
    assert_eq!(server.poll_output(), Some(Output::Watch("front".into())));
    assert_eq!(server.poll_output(), None);
    server.ready(camera(), camera().for_viewers("x", None));
    let (status, text) = answer(&mut server);
    assert_eq!(status, 200);
    assert!(
        text.contains("\r\nContent-Base: rtsp://camgate/Front/\r\n"),
        "{text}"
    );
    server
}

#[test]
fn from_describe_to_teardown() {
    let mut server = described();
    let video = format!("{BASE}/track0");
    let (status, text) = ask(&mut server, "SETUP", &video, &format!("{TCP}4-5\r\n"));
    assert_eq!(status, 200);
    assert!(text.contains("interleaved=4-5") && text.contains("\r\nSession: abc;timeout=60"));
    let session = "Session: abc,timeout=60\r\n";
    let audio = format!("{BASE}/track1");
    let (_, text) = ask(
        &mut server,
        "SETUP",
        &audio,
        &format!("{TCP}4-5\r\n{session}"),
    );
    assert!(
        text.contains("interleaved=2-3"),
        "taken: its own on the link: {text}"
    );
    assert_eq!(ask(&mut server, "PLAY", BASE, session).0, 200);
    let channels = vec![(0, 4), (1, 5), (2, 2), (3, 3)];
    assert_eq!(server.poll_output(), Some(Output::Play(channels)));
    assert_eq!(ask(&mut server, "OPTIONS", "*", session).0, 200);
    assert_eq!(ask(&mut server, "GET_PARAMETER", BASE, session).0, 200);
    server
        .handle("t", &request("PAUSE", BASE, session))
        .unwrap();
    assert_eq!(server.poll_output(), Some(Output::Pause));
    assert_eq!(answer(&mut server).0, 200);
    server
        .handle("t", &request("TEARDOWN", BASE, session))
        .unwrap();
    assert_eq!(server.poll_output(), Some(Output::Leave));
    assert_eq!(answer(&mut server).0, 200);
    assert_eq!(ask(&mut server, "PLAY", BASE, session).0, 454);
}

#[test]
fn what_cannot_be_is_refused_with_its_status() {
    let mut server = described();
    let track = format!("{BASE}/track0");
    for (method, uri, headers, expected) in [
        ("PLAY", BASE, "", 454),
        ("PLAY", BASE, "Session: other\r\n", 454),
        ("SETUP", &track, "", 400),
        (
            "SETUP",
            &track,
            "Transport: RTP/AVP;unicast;client_port=5-6\r\n",
            461,
        ),
        (
            "SETUP",
            "rtsp://camgate/front/track9",
            "Transport: RTP/AVP/TCP\r\n",
            404,
        ),
        ("SETUP", BASE, "Transport: RTP/AVP/TCP\r\n", 404),
        (
            "SETUP",
            "rtsp://camgate/other/track0",
            "Transport: RTP/AVP/TCP\r\n",
            455,
        ),
        ("RECORD", BASE, "", 405),
    ] {
        assert_eq!(
            ask(&mut server, method, uri, headers).0,
            expected,
            "{method} {uri}"
        );
    }
    assert!(server.handle("t", b"GET / HTTP/1.1\r\n\r\n").is_err());
}

#[test]
fn requests_wait_for_the_camera_in_order() {
    let mut server = RtspServer::new("abc".into(), Carrier::Wsp);
    for method in ["DESCRIBE", "OPTIONS"] {
        server.handle("t", &request(method, BASE, "")).unwrap();
    }
    assert_eq!(server.poll_output(), Some(Output::Watch("front".into())));
    assert_eq!(server.poll_output(), None);
    for _ in 2..MAX_WAITING {
        server.handle("t", &request("OPTIONS", BASE, "")).unwrap();
    }
    assert!(server.handle("t", &request("OPTIONS", BASE, "")).is_err());
    server.refuse(404, "there is no camera front");
    let (status, text) = answer(&mut server);
    assert_eq!(status, 404);
    assert!(text.starts_with("RTSP/1.0 404 there is no camera front\r\n"));
    assert_eq!(answer(&mut server).0, 200);
}

#[test]
fn a_camera_may_be_set_up_without_a_question() {
    let mut server = RtspServer::new("abc".into(), Carrier::Wsp);
    let setup = request(
        "SETUP",
        "rtsp://camgate/front/sub/track1",
        "Transport: RTP/AVP/TCP\r\n",
    );
    server.handle("t", &setup).unwrap();
    assert_eq!(
        server.poll_output(),
        Some(Output::Watch("front/sub".into()))
    );
    server.ready(camera(), String::new());
    assert_eq!(answer(&mut server).0, 200);
}

#[test]
fn play_is_answered_with_where_media_begins_if_that_is_known_of_all() {
    let packet = |sequence, timestamp| [0x80, 96, 0, sequence, 0, 0, 0, timestamp, 0, 0, 0, 1];
    for known in [true, false] {
        let mut server = described();
        for track in ["track0", "track1"] {
            let uri = format!("{BASE}/{track}");
            let (status, _) = ask(&mut server, "SETUP", &uri, &format!("{TCP}0-1\r\n"));
            assert_eq!(status, 200);
        }
        server.handle("t", &request("PLAY", BASE, "")).unwrap();
        // A request after it waits.
        server.handle("t", &request("PAUSE", BASE, "")).unwrap();
        assert_eq!(server.poll_output(), Some(Output::Locate));
        assert_eq!(server.poll_output(), None);
        let mut first_packets = FirstPackets::default();
        first_packets.frame(1, &[0x80, 200, 0, 6, 0, 0, 0, 9, 0, 0, 0, 1]);
        first_packets.frame(0, &packet(3, 30));
        first_packets.frame(0, &packet(4, 40));
        if known {
            first_packets.frame(2, &packet(7, 70));
        }
        server.located(first_packets);
        let (status, text) = answer(&mut server);
        assert_eq!(status, 200);
        let info = format!(
            "\r\nRTP-Info: url={BASE}/track0;seq=3;rtptime=30,url={BASE}/track1;seq=7;rtptime=70\r\n"
        );
        assert_eq!(text.contains(&info), known, "{text}");
        assert_eq!(text.contains("RTP-Info"), known, "{text}");
        assert!(matches!(server.poll_output(), Some(Output::Play(_))));
        assert_eq!(server.poll_output(), Some(Output::Pause));
    }
}

proptest! {
    #[test]
    fn every_request_is_answered(requests in prop::collection::vec((0..9_usize, "[a-z/*0-9]{0,9}", "\\PC{0,30}"), 1..12)) {
        let methods = METHODS.split(", ").chain(["NONE"]).collect::<Vec<_>>();
        let mut server = RtspServer::new("abc".into(), Carrier::Wsp);
        let (mut unanswered, mut paid) = (0, 0);
        for (method, path, header) in requests {
            let header = format!("Transport: {header}\r\n");
            let uri = format!("rtsp://camgate/{path}");
            unanswered += u32::from(server.handle("t", &request(methods[method], &uri, &header)).is_ok());
            while let Some(output) = server.poll_output() {
                match output {
                    Output::Reply(_) => paid += 1,
                    Output::Locate => server.located(FirstPackets::default()),
                    Output::Watch(name) if name.len() % 2 == 0 => server.refuse(404, ""),
                    Output::Watch(_) => server.ready(camera(), String::new()),
                    _ => {}
                }
            }
        }
        prop_assert_eq!(unanswered, paid);
    }
}

/// A camera may have the name of a track or of a smaller stream.
#[test]
fn a_camera_may_be_called_as_a_track_is() {
    for name in ["track1", "sub", "track0/sub", "track"] {
        let mut server = RtspServer::new("abc".into(), Carrier::Wsp);
        let base = format!("rtsp://camgate/{name}");
        server.handle("t", &request("DESCRIBE", &base, "")).unwrap();
        assert_eq!(server.poll_output(), Some(Output::Watch(name.to_owned())));
        server.ready(camera(), camera().for_viewers("x", None));
        let (status, text) = answer(&mut server);
        assert_eq!(status, 200);
        let line = format!("\r\nContent-Base: {base}/\r\n");
        assert!(text.contains(&line), "{text}");
        let track = format!("{base}/track1");
        let (status, text) = ask(&mut server, "SETUP", &track, &format!("{TCP}4-5\r\n"));
        assert_eq!(status, 200, "{text}");
        assert_eq!(ask(&mut server, "PLAY", &base, "").0, 200);
    }
}
