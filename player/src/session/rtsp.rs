//! Handles the outputs of the RTSP client: requests are sent in WRAPs, and the
//! description becomes tracks.

use camgate_protocol::rtsp::client::{self, Client, Failure};
use camgate_protocol::rtsp::{message, sdp, text};
use camgate_protocol::wsp;

use super::{Session, State, sentences};
use crate::output::{Kind, Output};
use crate::tracks::Tracks;

/// How many requests of the RTSP client may wait for an answer.
const MAX_WRAPS: usize = 4;

impl Session {
    /// Handles all outputs of the RTSP client.
    pub(super) fn drain(&mut self) {
        while let Some(output) = self.client.as_mut().and_then(Client::poll_output) {
            match output {
                client::Output::Send(request) => self.send(&request),
                client::Output::Farewell(request) => {
                    self.wrap("FAREWELL", &request);
                }
                client::Output::Described(session) => self.described(&session),
                client::Output::SetUp {
                    media,
                    rtp_channel,
                    rtcp_channel,
                } => self.tracks.connect(media, rtp_channel, rtcp_channel),
                client::Output::Playing { rtp_info } => self.playing(&rtp_info),
                client::Output::Paused => {
                    self.paused = true;
                    self.tracks.pause();
                    self.show(State::Paused);
                }
                client::Output::TornDown => self.closed(),
                client::Output::Failed(Failure::Redirect(url)) => self.follow(url),
                client::Output::Failed(failure) => {
                    let (code, text) = sentences::failure(&failure);
                    self.fail(code, &text);
                }
            }
        }
    }

    fn send(&mut self, request: &[u8]) {
        if request.starts_with(b"PLAY ") {
            // Media may arrive before the answer, because it comes on another socket.
            self.tracks.begin(&mut self.queue);
            self.show(State::Buffering);
        }
        let seq = self.wrap("WRAP", request);
        if self.wraps.len() >= MAX_WRAPS {
            self.wraps.remove(0);
        }
        self.wraps.push(seq);
    }

    /// Sends a WSP request that contains an RTSP request; returns its number.
    fn wrap(&mut self, command: &str, request: &[u8]) -> u32 {
        let seq = self.next_seq();
        let payload = message::text(request);
        let length = text::decimal(utf16_length(&payload));
        let headers = [
            ("contentLength", length.as_str()),
            ("seq", &text::decimal(seq)),
        ];
        let text = wsp::request(command, &headers, &payload);
        self.queue.push(Output::text(Kind::SendControl, text));
        seq
    }

    /// Sets up the media that are supported, and reports the others.
    fn described(&mut self, session: &sdp::Session) {
        let mut chosen = vec![false; session.media.len()];
        // ONVIF cameras mark their loudspeaker with `sendonly`, and other cameras the
        // media that they send. So such media are a last resort.
        for last_resort in [false, true] {
            for (index, media) in session.media.iter().enumerate() {
                let wanted = match media.direction {
                    sdp::Direction::Inactive => false,
                    sdp::Direction::SendOnly => last_resort,
                    _ => !last_resort,
                };
                if let Some(chosen) = chosen.get_mut(index).filter(|_| wanted) {
                    *chosen |= self.tracks.add(index, media);
                }
            }
        }
        let unsupported = unsupported(&self.tracks, session);
        for name in &unsupported {
            self.queue
                .push(Output::text(Kind::Unsupported, name.as_str()));
        }
        let chosen = chosen.iter().enumerate().filter(|(_, chosen)| **chosen);
        let chosen: Vec<usize> = chosen.map(|(index, _)| index).collect();
        if chosen.is_empty() {
            return self.fail(415, sentences::unplayable(unsupported.is_empty()));
        }
        if let Some(client) = &mut self.client {
            client.setup(&chosen);
        }
    }

    fn playing(&mut self, rtp_info: &[client::RtpInfo]) {
        self.paused = false;
        for info in rtp_info {
            if let Some(timestamp) = info.rtptime {
                self.tracks.inform(info.media, timestamp);
            }
        }
    }
}

/// The number of UTF-16 units of a text: one for each character, and another one for
/// each character of four bytes.
fn utf16_length(text: &str) -> u32 {
    let units = |byte: u8| u32::from(byte & 0xc0 != 0x80) + u32::from(byte >= 0xf0);
    text.bytes().map(units).sum()
}

/// The media that would be played if they were supported, such as `video H265`.
fn unsupported(tracks: &Tracks, session: &sdp::Session) -> Vec<String> {
    let mut names = Vec::new();
    for media in &session.media {
        let kind = match media.kind {
            sdp::Kind::Video => "video ",
            sdp::Kind::Audio => "audio ",
            sdp::Kind::Other => continue,
        };
        if !tracks.has(media.kind) {
            let encoding = match media.encoding.as_str() {
                "" => "of an unknown kind",
                encoding => encoding,
            };
            names.push(text::concat(&[kind, encoding]));
        }
    }
    names
}
