//! RTSP between a viewer and the camera that it named: which requests may pass, what is
//! corrected on the way, which WRAP an answer belongs to, and which TEARDOWN ends the
//! camera's session.
//!
//! Invariant: nothing is passed on as it came. A request is read and written anew, so that
//! only RTSP reaches the camera, however the viewer spelt it: the gateway is no relay for
//! other protocols. Answers are written anew as well, because players read only lines that
//! end in CRLF, and need a reason phrase.

mod request;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::protocol::rtsp::client::STARTING;
use crate::protocol::rtsp::message::{self, Builder, Message, Start};

use super::response::unsupported_transport;
use super::transport::only_interleaved;
use super::{MAX_PENDING, Refusal};
use request::{CameraRequest, is_rtsp_uri, not_rtsp};

/// The headers of a request that the gateway writes itself.
const OWN: [&str; 2] = ["Content-Length", "Transport"];

/// The longest WSP sequence number, in bytes: those of all pending requests are kept.
const MAX_SEQ: usize = 64;

/// What to do with a viewer's request.
pub enum Forwarded {
    /// Send these bytes to the camera.
    ToCamera(Vec<u8>),
    /// Answer with this RTSP response of the gateway's own.
    Answer(String),
}

/// A request that the camera has not answered yet.
struct Pending {
    cseq: u32,
    /// The WSP sequence number of its WRAP.
    seq: String,
    /// When the patience with the answer began.
    since: Instant,
    method: Method,
}

/// The kinds of methods that matter once a request is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    /// A request that makes the camera play; the answer may take longer: see [`STARTING`].
    Starting,
    Teardown,
    Other,
}

impl Pending {
    /// When the answer is overdue.
    fn due(&self, patience: Duration) -> Instant {
        let times = match self.method {
            Method::Starting => STARTING,
            _ => 1,
        };
        self.since + patience * times
    }
}

/// The state of the RTSP session that is relayed.
#[derive(Default)]
pub struct Relay {
    pending: VecDeque<Pending>,
    /// Whether the camera has answered once, and so is known to speak RTSP.
    has_answered: bool,
    /// The highest CSeq that went to the camera.
    cseq: u32,
    /// The URL of the stream as a whole, which the last DESCRIBE or PLAY named.
    url: String,
    /// The camera's session, from its answer to SETUP until a TEARDOWN is answered.
    session: Option<String>,
    /// Whether a PLAY went to the camera, answered or not.
    play_sent: bool,
    /// The URL and the `Authorization` of the TEARDOWN that the viewer would send.
    farewell: Option<(String, String)>,
    /// The last `Authorization`, if it is Basic. A Digest answer is good for one request
    /// only; the viewer hands over another one in its farewell.
    authorization: Option<String>,
}

impl Relay {
    /// The number of bytes that are kept of what the viewer and the camera said.
    pub fn held(&self) -> usize {
        let seqs: usize = self.pending.iter().map(|it| it.seq.len()).sum();
        let farewell = self.farewell.as_ref();
        let farewell = farewell.map_or(0, |(url, value)| url.len() + value.len());
        let others = [&self.session, &self.authorization].into_iter().flatten();
        let others: usize = others.map(String::len).sum();
        seqs + farewell + others + self.url.len()
    }

    /// When the first answer will be overdue, for a camera that may take `patience`.
    pub fn due(&self, patience: Duration) -> Option<Instant> {
        self.pending.iter().map(|it| it.due(patience)).min()
    }

    /// Begins the patience with all answers anew: they may have come and not been read.
    pub fn postpone(&mut self, now: Instant) {
        for pending in &mut self.pending {
            pending.since = now;
        }
    }

    /// Forgets the requests whose answers are overdue.
    pub fn drop_overdue(&mut self, now: Instant, patience: Duration) {
        self.pending.retain(|pending| pending.due(patience) > now);
    }

    /// Whether an answer is awaited, or a further request is, because PLAY was not sent yet.
    pub fn expects_answer(&self) -> bool {
        !self.play_sent || !self.pending.is_empty()
    }

    /// The WSP sequence numbers of all requests without an answer.
    pub fn into_unanswered(self) -> Vec<String> {
        self.pending
            .into_iter()
            .map(|pending| pending.seq)
            .collect()
    }

    /// Takes the payload of the WRAP with the sequence number `seq`.
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

    /// Keeps what is needed to send TEARDOWN in the viewer's stead.
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

    /// Refuses a request if too many are pending, or if it has a body before the camera has
    /// answered once. Until then the camera may be any program, and a body could hold any
    /// protocol.
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

    /// The request, written anew; its `Session` is cut to the id.
    ///
    /// The keep-alives of players name no stream (`OPTIONS *`) or a single track, and repeat
    /// the whole `Session: ID;timeout=60`, which strict cameras refuse with 454 or 404. They
    /// are sent to the stream as a whole.
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

    /// Keeps what a request says that is needed to write later ones and TEARDOWN.
    fn remember(&mut self, request: &CameraRequest<'_>) {
        let message = &request.message;
        self.cseq = self.cseq.max(request.cseq);
        self.play_sent |= request.method == "PLAY";
        if matches!(request.method, "DESCRIBE" | "PLAY") {
            self.url = request.uri.to_owned();
        }
        // If the camera has named several sessions, the viewer knows which one it is.
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

    /// Takes a response. Returns the WSP sequence number of the request that it answers;
    /// `None` if it answers none, or is provisional (1xx).
    pub fn answered(&mut self, status: u16, message: &Message<'_>) -> Option<String> {
        self.has_answered = true;
        if status < 200 {
            return None;
        }
        let cseq = message.cseq();
        let index = match cseq {
            Some(cseq) => self.pending.iter().position(|p| p.cseq == cseq),
            // Without a CSeq, answers come in the order of the requests.
            None => Some(0),
        };
        // Some cameras number their answers in their own way, from 0 or not at all. A number
        // far ahead of all requests answers none of them.
        let plausible = cseq.is_some_and(|cseq| cseq <= self.cseq.saturating_add(1));
        let only = (plausible && self.pending.len() == 1).then_some(0);
        let index = index.or(only)?;
        let pending = self.pending.remove(index)?;
        match (status, message.session()) {
            _ if pending.method == Method::Teardown => self.session = None,
            // Some cameras name another session with each answer: the first one counts.
            (200..300, Some((id, _))) => {
                self.session.get_or_insert_with(|| id.to_owned());
            }
            _ => {}
        }
        Some(pending.seq)
    }

    /// The TEARDOWN for a session that the viewer has left open; `None` if there is none.
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

/// Whether a text may be the name of a header (RFC 2326 §15.1, token).
fn is_token(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(allowed)
}
