//! How a session ends or is redirected, and what the page is told of its state.

use camgate_protocol::rtsp::text;
use camgate_protocol::rtsp::url::Url;

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

    /// Ends the session because the gateway sent something that is no WSP, or not what
    /// was expected.
    pub(super) fn protocol_error(&mut self) {
        self.fail(502, "The gateway sent something that makes no sense.");
    }

    /// Follows a redirect to another host or port. Credentials in the new URL are used;
    /// those for the old one are sent only if the host is the same.
    pub(super) fn follow(&mut self, url: Url) {
        if self.moves >= MAX_MOVES {
            return self.fail(502, "The camera redirects in a circle.");
        }
        let same = |old: &Url| old.host.eq_ignore_ascii_case(&url.host) && old.tls <= url.tls;
        let kept = match self.url.as_ref().filter(|old| same(old)) {
            Some(old) if url.user.is_none() => {
                self.credentials.take().or_else(|| old.credentials())
            }
            _ => None,
        };
        let elsewhere = self.elsewhere.take();
        self.end();
        self.credentials = kept;
        self.elsewhere = elsewhere;
        self.moves += 1;
        self.phase = Phase::Opening;
        let address = url.without_credentials();
        self.queue.push(Output::text(Kind::Reopen, address));
        self.url = Some(url);
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
        self.elsewhere = None;
        self.wraps.clear();
        self.tracks = Tracks::default();
    }
}
