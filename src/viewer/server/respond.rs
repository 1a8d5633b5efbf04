//! The answers to the methods of RTSP (RFC 2326 §10), once the camera is at hand.

use super::uri::{camera_and_track, without_track};
use super::{Phase, RtspServer, SetUp, Watched};
use crate::protocol::rtsp::message::{Builder, Message, Start};
use crate::protocol::rtsp::transport;
use crate::viewer::{Output, Refusal};

/// The timeout that the Session header states, in seconds. The gateway ends a session only
/// with its socket.
const TIMEOUT: u32 = 60;

pub(super) const METHODS: &str =
    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// An answer without its CSeq, or why the request is refused.
type Outcome = Result<Builder, Refusal>;

impl RtspServer {
    /// Does what a request asks for and returns the answer.
    pub(super) fn respond(&mut self, message: &Message<'_>) -> Outcome {
        let Start::Request { method, uri } = message.start else {
            return Err(Refusal::status(400));
        };
        self.check_session(message)?;
        match method {
            "OPTIONS" => Ok(self.ok().header("Public", METHODS)),
            "GET_PARAMETER" | "SET_PARAMETER" if message.body.is_empty() => Ok(self.ok()),
            "GET_PARAMETER" | "SET_PARAMETER" => Err(Refusal::status(451)),
            "DESCRIBE" => self.describe(uri),
            "SETUP" => self.set_up(uri, message),
            "PLAY" | "PAUSE" | "TEARDOWN" if !self.is_set_up() => Err(Refusal::status(454)),
            "PLAY" => {
                self.phase = Phase::Playing;
                let answer = self.ok().header("Range", "npt=now-");
                Ok(match self.rtp_info() {
                    Some(info) => answer.header("RTP-Info", &info),
                    None => answer,
                })
            }
            "PAUSE" => {
                self.phase = Phase::Ready;
                self.outputs.push_back(Output::Pause);
                Ok(self.ok())
            }
            "TEARDOWN" => {
                self.phase = Phase::Init;
                self.tracks.clear();
                self.watched = Watched::None;
                self.outputs.push_back(Output::Leave);
                Ok(Builder::response(200, ""))
            }
            _ => Ok(Builder::response(405, "").header("Allow", METHODS)),
        }
    }

    /// Refuses a request that names another session than this one. A request without a
    /// session is accepted, as is more text after the id: some players send them, and nobody
    /// else is on this connection.
    fn check_session(&self, message: &Message<'_>) -> Result<(), Refusal> {
        match message.session() {
            Some((id, _)) if id != self.id || !self.is_set_up() => Err(Refusal::status(454)),
            _ => Ok(()),
        }
    }

    fn describe(&self, uri: &str) -> Outcome {
        let Watched::Ready { sdp, .. } = &self.watched else {
            return Err(Refusal::status(404));
        };
        let base = format!("{}/", without_track(uri));
        Ok(Builder::response(200, "")
            .header("Content-Base", &base)
            .body("application/sdp", sdp.as_bytes()))
    }

    fn set_up(&mut self, uri: &str, message: &Message<'_>) -> Outcome {
        let Watched::Ready {
            name, description, ..
        } = &self.watched
        else {
            return Err(Refusal::status(404));
        };
        let (wanted, track) = camera_and_track(uri).ok_or(Refusal::status(404))?;
        if wanted != *name || self.is_playing() {
            return Err(Refusal::status(455));
        }
        let track = description.track(&track).ok_or(Refusal::status(404))?;
        let wanted = message.header("Transport").ok_or(Refusal::status(400))?;
        let wanted = transport::interleaved(wanted).ok_or(Refusal::status(461))?;
        self.tracks.retain(|other| other.track != track);
        let is_free = |pair: &(u8, u8)| {
            let mut taken = self.tracks.iter().flat_map(|it| [it.rtp, it.rtcp]);
            !taken.any(|channel| channel == pair.0 || channel == pair.1)
        };
        let own = description.tracks.get(track);
        let own = own.map(|track| (track.rtp, track.rtcp));
        let usual = (0..=u8::MAX / 2).map(|number| (number * 2, number * 2 + 1));
        let mut choices = wanted.channels.into_iter().chain(own).chain(usual);
        let (rtp, rtcp) = choices.find(is_free).ok_or(Refusal::status(500))?;
        self.tracks.push(SetUp {
            track,
            rtp,
            rtcp,
            url: uri.to_owned(),
        });
        if let Phase::Init = self.phase {
            self.phase = Phase::Ready;
        }
        let transport = format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};mode=\"PLAY\"");
        Ok(self.ok().header("Transport", &transport))
    }

    /// The value of `RTP-Info`, with the first packet of each track (RFC 2326 §12.33). `None`
    /// if one of them is not known: some clients draw wrong conclusions from the others.
    fn rtp_info(&mut self) -> Option<String> {
        let first_packets = std::mem::take(&mut self.first_packets);
        let Watched::Ready { description, .. } = &self.watched else {
            return None;
        };
        let infos = self.tracks.iter().map(|SetUp { track, url, .. }| {
            let start = first_packets.of(description.tracks.get(*track)?.rtp)?;
            let (sequence, timestamp) = (start.sequence, start.timestamp);
            let is_clean = !url.contains([',', ';']);
            is_clean.then(|| format!("url={url};seq={sequence};rtptime={timestamp}"))
        });
        Some(infos.collect::<Option<Vec<_>>>()?.join(","))
    }

    /// The channels of the tracks that are set up: each on the camera's link, with the
    /// viewer's own.
    pub(super) fn channels(&self) -> Vec<(u8, u8)> {
        let Watched::Ready { description, .. } = &self.watched else {
            return Vec::new();
        };
        let mut channels = Vec::new();
        for set_up in &self.tracks {
            if let Some(track) = description.tracks.get(set_up.track) {
                channels.extend([(track.rtp, set_up.rtp), (track.rtcp, set_up.rtcp)]);
            }
        }
        channels
    }

    /// An answer with the status 200, and with the session if there is one.
    fn ok(&self) -> Builder {
        let answer = Builder::response(200, "");
        match self.is_set_up() {
            true => answer.header("Session", &format!("{};timeout={TIMEOUT}", self.id)),
            false => answer,
        }
    }
}
