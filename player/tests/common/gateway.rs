//! A gateway with a camera behind it, as far as a session can tell.

use camgate_player::output::{Kind, Output};
use camgate_player::session::Session;
use camgate_protocol::rtp::notice::{self, Notice};
use camgate_protocol::rtsp::message::{self, Builder, Start};
use camgate_protocol::wsp;

/// Brings a session through its handshake and collects what comes out.
pub struct Gateway {
    pub session: Session,
    pub sdp: String,
    /// The RTP-Info header of the PLAY response; empty: none.
    pub rtp_info: String,
    /// Everything that is not for the gateway.
    pub outputs: Vec<Output>,
    /// The methods of the RTSP requests that came.
    pub methods: Vec<String>,
    /// What RTSP requests are answered with instead, by method.
    pub refuse: Vec<(&'static str, u16)>,
    pub now: f64,
    channels: u8,
}

impl Gateway {
    pub fn new(sdp: String) -> Self {
        Self {
            session: Session::default(),
            sdp,
            rtp_info: String::new(),
            outputs: Vec::new(),
            methods: Vec::new(),
            refuse: Vec::new(),
            now: 1000.0,
            channels: 0,
        }
    }

    /// From `open` to the answer to PLAY.
    pub fn start(&mut self) {
        self.session.seed(42);
        self.session.open("rtsp://10.0.0.1/stream\n\n", self.now);
        self.session.control_opened(self.now);
        self.pump();
    }

    /// From here on the camera sends over UDP, as far as the session is told.
    pub fn lose(&mut self) {
        let notice = Notice {
            kind: notice::Kind::Lossy,
            ssrc: 0,
            sequence: 0,
            timestamp: 0,
            packets: 0,
            pictures: 0,
        };
        for rtcp in (1..self.channels).step_by(2) {
            self.frame(rtcp, &notice.write());
        }
    }

    /// Hands one interleaved frame to the session.
    pub fn frame(&mut self, channel: u8, payload: &[u8]) {
        let mut bytes = vec![b'$', channel];
        bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        bytes.extend_from_slice(payload);
        self.session.media(&bytes, self.now);
        self.pump();
    }

    /// Deals with outputs until there are none.
    pub fn pump(&mut self) {
        while let Some(output) = self.session.poll_output() {
            let text = String::from_utf8_lossy(&output.data).into_owned();
            match output.kind {
                Kind::SendControl => self.control(&text),
                Kind::SendData => self.data(&text),
                Kind::OpenData => self.session.data_opened(self.now),
                _ => self.outputs.push(output),
            }
        }
    }

    /// The texts of the outputs of one kind so far.
    pub fn texts(&self, kind: Kind) -> Vec<String> {
        let of_kind = self.outputs.iter().filter(|output| output.kind == kind);
        of_kind
            .map(|output| String::from_utf8_lossy(&output.data).into_owned())
            .collect()
    }

    pub fn control(&mut self, text: &str) {
        let request = wsp::parse_request(text).unwrap();
        let seq = request.seq().unwrap();
        let reply = match request.command {
            "GET_INFO" => {
                let headers = [("seq", seq), ("command", "GET_INFO"), ("type", "json")];
                wsp::reply(200, "OK", &headers, "{}")
            }
            "INIT" => wsp::reply(200, "OK", &[("seq", seq), ("channel", "c-1")], ""),
            "WRAP" => {
                let answer = self.answer(request.payload.as_bytes());
                let answer = String::from_utf8(answer).unwrap();
                wsp::reply(200, "OK", &[("seq", seq)], &answer)
            }
            other => panic!("unexpected {other}"),
        };
        self.session.control_message(&reply, self.now);
    }

    fn data(&mut self, text: &str) {
        let request = wsp::parse_request(text).unwrap();
        assert_eq!(request.command, "JOIN");
        assert_eq!(request.header("channel"), Some("c-1"));
        let headers = [("seq", request.seq().unwrap()), ("batch", "1")];
        let reply = wsp::reply(200, "OK", &headers, "");
        self.session.data_message(&reply, self.now);
    }

    fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let (request, _) = message::parse(request).unwrap();
        let Start::Request { method, .. } = request.start else {
            panic!("not a request");
        };
        self.methods.push(method.to_owned());
        let refusal = self.refuse.iter().find(|(refused, _)| *refused == method);
        let status = refusal.map_or(200, |(_, status)| *status);
        let cseq = request.cseq().unwrap().to_string();
        let mut reply = Builder::response(status, "").header("CSeq", &cseq);
        if status != 200 {
            return reply.build();
        }
        match method {
            "DESCRIBE" => reply = reply.body("application/sdp", self.sdp.as_bytes()),
            "SETUP" => {
                let (rtp, rtcp) = (self.channels, self.channels + 1);
                self.channels += 2;
                let transport = format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp}");
                reply = reply
                    .header("Transport", &transport)
                    .header("Session", "77");
            }
            "PLAY" if !self.rtp_info.is_empty() => {
                reply = reply.header("RTP-Info", &self.rtp_info);
            }
            _ => {}
        }
        reply.build()
    }
}
