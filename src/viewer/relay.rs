//! RTSP between a viewer and the camera that it named: what may pass, what is mended on the
//! way, which WRAP an answer belongs to, and how the camera is told good-bye.
//!
//! Nothing is passed on as it came. A request is read and written anew, so that
//! what reaches the camera is RTSP and nothing else, however the viewer spelt
//! it: the gateway is no relay for other protocols. Answers are written anew,
//! too: players read only lines that end in CRLF, and a reason must be there.

mod request;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::protocol::rtsp::client::STARTING;
use crate::protocol::rtsp::message::{self, Builder, Message, Start};

use super::response::unsupported_transport;
use super::transport::only_interleaved;
use super::{MAX_PENDING, Refusal};
use request::{CameraRequest, is_rtsp_uri, not_rtsp};

/// Headers of a request that are the gateway's to write.
const OWN: [&str; 2] = ["Content-Length", "Transport"];

/// Characters of a WSP sequence number: all of those that wait are kept.
const MAX_SEQ: usize = 64;

/// What becomes of a viewer's request.
pub enum Forwarded {
    /// These bytes go to the camera.
    ToCamera(Vec<u8>),
    /// This RTSP response is the gateway's own.
    Answer(String),
}

/// A request that the camera has not answered yet.
struct Pending {
    cseq: u32,
    /// The WSP sequence number of the WRAP it came in.
    seq: String,
    since: Instant,
    method: Method,
}

/// The methods that matter once they are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    /// It may take its time: see [`STARTING`].
    Starting,
    Teardown,
    Other,
}

impl Pending {
    /// When the answer is late.
    fn due(&self, patience: Duration) -> Instant {
        let times = match self.method {
            Method::Starting => STARTING,
            _ => 1,
        };
        self.since + patience * times
    }
}

/// What is known of the RTSP that went through a session.
#[derive(Default)]
pub struct Relay {
    pending: VecDeque<Pending>,
    /// Whether the camera has answered once, and so does speak RTSP.
    has_answered: bool,
    /// The highest CSeq that went to the camera.
    cseq: u32,
    /// What the last DESCRIBE, or after it PLAY, named: the stream as a whole.
    url: String,
    /// The camera's session, from its answer to SETUP until a TEARDOWN is answered.
    session: Option<String>,
    /// Whether a PLAY went to the camera, answered or not.
    play_sent: bool,
    /// URL and `Authorization` of the TEARDOWN that the viewer would send.
    farewell: Option<(String, String)>,
    /// Kept only if it is Basic: a Digest answer is good for one request, and
    /// the viewer hands over another in a farewell.
    authorization: Option<String>,
}

impl Relay {
    /// Bytes that are kept of what was said.
    pub fn held(&self) -> usize {
        let seqs: usize = self.pending.iter().map(|it| it.seq.len()).sum();
        let farewell = self.farewell.as_ref();
        let farewell = farewell.map_or(0, |(url, value)| url.len() + value.len());
        let others = [&self.session, &self.authorization].into_iter().flatten();
        let others: usize = others.map(String::len).sum();
        seqs + farewell + others + self.url.len()
    }

    /// When the first answer is late, for a camera that may take `patience`.
    pub fn due(&self, patience: Duration) -> Option<Instant> {
        self.pending.iter().map(|it| it.due(patience)).min()
    }

    /// The answers may have come and not been read: waiting begins anew.
    pub fn postpone(&mut self, now: Instant) {
        for pending in &mut self.pending {
            pending.since = now;
        }
    }

    /// Forgets the requests whose answers are late.
    pub fn drop_overdue(&mut self, now: Instant, patience: Duration) {
        self.pending.retain(|pending| pending.due(patience) > now);
    }

    /// Whether an answer is due, or the session is still being set up.
    pub fn expects_answer(&self) -> bool {
        !self.play_sent || !self.pending.is_empty()
    }

    /// The WSP sequence numbers of all unanswered requests.
    pub fn into_unanswered(self) -> Vec<String> {
        self.pending
            .into_iter()
            .map(|pending| pending.seq)
            .collect()
    }

    /// What becomes of the payload of a WRAP.
    ///
    /// # Errors
    /// The payload is no request that may pass.
    pub fn forward(
        &mut self,
        payload: &str,
        seq: &str,
        now: Instant,
    ) -> Result<Forwarded, Refusal> {
        let request = CameraRequest::read(payload)?;
        if seq.len() > MAX_SEQ {
            return Err(Refusal::new(400, "seq is too long"));
        }
        self.check(&request.message)?;
        let transport = match request.method {
            "SETUP" => match only_interleaved(&request.transports()) {
                Some(transport) => Some(transport),
                None => return Ok(Forwarded::Answer(unsupported_transport(request.cseq))),
            },
            _ => None,
        };
        let rewritten = self.rewrite(&request, transport.as_deref());
        self.remember(&request);
        self.pending.push_back(Pending {
            cseq: request.cseq,
            seq: seq.to_owned(),
            since: now,
            method: match request.method {
                "TEARDOWN" => Method::Teardown,
                "PLAY" => Method::Starting,
                _ if !self.play_sent => Method::Starting,
                _ => Method::Other,
            },
        });
        Ok(Forwarded::ToCamera(rewritten))
    }

    /// Keeps what is needed to say TEARDOWN in the viewer's stead.
    ///
    /// # Errors
    /// The payload is no TEARDOWN that a camera could check.
    pub fn keep_farewell(&mut self, payload: &str) -> Result<(), Refusal> {
        let (message, _) = message::parse(payload.as_bytes()).map_err(|_| not_rtsp())?;
        match (&message.start, message.header("Authorization")) {
            (Start::Request { method, uri }, Some(value))
                if *method == "TEARDOWN" && is_rtsp_uri(uri) =>
            {
                self.farewell = Some(((*uri).to_owned(), value.to_owned()));
                Ok(())
            }
            _ => {
                let reason = "the payload is not a TEARDOWN with Authorization";
                Err(Refusal::new(400, reason))
            }
        }
    }

    /// Until the camera has answered once, it may be anything: it gets no bodies,
    /// which could hold any protocol.
    fn check(&self, message: &Message<'_>) -> Result<(), Refusal> {
        if !self.has_answered && !message.body.is_empty() {
            let reason = "the camera has not answered yet: no body can be sent to it";
            return Err(Refusal::new(400, reason));
        }
        if self.pending.len() >= MAX_PENDING {
            let reason = "too many requests wait for the camera's answer";
            return Err(Refusal::new(503, reason));
        }
        Ok(())
    }

    /// The request, written anew, its `Session` cut to the id.
    ///
    /// Players' keep-alives name no stream (`OPTIONS *`) or a single track, and
    /// echo the whole `Session: ID;timeout=60`: strict cameras refuse them with
    /// 454 or 404. They are sent to the stream as a whole.
    fn rewrite(&self, request: &CameraRequest<'_>, transport: Option<&str>) -> Vec<u8> {
        let (method, message) = (request.method, &request.message);
        let keep_alive = match method {
            "OPTIONS" => true,
            "GET_PARAMETER" | "SET_PARAMETER" => message.body.is_empty(),
            _ => false,
        };
        let ours = self.session.as_deref().filter(|_| keep_alive);
        let uri = if ours.is_some() {
            &self.url
        } else {
            request.uri
        };
        let mut builder = Builder::request(method, uri);
        let mut content_type = "";
        let mut has_session = false;
        for (name, value) in message.all() {
            if name.eq_ignore_ascii_case("Session") {
                let id = value.split([',', ';']).next().unwrap_or(value).trim();
                builder = builder.header(name, id);
                has_session = true;
            } else if name.eq_ignore_ascii_case("Content-Type") {
                content_type = value;
            } else if is_token(name) && !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                builder = builder.header(name, value);
            }
        }
        if let Some(transport) = transport {
            builder = builder.header("Transport", transport);
        }
        if let (Some(session), false) = (ours, has_session) {
            builder = builder.header("Session", session);
        }
        if !message.body.is_empty() {
            builder = builder.body(content_type, message.body);
        }
        builder.build()
    }

    /// Keeps what a request tells that later ones, and TEARDOWN, are written with.
    fn remember(&mut self, request: &CameraRequest<'_>) {
        let message = &request.message;
        self.cseq = self.cseq.max(request.cseq);
        self.play_sent |= request.method == "PLAY";
        if matches!(request.method, "DESCRIBE" | "PLAY") {
            self.url = request.uri.to_owned();
        }
        // Which of those that were named it is, the viewer knows.
        if let (Some(session), Some((id, _))) = (&mut self.session, message.session()) {
            *session = id.to_owned();
        }
        if let Some(value) = message.header("Authorization") {
            let basic = value
                .get(..6)
                .is_some_and(|s| s.eq_ignore_ascii_case("basic "));
            self.authorization = basic.then(|| value.to_owned());
        }
    }

    /// The WSP sequence number that a response belongs to; `None` if nobody
    /// waits for it, or waits on (1xx).
    pub fn answered(&mut self, status: u16, message: &Message<'_>) -> Option<String> {
        self.has_answered = true;
        if status < 200 {
            return None;
        }
        let cseq = message.cseq();
        let place = match cseq {
            Some(cseq) => self.pending.iter().position(|p| p.cseq == cseq),
            // Without a CSeq, answers come in the order of the requests.
            None => Some(0),
        };
        // Some cameras count in their own way, from 0 or not at all. What is
        // far ahead answers nothing that was asked here.
        let plausible = cseq.is_some_and(|cseq| cseq <= self.cseq.saturating_add(1));
        let only = (plausible && self.pending.len() == 1).then_some(0);
        let place = place.or(only)?;
        let pending = self.pending.remove(place)?;
        match (status, message.session()) {
            _ if pending.method == Method::Teardown => self.session = None,
            // Some cameras name another with each answer: it is the first that counts.
            (200..300, Some((id, _))) => {
                self.session.get_or_insert_with(|| id.to_owned());
            }
            _ => {}
        }
        Some(pending.seq)
    }

    /// The request that ends a session the viewer left open.
    pub fn teardown(self) -> Option<Vec<u8>> {
        let session = self.session?;
        let (url, authorization) = match self.farewell {
            Some((url, value)) => (url, Some(value)),
            None => (self.url, self.authorization),
        };
        let mut builder = Builder::request("TEARDOWN", &url)
            .header("CSeq", &self.cseq.wrapping_add(1).to_string())
            .header("Session", &session);
        if let Some(value) = &authorization {
            builder = builder.header("Authorization", value);
        }
        Some(builder.build())
    }
}

/// A header's name (RFC 2326 §15.1, token).
fn is_token(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(allowed)
}
