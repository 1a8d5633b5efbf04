//! The RTSP client: from OPTIONS to TEARDOWN (RFC 2326 §10), sans-IO.
//!
//! The owner hands in whole messages and the time (milliseconds of any
//! monotonic clock), and takes [`Output`]s until there are none. At most one
//! request is in flight (a TEARDOWN alone may overtake one), so outputs do not
//! pile up whatever the camera sends. Interleaved frames and the requests that
//! cameras start are not its business. After [`Output::Failed`] or
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

/// How long a camera may usually take to answer, and always to answer a
/// keep-alive, in milliseconds.
pub const REPLY_TIMEOUT: u64 = 10_000;
/// What comes before media may take so many times as long: it wakes cameras, and
/// starts sources, whatever it is that they are asked first.
pub const STARTING: u32 = 3;
/// How long the answer to TEARDOWN is waited for, in milliseconds.
pub const TEARDOWN_TIMEOUT: u64 = 2_000;
/// The session timeout unless the camera says one (RFC 2326 §12.37), in seconds.
pub const SESSION_TIMEOUT: u32 = 60;
/// The longest time between two keep-alives, in milliseconds.
pub const MAX_KEEP_ALIVE: u64 = 60_000;
/// The shortest time between two keep-alives, in milliseconds.
pub const MIN_KEEP_ALIVE: u64 = 1_000;

/// What a [`Client`] needs to know.
#[derive(Debug)]
pub struct Options {
    /// The stream. Credentials in it count where `credentials` has none.
    pub url: Url,
    pub credentials: Option<Credentials>,
    /// From [`Client::hung_up`], where these were the URL and the credentials, too.
    pub habits: Option<Habits>,
    /// Sent as `User-Agent`; empty: not sent.
    pub user_agent: String,
    /// Unguessable: the client nonces of Digest are derived from it.
    pub seed: u64,
    /// How long the camera may take to answer, in milliseconds.
    pub patience: u64,
}

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// OPTIONS or DESCRIBE is in flight.
    Describing,
    /// The owner is to say what to set up.
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
struct Track {
    media: usize,
    url: String,
    /// The channel of its RTP.
    channel: u8,
}

/// One RTSP session with one camera.
#[derive(Debug)]
pub struct Client {
    url: Url,
    user_agent: String,
    patience: u64,
    /// Where the client nonces come from.
    random: Random,
    habits: Habits,
    /// What was refused on this connection is asked in another way since.
    rephrased: bool,

    phase: Phase,
    /// Whether the owner wants it to play, rather than to pause.
    play: bool,
    pending: Option<Pending>,
    cseq: u32,
    /// The number of a request that nobody waits for any more.
    abandoned: Option<u32>,
    /// The next one first.
    outputs: Vec<Output>,
    redirects: u8,

    description: Rc<sdp::Session>,
    /// What controls of media are relative to.
    base: String,
    /// How controls are joined to it: 0 to [`controls::LAST_SPELLING`].
    spelling: u8,
    /// What PLAY, PAUSE and TEARDOWN address.
    aggregate: String,
    /// Media to set up, the next one last.
    to_set_up: Vec<usize>,
    tracks: Vec<Track>,
    /// The channel to propose for the next medium.
    channel: u8,
    /// Over UDP: our ports for RTP and RTCP of each medium.
    #[cfg(feature = "gateway")]
    ports: Vec<(u16, u16)>,
    /// Why the last SETUP was refused.
    refusal: Option<Failure>,

    session: Option<String>,
    session_timeout: u32,
    /// Whether the camera knows GET_PARAMETER.
    get_parameter: bool,
    /// Whether PLAY names a range: not after a pause, nor for a camera that
    /// refused one or counts by the clock.
    range: bool,
    /// It has played before.
    played: bool,
    keep_alive: Option<u64>,
    missed_keep_alives: u8,
    /// Media came.
    heard: bool,

    /// The time while a call that told it lasts.
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
            tracks: Vec::new(),
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

    /// Begins the session; does nothing a second time.
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

    /// Chooses the media to set up, as indexes into the description. To be
    /// called once, after [`Output::Described`]; indexes out of range are
    /// passed over, none at all fails with [`Failure::NoMedia`].
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

    /// As [`Client::setup`], over UDP: each medium has a pair of our ports, for
    /// RTP and for RTCP. The answers' Transport headers are the owner's to read.
    #[cfg(feature = "gateway")]
    pub fn setup_udp(&mut self, media: &[usize], ports: &[(u16, u16)]) {
        self.ports = ports.to_vec();
        self.setup(media);
    }

    /// A TEARDOWN, if the camera holds something for us: for an owner who gives
    /// up a session that goes on without a connection.
    #[cfg(feature = "gateway")]
    pub fn farewell(&mut self) -> Option<Vec<u8>> {
        let gone = matches!(self.phase, Phase::TearingDown | Phase::TornDown);
        (self.is_set_up() && !gone).then(|| self.compose_teardown())
    }

    /// Whether media is to come over UDP.
    fn is_udp(&self) -> bool {
        #[cfg(feature = "gateway")]
        return !self.ports.is_empty();
        #[cfg(not(feature = "gateway"))]
        false
    }

    /// Asks for a pause; [`Output::Paused`] follows when it holds.
    pub fn pause(&mut self) {
        self.play = false;
        self.advance();
    }

    /// Asks for media (again); [`Output::Playing`] follows. The client begins
    /// with this wish.
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

    /// Whether the camera holds something for us. Some do so without naming a
    /// session.
    fn is_set_up(&self) -> bool {
        self.session.is_some() || !self.tracks.is_empty()
    }

    /// Takes one whole RTSP message from the camera.
    pub fn handle_message(&mut self, bytes: &[u8], now_ms: u64) {
        self.at(now_ms, |client| client.read(bytes));
    }

    /// Media came: how long it may stay away, the owner knows, whatever the camera
    /// leaves unanswered.
    pub fn heard(&mut self) {
        self.heard = true;
    }

    /// The next thing for the owner to do; to be asked after every call.
    pub fn poll_output(&mut self) -> Option<Output> {
        (!self.outputs.is_empty()).then(|| self.outputs.remove(0))
    }

    /// Runs `act` with the time known.
    fn at(&mut self, now_ms: u64, act: impl FnOnce(&mut Self)) {
        self.clock = Some(now_ms);
        self.last_time = now_ms;
        // A request sent by a call without the time counts from here.
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
        let enough = self.habits.one_medium && !self.tracks.is_empty();
        if let Some(media) = self.to_set_up.pop().filter(|_| !enough) {
            let channel = self.channel;
            self.channel = channel.saturating_add(2);
            self.send(Kind::Setup { media, channel });
        } else if self.tracks.is_empty() {
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
            // Who wants to leave does not mind how.
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
