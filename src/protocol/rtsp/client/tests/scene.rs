//! A client and a camera whose answers the test gives, one request at a time.

use crate::rtsp::client::*;
use crate::rtsp::message::{self, Start};

pub(super) const SDP: &str = "v=0\r\ns=cam\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
    a=control:track1\r\nm=audio 0 RTP/AVP 0\r\na=control:track2\r\n";

/// A client, and the last request that it has sent.
pub(super) struct Scene {
    pub(super) client: Client,
    pub(super) now: u64,
    /// The last request: method, URI, headers.
    last: (String, String, Vec<(String, String)>),
}

fn client(url: Url, habits: Option<Habits>) -> Client {
    Client::new(Options {
        url,
        credentials: None,
        habits,
        user_agent: "test".into(),
        patience: REPLY_TIMEOUT,
        seed: 1,
    })
}

impl Scene {
    pub(super) fn new(url: &str) -> Scene {
        let url = Url::parse(url).unwrap();
        let client = client(url, None);
        let last = Default::default();
        let mut scene = Scene {
            client,
            now: 1000,
            last,
        };
        scene.client.start(scene.now);
        scene.expect("OPTIONS");
        scene
    }

    /// The camera hangs up; returns whether another connection is worth trying.
    pub(super) fn hang_up(&mut self) -> bool {
        let habits = self.client.hung_up();
        let again = habits.is_some();
        if again {
            self.client = client(self.client.url.clone(), habits);
        }
        again
    }

    pub(super) fn take(&mut self) -> Output {
        self.client.poll_output().expect("an output")
    }

    pub(super) fn nothing(&mut self) {
        assert_eq!(self.client.poll_output(), None);
    }

    /// Checks that the next output is a request with this method.
    pub(super) fn expect(&mut self, method: &str) {
        let Output::Send(bytes) = self.take() else {
            panic!("no {method}");
        };
        let (message, length) = message::parse(&bytes).unwrap();
        assert_eq!(length, bytes.len());
        let Start::Request { method: got, uri } = message.start else {
            panic!("{message:?}");
        };
        let headers = message.all().map(|(k, v)| (k.into(), v.into())).collect();
        self.last = (got.into(), uri.into(), headers);
        assert_eq!(self.last.0, method);
        assert_eq!(self.header("User-Agent"), Some("test"));
        self.nothing();
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.last.2.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| &**value)
    }

    pub(super) fn uri(&self) -> &str {
        &self.last.1
    }

    /// Answers the last request; each of the `headers` ends with CRLF.
    pub(super) fn answer(&mut self, status: &str, headers: &str, body: &str) {
        let cseq = self.header("CSeq").unwrap().to_owned();
        let length = body.len().to_string();
        let bytes = [
            "RTSP/1.0 ",
            status,
            "\r\nCSeq: ",
            &cseq,
            "\r\n",
            headers,
            "Content-Length: ",
            &length,
            "\r\n\r\n",
            body,
        ]
        .concat();
        self.now += 10;
        self.client.handle_message(bytes.as_bytes(), self.now);
    }

    pub(super) fn describe(&mut self, headers: &str, sdp: &str) {
        self.answer(
            "200 OK",
            "Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n",
            "",
        );
        self.expect("DESCRIBE");
        assert_eq!(self.header("Accept"), Some("application/sdp"));
        self.answer("200 OK", headers, sdp);
        let Output::Described(session) = self.take() else {
            panic!("not described");
        };
        assert!(!session.media.is_empty());
        self.nothing();
    }

    pub(super) fn playing() -> Scene {
        let mut scene = Scene::new("rtsp://cam/live");
        scene.describe("", SDP);
        scene.client.setup(&[0]);
        scene.expect("SETUP");
        scene.answer("200 OK", "Session: 99;timeout=20\r\n", "");
        assert!(matches!(
            scene.take(),
            Output::SetUp {
                media: 0,
                rtp_channel: 0,
                ..
            }
        ));
        scene.expect("PLAY");
        scene.answer("200 OK", "", "");
        assert_eq!(scene.take(), Output::Playing { rtp_info: vec![] });
        scene
    }

    pub(super) fn failure(&mut self) -> Failure {
        let Output::Failed(failure) = self.take() else {
            panic!("no failure");
        };
        self.nothing();
        assert_eq!(self.client.timeout(), None);
        failure
    }
}
