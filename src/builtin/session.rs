//! The RTSP server of one connection (RFC 2326), sans-IO.
//!
//! The owner passes in the client's bytes, however they were split, and the time since
//! the camera's start, and takes the bytes for the client. The framer limits requests,
//! [`super::output::MAX_BACKLOG`] limits media, and the owner limits answers by not
//! reading while [`Session::is_congested`]. A client that is silent for longer than its
//! session's timeout is finished.

use super::clip::Clip;
use super::description;
use super::output::Output;
use super::playback::{Playback, Position, TrackId};
use super::resource::{self, Resource};
use crate::protocol::random::Random;
use crate::protocol::rtsp::framer::{Event, Framer};
use crate::protocol::rtsp::message::{self, Builder, Message, Start};
use crate::protocol::rtsp::transport;
use std::sync::Arc;
use std::time::Duration;

/// The longest request, in bytes.
pub const MAX_REQUEST: usize = 4096;
/// The timeout in the Session header.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// How much later than that the session really ends.
const GRACE: Duration = Duration::from_secs(10);

const METHODS: &str =
    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// One client of the camera.
#[derive(Debug)]
pub struct Session {
    framer: Framer,
    state: State,
}

/// Everything but the framer, whose message is borrowed while it is answered.
#[derive(Debug)]
struct State {
    clip: Arc<Clip<'static>>,
    playback: Playback,
    output: Output,
    /// The session id, which exists from the first SETUP to TEARDOWN.
    id: Option<String>,
    random: Random,
    heard: Duration,
    finished: bool,
}

impl Session {
    /// A connection that was accepted at `now`, the time since the camera's start.
    ///
    /// `seed` must be random: ids and the first RTP times follow from it. `ntp_epoch`
    /// is the NTP time (seconds, 32.32 bits) of the camera's start.
    pub fn new(clip: Arc<Clip<'static>>, seed: u64, ntp_epoch: u64, now: Duration) -> Self {
        Session {
            framer: Framer::new(MAX_REQUEST),
            state: State {
                playback: Playback::new(Arc::clone(&clip), ntp_epoch),
                clip,
                output: Output::default(),
                id: None,
                random: Random::new(seed),
                heard: now,
                finished: false,
            },
        }
    }

    /// Takes bytes from the client. If they are not RTSP, the answer is 400 and the
    /// connection ends.
    pub fn receive(&mut self, mut bytes: &[u8], now: Duration) {
        self.state.heard = now;
        while !self.state.finished {
            let Ok(step) = self.framer.feed(bytes) else {
                self.state.refuse();
                break;
            };
            if step.event == Event::Message {
                self.state.message(self.framer.message(), now);
            }
            // A frame is a receiver report, which only shows that the client is alive.
            bytes = bytes.get(step.consumed..).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
        }
        self.handle_timeout(now);
    }

    /// Writes what is due, and ends the session if the client was silent for too long.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.state.finished |= now >= self.state.expiry();
        if !self.state.finished {
            self.state.playback.advance(now, &mut self.state.output);
        }
    }

    /// When to call [`Session::handle_timeout`] at the latest.
    pub fn timeout(&self) -> Duration {
        let expiry = self.state.expiry();
        self.state
            .playback
            .due()
            .map_or(expiry, |due| due.min(expiry))
    }

    /// The bytes to send.
    pub fn output(&self) -> &[u8] {
        self.state.output.pending()
    }

    /// Notes that the first `count` bytes of [`Session::output`] were sent.
    pub fn sent(&mut self, count: usize) {
        self.state.output.sent(count);
    }

    /// Whether so much is waiting for the client that nothing more should be read from
    /// it.
    pub fn is_congested(&self) -> bool {
        !self.state.output.fits(0)
    }

    /// Whether the connection is to be closed once the output is sent.
    pub fn is_finished(&self) -> bool {
        self.state.finished
    }

    pub fn is_playing(&self) -> bool {
        self.state.playback.is_playing()
    }

    /// How many access units this client lost because it was slow.
    pub fn dropped(&self) -> u64 {
        self.state.playback.dropped()
    }
}

impl State {
    fn expiry(&self) -> Duration {
        self.heard + TIMEOUT + GRACE
    }

    fn refuse(&mut self) {
        self.send(response(400));
        self.finished = true;
    }

    fn send(&mut self, builder: Builder) {
        let bytes = builder.header("Server", "camgate").build();
        self.output.buffer().extend_from_slice(&bytes);
    }

    fn message(&mut self, bytes: &[u8], now: Duration) {
        let Ok((message, _)) = message::parse(bytes) else {
            return self.refuse();
        };
        let Start::Request { method, uri } = message.start else {
            // This is an answer, but the camera sends no requests.
            return;
        };
        let Some(cseq) = message.cseq() else {
            return self.send(response(400));
        };
        let answer = match self.request(method, uri, &message, now) {
            Ok(answer) => answer,
            Err(status) => response(status),
        };
        self.send(answer.header("CSeq", &cseq.to_string()));
    }

    /// Answers a request, or returns the status that refuses it.
    fn request(
        &mut self,
        method: &str,
        uri: &str,
        message: &Message<'_>,
        now: Duration,
    ) -> Result<Builder, u16> {
        if !METHODS.split(", ").any(|known| known == method) {
            return Ok(response(405).header("Allow", METHODS));
        }
        let resource = resource::resource(uri).ok_or(404u16)?;
        let known = self.is_session(message)?;
        match method {
            "OPTIONS" => Ok(response(200).header("Public", METHODS)),
            "DESCRIBE" => self.describe(resource, uri),
            "SETUP" => self.set_up(resource, message),
            "GET_PARAMETER" | "SET_PARAMETER" if message.body.is_empty() => Ok(self.ok()),
            "GET_PARAMETER" | "SET_PARAMETER" => Err(451),
            _ if !known => Err(454),
            "PLAY" => Ok(self.play(uri, now)),
            "PAUSE" => {
                self.playback.pause();
                Ok(self.ok())
            }
            _ => Ok(self.tear_down()),
        }
    }

    /// Whether the request belongs to the session; 454 if it names another one.
    ///
    /// This is as strict as many cameras are: what follows the id must begin with `;`.
    fn is_session(&self, message: &Message<'_>) -> Result<bool, u16> {
        let Some(header) = message.header("Session") else {
            return Ok(false);
        };
        let id = header.split(';').next().unwrap_or_default().trim();
        match self.id.as_deref() {
            Some(own) if own == id => Ok(true),
            _ => Err(454),
        }
    }

    fn describe(&self, resource: Resource, uri: &str) -> Result<Builder, u16> {
        if resource != Resource::Camera {
            return Err(404);
        }
        let sdp = description::describe(&self.clip);
        Ok(response(200)
            .header("Content-Base", &resource::base(uri))
            .body("application/sdp", sdp.as_bytes()))
    }

    fn set_up(&mut self, resource: Resource, message: &Message<'_>) -> Result<Builder, u16> {
        let Resource::Track(track) = resource else {
            return Err(459);
        };
        if self.playback.is_playing() {
            return Err(455);
        }
        let transport = message.header("Transport").ok_or(400u16)?;
        let transport = transport::interleaved(transport).ok_or(461u16)?;
        let (rtp, rtcp) = self.channels(track, transport.channels);
        let random = [self.random.next(), self.random.next()];
        let ssrc = self.playback.set_up(track, (rtp, rtcp), random);
        if self.id.is_none() {
            self.id = Some(format!("{:016x}", self.random.next()));
        }
        let transport =
            format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};ssrc={ssrc:08X};mode=\"PLAY\"");
        Ok(self.ok().header("Transport", &transport))
    }

    /// The requested channels if no other track uses them, or else free ones.
    fn channels(&self, track: TrackId, wanted: Option<(u8, u8)>) -> (u8, u8) {
        let usual = [(0, 1), (2, 3), (4, 5)];
        let mut choices = wanted.into_iter().chain(usual);
        // The other track can occupy two of the three pairs at most.
        let free = choices.find(|pair| !self.playback.uses(track, *pair));
        free.unwrap_or((4, 5))
    }

    fn play(&mut self, uri: &str, now: Duration) -> Builder {
        let base = resource::base(uri);
        let positions = self.playback.play(now);
        let entry = |position: &Position| {
            let (name, sequence, time) = (
                resource::name(position.track),
                position.sequence,
                position.time,
            );
            format!("url={base}{name};seq={sequence};rtptime={time}")
        };
        let info: Vec<String> = positions.iter().map(entry).collect();
        self.ok()
            .header("Range", "npt=now-")
            .header("RTP-Info", &info.join(","))
    }

    fn tear_down(&mut self) -> Builder {
        self.playback.tear_down();
        self.id = None;
        response(200)
    }

    /// An answer with status 200, and with the session if there is one.
    fn ok(&self) -> Builder {
        let answer = response(200);
        match &self.id {
            Some(id) => {
                let session = format!("{id};timeout={}", TIMEOUT.as_secs());
                answer.header("Session", &session)
            }
            None => answer,
        }
    }
}

fn response(status: u16) -> Builder {
    Builder::response(status, "")
}

#[cfg(test)]
mod tests;
