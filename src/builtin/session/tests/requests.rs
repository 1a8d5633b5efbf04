//! The answers to requests.

use super::*;
use proptest::prelude::*;

#[test]
fn a_client_finds_plays_and_leaves_the_clip() {
    let mut client = Client::new(ms(0));
    let options = client.ask(ms(0), &format!("OPTIONS {URI}"), "");
    assert_eq!(header(&options, "Public"), METHODS);
    let described = client.ask(
        ms(1),
        &format!("DESCRIBE {URI}"),
        "Accept: application/sdp\r\n",
    );
    assert_eq!(header(&described, "Content-Base"), URI);
    assert_eq!(header(&described, "CSeq"), "5");
    assert!(described.ends_with("a=control:trackID=1\r\n"));

    let received = client.play(ms(10));
    let answer = &received.answers[0];
    assert!(header(answer, "Session").ends_with(";timeout=60"));
    let first = |channel| {
        received
            .packets
            .iter()
            .find(|p| p.channel == channel)
            .unwrap()
    };
    let info = |track: u8, packet: &Packet| {
        format!(
            "url={URI}trackID={track};seq={};rtptime={}",
            packet.sequence, packet.time
        )
    };
    let expected = [info(0, first(0)), info(1, first(2))].join(",");
    assert_eq!(header(answer, "RTP-Info"), expected);

    assert_eq!(client.at(ms(1000)).answers.len(), 0);
    assert_eq!(
        status(&client.ask(ms(1000), &format!("TEARDOWN {URI}"), "")),
        200
    );
    assert!(client.at(ms(2000)).packets.is_empty());
    assert_eq!(
        status(&client.ask(ms(2000), &format!("PLAY {URI}"), "")),
        454
    );
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let mut client = Client::new(ms(0));
    let udp = "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n";
    for (line, headers, expected) in [
        ("SETUP rtsp://h/trackID=0", udp, 461),
        ("SETUP rtsp://h/trackID=0", "", 400),
        ("SETUP rtsp://h/", "Transport: RTP/AVP/TCP\r\n", 459),
        ("DESCRIBE rtsp://h/other", "", 404),
        ("DESCRIBE rtsp://h/trackID=0", "", 404),
        ("RECORD rtsp://h/", "", 405),
        ("PLAY rtsp://h/", "", 454),
        ("PAUSE rtsp://h/", "Session: 1\r\n", 454),
        ("GET_PARAMETER rtsp://h/", "Session: 1\r\n", 454),
        ("GET_PARAMETER rtsp://h/", "", 200),
        ("OPTIONS *", "", 200),
    ] {
        assert_eq!(
            status(&client.ask(ms(0), line, headers)),
            expected,
            "{line} {headers}"
        );
    }
    client.set_up(ms(0), 0);
    let id = std::mem::take(&mut client.id);
    let keep_alive = format!("Session: {id},timeout=60\r\n");
    assert_eq!(status(&client.ask(ms(0), "OPTIONS *", &keep_alive)), 454);
    client.id = id;
    let body = "Content-Length: 10\r\n\r\nposition";
    assert_eq!(
        status(&client.ask(ms(0), "SET_PARAMETER rtsp://h/", body)),
        451
    );
}

#[test]
fn garbage_ends_the_connection_with_400() {
    for garbage in [
        &b"\x16\x03\x01\0"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        &[b'A'; 5000],
    ] {
        let mut client = Client::new(ms(0));
        client.session.receive(garbage, ms(0));
        assert!(client.session.is_finished());
        assert_eq!(status(&client.take().answers[0]), 400);
    }
    let mut client = Client::new(ms(0));
    client.session.receive(b"OPTIONS * RTSP/1.0\r\n\r\n", ms(0));
    assert_eq!(status(&client.take().answers[0]), 400);
    assert!(!client.session.is_finished());
}

#[test]
fn channels_are_as_asked_unless_taken() {
    let mut client = Client::new(ms(0));
    let channels = |client: &mut Client, track, wanted: &str| {
        let answer = client.ask(ms(0), &format!("SETUP {URI}trackID={track}"), wanted);
        let transport = header(&answer, "Transport").to_owned();
        client.id = header(&answer, "Session").split(';').next().unwrap().into();
        transport.split(';').nth(2).unwrap().to_owned()
    };
    assert_eq!(
        channels(&mut client, 0, &format!("{TCP}1-2\r\n")),
        "interleaved=1-2"
    );
    assert_eq!(
        channels(&mut client, 1, &format!("{TCP}2-3\r\n")),
        "interleaved=4-5"
    );
    let free = "Transport: RTP/AVP/TCP;unicast\r\n";
    assert_eq!(channels(&mut client, 0, free), "interleaved=0-1");
}

#[test]
fn silence_ends_a_session_and_a_receiver_report_does_not() {
    let mut client = Client::new(ms(0));
    client.play(ms(0));
    client.at(ms(60_000));
    client.session.receive(b"$\x01\0\x04abcd", ms(60_000));
    client.at(ms(129_999));
    assert!(!client.session.is_finished());
    assert!(client.session.timeout() <= ms(130_000));
    client.at(ms(130_000));
    assert!(client.session.is_finished());
}

#[test]
fn requests_without_reading_congest() {
    let mut client = Client::new(ms(0));
    let flood = "DESCRIBE rtsp://h RTSP/1.0\nCSeq:1\n\n".repeat(50);
    for _ in 0..100 {
        if !client.session.is_congested() {
            client.session.receive(flood.as_bytes(), ms(0));
        }
    }
    assert!(client.session.is_congested());
    assert!(client.session.output().len() < 2 * MAX_BACKLOG);
}

fn requests() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        Just("OPTIONS"),
        Just("DESCRIBE"),
        Just("SETUP"),
        Just("PLAY"),
        Just("PAUSE"),
        Just("TEARDOWN"),
        Just("GET_PARAMETER"),
        Just("RECORD"),
    ];
    let uri = prop_oneof![
        Just("*"),
        Just("rtsp://h/"),
        Just("rtsp://h/trackID=0"),
        Just("rtsp://h/trackID=1"),
        Just("rtsp://h/?/"),
    ];
    let rest = prop_oneof![
        Just("CSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"),
        Just("CSeq: 1\r\nSession: a5a5\r\nTransport: ,;=-\r\n\r\n"),
        Just("CSeq: 4294967295\nContent-Length: 3\n\nabc"),
        Just("\r\n\r\n$\x01\x00\x02ab"),
    ];
    let request = (method, uri, rest).prop_map(|(m, u, r)| format!("{m} {u} RTSP/1.0\r\n{r}"));
    let piece = prop_oneof![
        4 => request.prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same_answers(
        bytes in requests(),
        at in any::<prop::sample::Index>(),
    ) {
        let mut whole = Client::new(ms(0));
        whole.session.receive(&bytes, ms(9_999));
        let mut parts = Client::new(ms(0));
        let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
        parts.session.receive(first, ms(9_999));
        parts.session.receive(second, ms(9_999));
        let mut single = Client::new(ms(0));
        for byte in &bytes {
            single.session.receive(&[*byte], ms(9_999));
        }
        // The start of the media depends on where the bytes were split.
        let answers = whole.take().answers;
        prop_assert_eq!(&answers, &parts.take().answers);
        prop_assert_eq!(&answers, &single.take().answers);
        prop_assert_eq!(whole.session.is_finished(), single.session.is_finished());
    }
}
