//! How a session ends or is redirected, and what the page is told of its state.

use camgate_protocol::rtsp::client::Failure;
use camgate_protocol::rtsp::url::Url;
use camgate_protocol::rtsp::{message, text};
use camgate_protocol::wsp;

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

    /// Ends the session for a cause that the page knows by this word.
    pub(super) fn fail(&mut self, code: u16, cause: &str, message: &str) {
        self.report(code, "", cause, message);
    }

    /// Ends the session because the gateway refuses, in its own words.
    pub(super) fn refused(&mut self, reply: &wsp::Reply) {
        let cause = reply.header(message::CAUSE).unwrap_or_default();
        self.fail(reply.code, cause, reply.reason);
    }

    /// Ends the session because that with the camera has failed.
    pub(super) fn failed(&mut self, failure: &Failure) {
        match failure {
            Failure::Unauthorized { .. } => self.report(401, "DESCRIBE", "", ""),
            Failure::Status {
                code,
                reason,
                method,
                cause,
            } => self.report(*code, method, cause, reason),
            Failure::OtherTransport { .. } => self.report(461, "SETUP", "", ""),
            Failure::Redirect(_) => {} // it is followed
            Failure::Protocol(what) => self.fail(502, "camera", what),
            Failure::NoMedia => self.fail(415, "nothing", ""),
            Failure::Timeout { method } => self.report(504, method, "silent", ""),
        }
    }

    /// Ends the session: see [`Kind::Error`]. `method` is that of the request which was
    /// refused by an RTSP answer, and `cause` is empty if that was the camera's own.
    fn report(&mut self, code: u16, method: &str, cause: &str, message: &str) {
        if self.phase == Phase::Over {
            return;
        }
        let code = text::decimal(code.into());
        let text = text::concat(&[&code, " ", method, " ", cause, "\n", message]);
        self.queue.push(Output::text(Kind::Error, text));
        self.end();
    }

    /// Ends the session because the gateway sent something that is no WSP, or not what
    /// was expected.
    pub(super) fn protocol_error(&mut self) {
        self.fail(502, "fault", "");
    }

    /// Follows a redirect to another host or port. Credentials in the new URL are used;
    /// those for the old one are sent only if the host is the same.
    pub(super) fn follow(&mut self, url: Url) {
        if self.moves >= MAX_MOVES {
            return self.fail(502, "camera", "the camera redirects in a circle");
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
