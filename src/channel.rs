//! The WSP session of one viewer: INIT, WRAP and what goes through to the camera.
//!
//! ```text
//!            INIT                camera answers the connect
//!   Idle ───────────► Connecting ─────────────────────────► Open
//! ```
//!
//! An INIT for the host [`GATEWAY`] needs no connect: the channel is open when the viewer
//! is admitted, and [`crate::camera::Service`] answers what is wrapped. A viewer that speaks RTSP
//! itself ([`Channel::rtsp`]) has that from the beginning, and no WSP at all.
//!
//! The INIT is answered when the camera's link stands, so that a person learns
//! at once that the camera refuses, is silent or is not allowed. A WRAP carries
//! exactly one RTSP request; the answers are matched to the WRAPs by CSeq.
//! Requests that the camera starts are answered here: players could not. So is a
//! SETUP for media that would not come on the link (461).
//!
//! Invariant: what goes to the camera is a well-formed RTSP request, whatever
//! the viewer sent; at most [`MAX_PENDING`] of them wait for an answer.
//!
//! Sans-IO: requests go in by `handle_…`, what is to be done comes out of
//! [`Channel::poll_output`]; the time is passed in.

mod failure;
mod forward;
mod info;
mod init;
mod join;
mod response;
mod serving;
mod transport;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::camera::Service;
use crate::protocol::rtsp::message::{self, Start};
use crate::protocol::wsp;

pub use failure::Failure;
use forward::{Forwarded, Link};
pub use join::{Join, join_reply};
pub use response::answer;

/// How long a viewer's last requests may be on their way when the camera hangs up.
const PARTING: Duration = Duration::from_secs(1);

/// WRAPs that may wait for the camera's answer at the same time.
pub const MAX_PENDING: usize = 16;

/// The host of the gateway's own cameras: `rtsp://camgate/NAME`.
pub const GATEWAY: &str = "camgate";

/// Said to who wants a camera that speaks TLS: nothing goes to it in clear.
const NO_TLS: &str = "rtsps:// is not spoken by this version: use rtsp:// if the camera has it";

/// What the channel wants done, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// A text message for the control socket.
    Reply(String),
    /// RTSP for a viewer that speaks it.
    Rtsp(Vec<u8>),
    /// The viewer wants the gateway's own cameras; answer with `admitted` or
    /// `camera_failed`.
    Serve,
    /// Connect to the camera; answer with `camera_connected` or `camera_failed`.
    Connect { host: String, port: u16 },
    /// Bytes for the camera.
    ToCamera(Vec<u8>),
    /// The viewer wants this shared camera: `camera_ready` or `camera_refused`.
    Watch(String),
    /// Where would its media begin? `located`.
    Locate,
    /// It wants its media: channels on the camera's link, and its own.
    Play(Vec<(u8, u8)>),
    /// It wants none for now.
    Pause,
    /// It is done with the camera.
    Leave,
    /// Close both of the viewer's sockets, and the camera's.
    Close { code: u16, reason: String },
}

enum State {
    Idle,
    Connecting {
        seq: String,
    },
    Open(Link),
    Serving(Service),
    /// The camera hung up. Requests that were on their way to it are answered so
    /// until this moment.
    Parting(Failure, Instant),
    Closed,
}

/// One viewer's session. See the module's documentation.
pub struct Channel {
    id: String,
    /// Host name of the page, for `requestedDomain`.
    page: String,
    /// The shared cameras, as GET_INFO lists them: JSON, one for all channels.
    cameras: Rc<str>,
    /// The viewer speaks RTSP, not WSP.
    bare: bool,
    patience: Duration,
    state: State,
    outputs: VecDeque<Output>,
}

impl Channel {
    /// `id` must be unguessable and hold no `:`; `page` is the bare host name of
    /// the page's Origin; `cameras` is the JSON list of shared cameras, `[]` if
    /// there are none; `patience` is how long a camera may take to answer, to
    /// what makes it play [three times as long](crate::protocol::rtsp::client::STARTING).
    pub fn new(id: String, page: &str, cameras: Rc<str>, patience: Duration) -> Channel {
        Channel {
            id,
            page: page.to_owned(),
            cameras,
            bare: false,
            patience,
            state: State::Idle,
            outputs: VecDeque::new(),
        }
    }

    /// The session of a viewer that speaks RTSP on its one socket.
    pub fn rtsp(id: String) -> Channel {
        Channel {
            state: State::Serving(Service::new(id.clone())),
            bare: true,
            ..Channel::new(id, "", Rc::from(""), Duration::ZERO)
        }
    }

    /// The channel id that JOIN names.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Bytes that it keeps of what its viewer said, and of what the camera did.
    pub fn held(&self) -> usize {
        match &self.state {
            State::Idle | State::Closed => 0,
            State::Connecting { seq } => seq.len(),
            State::Open(link) => link.held(),
            State::Serving(service) => service.held(),
            State::Parting(failure, _) => failure.text().len(),
        }
    }

    /// When [`Channel::handle_timeout`] wants to be called: the camera owes an answer.
    pub fn timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Open(link) => link.due(self.patience),
            State::Parting(_, until) => Some(*until),
            _ => None,
        }
    }

    /// Whether a request waits for one of the gateway's own cameras.
    pub fn is_waiting(&self) -> bool {
        matches!(&self.state, State::Serving(service) if service.is_waiting())
    }

    /// Whether the viewer watches, or may watch, the gateway's own cameras.
    pub fn is_serving(&self) -> bool {
        matches!(self.state, State::Serving(_))
    }

    /// Whether the INIT waits for the camera.
    pub fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting { .. })
    }

    /// A text message from the control socket.
    pub fn handle_text(&mut self, text: &str, now: Instant) {
        let request = match wsp::parse_request(text) {
            Ok(request) => request,
            Err(malformed) => {
                return self.reply(400, malformed.reason, malformed.seq, &[], "");
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
            _ => self.reply(400, "unknown command", request.seq(), &[], ""),
        }
    }

    /// One RTSP message of a viewer that speaks it.
    pub fn handle_rtsp(&mut self, bytes: &[u8]) {
        if let State::Serving(service) = &mut self.state {
            match service.handle("", bytes) {
                Ok(()) => self.serve(),
                Err(reason) => self.close(1002, reason),
            }
        }
    }

    fn info(&mut self, seq: Option<&str>) {
        let info = info::payload(&self.page, &self.cameras);
        let extra = [("command", "GET_INFO"), ("type", "json")];
        self.reply(200, "OK", seq, &extra, &info);
    }

    /// There is no link to the camera, or no more.
    pub fn camera_failed(&mut self, failure: &Failure) {
        let owed = match std::mem::replace(&mut self.state, State::Closed) {
            State::Idle | State::Closed | State::Serving(_) => return,
            State::Connecting { seq } => vec![seq],
            State::Open(link) => link.into_owed(),
            State::Parting(..) => Vec::new(),
        };
        self.settle(owed, failure);
        self.close(failure.close_code(), failure.text());
    }

    /// The link to the camera is gone. Cameras hang up where they should answer, or
    /// behind a 401: what to do then depends on the request, so the viewer is told
    /// of it before its sockets close, also of one that it had not sent yet.
    pub fn camera_lost(&mut self, failure: &Failure, now: Instant) {
        match &mut self.state {
            State::Open(link) if link.is_asked() => {
                let owed = std::mem::take(link).into_owed();
                self.state = State::Parting(failure.clone(), now + PARTING);
                self.settle(owed, failure);
            }
            _ => self.camera_failed(failure),
        }
    }

    fn settle(&mut self, owed: Vec<String>, failure: &Failure) {
        for seq in owed {
            self.reply(failure.code(), failure.text(), some(&seq), &[], "");
        }
    }

    fn wrap(&mut self, request: &wsp::Request<'_>, now: Instant) {
        let seq = request.seq();
        if let State::Serving(service) = &mut self.state {
            return match service.handle(seq.unwrap_or(""), request.payload.as_bytes()) {
                Ok(()) => self.serve(),
                Err(reason) => self.reply(400, reason, seq, &[], ""),
            };
        }
        if let State::Parting(failure, _) = &self.state {
            let owed = seq.map(str::to_owned).into_iter().collect();
            return self.settle(owed, &failure.clone());
        }
        let State::Open(link) = &mut self.state else {
            return self.out_of_order("WRAP before INIT was answered", seq);
        };
        match link.forward(request.payload, seq.unwrap_or(""), now) {
            Ok(Forwarded::ToCamera(bytes)) => self.outputs.push_back(Output::ToCamera(bytes)),
            Ok(Forwarded::Answer(text)) => self.reply(200, "OK", seq, &[], &text),
            Err((code, reason)) => self.reply(code, reason, seq, &[], ""),
        }
    }

    /// The TEARDOWN that the viewer would send, with its answer to the camera's
    /// challenge: for when it goes without a word.
    fn keep_farewell(&mut self, request: &wsp::Request<'_>) {
        let seq = request.seq();
        let State::Open(link) = &mut self.state else {
            return self.out_of_order("FAREWELL before INIT was answered", seq);
        };
        match link.keep_farewell(request.payload) {
            Ok(()) => self.reply(200, "OK", seq, &[], ""),
            Err((code, reason)) => self.reply(code, reason, seq, &[], ""),
        }
    }

    /// One RTSP message from the camera, head and body.
    pub fn handle_camera(&mut self, bytes: &[u8]) {
        let State::Open(link) = &mut self.state else {
            return;
        };
        let message = match message::parse(bytes) {
            Ok((message, _)) => message,
            Err(error) => {
                let reason = format!("the camera's answer cannot be read: {error}");
                return self.camera_failed(&Failure::Refused(reason));
            }
        };
        match &message.start {
            Start::Request { method, .. } => {
                let answer = answer(method, &message);
                self.outputs.push_back(Output::ToCamera(answer));
            }
            Start::Response { status, reason } => {
                if let Some(seq) = link.answered(*status, &message) {
                    let payload = response::text(*status, reason, &message);
                    self.reply(200, "OK", some(&seq), &[], &payload);
                }
            }
        }
    }

    /// The camera was not read for a while, for the viewer's own slowness: its
    /// answers may be on the way.
    pub fn postpone(&mut self, now: Instant) {
        if let State::Open(link) = &mut self.state {
            link.postpone(now);
        }
    }

    /// The camera sends media: requests that it leaves unanswered, as some do
    /// with keep-alives, are not waited for any longer.
    pub fn forgive(&mut self, now: Instant) {
        if let State::Open(link) = &mut self.state {
            link.forgive(now, self.patience);
        }
    }

    /// The time that [`Channel::timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.timeout().is_some_and(|due| due <= now) {
            let failure = match &self.state {
                State::Parting(failure, _) => failure.clone(),
                _ => Failure::Silent,
            };
            self.camera_failed(&failure);
        }
    }

    /// The viewer is going: what the camera should be told, if anything.
    pub fn farewell(&mut self) -> Option<Vec<u8>> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(link) => link.teardown(),
            _ => None,
        }
    }

    fn out_of_order(&mut self, reason: &str, seq: Option<&str>) {
        self.reply(405, reason, seq, &[], "");
        self.close(1002, reason);
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

fn some(seq: &str) -> Option<&str> {
    (!seq.is_empty()).then_some(seq)
}

#[cfg(test)]
mod tests;
