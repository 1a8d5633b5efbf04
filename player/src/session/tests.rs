mod cameras;
mod moves;

use proptest::prelude::*;

use super::*;

const SDP: &str = "v=0\r\ns=x\r\na=control:*\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n\
    m=audio 0 RTP/AVP 9\r\na=control:a\r\n";

struct Page {
    session: Session,
    now: f64,
}

impl Page {
    fn open(argument: &str) -> Self {
        let mut page = Self {
            session: Session::default(),
            now: 5000.0,
        };
        page.session.open(argument, page.now);
        page
    }

    /// All waiting outputs, as kinds and texts.
    fn outputs(&mut self) -> Vec<(Kind, String)> {
        let mut outputs = Vec::new();
        while let Some(output) = self.session.poll_output() {
            outputs.push((output.kind, String::from_utf8(output.data).unwrap()));
        }
        outputs
    }

    fn control(&mut self, text: &str) {
        self.session.control_message(text, self.now);
    }

    /// A packet with an IDR picture arrives; returns the kinds of the outputs.
    fn picture(&mut self, sequence: u16) -> Vec<Kind> {
        let [high, low] = sequence.to_be_bytes();
        let mut frame = vec![b'$', 0, 0, 36, 0x80, 0xe0, high, low];
        frame.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x78]);
        frame.extend([0, 9, 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90]);
        frame.extend([0, 4, 0x68, 0xcb, 0x83, 0xcb, 0, 4, 0x65, 0x88, 1, 2]);
        self.session.media(&frame, self.now);
        let mut kinds = Vec::new();
        while let Some(output) = self.session.poll_output() {
            kinds.push(output.kind);
        }
        kinds
    }

    /// A page whose session has got as far as the RTSP client's first request.
    fn joined() -> Self {
        Self::joined_with("rtsp://10.0.0.1/s\n\n")
    }

    fn joined_with(argument: &str) -> Self {
        let mut page = Self::open(argument);
        page.session.control_opened(page.now);
        page.control("WSP/1.1 200 OK\r\nseq: 2\r\nchannel: c 1\r\n\r\n");
        page.session.data_opened(page.now);
        page.session
            .data_message("WSP/1.1 200 OK\r\nseq: 3\r\n\r\n", page.now);
        page
    }

    /// Answers the last WRAP among `outputs`.
    fn answer(&mut self, status: &str, headers: &str, body: &str) {
        let outputs = self.outputs();
        let mut wraps = outputs
            .iter()
            .filter(|(kind, _)| *kind == Kind::SendControl);
        let (_, text) = wraps.next_back().unwrap();
        let wrap = wsp::parse_request(text).unwrap();
        let cseq = wrap.payload.split("CSeq: ").nth(1).unwrap();
        let cseq = cseq.split("\r\n").next().unwrap();
        let length = body.len();
        let payload = format!(
            "RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        let reply = wsp::reply(200, "OK", &[("seq", wrap.seq().unwrap())], &payload);
        self.control(&reply);
    }

    fn describing() -> Self {
        let mut page = Self::joined();
        page.answer("200 OK", "Public: DESCRIBE\r\n", "");
        page
    }
}

/// The RTSP request in a WRAP.
fn request(output: &(Kind, String)) -> &str {
    assert_eq!(output.0, Kind::SendControl);
    wsp::parse_request(&output.1).unwrap().payload
}

fn error(text: &str) -> (Kind, String) {
    (Kind::Error, text.to_owned())
}

#[test]
fn asks_for_information_and_a_channel() {
    let mut page = Page::open("rtsp://user:p%40ss@[fe80::1]:8554/s\n\n");
    assert_eq!(page.outputs(), [(Kind::State, "connecting".to_owned())]);
    page.session.control_opened(page.now);
    let outputs = page.outputs();
    assert_eq!(outputs.len(), 2);
    for ((kind, text), command) in outputs.iter().zip(["GET_INFO", "INIT"]) {
        assert_eq!(*kind, Kind::SendControl);
        let request = wsp::parse_request(text).unwrap();
        assert_eq!(request.command, command);
        assert_eq!(request.header("host"), Some("fe80::1"));
        assert_eq!(request.header("port"), Some("8554"));
        assert_eq!(request.header("client"), Some(""));
    }
    page.control("WSP/1.1 200 OK\r\nseq: 1\r\ncommand: GET_INFO\r\ntype: json\r\n\r\n{}");
    page.control("WSP/1.1 200 OK\r\nseq: 2\r\nchannel: c 1\r\n\r\n");
    let outputs = page.outputs();
    assert_eq!(outputs[0], (Kind::Info, "{}".to_owned()));
    assert_eq!(outputs[1], (Kind::OpenData, String::new()));
    page.session.data_opened(page.now);
    let outputs = page.outputs();
    let join = wsp::parse_request(&outputs[0].1).unwrap();
    assert_eq!(outputs[0].0, Kind::SendData);
    assert_eq!(
        (join.command, join.header("channel")),
        ("JOIN", Some("c 1"))
    );
    assert_eq!(join.header("batch"), Some("1"));
}

#[test]
fn names_the_tunnel_client() {
    let mut page = Page::open("rtsp://10.0.0.1/s my-client\n\n");
    page.session.control_opened(page.now);
    let outputs = page.outputs();
    let init = wsp::parse_request(&outputs[2].1).unwrap();
    assert_eq!(init.header("client"), Some("my-client"));
    assert_eq!(split_tunnel("rtsp://u:a b@h/x"), ("rtsp://u:a b@h/x", ""));
}

#[test]
fn an_address_that_is_none_ends_it() {
    let mut page = Page::open("http://10.0.0.1/\n\n");
    let outputs = page.outputs();
    assert!(matches!(&outputs[..], [(Kind::Error, text)] if text.starts_with("400\n")));
    page.session.control_opened(page.now);
    assert_eq!(page.outputs(), []);
}

#[test]
fn a_refused_init_ends_it_in_the_gateways_words() {
    let mut page = Page::open("rtsp://8.8.8.8/s\n\n");
    page.session.control_opened(page.now);
    page.outputs();
    page.control("WSP/1.1 403 8.8.8.8 is not in targets\r\nseq: 2\r\n\r\n");
    let text = "403\n8.8.8.8 is not in targets.";
    assert_eq!(page.outputs(), [error(text)]);
    page.control("WSP/1.1 200 OK\r\nseq: 2\r\nchannel: c\r\n\r\n");
    assert_eq!(page.outputs(), []);
    assert_eq!(page.session.timeout(), None);
}

#[test]
fn silence_ends_it() {
    let mut page = Page::open("rtsp://10.0.0.1/s\n\n");
    page.session.control_opened(page.now);
    page.outputs();
    let timeout = page.session.timeout().unwrap();
    page.session.handle_timeout(timeout - 1.0);
    assert_eq!(page.outputs(), []);
    page.session.handle_timeout(timeout);
    assert_eq!(page.outputs(), [error("504\nThe gateway does not answer.")]);
}

/// The gateway limits that time, and reports when it is over.
#[test]
fn a_camera_that_is_slow_to_describe_itself_is_waited_for() {
    let mut page = Page::describing();
    page.session.handle_timeout(page.now + 80_000.0);
    page.now += 80_000.0;
    page.answer("200 OK", "Content-Type: application/sdp\r\n", SDP);
    let sent = page.outputs().pop().unwrap();
    assert!(sent.1.contains("SETUP "), "{sent:?}");
}

#[test]
fn sets_up_what_it_can_carry_and_names_the_rest() {
    let mut page = Page::describing();
    page.answer("200 OK", "Content-Type: application/sdp\r\n", SDP);
    let outputs = page.outputs();
    assert_eq!(outputs[0], (Kind::Unsupported, "audio G722".to_owned()));
    assert!(outputs[1].1.contains("SETUP rtsp://10.0.0.1/s/v RTSP/1.0"));
    assert_eq!(outputs.len(), 2);
}

#[test]
fn nothing_playable_is_415() {
    let mut page = Page::describing();
    let sdp = SDP.replace("H264", "VP8");
    page.answer("200 OK", "Content-Type: application/sdp\r\n", &sdp);
    let outputs = page.outputs();
    let named = ["video VP8", "audio G722"].map(|name| (Kind::Unsupported, name.to_owned()));
    assert!(outputs.windows(2).any(|pair| *pair == named), "{outputs:?}");
    let text = "415\nThis player cannot play what the camera sends.";
    assert_eq!(outputs.last(), Some(&error(text)));
}

#[test]
fn a_password_is_asked_for() {
    let mut page = Page::describing();
    page.answer(
        "401 Unauthorized",
        "WWW-Authenticate: Basic realm=\"x\"\r\n",
        "",
    );
    let text = "401\nThe camera asks for a user name and a password.";
    assert_eq!(page.outputs(), [error(text)]);
}

fn playing() -> Page {
    let mut page = Page::describing();
    page.answer("200 OK", "Content-Type: application/sdp\r\n", SDP);
    let transport = "Session: 7\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    page.answer("200 OK", transport, "");
    page.answer("200 OK", "Session: 7\r\n", "");
    page
}

#[test]
fn media_may_overtake_the_answer_to_play() {
    let mut page = Page::describing();
    page.answer("200 OK", "Content-Type: application/sdp\r\n", SDP);
    let transport = "Session: 7\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    page.answer("200 OK", transport, "");
    let outputs = page.outputs();
    assert_eq!(outputs[0], (Kind::State, "buffering".to_owned()));
    let kinds = page.picture(1);
    let expected = [
        Kind::Track,
        Kind::Size,
        Kind::Init,
        Kind::Fragment,
        Kind::State,
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn pauses_and_goes_on() {
    let mut page = playing();
    page.outputs();
    page.session.pause(page.now);
    page.answer("200 OK", "Session: 7\r\n", "");
    assert_eq!(page.outputs(), [(Kind::State, "paused".to_owned())]);
    page.session.play(page.now);
    let outputs = page.outputs();
    assert_eq!(outputs[0], (Kind::State, "buffering".to_owned()));
    assert!(outputs[1].1.contains("PLAY rtsp://"));
}

#[test]
fn the_first_packet_after_a_pause_counts_wherever_it_counts_from() {
    let mut page = playing();
    assert!(page.picture(1).contains(&Kind::Fragment));
    page.session.pause(page.now);
    page.answer("200 OK", "Session: 7\r\n", "");
    page.session.play(page.now);
    page.answer("200 OK", "Session: 7\r\n", "");
    assert!(page.picture(40_000).contains(&Kind::Fragment));
}

#[test]
fn close_says_goodbye_to_the_camera() {
    let mut page = playing();
    page.outputs();
    page.session.close(page.now);
    page.answer("200 OK", "Session: 7\r\n", "");
    assert_eq!(page.outputs(), [(Kind::Closed, String::new())]);
}

#[test]
fn a_farewell_is_left_with_the_gateway_and_its_answer_is_nobodys() {
    let mut page = Page::joined_with("rtsp://10.0.0.1/s\nadmin\nsecret");
    let digest = "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n";
    page.answer("401 Unauthorized", digest, "");
    page.answer("200 OK", "", "");
    page.answer("200 OK", "", SDP);
    page.answer("200 OK", "Session: 7\r\n", "");
    page.answer("200 OK", "Session: 7\r\n", "");
    let outputs = page.outputs();
    let (_, text) = outputs.last().unwrap();
    let farewell = wsp::parse_request(text).unwrap();
    assert_eq!(farewell.command, "FAREWELL");
    assert!(
        farewell
            .payload
            .starts_with("TEARDOWN rtsp://10.0.0.1/s RTSP/1.0\r\n")
    );
    assert!(farewell.payload.contains("Authorization: Digest "));
    let refusal = wsp::reply(400, "unknown", &[("seq", farewell.seq().unwrap())], "");
    page.control(&refusal);
    assert_eq!(page.outputs(), []);
}

#[test]
fn media_that_makes_no_sense_ends_it() {
    let mut page = playing();
    page.outputs();
    page.session.media(b"HTTP/1.1", page.now);
    let text = "502\nThe gateway sent something that makes no sense.";
    assert_eq!(page.outputs(), [error(text)]);
}

proptest! {
    #[test]
    fn any_text_is_fine(text in ".{0,80}", reply in "WSP/1.1 [0-9]{3} .{0,20}\r\nseq: [0-9]\r\n.{0,40}") {
        for text in [text, reply] {
            let mut page = Page::joined();
            page.control(&text);
            page.session.data_message(&text, page.now);
            let mut page = Page::open(&text);
            page.session.control_opened(page.now);
            page.control(&text);
            page.session.data_opened(page.now);
            page.session.data_message(&text, page.now);
        }
    }

    #[test]
    fn any_media_is_fine(messages in proptest::collection::vec(
        (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..20)) {
        let mut page = playing();
        for (framed, bytes) in messages {
            let mut message = Vec::new();
            if framed {
                message.extend([b'$', bytes.len() as u8 & 1, 0, bytes.len() as u8]);
            }
            message.extend(&bytes);
            page.session.media(&message, page.now);
            page.now += 10.0;
        }
    }
}
