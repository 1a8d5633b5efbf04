//! The gateway as a viewer's RTSP server (RFC 2326 §10).
//!
//! Requests go in, and what is to be done comes out: the answers, and what the owner
//! has to do for them. A request that needs the camera waits until the owner calls
//! [`RtspServer::ready`] or [`RtspServer::refuse`]. Requests behind it wait as well, so
//! that answers keep the order of the requests.
//!
//! ```text
//!          SETUP            PLAY               located
//!   Init ─────────► Ready ─────────► Locating ─────────► Playing
//!    ▲               │ ▲                                 │  │
//!    │               │ └───────────── PAUSE ─────────────┘  │
//!    └───────────────┴────────────── TEARDOWN ──────────────┘
//! ```
//!
//! Invariant: at most [`MAX_WAITING`] requests wait, of at most 16 KiB together unless
//! there is only one; each request gets one answer.

mod respond;
mod uri;

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Output, Refusal, non_empty};
use crate::camera::{Description, FirstPackets};
use crate::protocol::rtsp::message::{self, Builder, Message, Start};
use crate::protocol::wsp;
use uri::camera_and_track;

/// The number of requests that may wait for the camera.
pub const MAX_WAITING: usize = 16;

/// The number of bytes that they may have together, unless there is only one.
const MAX_WAITING_BYTES: usize = 16 * 1024;

/// What carries the answers to the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The viewer speaks RTSP itself and gets the answers as they are.
    Rtsp,
    /// The answers are payloads of WSP replies.
    Wsp,
}

/// A request of the viewer.
#[derive(Debug)]
struct Request {
    /// The WSP sequence number of the WRAP that it came in; empty if there is none.
    seq: String,
    bytes: Vec<u8>,
}

impl Request {
    fn size(&self) -> usize {
        self.seq.len() + self.bytes.len()
    }

    /// Whether it asks for media.
    fn is_play(&self) -> bool {
        let message = message::parse(&self.bytes);
        message.is_ok_and(|(message, _)| is_play(&message))
    }
}

/// The camera that the viewer asked for.
#[derive(Debug)]
enum Watched {
    /// The viewer has asked for none.
    None,
    /// The owner was told this name, and is to answer.
    Awaited(String),
    /// The camera plays.
    Ready {
        name: String,
        description: Rc<Description>,
        /// The description for this viewer.
        sdp: String,
    },
}

/// How far the RTSP session has come: the states of RFC 2326 §A.2, with one more before
/// the last.
#[derive(Debug)]
enum Phase {
    /// No track is set up, so there is no session.
    Init,
    /// Tracks are set up, and no media is sent.
    Ready,
    /// This PLAY waits until the owner says where media begins.
    Locating(Request),
    /// Media is sent.
    Playing,
}

/// A track that the viewer set up.
#[derive(Debug)]
struct SetUp {
    /// The index of the track in the description.
    track: usize,
    /// The viewer's channels for it.
    rtp: u8,
    rtcp: u8,
    /// The URL by which the viewer named the track.
    url: String,
}

/// One viewer's RTSP session.
#[derive(Debug)]
pub struct RtspServer {
    /// The id of the RTSP session, which begins with the first SETUP.
    id: String,
    carrier: Carrier,
    watched: Watched,
    /// Requests that wait, the oldest first.
    waiting: VecDeque<Request>,
    phase: Phase,
    /// The tracks in the order in which they were set up; empty only in [`Phase::Init`].
    tracks: Vec<SetUp>,
    /// Where media begins; this is kept until the answer to PLAY announces it.
    first_packets: FirstPackets,
    outputs: VecDeque<Output>,
}

impl RtspServer {
    /// `id` must be unguessable.
    pub fn new(id: String, carrier: Carrier) -> RtspServer {
        RtspServer {
            id,
            carrier,
            watched: Watched::None,
            waiting: VecDeque::new(),
            phase: Phase::Init,
            tracks: Vec::new(),
            first_packets: FirstPackets::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The next thing that the owner is to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The number of bytes that are kept of what the viewer said.
    pub fn held(&self) -> usize {
        let play = match &self.phase {
            Phase::Locating(request) => request.size(),
            _ => 0,
        };
        let requests: usize = self.waiting.iter().map(Request::size).sum();
        let urls: usize = self.tracks.iter().map(|it| it.url.len()).sum();
        play + requests + urls
    }

    /// Whether requests wait for the camera.
    pub fn is_waiting(&self) -> bool {
        matches!(self.watched, Watched::Awaited(_))
    }

    /// Whether a track is set up, and so there is a session.
    fn is_set_up(&self) -> bool {
        !matches!(self.phase, Phase::Init)
    }

    fn is_playing(&self) -> bool {
        matches!(self.phase, Phase::Playing)
    }

    /// Takes one RTSP message; `seq` is the WSP sequence number that it came with.
    ///
    /// # Errors
    /// The message is no RTSP, or too many requests wait.
    pub fn handle(&mut self, seq: &str, bytes: &[u8]) -> Result<(), Refusal> {
        let refusal = |reason| Refusal::new(400, reason);
        let (message, _) =
            message::parse(bytes).map_err(|_| refusal("this is not an RTSP request"))?;
        if let Start::Response { .. } = message.start {
            return Ok(());
        }
        let request = Request {
            seq: seq.to_owned(),
            bytes: bytes.to_vec(),
        };
        let waiting: usize = self.waiting.iter().map(Request::size).sum();
        let is_too_long = waiting + request.size() > MAX_WAITING_BYTES && !self.waiting.is_empty();
        if self.waiting.len() >= MAX_WAITING || is_too_long {
            return Err(refusal("too many requests wait for the camera"));
        }
        self.waiting.push_back(request);
        self.advance();
        Ok(())
    }

    /// The camera plays; `sdp` is its description for this viewer.
    pub fn ready(&mut self, description: Rc<Description>, sdp: String) {
        if let Watched::Awaited(name) = &mut self.watched {
            self.watched = Watched::Ready {
                name: std::mem::take(name),
                description,
                sdp,
            };
            if let Some(request) = self.waiting.pop_front() {
                self.answer(&request, RtspServer::respond);
            }
            self.advance();
        }
    }

    /// There is no such camera, or it cannot be had: the request that needs it is refused.
    pub fn refuse(&mut self, status: u16, reason: &str) {
        if !self.is_waiting() {
            return;
        }
        self.watched = Watched::None;
        if let Some(request) = self.waiting.pop_front() {
            let refusal = Refusal::new(status, reason.to_owned());
            self.answer(&request, |_, _| Err(refusal));
        }
        self.advance();
    }

    /// Tells the PLAY that waits where media begins.
    pub fn located(&mut self, first_packets: FirstPackets) {
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Locating(request) => {
                self.first_packets = first_packets;
                self.answer(&request, RtspServer::respond);
                self.advance();
            }
            other => self.phase = other,
        }
    }

    /// Answers the waiting requests that can be answered now.
    fn advance(&mut self) {
        while !self.is_waiting()
            && !matches!(self.phase, Phase::Locating(_))
            && let Some(request) = self.waiting.pop_front()
        {
            if let Some(name) = self.needs(&request) {
                self.outputs.push_back(Output::Watch(name.clone()));
                self.watched = Watched::Awaited(name);
                self.waiting.push_front(request);
                return;
            }
            if matches!(self.phase, Phase::Ready) && request.is_play() {
                self.phase = Phase::Locating(request);
                return self.outputs.push_back(Output::Locate);
            }
            self.answer(&request, RtspServer::respond);
        }
    }

    /// The name of the camera that a request needs, if the owner has to be asked for it.
    fn needs(&self, request: &Request) -> Option<String> {
        let (message, _) = message::parse(&request.bytes).ok()?;
        let Start::Request { method, uri } = message.start else {
            return None;
        };
        let (wanted, _) = camera_and_track(uri)?;
        match (&self.watched, method) {
            // Before SETUP, each DESCRIBE asks for the camera anew: its description may
            // have changed.
            (Watched::Ready { name, .. }, "DESCRIBE") if *name == wanted && self.is_set_up() => {
                None
            }
            (_, "DESCRIBE") => Some(wanted),
            (Watched::None, "SETUP") => Some(wanted),
            _ => None,
        }
    }

    /// Answers a request with what `respond` says of it.
    fn answer(
        &mut self,
        request: &Request,
        respond: impl FnOnce(&mut Self, &Message<'_>) -> Result<Builder, Refusal>,
    ) {
        let Ok((message, _)) = message::parse(&request.bytes) else {
            return;
        };
        let answer = respond(self, &message)
            .unwrap_or_else(|refusal| Builder::response(refusal.status, &refusal.reason));
        let cseq = message.header("CSeq").unwrap_or("0");
        let bytes = answer
            .header("CSeq", cseq)
            .header("Server", "camgate")
            .build();
        self.outputs.push_back(self.carry(&request.seq, bytes));
        // Media must not come before the answer that announces it.
        if self.is_playing() && is_play(&message) {
            let channels = self.channels();
            self.outputs.push_back(Output::Play(channels));
        }
    }

    /// An answer in the form in which it reaches the viewer.
    fn carry(&self, seq: &str, bytes: Vec<u8>) -> Output {
        match self.carrier {
            Carrier::Rtsp => Output::Rtsp(bytes),
            Carrier::Wsp => {
                let headers: Vec<_> = non_empty(seq).map(|seq| ("seq", seq)).into_iter().collect();
                Output::Reply(wsp::reply(200, "OK", &headers, &message::text(&bytes)))
            }
        }
    }
}

/// Whether a message asks for media.
fn is_play(message: &Message<'_>) -> bool {
    matches!(message.start, Start::Request { method: "PLAY", .. })
}

#[cfg(test)]
mod tests;
