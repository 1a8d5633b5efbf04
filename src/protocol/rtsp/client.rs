//! The RTSP client: from OPTIONS to TEARDOWN (RFC 2326 §10), sans-IO.
//!
//! The owner passes in whole messages and the time (milliseconds of any monotonic
//! clock), and takes [`Output`]s until there are none. Interleaved frames and requests
//! from the camera are the owner's to handle.
//!
//! Invariants: one request is in flight at a time (only a TEARDOWN may overtake one), so
//! outputs do not pile up whatever the camera sends. After [`Output::Failed`] or
//! [`Output::TornDown`] nothing more is sent.

mod answer;
mod controls;
mod deadline;
mod failure;
mod habits;
mod headers;
mod output;
mod request;

pub use failure::Failure;
pub use habits::Habits;
pub use output::{Output, RtpInfo};

use super::auth::{Authenticator, Credentials};
use super::sdp;
use super::url::Url;
use crate::random::Random;
use request::{Kind, Pending};
use std::rc::Rc;

/// How long a camera may take to answer, in milliseconds: the default of
/// [`Options::patience`], and the limit for every keep-alive.
pub const REPLY_TIMEOUT: u64 = 10_000;
/// Requests before the first media may take this many times as long, because any of them
/// may wake the camera or start its encoder.
pub const STARTING: u32 = 3;
/// How long a camera may take to answer TEARDOWN, in milliseconds.
pub const TEARDOWN_TIMEOUT: u64 = 2_000;
/// The session timeout of cameras that name none (RFC 2326 §12.37), in seconds.
pub const SESSION_TIMEOUT: u32 = 60;
/// The longest time between two keep-alives, in milliseconds.
pub const MAX_KEEP_ALIVE: u64 = 60_000;
/// The shortest time between two keep-alives, in milliseconds.
pub const MIN_KEEP_ALIVE: u64 = 1_000;

/// The parameters of a [`Client`].
#[derive(Debug)]
pub struct Options {
    /// The stream. Its credentials are used if `credentials` is `None`.
    pub url: Url,
    pub credentials: Option<Credentials>,
    /// What [`Client::hung_up`] returned for the same URL and credentials.
    pub habits: Option<Habits>,
    /// The `User-Agent` header, which is left out if this is empty.
    pub user_agent: String,
    /// The client nonces of Digest are derived from it, so it must be unguessable.
    pub seed: u64,
    /// How long the camera may take to answer, in milliseconds.
    pub patience: u64,
}

/// The state of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// OPTIONS or DESCRIBE is in flight.
    Describing,
    /// Waiting for the owner to choose what to set up.
    Described,
    SettingUp,
    /// Set up; the first PLAY has not been sent.
    Ready,
    Playing,
    Paused,
    TearingDown,
    TornDown,
    Failed,
}

/// A medium that was set up.
#[derive(Clone, Debug)]
struct Medium {
    /// Its index in the description.
    index: usize,
    url: String,
    /// The channel of its RTP packets.
    channel: u8,
}

/// One RTSP session with one camera.
#[derive(Debug)]
pub struct Client {
    url: Url,
    user_agent: String,
    patience: u64,
    /// The source of client nonces.
    random: Random,
    habits: Habits,
    /// A request was refused on this connection and has been repeated in another form.
    rephrased: bool,

    phase: Phase,
    /// Whether the owner wants media, rather than a pause.
    play: bool,
    pending: Option<Pending>,
    cseq: u32,
    /// The number of a request whose answer is no longer waited for.
    abandoned: Option<u32>,
    /// Outputs that the owner has not taken yet, the next one first.
    outputs: Vec<Output>,
    redirects: u8,

    description: Rc<sdp::Session>,
    /// The URL that the controls of media are relative to.
    base: String,
    /// How controls are joined to the base: 0 to [`controls::LAST_SPELLING`].
    spelling: u8,
    /// The URL of PLAY, PAUSE and TEARDOWN.
    aggregate: String,
    /// Indexes of media to set up, the next one last.
    to_set_up: Vec<usize>,
    /// The media that were set up.
    media: Vec<Medium>,
    /// The channel to propose for the next medium.
    channel: u8,
    /// Over UDP, our ports for RTP and RTCP of each medium; empty over TCP.
    #[cfg(feature = "gateway")]
    ports: Vec<(u16, u16)>,
    /// Why the last SETUP was refused.
    refusal: Option<Failure>,

    session: Option<String>,
    session_timeout: u32,
    /// Whether the camera supports GET_PARAMETER.
    get_parameter: bool,
    /// Whether PLAY names a range. It does not after a pause, nor for a camera that
    /// refused a range or has one in wall clock time.
    range: bool,
    /// Whether the session has played before.
    played: bool,
    keep_alive: Option<u64>,
    missed_keep_alives: u8,
    /// Whether media has come.
    heard: bool,

    /// The time, during a call that passes it in.
    clock: Option<u64>,
    last_time: u64,
}

impl Client {
    pub fn new(options: Options) -> Self {
        let credentials = options.credentials.or_else(|| options.url.credentials());
        let named = credentials.filter(|it| !it.user.is_empty() || !it.password.is_empty());
        let habits = options.habits.unwrap_or_else(|| Habits {
            authenticator: named.map(Authenticator::new),
            ..Habits::default()
        });
        Client {
            url: options.url,
            user_agent: options.user_agent,
            patience: options.patience,
            random: Random::new(options.seed),
            habits,
            rephrased: false,
            phase: Phase::Idle,
            play: true,
            pending: None,
            cseq: 0,
            abandoned: None,
            outputs: Vec::new(),
            redirects: 0,
            description: Rc::default(),
            base: String::new(),
            spelling: 0,
            aggregate: String::new(),
            to_set_up: Vec::new(),
            media: Vec::new(),
            channel: 0,
            #[cfg(feature = "gateway")]
            ports: Vec::new(),
            refusal: None,
            session: None,
            session_timeout: SESSION_TIMEOUT,
            get_parameter: false,
            range: true,
            played: false,
            keep_alive: None,
            missed_keep_alives: 0,
            heard: false,
            clock: None,
            last_time: 0,
        }
    }

    /// Begins the session; a second call does nothing.
    pub fn start(&mut self, now_ms: u64) {
        self.at(now_ms, |client| {
            if client.phase == Phase::Idle {
                client.phase = Phase::Describing;
                client.send(match client.habits.no_options {
                    true => Kind::Describe,
                    false => Kind::Options,
                });
            }
        });
    }

    /// Chooses the media to set up, by their indexes in the description. To be called
    /// once, after [`Output::Described`]. Indexes out of range are ignored; if none is
    /// left, the session fails with [`Failure::NoMedia`].
    pub fn setup(&mut self, media: &[usize]) {
        if self.phase != Phase::Described {
            return;
        }
        self.phase = Phase::SettingUp;
        for &index in media {
            if index < self.description.media.len() && !self.to_set_up.contains(&index) {
                self.to_set_up.push(index);
            }
        }
        self.to_set_up.reverse();
        self.advance();
    }

    /// Like [`Client::setup`], over UDP: each medium gets a pair of our ports, for RTP
    /// and for RTCP. The owner reads the Transport headers of the answers.
    #[cfg(feature = "gateway")]
    pub fn setup_udp(&mut self, media: &[usize], ports: &[(u16, u16)]) {
        self.ports = ports.to_vec();
        self.setup(media);
    }

    /// A TEARDOWN request, if the camera may still hold a session for us. It is for an
    /// owner that gives up a session whose connection is gone.
    #[cfg(feature = "gateway")]
    pub fn farewell(&mut self) -> Option<Vec<u8>> {
        let gone = matches!(self.phase, Phase::TearingDown | Phase::TornDown);
        (self.is_set_up() && !gone).then(|| self.compose_teardown())
    }

    /// Whether media is set up over UDP.
    fn is_udp(&self) -> bool {
        #[cfg(feature = "gateway")]
        return !self.ports.is_empty();
        #[cfg(not(feature = "gateway"))]
        false
    }

    /// Asks for a pause; [`Output::Paused`] follows once the camera has paused.
    pub fn pause(&mut self) {
        self.play = false;
        self.advance();
    }

    /// Asks for media, or for more media after a pause; [`Output::Playing`] follows. A
    /// client does so from the start.
    pub fn play(&mut self) {
        self.play = true;
        self.advance();
    }

    /// Ends the session at once; [`Output::TornDown`] follows, after at most
    /// [`TEARDOWN_TIMEOUT`].
    pub fn teardown(&mut self) {
        match self.phase {
            Phase::TearingDown | Phase::TornDown => {}
            Phase::Failed => self.torn_down(),
            _ if !self.is_set_up() => self.torn_down(),
            _ => {
                self.phase = Phase::TearingDown;
                self.keep_alive = None;
                self.send(Kind::Teardown);
            }
        }
    }

    /// Whether the camera may hold a session for us. Some cameras do so without naming
    /// it.
    fn is_set_up(&self) -> bool {
        self.session.is_some() || !self.media.is_empty()
    }

    /// Takes one whole RTSP message from the camera.
    pub fn handle_message(&mut self, bytes: &[u8], now_ms: u64) {
        self.at(now_ms, |client| client.read(bytes));
    }

    /// Notes that media has come. From then on unanswered keep-alives do not end the
    /// session: the owner decides how long media may be missing.
    pub fn heard(&mut self) {
        self.heard = true;
    }

    /// The next output; to be called after every other call, until it returns `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        (!self.outputs.is_empty()).then(|| self.outputs.remove(0))
    }

    /// Runs `act` while the time is known.
    fn at(&mut self, now_ms: u64, act: impl FnOnce(&mut Self)) {
        self.clock = Some(now_ms);
        self.last_time = now_ms;
        // The time of a request that was sent by a call without the time counts from now.
        if let Some(pending) = &mut self.pending {
            pending.sent.get_or_insert(now_ms);
        }
        act(self);
        self.clock = None;
    }

    /// Sends what comes next, if nothing is in flight.
    fn advance(&mut self) {
        if self.pending.is_some() {
            return;
        }
        match (self.phase, self.play) {
            (Phase::SettingUp, _) => self.set_up_next(),
            (Phase::Ready | Phase::Paused, true) => self.send(Kind::Play),
            (Phase::Playing, false) => self.send(Kind::Pause),
            (Phase::Ready, false) => self.paused(),
            _ => {}
        }
    }

    fn set_up_next(&mut self) {
        let enough = self.habits.one_medium && !self.media.is_empty();
        if let Some(media) = self.to_set_up.pop().filter(|_| !enough) {
            let channel = self.channel;
            self.channel = channel.saturating_add(2);
            self.send(Kind::Setup { media, channel });
        } else if self.media.is_empty() {
            let refusal = self.refusal.take();
            self.fail(refusal.unwrap_or(Failure::NoMedia));
        } else {
            self.phase = Phase::Ready;
            self.advance();
        }
    }

    fn paused(&mut self) {
        self.phase = Phase::Paused;
        self.outputs.push(Output::Paused);
    }

    fn torn_down(&mut self) {
        self.end(Phase::TornDown, Output::TornDown);
    }

    fn fail(&mut self, failure: Failure) {
        match self.phase {
            // A session that was to end anyway has ended, however that came about.
            Phase::TearingDown => self.torn_down(),
            _ => self.end(Phase::Failed, Output::Failed(failure)),
        }
    }

    fn end(&mut self, phase: Phase, output: Output) {
        self.phase = phase;
        self.pending = None;
        self.keep_alive = None;
        self.outputs.push(output);
    }
}

#[cfg(test)]
mod tests;
