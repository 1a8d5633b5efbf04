//! A viewer's session: its requests, the answers, and what of them reaches a camera.
//!
//! ```text
//!           INIT              the camera's link stands
//!   Idle ──────────► Connecting ─────────────────────► Relaying ───► Parting
//!                        │    admitted                            hung up
//!                        └───────────────────────────► Serving
//! ```
//!
//! A viewer speaks the WebSocket Streaming Protocol ([`wsp`]). Its INIT names the host
//! and port of a camera, and is answered when the link to that camera stands, so that
//! a person learns at once that the camera refuses, is silent or is not allowed. From
//! then on each WRAP carries exactly one RTSP request, which goes to the camera, and
//! answers are matched to the WRAPs by CSeq (`relay`). Requests that the camera starts
//! are answered here: players could not. So is a SETUP for media that would not come
//! on the link (461).
//!
//! An INIT for the host [`GATEWAY`] needs no link: the session is open when the viewer
//! is admitted, and the gateway is its RTSP server (`server`). A viewer that speaks
//! RTSP itself ([`Session::rtsp`]) has that server from the beginning, and no WSP.
//!
//! Invariant: what goes to a camera is a well-formed RTSP request, whatever the viewer
//! sent; at most [`MAX_PENDING`] of them wait for an answer.
//!
//! Sans-IO: messages go in by `handle_…`, what is to be done comes out of
//! [`Session::poll_output`], and the time is passed in. This module builds on
//! [`camera`](crate::camera), which knows nothing of viewers' sessions.

mod info;
mod init;
mod join;
mod output;
mod refusal;
mod relay;
mod relaying;
mod response;
mod server;
mod serving;
mod transport;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::protocol::wsp;

pub use join::{Join, join_reply};
pub use output::Output;
pub use refusal::Refusal;

use relay::{Forwarded, Relay};
use server::{Carrier, RtspServer};

/// WRAPs that may wait for the camera's answer at the same time.
pub const MAX_PENDING: usize = 16;

/// The host of the gateway's own cameras: `rtsp://camgate/NAME`.
pub const GATEWAY: &str = "camgate";

/// Refuses a viewer that wants a camera over TLS: its requests must not go in clear.
const NO_TLS: &str = "rtsps:// is not spoken by this version: use rtsp:// if the camera has it";

/// How far the session has come.
enum Phase {
    /// The viewer has not said yet what it wants.
    Idle,
    /// The INIT with this sequence number waits for its camera, or for admission.
    Connecting { seq: String },
    /// Requests go to the camera that the viewer named by host and port.
    Relaying(Relay),
    /// Requests go to the gateway's own RTSP server.
    Serving(RtspServer),
    /// The camera hung up. Requests that were on their way to it are answered with
    /// `refusal` until the moment `until`, when the session ends.
    Parting { refusal: Refusal, until: Instant },
    /// The session is over.
    Closed,
}

/// One viewer's session. See the module's documentation.
pub struct Session {
    id: String,
    /// The host name of the viewer's page, for `requestedDomain`.
    page: String,
    /// The shared cameras as GET_INFO lists them: JSON, one text for all sessions.
    cameras: Rc<str>,
    /// How long a camera may take to answer.
    patience: Duration,
    phase: Phase,
    outputs: VecDeque<Output>,
}

impl Session {
    /// `id` must be unguessable and hold no `:`; `page` is the bare host name of
    /// the page's Origin; `cameras` is the JSON list of shared cameras, `[]` if
    /// there are none; `patience` is how long a camera may take to answer, to
    /// what makes it play [three times as long](crate::protocol::rtsp::client::STARTING).
    pub fn new(id: String, page: &str, cameras: Rc<str>, patience: Duration) -> Session {
        Session {
            id,
            page: page.to_owned(),
            cameras,
            patience,
            phase: Phase::Idle,
            outputs: VecDeque::new(),
        }
    }

    /// The session of a viewer that speaks RTSP on its one socket; `id` must be
    /// unguessable.
    pub fn rtsp(id: String) -> Session {
        let server = RtspServer::new(id.clone(), Carrier::Rtsp);
        Session {
            phase: Phase::Serving(server),
            ..Session::new(id, "", Rc::from(""), Duration::ZERO)
        }
    }

    /// The channel id that JOIN names.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The next thing that the owner is to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The number of bytes that the session keeps of what its viewer and the camera said.
    pub fn held(&self) -> usize {
        match &self.phase {
            Phase::Idle | Phase::Closed => 0,
            Phase::Connecting { seq } => seq.len(),
            Phase::Relaying(relay) => relay.held(),
            Phase::Serving(server) => server.held(),
            Phase::Parting { refusal, .. } => refusal.reason.len(),
        }
    }

    /// When [`Session::handle_timeout`] is to be called.
    pub fn timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Relaying(relay) => relay.due(self.patience),
            Phase::Parting { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether a request waits for one of the gateway's own cameras.
    pub fn is_waiting(&self) -> bool {
        matches!(&self.phase, Phase::Serving(server) if server.is_waiting())
    }

    /// Whether the viewer watches, or may watch, the gateway's own cameras.
    pub fn is_serving(&self) -> bool {
        matches!(self.phase, Phase::Serving(_))
    }

    /// Whether the INIT waits for the camera.
    pub fn is_connecting(&self) -> bool {
        matches!(self.phase, Phase::Connecting { .. })
    }

    /// Takes a text message of the control socket.
    pub fn handle_text(&mut self, text: &str, now: Instant) {
        let request = match wsp::parse_request(text) {
            Ok(request) => request,
            Err(malformed) => {
                return self.refuse(&Refusal::new(400, malformed.reason), malformed.seq);
            }
        };
        match request.command {
            "GET_INFO" => self.info(request.seq()),
            "INIT" => self.init(&request),
            "WRAP" => self.wrap(&request, now),
            "FAREWELL" => self.keep_farewell(&request),
            "JOIN" => self.out_of_order(
                "JOIN belongs on a socket with the subprotocol data",
                request.seq(),
            ),
            _ => self.refuse(&Refusal::new(400, "unknown command"), request.seq()),
        }
    }

    /// Takes one RTSP message of a viewer that speaks RTSP itself.
    pub fn handle_rtsp(&mut self, bytes: &[u8]) {
        if let Phase::Serving(server) = &mut self.phase {
            match server.handle("", bytes) {
                Ok(()) => self.serve(),
                Err(refusal) => self.close(1002, &refusal.reason),
            }
        }
    }

    fn info(&mut self, seq: Option<&str>) {
        let info = info::payload(&self.page, &self.cameras);
        let extra = [("command", "GET_INFO"), ("type", "json")];
        self.reply(200, "OK", seq, &extra, &info);
    }

    /// Ends the session because the camera cannot be reached.
    pub fn camera_failed(&mut self, failure: &Failure) {
        self.end(&Refusal::from(failure));
    }

    /// Ends the session; all requests that wait for an answer are refused.
    fn end(&mut self, refusal: &Refusal) {
        let unanswered = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Idle | Phase::Closed | Phase::Serving(_) => return,
            Phase::Connecting { seq } => vec![seq],
            Phase::Relaying(relay) => relay.into_unanswered(),
            Phase::Parting { .. } => Vec::new(),
        };
        self.settle(unanswered, refusal);
        if let Some(code) = refusal.close {
            self.close(code, &refusal.reason);
        }
    }

    /// Refuses the requests with these WSP sequence numbers.
    fn settle(&mut self, unanswered: Vec<String>, refusal: &Refusal) {
        for seq in unanswered {
            self.reply(refusal.status, &refusal.reason, non_empty(&seq), &[], "");
        }
    }

    fn wrap(&mut self, request: &wsp::Request<'_>, now: Instant) {
        let seq = request.seq();
        let tag = seq.unwrap_or("");
        let outcome = match &mut self.phase {
            Phase::Serving(server) => server.handle(tag, request.payload.as_bytes()),
            Phase::Relaying(relay) => match relay.forward(request.payload, tag, now) {
                Ok(Forwarded::ToCamera(bytes)) => {
                    return self.outputs.push_back(Output::ToCamera(bytes));
                }
                Ok(Forwarded::Answer(text)) => return self.reply(200, "OK", seq, &[], &text),
                Err(refusal) => Err(refusal),
            },
            Phase::Parting { refusal, .. } => {
                let (refusal, unanswered) = (refusal.clone(), seq.map(str::to_owned));
                return self.settle(unanswered.into_iter().collect(), &refusal);
            }
            _ => return self.out_of_order("WRAP before INIT was answered", seq),
        };
        match outcome {
            Ok(()) => self.serve(),
            Err(refusal) => self.refuse(&refusal, seq),
        }
    }

    /// Does what is due now; to be called when the time of [`Session::timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.timeout().is_some_and(|due| due <= now) {
            let refusal = match &self.phase {
                Phase::Parting { refusal, .. } => refusal.clone(),
                _ => Refusal::from(&Failure::Silent),
            };
            self.end(&refusal);
        }
    }

    /// Ends the session because its viewer is gone. Returns the TEARDOWN for the camera, if
    /// it holds an RTSP session.
    pub fn farewell(&mut self) -> Option<Vec<u8>> {
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Relaying(relay) => relay.teardown(),
            _ => None,
        }
    }

    fn out_of_order(&mut self, reason: &'static str, seq: Option<&str>) {
        self.refuse(&Refusal::new(405, reason).closing(1002), seq);
    }

    /// Refuses a request of the viewer, and closes its sockets if the session cannot
    /// go on.
    fn refuse(&mut self, refusal: &Refusal, seq: Option<&str>) {
        self.reply(refusal.status, &refusal.reason, seq, &[], "");
        if let Some(code) = refusal.close {
            self.close(code, &refusal.reason);
        }
    }

    fn close(&mut self, code: u16, reason: &str) {
        let reason = reason.to_owned();
        self.outputs.push_back(Output::Close { code, reason });
    }

    fn reply(
        &mut self,
        code: u16,
        reason: &str,
        seq: Option<&str>,
        extra: &[(&str, &str)],
        payload: &str,
    ) {
        let mut headers = Vec::with_capacity(extra.len() + 1);
        headers.extend(seq.map(|seq| ("seq", seq)));
        headers.extend_from_slice(extra);
        let text = wsp::reply(code, reason, &headers, payload);
        self.outputs.push_back(Output::Reply(text));
    }
}

/// A WSP sequence number; an empty one stands for none.
fn non_empty(seq: &str) -> Option<&str> {
    (!seq.is_empty()).then_some(seq)
}

#[cfg(test)]
mod tests;
