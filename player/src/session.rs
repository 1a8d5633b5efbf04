//! One viewing, from the opening of the control socket to its end. The session speaks
//! WSP, which carries the requests of the RTSP client, which sets up the tracks.
//!
//! ```text
//! control_opened → GET_INFO, INIT → OPEN_DATA → data_opened → JOIN → RTSP in WRAPs → media
//! ```
//!
//! Invariants: after an error or the end, nothing more is sent, and nothing but
//! [`Session::open`] has an effect. Replies are matched by their WSP seq alone, and
//! ignored if nobody waits for them.

mod ending;
mod rtsp;
mod sentences;

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

/// How long the gateway may take to answer INIT, in milliseconds. It has to reach the
/// camera in this time, and gives up on it sooner.
const INIT_TIMEOUT: u64 = 20_000;

/// How long the data socket may take to open, and JOIN to be answered, in milliseconds.
const JOIN_TIMEOUT: u64 = 10_000;

/// How long the camera may take to answer, in milliseconds; before it plays, it has
/// three times as long. The gateway has limits of its own, and gives up sooner.
const ANSWER_TIMEOUT: u64 = 30_000;

/// How often a stream may redirect to another host.
const MAX_MOVES: u8 = 5;

const USER_AGENT: &str = concat!("camgate/", env!("CARGO_PKG_VERSION"));

/// The state of the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Not opened, or ended.
    #[default]
    Over,
    /// The control socket is being opened.
    Opening,
    /// INIT was sent.
    Initialising,
    /// The data socket is being opened.
    OpeningData,
    /// JOIN was sent.
    Joining,
    /// The RTSP client is running.
    Running,
}

/// The states that are reported to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Describing,
    Buffering,
    Playing,
    Paused,
}

/// The state machine of a session. All times are milliseconds of one monotonic clock.
#[derive(Default)]
pub struct Session {
    queue: Queue,
    seed: u64,
    phase: Phase,
    state: Option<State>,
    /// When to stop waiting, in the phases before `Running`.
    deadline: Option<u64>,
    url: Option<Url>,
    /// The name of the tunnel client, which may follow the URL.
    tunnel: String,
    credentials: Option<Credentials>,
    /// The place to which the stream is known to redirect, and the credentials for it.
    elsewhere: Option<(Url, Credentials)>,
    channel: String,
    /// The number of the last WSP request.
    seq: u32,
    /// The number of the request whose reply the phase waits for.
    awaited: u32,
    wraps: Vec<u32>,
    client: Option<Client>,
    /// The argument of [`Session::open`], and what the next connection should know of
    /// the camera.
    argument: String,
    habits: Option<client::Habits>,
    tracks: Tracks,
    /// The camera was asked to pause.
    paused: bool,
    /// How often the stream has redirected to another host.
    moves: u8,
    /// Whether the viewer wants to see the stream, rather than pause it.
    wants_play: bool,
}

impl Session {
    /// Sets the seed of the next session.
    pub fn seed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// Starts a new session with `url\nuser\npassword`, followed by
    /// `\nurl\nuser\npassword` for the place to which the stream is known to redirect.
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
            Err(bad) => return self.fail(400, &sentences::address(bad.reason)),
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
            return self.protocol_error();
        };
        let command = reply.header("command").unwrap_or_default();
        if command.eq_ignore_ascii_case("GET_INFO") {
            if reply.code < 300 {
                self.queue.push(Output::text(Kind::Info, reply.payload));
            }
            return;
        }
        let Some(seq) = reply.seq().and_then(text::number) else {
            // An error that answers no particular request ends the session.
            if reply.code >= 300 {
                self.fail(reply.code, &sentences::refusal(reply.reason));
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
            return self.fail(reply.code, &sentences::refusal(reply.reason));
        }
        let Some(channel) = reply.header("channel").filter(|id| !id.is_empty()) else {
            return self.protocol_error();
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
            return self.fail(reply.code, &sentences::refusal(reply.reason));
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
            return self.protocol_error();
        };
        if reply.code >= 300 {
            return self.fail(reply.code, &sentences::refusal(reply.reason));
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
        // Media that a paused camera still sends is ignored.
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
                Err(_) => return self.protocol_error(),
            }
        }
        if self.tracks.is_flowing() {
            self.show(State::Playing);
        }
    }

    /// Asks the camera to pause.
    pub fn pause(&mut self, _now: f64) {
        self.wants_play = false;
        if let Some(client) = &mut self.client {
            client.pause();
        }
        self.drain();
    }

    /// Asks the camera to continue.
    pub fn play(&mut self, _now: f64) {
        self.wants_play = true;
        if let Some(client) = &mut self.client {
            client.play();
        }
        self.drain();
    }

    /// Ends the session; the output `Closed` follows.
    pub fn close(&mut self, _now: f64) {
        match (&mut self.client, self.phase) {
            (Some(client), Phase::Running) => {
                client.teardown();
                self.drain();
            }
            _ => self.closed(),
        }
    }

    /// To be called at the time that [`timeout`](Self::timeout) returned.
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

    /// When to call [`handle_timeout`](Self::handle_timeout), in milliseconds.
    pub fn timeout(&self) -> Option<f64> {
        let client = self.client.as_ref().and_then(Client::timeout);
        let next = self.deadline.into_iter().chain(client).min()?;
        Some(next as f64)
    }

    /// How well the stream arrives; see [`crate::statistics::Statistics::get`].
    pub fn statistic(&self, which: u32) -> f64 {
        self.tracks.statistic(which)
    }

    /// The next output for JavaScript.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.queue.pop()
    }

    /// Takes back the buffer of an output that has been handled.
    pub fn recycle(&mut self, output: Output) {
        self.queue.recycle(output);
    }

    /// The credentials that the viewer gave for this place, or else those in the URL.
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

/// Takes `url\nuser\npassword` from the front of the text. There are no credentials if
/// the user is empty.
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

/// Splits off the name of a tunnel client, which may follow the address, as in
/// `rtsp://… client`.
fn split_tunnel(address: &str) -> (&str, &str) {
    match text::cut_last(address, b" ") {
        Some((url, client)) if text::cut(client, b"/@").is_none() => (url.trim_ascii(), client),
        _ => (address, ""),
    }
}

/// The time in whole milliseconds; 0 for a value that is no time.
fn millis(now: f64) -> u64 {
    now as u64
}
