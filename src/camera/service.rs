//! The gateway as a viewer's RTSP server (RFC 2326 §10), sans-IO.
//!
//! Requests go in, answers and wishes come out. What needs the camera waits
//! until its owner says [`Service::ready`] or [`Service::refuse`]; requests
//! behind it wait, too, so that answers keep the order of the requests.
//!
//! Invariant: at most [`MAX_HELD`] requests wait, of at most 16 KiB together; there is an answer to each.

mod place;

use std::collections::VecDeque;
use std::rc::Rc;

use super::description::Description;
use super::starts::Starts;
use crate::protocol::rtsp::message::{self, Builder, Message, Start};
use crate::protocol::rtsp::transport;
use place::{target, without_track};

/// Requests that may wait for the camera.
pub const MAX_HELD: usize = 16;

/// Bytes of them, unless there is only one.
const MAX_HELD_BYTES: usize = 16 * 1024;

/// Seconds that the Session header promises. What ends a session is the end of
/// its socket.
const TIMEOUT: u32 = 60;

const METHODS: &str =
    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// What the service wants done, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// Send this answer; `tag` is what came with the request.
    Answer { tag: String, bytes: Vec<u8> },
    /// This camera is to be watched; answer with `ready` or `refuse`.
    Watch(String),
    /// Tell where media would begin, by `located`: PLAY is answered with it.
    Locate,
    /// Send media: channels on the camera's link and what they are called here.
    Play(Vec<(u8, u8)>),
    /// Send none for now.
    Pause,
    /// The viewer is done.
    Leave,
}

/// A request that was taken.
#[derive(Debug)]
struct Request {
    tag: String,
    bytes: Vec<u8>,
}

impl Request {
    fn size(&self) -> usize {
        self.tag.len() + self.bytes.len()
    }
}

/// What the service knows of the camera asked for.
#[derive(Debug)]
enum Camera {
    /// None was asked for.
    None,
    /// It is being called.
    Awaited(String),
    Ready(String, Rc<Description>, String),
}

/// One viewer's RTSP session.
#[derive(Debug)]
pub struct Service {
    /// The session's id, for whoever sets a track up.
    id: String,
    camera: Camera,
    held: VecDeque<Request>,
    /// The tracks that were set up, with the viewer's channels, and their URLs.
    tracks: Vec<(usize, u8, u8)>,
    urls: Vec<(usize, String)>,
    /// A PLAY that waits to know where media begins, and that it was told.
    starting: Option<Request>,
    starts: Starts,
    playing: bool,
    wishes: VecDeque<Wish>,
}

/// An answer without CSeq, or the status that refuses.
type Outcome = Result<Builder, u16>;

impl Service {
    /// `id` must be unguessable.
    pub fn new(id: String) -> Service {
        Service {
            id,
            camera: Camera::None,
            held: VecDeque::new(),
            tracks: Vec::new(),
            urls: Vec::new(),
            starting: None,
            starts: Starts::default(),
            playing: false,
            wishes: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub fn poll_wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    /// Bytes that are kept of what the viewer said.
    pub fn held(&self) -> usize {
        let requests = self.held.iter().chain(&self.starting);
        let requests: usize = requests.map(Request::size).sum();
        let urls: usize = self.urls.iter().map(|(_, url)| url.len()).sum();
        requests + urls
    }

    /// Whether requests wait for the camera.
    pub fn is_waiting(&self) -> bool {
        matches!(self.camera, Camera::Awaited(_))
    }

    /// Whether a track is set up.
    pub fn is_set_up(&self) -> bool {
        !self.tracks.is_empty()
    }

    /// Takes one RTSP message.
    ///
    /// # Errors
    /// It is no request that could be answered, or too many wait.
    pub fn handle(&mut self, tag: &str, bytes: &[u8]) -> Result<(), &'static str> {
        let (message, _) = message::parse(bytes).map_err(|_| "this is not an RTSP request")?;
        if let Start::Response { .. } = message.start {
            return Ok(());
        }
        let held = self.held.iter();
        let size = tag.len() + bytes.len();
        let size = held.fold(size, |sum, it| sum + it.size());
        if self.held.len() >= MAX_HELD || (size > MAX_HELD_BYTES && !self.held.is_empty()) {
            return Err("too many requests wait for the camera");
        }
        self.held.push_back(Request {
            tag: tag.to_owned(),
            bytes: bytes.to_vec(),
        });
        self.advance();
        Ok(())
    }

    /// The camera plays; `description` is for this viewer.
    pub fn ready(&mut self, camera: Rc<Description>, description: String) {
        if let Camera::Awaited(name) = &mut self.camera {
            let name = std::mem::take(name);
            self.camera = Camera::Ready(name, camera, description);
            if let Some(request) = self.held.pop_front() {
                self.answer(&request, Service::respond);
            }
            self.advance();
        }
    }

    /// There is no such camera, or it cannot be had: the request that asked for
    /// it is answered so.
    pub fn refuse(&mut self, status: u16, words: &str) {
        if !self.is_waiting() {
            return;
        }
        self.camera = Camera::None;
        if let Some(request) = self.held.pop_front() {
            self.answer(&request, |_, _| Ok(Builder::response(status, words)));
        }
        self.advance();
    }

    /// Where media begins, for the PLAY that waits to know.
    pub fn located(&mut self, starts: Starts) {
        if let Some(request) = self.starting.take() {
            self.starts = starts;
            self.answer(&request, Service::respond);
            self.advance();
        }
    }

    /// Answers what can be answered now.
    fn advance(&mut self) {
        while !self.is_waiting()
            && self.starting.is_none()
            && let Some(request) = self.held.pop_front()
        {
            if let Some(name) = self.needs(&request) {
                self.wishes.push_back(Wish::Watch(name.clone()));
                self.camera = Camera::Awaited(name);
                self.held.push_front(request);
                return;
            }
            if self.is_set_up() && !self.playing && is_play(&request) {
                self.starting = Some(request);
                return self.wishes.push_back(Wish::Locate);
            }
            self.answer(&request, Service::respond);
        }
    }

    /// The camera that a request needs and that is not at hand.
    fn needs(&self, request: &Request) -> Option<String> {
        let (message, _) = message::parse(&request.bytes).ok()?;
        let Start::Request { method, uri } = message.start else {
            return None;
        };
        let (name, _) = target(uri)?;
        match (&self.camera, method) {
            // It is asked about anew: its description may have changed.
            (Camera::Ready(own, ..), "DESCRIBE") if *own == name && self.is_set_up() => None,
            (_, "DESCRIBE") => Some(name),
            (Camera::None, "SETUP") => Some(name),
            _ => None,
        }
    }

    fn answer(
        &mut self,
        request: &Request,
        respond: impl FnOnce(&mut Self, &Message<'_>) -> Outcome,
    ) {
        let Ok((message, _)) = message::parse(&request.bytes) else {
            return;
        };
        let outcome = respond(self, &message);
        let answer = outcome.unwrap_or_else(|status| Builder::response(status, ""));
        let cseq = message.header("CSeq").unwrap_or("0");
        let bytes = answer
            .header("CSeq", cseq)
            .header("Server", "camgate")
            .build();
        let tag = request.tag.clone();
        self.wishes.push_back(Wish::Answer { tag, bytes });
        // Media must not come before the answer that announces it.
        if let (Start::Request { method: "PLAY", .. }, true) = (&message.start, self.playing) {
            let channels = self.channels();
            self.wishes.push_back(Wish::Play(channels));
        }
    }

    fn respond(&mut self, message: &Message<'_>) -> Outcome {
        let Start::Request { method, uri } = message.start else {
            return Err(400);
        };
        let known = self.is_session(message)?;
        match method {
            "OPTIONS" => Ok(self.ok().header("Public", METHODS)),
            "GET_PARAMETER" | "SET_PARAMETER" if message.body.is_empty() => Ok(self.ok()),
            "GET_PARAMETER" | "SET_PARAMETER" => Err(451),
            "DESCRIBE" => self.describe(uri),
            "SETUP" => self.set_up(uri, message),
            "PLAY" | "PAUSE" | "TEARDOWN" if !known => Err(454),
            "PLAY" if !self.is_set_up() => Err(455),
            "PLAY" => {
                self.playing = true;
                let answer = self.ok().header("Range", "npt=now-");
                Ok(match self.info() {
                    Some(info) => answer.header("RTP-Info", &info),
                    None => answer,
                })
            }
            "PAUSE" => {
                self.playing = false;
                self.wishes.push_back(Wish::Pause);
                Ok(self.ok())
            }
            "TEARDOWN" => {
                self.playing = false;
                self.tracks.clear();
                self.urls.clear();
                self.camera = Camera::None;
                self.wishes.push_back(Wish::Leave);
                Ok(Builder::response(200, ""))
            }
            _ => Ok(Builder::response(405, "").header("Allow", METHODS)),
        }
    }

    /// Whether a request names its session. Deployed players write more behind
    /// the id than belongs there.
    fn is_session(&self, message: &Message<'_>) -> Result<bool, u16> {
        match message.session() {
            Some((id, _)) if id == self.id && self.is_set_up() => Ok(true),
            Some(_) => Err(454),
            // Nobody else is on this connection.
            None => Ok(self.is_set_up()),
        }
    }

    fn describe(&self, uri: &str) -> Outcome {
        let Camera::Ready(_, _, description) = &self.camera else {
            return Err(404);
        };
        let base = format!("{}/", without_track(uri));
        Ok(Builder::response(200, "")
            .header("Content-Base", &base)
            .body("application/sdp", description.as_bytes()))
    }

    fn set_up(&mut self, uri: &str, message: &Message<'_>) -> Outcome {
        let (Some((name, track)), Camera::Ready(own, description, _)) = (target(uri), &self.camera)
        else {
            return Err(404);
        };
        if name != *own || self.playing {
            return Err(455);
        }
        let track = description.track(&track).ok_or(404u16)?;
        let wanted = message.header("Transport").ok_or(400u16)?;
        let wanted = transport::interleaved(wanted).ok_or(461u16)?;
        self.tracks.retain(|(other, ..)| *other != track);
        let taken = |pair: &(u8, u8)| {
            let mut others = self.tracks.iter().flat_map(|(_, rtp, rtcp)| [rtp, rtcp]);
            others.any(|channel| *channel == pair.0 || *channel == pair.1)
        };
        let own = description
            .tracks
            .get(track)
            .map(|track| (track.rtp, track.rtcp));
        let usual = (0..=u8::MAX / 2).map(|number| (number * 2, number * 2 + 1));
        let mut choices = wanted.channels.into_iter().chain(own).chain(usual);
        let (rtp, rtcp) = choices.find(|pair| !taken(pair)).ok_or(500u16)?;
        self.tracks.push((track, rtp, rtcp));
        self.urls.retain(|(other, _)| *other != track);
        self.urls.push((track, uri.to_owned()));
        let transport = format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};mode=\"PLAY\"");
        Ok(self.ok().header("Transport", &transport))
    }

    /// The first packets of all tracks (RFC 2326 §12.33); `None` when that of one
    /// is not known: what some clients make of the others alone is wrong.
    fn info(&mut self) -> Option<String> {
        let starts = std::mem::take(&mut self.starts);
        let Camera::Ready(_, description, _) = &self.camera else {
            return None;
        };
        let infos = self.urls.iter().map(|(track, url)| {
            let start = starts.of(description.tracks.get(*track)?.rtp)?;
            let (sequence, timestamp) = (start.sequence, start.timestamp);
            let clean = !url.contains([',', ';']);
            clean.then(|| format!("url={url};seq={sequence};rtptime={timestamp}"))
        });
        Some(infos.collect::<Option<Vec<_>>>()?.join(","))
    }

    fn channels(&self) -> Vec<(u8, u8)> {
        let Camera::Ready(_, description, _) = &self.camera else {
            return Vec::new();
        };
        let mut channels = Vec::new();
        for (track, rtp, rtcp) in &self.tracks {
            if let Some(track) = description.tracks.get(*track) {
                channels.extend([(track.rtp, *rtp), (track.rtcp, *rtcp)]);
            }
        }
        channels
    }

    /// 200, with the session if there is one.
    fn ok(&self) -> Builder {
        let answer = Builder::response(200, "");
        match self.is_set_up() {
            true => answer.header("Session", &format!("{};timeout={TIMEOUT}", self.id)),
            false => answer,
        }
    }
}

/// Whether a request asks for media.
fn is_play(request: &Request) -> bool {
    matches!(
        message::parse(&request.bytes),
        Ok((
            Message {
                start: Start::Request { method: "PLAY", .. },
                ..
            },
            _
        ))
    )
}

#[cfg(test)]
mod tests;
