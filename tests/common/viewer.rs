//! A viewer: its two WebSockets, its channel, its RTSP conversation.
//!
//! Invariant: it checks every reply that it gets, so a scenario only says what
//! is special about it.

use std::net::SocketAddr;

use super::fake_camera::FakeCamera;
use super::frames::{Checker, Pattern};
use super::gateway::Gateway;
use super::rtsp;
use super::socket::{Opening, Reply, Socket};

/// The headers of a GET_INFO or INIT that names this camera directly.
pub fn target<'a>(host: &'a str, port: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("proto", "rtsp"),
        ("host", host),
        ("port", port),
        ("client", ""),
    ]
}

/// A control socket whose INIT names `host` and `port`, and the reply.
pub fn init(gateway: &Gateway, host: &str, port: u16) -> (Socket, Reply) {
    let mut control = Socket::open(gateway.address(), "control");
    let reply = control.ask("INIT", &target(host, &port.to_string()), "");
    (control, reply)
}

/// A viewer with both sockets open and joined.
pub struct Viewer {
    pub control: Socket,
    pub data: Socket,
    pub channel: String,
    url: String,
    cseq: u32,
}

impl Viewer {
    /// INIT and JOIN, one frame per message.
    pub fn join(gateway: &Gateway, camera: &FakeCamera) -> Self {
        Self::join_as(gateway, camera, false, Opening::default())
    }

    /// INIT and JOIN with `batch: 1`.
    pub fn join_batched(gateway: &Gateway, camera: &FakeCamera) -> Self {
        Self::join_as(gateway, camera, true, Opening::default())
    }

    /// INIT and JOIN; `opening` is how the data socket is opened.
    pub fn join_as(gateway: &Gateway, camera: &FakeCamera, batch: bool, opening: Opening) -> Self {
        let at = ("127.0.0.1", camera.port());
        Self::join_at(gateway, at, camera.url(), batch, opening)
    }

    /// INIT and JOIN for the shared camera of this name.
    pub fn join_shared(gateway: &Gateway, name: &str, batch: bool, opening: Opening) -> Self {
        let url = format!("rtsp://camgate/{name}");
        Self::join_at(gateway, ("camgate", 554), url, batch, opening)
    }

    /// Watches the shared camera `front`, as a usual viewer.
    pub fn watch(gateway: &Gateway) -> Self {
        let mut viewer = Self::join_shared(gateway, "front", false, Opening::default());
        viewer.play();
        viewer
    }

    fn join_at(
        gateway: &Gateway,
        (host, port): (&str, u16),
        url: String,
        batch: bool,
        opening: Opening,
    ) -> Self {
        let (control, reply) = init(gateway, host, port);
        assert_eq!(reply.code, 200, "{reply:?}\n{}", gateway.log());
        let channel = reply.header("channel").expect("a channel").to_owned();
        let data = join(gateway.address(), &channel, batch, opening);
        Self {
            control,
            data,
            channel,
            url,
            cseq: 0,
        }
    }

    /// The RTSP request of this method, under the next CSeq.
    pub fn compose(&mut self, method: &str, headers: &[(&str, &str)]) -> String {
        self.cseq += 1;
        let cseq = self.cseq.to_string();
        let mut all = vec![("CSeq", cseq.as_str())];
        all.extend_from_slice(headers);
        let bytes = rtsp::compose(&format!("{method} {} RTSP/1.0", self.url), &all, b"");
        String::from_utf8(bytes).unwrap()
    }

    /// Sends an RTSP request wrapped; gives its WSP seq.
    pub fn wrap(&mut self, request: &str) -> String {
        let length = request.encode_utf16().count().to_string();
        self.control
            .request("WRAP", &[("contentLength", &length)], request)
    }

    /// Sends an RTSP request wrapped and reads the camera's response.
    pub fn exchange(&mut self, request: &str) -> rtsp::Message {
        let seq = self.wrap(request);
        self.response(&seq)
    }

    /// The response that comes next, which must belong to this WSP seq.
    pub fn response(&mut self, seq: &str) -> rtsp::Message {
        let reply = self.control.reply();
        assert_eq!((reply.code, reply.seq()), (200, Some(seq)), "{reply:?}");
        assert!(reply.payload.starts_with("RTSP/1.0 "), "{reply:?}");
        read_payload(&reply.payload)
    }

    /// One request of this method and its response.
    pub fn ask(&mut self, method: &str) -> rtsp::Message {
        let request = self.compose(method, &[]);
        let response = self.exchange(&request);
        assert_eq!(response.cseq(), Some(self.cseq), "{response:?}");
        response
    }

    /// OPTIONS to PLAY, as a player does it. Media follow.
    pub fn play(&mut self) {
        self.begin();
    }

    /// The same; gives the answer to PLAY.
    pub fn begin(&mut self) -> rtsp::Message {
        assert_eq!(self.ask("OPTIONS").status(), 200);
        assert_eq!(self.ask("DESCRIBE").status(), 200);
        let setup = self.compose(
            "SETUP",
            &[("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")],
        );
        let answer = self.exchange(&setup);
        assert_eq!(answer.status(), 200);
        let session = answer.header("Session").expect("a session");
        let session = session.split(';').next().unwrap_or_default();
        let play = self.compose("PLAY", &[("Session", session), ("Range", "npt=0.000-")]);
        let answer = self.exchange(&play);
        assert_eq!(answer.status(), 200);
        answer
    }

    /// Reads frames up to number `until`, one per message, and checks them.
    pub fn expect_frames(&mut self, pattern: Pattern, frames: std::ops::Range<u32>) {
        let mut checker = Checker::new(pattern, frames.start);
        while checker.next() < frames.end {
            checker.accept_one(&self.data.binary()).unwrap();
        }
    }

    /// Goes away without a word.
    pub fn vanish(self) {
        self.control.vanish();
        self.data.vanish();
    }
}

/// A response as the players see it. The length of a body that was transcoded
/// may differ from what the camera wrote: the players take what is there.
fn read_payload(payload: &str) -> rtsp::Message {
    let (head, body) = payload
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no header end: {payload:?}"));
    let mut message = rtsp::Message::parse(strip_length(head).as_bytes()).unwrap();
    message.body = body.as_bytes().to_vec();
    message
}

fn strip_length(head: &str) -> String {
    let kept = head
        .split("\r\n")
        .filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
    kept.collect::<Vec<_>>().join("\r\n") + "\r\n\r\n"
}

/// A data socket joined to this channel.
pub fn join(address: SocketAddr, channel: &str, batch: bool, opening: Opening) -> Socket {
    let mut data = Socket::open_as(address, "data", opening);
    let mut headers = vec![("channel", channel)];
    if batch {
        headers.push(("batch", "1"));
    }
    let reply = data.ask("JOIN", &headers, "");
    assert_eq!(reply.code, 200, "{reply:?}");
    assert_eq!(reply.header("batch"), batch.then_some("1"), "{reply:?}");
    data
}
