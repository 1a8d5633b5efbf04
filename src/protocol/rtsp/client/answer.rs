//! How the client handles the camera's answers.

use super::controls::LAST_SPELLING;
use super::habits::Habits;
use super::headers::{self, Transport};
use super::request::{Kind, Pending};
use super::{Client, Failure, MAX_KEEP_ALIVE, MIN_KEEP_ALIVE, Medium, Output, Phase};
use crate::rtsp::auth::Authenticator;
use crate::rtsp::message::{self, Message, Start};
use crate::rtsp::sdp;
use crate::rtsp::text;
use crate::rtsp::url::{self, Url};
use std::rc::Rc;

/// The number of redirects that are followed, so that a circle of them ends.
const MAX_REDIRECTS: u8 = 5;

impl Client {
    /// Reads one message and acts on it.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if self.pending.is_none() {
            return;
        }
        if message::is_request(bytes) {
            return;
        }
        let Ok((message, _)) = message::parse_response(bytes) else {
            return self.fail(Failure::Protocol("the camera's answer is not RTSP"));
        };
        let Start::Response { status, reason } = &message.start else {
            return;
        };
        // One request is in flight at a time, so the answer is to that one, even if the
        // camera leaves out the CSeq or counts in its own way. Only a late answer to a
        // request that was given up is recognised by its CSeq.
        let late = message
            .cseq()
            .is_some_and(|cseq| self.abandoned == Some(cseq));
        if *status < 200 || late {
            return;
        }
        let Some(pending) = self.pending.take() else {
            return;
        };
        if *status == 401 {
            return self.unauthorized(&pending, &message);
        }
        if let Some(authenticator) = &mut self.habits.authenticator {
            authenticator.accepted();
        }
        self.note(&pending, *status, &message);
        match status {
            200..=299 => {
                self.granted(pending.kind, &message);
                if matches!(pending.kind, Kind::Play | Kind::KeepAlive) {
                    self.prepare_farewell();
                }
            }
            _ => self.refused(&pending, *status, reason, &message),
        }
        self.advance();
    }

    fn unauthorized(&mut self, pending: &Pending, message: &Message<'_>) {
        self.rephrased = true;
        let challenges = message.headers("WWW-Authenticate");
        let tried = pending.authorized;
        let retry = self
            .habits
            .authenticator
            .as_mut()
            .map(|it| it.challenge(&challenges));
        match retry {
            Some(true) => self.send(pending.kind),
            Some(false) if !tried => {
                self.fail(Failure::Protocol("the camera's kind of login is unknown"))
            }
            _ => self.fail(Failure::Unauthorized { tried }),
        }
    }

    /// Notes what any answer may contain: the supported methods and the session. Any
    /// answer also shows that the session is alive.
    fn note(&mut self, pending: &Pending, status: u16, message: &Message<'_>) {
        // The answer to a keep-alive repeats methods that have proved not to work.
        let names: &[&str] = match pending.kind {
            Kind::KeepAlive => &[],
            _ => &["Public", "Allow"],
        };
        for name in names {
            for list in message.headers(name) {
                let mut methods = text::split(list, b",");
                self.get_parameter |= methods.any(|it| it.eq_ignore_ascii_case("GET_PARAMETER"));
            }
        }
        let granted = (200..300).contains(&status);
        if let Some((id, timeout)) = message.session().filter(|_| granted) {
            // Some cameras name another session in each answer; only the first one
            // works.
            if matches!(pending.kind, Kind::Setup { .. } | Kind::Play) {
                self.session.get_or_insert_with(|| id.to_owned());
            }
            if let Some(timeout) = timeout.filter(|seconds| *seconds > 0) {
                self.session_timeout = timeout;
            }
        }
        if pending.kind == Kind::KeepAlive {
            self.missed_keep_alives = 0;
        }
        self.kept_alive();
    }

    /// Takes note that the session is alive, and schedules the next keep-alive.
    pub(super) fn kept_alive(&mut self) {
        let half = u64::from(self.session_timeout) * 500;
        let interval = half.clamp(MIN_KEEP_ALIVE, MAX_KEEP_ALIVE);
        let due = self.last_time.saturating_add(interval);
        let Habits {
            no_options,
            no_parameter,
            ..
        } = self.habits;
        let possible = self.is_set_up() && !(no_options && no_parameter);
        self.keep_alive = possible.then_some(due);
    }

    fn granted(&mut self, kind: Kind, message: &Message<'_>) {
        match kind {
            Kind::Options => self.send(Kind::Describe),
            Kind::Describe => self.described(message),
            Kind::Setup { media, channel } => self.set_up(media, channel, message),
            Kind::Play => self.playing(message),
            Kind::Pause => self.paused(),
            Kind::KeepAlive => {}
            Kind::Teardown => self.torn_down(),
        }
    }

    fn playing(&mut self, message: &Message<'_>) {
        let mut rtp_info = Vec::new();
        for value in message.headers("RTP-Info") {
            rtp_info.append(&mut headers::rtp_info(value, &self.media));
        }
        self.range = false;
        self.played = true;
        self.habits.hang_ups = 0;
        self.phase = Phase::Playing;
        self.outputs.push(Output::Playing { rtp_info });
    }

    fn described(&mut self, message: &Message<'_>) {
        self.description = Rc::new(sdp::parse(message.body));
        if self.description.media.is_empty() {
            return self.fail(Failure::NoMedia);
        }
        self.set_base(self.announced_base(message));
        // A recording with a range in wall clock time (§3.7) is played from its start.
        let range = self.description.range.as_deref().unwrap_or_default();
        self.range = !range.starts_with("clock") && !self.habits.no_range;
        self.phase = Phase::Described;
        let description = Rc::clone(&self.description);
        self.outputs.push(Output::Described(description));
    }

    /// The base that the answer names (RFC 2326 §C.1.1), or else the URL asked for.
    ///
    /// Its host is replaced by the one that we reached, because behind address
    /// translation cameras name addresses that mean nothing here.
    fn announced_base(&self, message: &Message<'_>) -> String {
        let names = ["Content-Base", "Content-Location"];
        let asked = self.url.without_credentials();
        let announced = names.iter().find_map(|name| {
            let value = text::unquoted(message.header(name)?);
            match value.starts_with('/') {
                true => Some(value.to_owned()),
                false => Some(Url::parse(&url::absolute(value, &asked)?).ok()?.path),
            }
        });
        let Some(path) = announced else { return asked };
        let base = Url {
            path,
            ..self.url.clone()
        };
        base.without_credentials()
    }

    fn set_up(&mut self, media: usize, channel: u8, message: &Message<'_>) {
        let transport = message.header("Transport").map(headers::transport);
        let proposed = (channel, channel.saturating_add(1));
        let (rtp_channel, rtcp_channel) = match transport {
            Some(Transport::Interleaved(_)) if self.is_udp() => {
                let reason = "the camera does not send this stream over UDP";
                self.refusal.get_or_insert(Failure::Protocol(reason));
                return;
            }
            _ if self.is_udp() => proposed,
            Some(Transport::Interleaved(channels)) => channels.unwrap_or(proposed),
            None => proposed,
            Some(Transport::Other) => {
                let reason = "the camera does not send this stream over TCP";
                self.refusal.get_or_insert(Failure::Protocol(reason));
                return;
            }
        };
        // Two media cannot share a channel: then the proposed ones apply.
        let taken = |medium: &Medium| medium.channel == rtp_channel;
        let (rtp_channel, rtcp_channel) = match self.media.iter().any(taken) {
            true => proposed,
            false => (rtp_channel, rtcp_channel),
        };
        let url = self.media_url(media);
        self.media.push(Medium {
            index: media,
            url,
            channel: rtp_channel,
        });
        self.outputs.push(Output::SetUp {
            media,
            rtp_channel,
            rtcp_channel,
        });
    }

    fn refused(&mut self, pending: &Pending, code: u16, reason: &str, message: &Message<'_>) {
        let failure = Failure::Status {
            code,
            reason: reason.to_owned(),
            method: pending.method,
        };
        match pending.kind {
            // Some cameras announce a method and then refuse it, with any status. The
            // refused keep-alive may not have kept the session alive, so the other kind
            // is tried.
            Kind::KeepAlive if self.get_parameter && !self.habits.no_options => {
                self.get_parameter = false;
                self.send(Kind::KeepAlive);
            }
            Kind::KeepAlive if code == 454 => self.fail(failure),
            // Even a refusal shows that the session is alive.
            Kind::KeepAlive => {}
            Kind::Options | Kind::Describe if (300..400).contains(&code) => {
                self.redirected(message, failure);
            }
            // Few cameras insist on OPTIONS, and some do not support it.
            Kind::Options => {
                (self.rephrased, self.habits.no_options) = (true, true);
                self.send(Kind::Describe);
            }
            Kind::Setup { media, channel } => self.not_set_up(media, channel, code, failure),
            // Some cameras support no ranges, and refuse them with various statuses.
            Kind::Play if self.range && matches!(code, 400 | 412 | 457 | 500..) => {
                self.range = false
            }
            // The camera has never paused, so it still plays.
            Kind::Play if code == 455 && self.played => self.playing(message),
            Kind::Play if matches!(code, 400 | 404 | 459) => self.not_played(failure),
            Kind::Pause if code != 454 => self.paused(),
            _ => self.fail(failure),
        }
    }

    /// Repeats a refused SETUP, with another spelling of the URL or of the transport.
    /// If there is none left, goes on without the medium (a camera may have no licence
    /// for sound).
    fn not_set_up(&mut self, media: usize, channel: u8, code: u16, failure: Failure) {
        let again = Kind::Setup { media, channel };
        if code == 461 && !self.habits.implied_tcp && !self.is_udp() {
            (self.rephrased, self.habits.implied_tcp) = (true, true);
            return self.send(again);
        }
        if matches!(code, 400 | 404) && self.media.is_empty() {
            let before = self.media_url(media);
            let spelling = self.spelling;
            while self.spelling < LAST_SPELLING {
                self.spelling += 1;
                if self.media_url(media) != before {
                    return self.send(again);
                }
            }
            self.spelling = spelling;
        }
        self.refusal.get_or_insert(failure);
    }

    /// Repeats a refused PLAY with another URL, because the aggregate one may be wrong:
    /// first the URL asked for, then that of the only medium.
    fn not_played(&mut self, failure: Failure) {
        let asked = self.url.without_credentials();
        let only = match &self.media[..] {
            [medium] => medium.url.clone(),
            _ => asked.clone(),
        };
        if self.aggregate != asked && self.aggregate != only {
            self.aggregate = asked;
        } else if self.aggregate != only {
            self.aggregate = only;
        } else {
            self.fail(failure);
        }
    }

    fn redirected(&mut self, message: &Message<'_>, failure: Failure) {
        let location = message.header("Location").unwrap_or_default();
        let Some(there) = self.url.refer(location) else {
            return self.fail(failure);
        };
        if !there.same_place(&self.url) {
            return self.fail(Failure::Redirect(there));
        }
        if self.redirects >= MAX_REDIRECTS {
            return self.fail(Failure::Protocol("The camera redirects in a circle."));
        }
        self.redirects += 1;
        if let Some(credentials) = there.credentials() {
            self.habits.authenticator = Some(Authenticator::new(credentials));
        }
        self.url.path = there.path;
        self.send(Kind::Describe);
    }
}
