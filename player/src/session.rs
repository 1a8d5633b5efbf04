//! One viewing, from the opening of the control socket to its end: WSP around
//! the RTSP client, the client around the tracks.
//!
//! ```text
//! control_opened → GET_INFO, INIT → OPEN_DATA → data_opened → JOIN → RTSP in WRAPs → media
//! ```
//!
//! Invariants: after an error or the end nothing is sent any more and nothing
//! but [`Session::open`] has an effect. Replies are matched by their WSP seq
//! alone; one that nobody waits for is passed over.

mod ending;
mod rtsp;
mod words;

#[cfg(test)]
mod tests;

use camgate_protocol::rtsp::auth::Credentials;
use camgate_protocol::rtsp::client::{self, Client};
use camgate_protocol::rtsp::framer;
use camgate_protocol::rtsp::text;
use camgate_protocol::rtsp::url::Url;
use camgate_protocol::wsp;

use crate::output::{Kind, Output, Queue};
use crate::tracks::Tracks;

/// How long the gateway may take to answer INIT, milliseconds. The camera has
/// to be reached meanwhile; the gateway gives up on it sooner.
const INIT_TIMEOUT: u64 = 20_000;

/// How long the data socket may take to open, and JOIN to be answered.
const JOIN_TIMEOUT: u64 = 10_000;

/// How long the camera may take to answer: the gateway knows its own patience,
/// and gives up sooner; to begin to play three times as long.
const ANSWER_TIMEOUT: u64 = 30_000;

/// How often a stream may send us to another host.
const MAX_MOVES: u8 = 5;

const USER_AGENT: &str = concat!("camgate/", env!("CARGO_PKG_VERSION"));

/// How far the session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Not opened, or over.
    #[default]
    Over,
    /// Waiting for the control socket.
    Opening,
    /// INIT is sent.
    Initialising,
    /// Waiting for the data socket.
    OpeningData,
    /// JOIN is sent.
    Joining,
    /// The RTSP client is at work.
    Running,
}

/// The states that the page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Describing,
    Buffering,
    Playing,
    Paused,
}

/// The session's machine. All times are milliseconds of one monotonic clock.
#[derive(Default)]
pub struct Session {
    queue: Queue,
    seed: u64,
    phase: Phase,
    state: Option<State>,
    /// When to give up waiting, in the phases before `Running`.
    deadline: Option<u64>,
    url: Option<Url>,
    /// The tunnel client that was named behind the URL.
    tunnel: String,
    credentials: Option<Credentials>,
    /// Those for the host that the stream is known to move to.
    elsewhere: Option<(Url, Credentials)>,
    channel: String,
    /// The number of the last WSP request.
    seq: u32,
    /// The number of the request that the phase waits for.
    awaited: u32,
    wraps: Vec<u32>,
    client: Option<Client>,
    /// What was opened, and what the next attempt at it should know of the camera.
    argument: String,
    habits: Option<client::Habits>,
    tracks: Tracks,
    /// The camera has been told to hold still.
    paused: bool,
    /// How often the stream has sent us to another host.
    moves: u8,
    /// What the person wants.
    wants_play: bool,
}

impl Session {
    /// Entropy for the next session.
    pub fn seed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// Starts over with `url\nuser\npassword`, and where the stream is known to
    /// move to, `\nurl\nuser\npassword` for that.
    pub fn open(&mut self, argument: &str, _now: f64) {
        let (address, credentials, rest) = place(argument);
        self.queue.clear();
        *self = Self {
            queue: std::mem::take(&mut self.queue),
            seed: self.seed,
            phase: Phase::Opening,
            habits: self.habits.take_if(|_| self.argument == argument),
            argument: argument.to_owned(),
            wants_play: true,
            ..Self::default()
        };
        let (address, tunnel) = split_tunnel(address.trim_ascii());
        match Url::parse(address) {
            Ok(url) => self.url = Some(url),
            Err(bad) => return self.fail(400, &words::address(bad.reason)),
        }
        self.tunnel = tunnel.to_owned();
        self.credentials = credentials;
        let (there, credentials, _) = place(rest);
        self.elsewhere = Url::parse(there).ok().zip(credentials);
        self.show(State::Connecting);
    }

    /// The control socket is open.
    pub fn control_opened(&mut self, now: f64) {
        let (Phase::Opening, Some(url)) = (self.phase, &self.url) else {
            return;
        };
        let (host, port) = (url.host.clone(), text::decimal(url.port.into()));
        let proto = if url.tls { "rtsps" } else { "rtsp" };
        let tunnel = self.tunnel.clone();
        for command in ["GET_INFO", "INIT"] {
            let seq = self.next_seq();
            let headers = [
                ("proto", proto),
                ("host", &host),
                ("port", &port),
                ("client", &tunnel),
                ("seq", &text::decimal(seq)),
            ];
            let text = wsp::request(command, &headers, "");
            self.queue.push(Output::text(Kind::SendControl, text));
            self.awaited = seq;
        }
        self.enter(Phase::Initialising, now, INIT_TIMEOUT);
    }

    /// The data socket is open.
    pub fn data_opened(&mut self, now: f64) {
        if self.phase != Phase::OpeningData {
            return;
        }
        self.awaited = self.next_seq();
        let headers = [
            ("channel", self.channel.as_str()),
            ("batch", "1"),
            ("seq", &text::decimal(self.awaited)),
        ];
        let text = wsp::request("JOIN", &headers, "");
        self.queue.push(Output::text(Kind::SendData, text));
        self.enter(Phase::Joining, now, JOIN_TIMEOUT);
    }

    /// A text message arrived on the control socket.
    pub fn control_message(&mut self, text: &str, now: f64) {
        if self.phase == Phase::Over {
            return;
        }
        let Some(reply) = wsp::parse_reply(text) else {
            return self.nonsense();
        };
        let command = reply.header("command").unwrap_or_default();
        if command.eq_ignore_ascii_case("GET_INFO") {
            if reply.code < 300 {
                self.queue.push(Output::text(Kind::Info, reply.payload));
            }
            return;
        }
        let Some(seq) = reply.seq().and_then(text::number) else {
            // An error that answers no request in particular is the end.
            if reply.code >= 300 {
                self.fail(reply.code, &words::refusal(reply.reason));
            }
            return;
        };
        if let Some(at) = self.wraps.iter().position(|wrap| *wrap == seq) {
            self.wraps.remove(at);
            return self.wrapped(&reply, now);
        }
        if self.phase == Phase::Initialising && seq == self.awaited {
            self.initialised(&reply, now);
        }
    }

    fn initialised(&mut self, reply: &wsp::Reply, now: f64) {
        if reply.code >= 300 {
            return self.fail(reply.code, &words::refusal(reply.reason));
        }
        let Some(channel) = reply.header("channel").filter(|id| !id.is_empty()) else {
            return self.nonsense();
        };
        self.channel = channel.to_owned();
        self.queue.push(Output::text(Kind::OpenData, ""));
        self.enter(Phase::OpeningData, now, JOIN_TIMEOUT);
    }

    fn wrapped(&mut self, reply: &wsp::Reply, now: f64) {
        if reply.code >= 300 {
            if let (502, 0, Some(client)) = (reply.code, self.moves, &mut self.client) {
                self.habits = client.hung_up();
            }
            return self.fail(reply.code, &words::refusal(reply.reason));
        }
        if let Some(client) = &mut self.client {
            client.handle_message(reply.payload.as_bytes(), millis(now));
        }
        self.drain();
    }

    /// A text message arrived on the data socket.
    pub fn data_message(&mut self, text: &str, now: f64) {
        if self.phase != Phase::Joining {
            return;
        }
        let Some(reply) = wsp::parse_reply(text) else {
            return self.nonsense();
        };
        if reply.code >= 300 {
            return self.fail(reply.code, &words::refusal(reply.reason));
        }
        let Some(url) = self.url.clone() else { return };
        let mut client = Client::new(client::Options {
            credentials: self.credentials_for(&url),
            url,
            habits: self.habits.take(),
            user_agent: USER_AGENT.to_owned(),
            seed: self.seed,
            patience: ANSWER_TIMEOUT,
        });
        client.start(millis(now));
        if !self.wants_play {
            client.pause();
        }
        self.client = Some(client);
        self.phase = Phase::Running;
        self.deadline = None;
        self.show(State::Describing);
        self.drain();
    }

    /// A binary message arrived on the data socket: whole interleaved frames.
    pub fn media(&mut self, bytes: &[u8], now: f64) {
        // While the camera is to hold still, what it sends anyway is ignored.
        if self.phase != Phase::Running || (self.paused && !self.wants_play) {
            return;
        }
        if let Some(client) = &mut self.client {
            client.heard();
        }
        let now_us = (now * 1000.0) as i64;
        for frame in framer::frames(bytes) {
            match frame {
                Ok(frame) => {
                    self.tracks
                        .frame(frame.channel, frame.payload, now_us, &mut self.queue);
                }
                Err(_) => return self.nonsense(),
            }
        }
        if self.tracks.is_flowing() {
            self.show(State::Playing);
        }
    }

    /// The person wants the picture to hold still.
    pub fn pause(&mut self, _now: f64) {
        self.wants_play = false;
        if let Some(client) = &mut self.client {
            client.pause();
        }
        self.drain();
    }

    /// The person wants it to go on.
    pub fn play(&mut self, _now: f64) {
        self.wants_play = true;
        if let Some(client) = &mut self.client {
            client.play();
        }
        self.drain();
    }

    /// Ends the session; `CLOSED` follows.
    pub fn close(&mut self, _now: f64) {
        match (&mut self.client, self.phase) {
            (Some(client), Phase::Running) => {
                client.teardown();
                self.drain();
            }
            _ => self.closed(),
        }
    }

    /// What [`timeout`](Self::timeout) named has come.
    pub fn handle_timeout(&mut self, now: f64) {
        let now = millis(now);
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return self.fail(504, "The gateway does not answer.");
        }
        if let Some(client) = &mut self.client {
            client.handle_timeout(now);
        }
        self.drain();
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), milliseconds.
    pub fn timeout(&self) -> Option<f64> {
        let client = self.client.as_ref().and_then(Client::timeout);
        let next = self.deadline.into_iter().chain(client).min()?;
        Some(next as f64)
    }

    /// How well the stream arrives: see [`crate::statistics::Statistics::get`].
    pub fn statistic(&self, which: u32) -> f64 {
        self.tracks.statistic(which)
    }

    /// The next thing for JavaScript to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.queue.pop()
    }

    /// Takes the buffer of an output that has been dealt with.
    pub fn recycle(&mut self, output: Output) {
        self.queue.recycle(output);
    }

    /// What the person gave for this place; what is in the URL counts else.
    fn credentials_for(&self, url: &Url) -> Option<Credentials> {
        let mut given = self.elsewhere.iter();
        let moved = given.find(|(place, _)| self.moves > 0 && place.same_place(url));
        moved
            .map(|(_, it)| it)
            .or(self.credentials.as_ref())
            .cloned()
    }

    fn next_seq(&mut self) -> u32 {
        self.seq = self.seq.wrapping_add(1);
        self.seq
    }

    fn enter(&mut self, phase: Phase, now: f64, timeout: u64) {
        self.phase = phase;
        self.deadline = Some(millis(now).saturating_add(timeout));
    }
}

/// Takes `url\nuser\npassword` off the text; without a user it has no credentials.
fn place(text: &str) -> (&str, Option<Credentials>, &str) {
    let (address, rest) = text::cut(text, b"\n").unwrap_or((text, ""));
    let (user, rest) = text::cut(rest, b"\n").unwrap_or((rest, ""));
    let (password, rest) = text::cut(rest, b"\n").unwrap_or((rest, ""));
    let credentials = (!user.is_empty()).then(|| Credentials {
        user: user.to_owned(),
        password: password.to_owned(),
    });
    (address, credentials, rest)
}

/// An address may name a tunnel client: `rtsp://… client`.
fn split_tunnel(address: &str) -> (&str, &str) {
    match text::cut_last(address, b" ") {
        Some((url, client)) if text::cut(client, b"/@").is_none() => (url.trim_ascii(), client),
        _ => (address, ""),
    }
}

/// Whole milliseconds; what is no time is 0.
fn millis(now: f64) -> u64 {
    now as u64
}
