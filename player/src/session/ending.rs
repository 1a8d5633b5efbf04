//! How a session ends, or begins again elsewhere, and what the page is told of
//! its state.

use camgate::rtsp::text;
use camgate::rtsp::url::Url;

use super::{MAX_MOVES, Phase, Session, State};
use crate::output::{Kind, Output};
use crate::tracks::Tracks;

impl Session {
    pub(super) fn show(&mut self, state: State) {
        if self.phase == Phase::Over || self.state.replace(state) == Some(state) {
            return;
        }
        let name = match state {
            State::Connecting => "connecting",
            State::Describing => "describing",
            State::Buffering => "buffering",
            State::Playing => "playing",
            State::Paused => "paused",
        };
        self.queue.push(Output::text(Kind::State, name));
    }

    pub(super) fn fail(&mut self, code: u16, message: &str) {
        if self.phase == Phase::Over {
            return;
        }
        let text = text::concat(&[&text::decimal(code.into()), "\n", message]);
        self.queue.push(Output::text(Kind::Error, text));
        self.end();
    }

    /// The gateway sent something that is no WSP, or not what it should be.
    pub(super) fn nonsense(&mut self) {
        self.fail(502, "The gateway sent something that makes no sense.");
    }

    /// The stream is at another host. Credentials are not taken there.
    pub(super) fn follow(&mut self, url: &str) {
        let Ok(url) = Url::parse(url) else {
            return self.fail(502, "The camera redirects to an address that is none.");
        };
        if self.moves >= MAX_MOVES {
            return self.fail(502, "The camera redirects in a circle.");
        }
        self.end();
        self.moves += 1;
        self.url = Some(url);
        self.phase = Phase::Opening;
        self.queue.push(Output::text(Kind::Reopen, ""));
        self.show(State::Connecting);
    }

    pub(super) fn closed(&mut self) {
        self.queue.push(Output::text(Kind::Closed, ""));
        self.end();
    }

    pub(super) fn end(&mut self) {
        self.phase = Phase::Over;
        self.deadline = None;
        self.client = None;
        self.credentials = None;
        self.wraps.clear();
        self.tracks = Tracks::default();
    }
}
