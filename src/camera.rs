//! A shared camera: one link, any number of viewers.
//!
//! ```text
//!           watched                connected            PLAY granted
//!   Idle ───────────► Connecting ───────────► Talking ───────────► Live
//!    ▲                    │ failed               │ failed            │ lost
//!    │ nobody watches     ▼                      ▼                   │
//!    └──────────────── Waiting ◄─────────────────┴───────────────────┘
//! ```
//!
//! The first viewer starts it; when the last one is gone it lingers for
//! [`LINGER`], unless it is to play always. What fails is tried again after a
//! pause that grows, with jitter, so that many gateways do not knock together; a
//! refused password is tried so rarely that no camera locks anybody out.
//!
//! Sans-IO: the owner connects, sends and closes as [`Camera::poll_output`]
//! says, hands in messages and a look at every frame, and tells the time.

mod cache;
mod datagrams;
mod deadline;
mod description;
mod end;
mod first_packets;
mod frame_counter;
mod link;
mod liveness;
mod media;
mod missed_sets;
mod output;
mod pace;
mod picture;
mod retry;
mod senders;
mod sets;
pub mod shed;
mod size;
mod status;
mod udp;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::config;
use crate::protocol::random::Random;
use crate::protocol::rtp::receipts::Receipts;
use crate::protocol::rtsp::client::{self, Client};
use crate::protocol::rtsp::sdp;
use crate::protocol::rtsp::url::Url;

pub use cache::Cache;
pub use datagrams::Verdict;
pub use description::{Description, MAX_TRACKS, Track, is_track};
pub use first_packets::FirstPackets;
pub use frame_counter::FrameCounter;
pub use output::{Output, Unavailable};
pub use picture::INSPECTED_BYTES;
pub use status::{Meter, Status};

use datagrams::Datagrams;
use first_packets::FirstPacket;
use liveness::Liveness;
use picture::Pictures;
use retry::{PAUSE, Retry};
use senders::Senders;
use udp::LowerTransport;

/// How long a camera that nobody watches is kept.
pub const LINGER: Duration = Duration::from_secs(10);
/// How long a key frame is waited for: a picture with faults is better than none.
const KEY_PATIENCE: Duration = Duration::from_secs(10);
/// Redirects that are followed in a row.
const REDIRECTS: u8 = 5;
/// RTCP that is kept for viewers to come, in bytes.
const MAX_REPORT: usize = 256;

/// How far the camera's link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no link, and nobody wants one.
    Idle,
    /// The owner was asked for a link.
    Connecting,
    /// The link stands; the RTSP client is on its way to PLAY.
    Talking,
    /// The camera has granted PLAY.
    Live,
    /// The last attempt failed; the next one is made at `until`.
    Waiting { until: Instant },
}

/// One configured stream.
pub struct Camera {
    /// `front`, or `front/sub`.
    name: String,
    title: String,
    /// As configured, and where redirects have led since.
    url: Option<Url>,
    target: Option<Url>,
    always: bool,

    phase: Phase,
    /// When the phase began.
    phase_since: Instant,
    /// The number of the last attempt to get a link.
    attempt: u64,
    /// How long the camera may take to accept a link, and to answer a request.
    patience: Duration,
    liveness: Liveness,
    /// A channel of its link that no track has, and whether it was told of.
    unknown_channel: Option<(u8, bool)>,
    /// When it was made: the clock of the client counts from here.
    epoch: Instant,
    random: Random,
    client: Option<Client>,
    /// For the next link to a camera that hung up.
    habits: Option<client::Habits>,
    retry: Retry,
    redirects: u8,
    viewers: usize,
    leave_at: Option<Instant>,
    unavailable: Option<Unavailable>,

    /// What the camera said it has, and what of it is set up so far.
    session: Rc<sdp::Session>,
    /// How its media is to come, and does.
    lower_transport: LowerTransport,
    datagrams: Option<Datagrams>,
    receipts: Option<Receipts>,
    draft: Description,
    description: Option<Rc<Description>>,
    pictures: Option<Pictures>,
    /// The last packet of them.
    last_packet: Option<FirstPacket>,
    senders: Senders,
    /// The last sender report of each track: its RTCP channel and the packet.
    sender_reports: Vec<(u8, Vec<u8>)>,
    pub cache: Cache,
    pub meter: Meter,
    /// Frames that slow viewers did not get.
    pub skipped_frames: u64,
    outputs: VecDeque<Output>,
}

impl Camera {
    /// The stream `url` of a configured camera; `random` is a seed for nonces
    /// and jitter.
    pub fn new(
        name: String,
        config: &config::Camera,
        url: &str,
        random: u64,
        now: Instant,
    ) -> Self {
        let url = Url::parse(url).ok(); // the configuration has checked it
        Camera {
            always: is_always(config, &name),
            name,
            title: title(config),
            target: url.clone(),
            url,
            phase: Phase::Idle,
            phase_since: now,
            attempt: 0,
            patience: Duration::from_millis(client::REPLY_TIMEOUT),
            liveness: Liveness::new(now),
            unknown_channel: None,
            epoch: now,
            random: Random::new(random),
            client: None,
            habits: None,
            retry: Retry::default(),
            redirects: 0,
            viewers: 0,
            leave_at: None,
            unavailable: None,
            session: Rc::default(),
            lower_transport: LowerTransport::new(config.transport),
            datagrams: None,
            receipts: None,
            draft: Description::new(&[]),
            description: None,
            pictures: None,
            last_packet: None,
            senders: Senders::default(),
            sender_reports: Vec::new(),
            cache: Cache::new(config.gop_cache),
            meter: Meter::default(),
            skipped_frames: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Takes over what the configuration has otherwise now, and a link need not
    /// end for: all but the address and the transport.
    pub fn configure(&mut self, config: &config::Camera, now: Instant) {
        self.title = title(config);
        self.cache.set_limit(config.gop_cache);
        self.always = is_always(config, &self.name);
        // The operator may have mended a password at the camera.
        if let Phase::Waiting { until } = &mut self.phase
            && self.unavailable.as_ref().is_some_and(|it| it.bad_password)
        {
            *until = now;
        }
        if !self.always {
            self.leave_later(now);
        } else if self.phase == Phase::Idle {
            self.connect(now);
        } else {
            self.leave_at = None;
        }
    }

    /// As viewers name it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What it sends, while it plays.
    pub fn description(&self) -> Option<&Rc<Description>> {
        let playing = self.phase == Phase::Live;
        self.description.as_ref().filter(|_| playing)
    }

    /// The description for a viewer.
    pub fn described(&self) -> String {
        let sets = self.pictures.as_ref().map(Pictures::sets);
        let description = self.description.as_ref();
        description.map_or_else(String::new, |it| it.for_viewers(&self.title, sets))
    }

    /// Why it cannot be had, if that is so.
    pub fn unavailable(&self) -> Option<&Unavailable> {
        self.unavailable.as_ref()
    }

    /// Whether key frames of it are found.
    pub fn has_pictures(&self) -> bool {
        self.pictures.is_some()
    }

    /// Whether any picture will do for who lost some and `waited` so long for a key frame:
    /// there are none, the camera draws its pictures anew bit by bit, or they are rare.
    pub fn needs_no_key(&self, waited: Duration, now: Instant) -> bool {
        let plays = self.phase == Phase::Live && self.phase_since + KEY_PATIENCE <= now;
        waited >= KEY_PATIENCE || (plays && !self.cache.has_keys())
    }

    /// It was just made.
    pub fn start(&mut self, now: Instant) {
        if self.always {
            self.connect(now);
        }
    }

    /// One more viewer wants it.
    pub fn watch(&mut self, now: Instant) {
        self.viewers += 1;
        self.leave_at = None;
        match self.phase {
            Phase::Idle => self.connect(now),
            // Somebody is there to see it: a camera that was off may be on now.
            Phase::Waiting { .. } if self.may_try(now) => self.connect(now),
            Phase::Waiting { .. } => self.outputs.push_back(Output::Failed),
            _ => {}
        }
    }

    /// One viewer is gone.
    pub fn unwatch(&mut self, now: Instant) {
        self.viewers = self.viewers.saturating_sub(1);
        self.leave_later(now);
    }

    fn leave_later(&mut self, now: Instant) {
        if self.viewers == 0 && !self.always && self.phase != Phase::Idle {
            self.leave_at.get_or_insert(now + LINGER);
        }
    }

    fn may_try(&self, now: Instant) -> bool {
        let password = self.unavailable.as_ref().is_some_and(|it| it.bad_password);
        !password && self.phase_since + PAUSE <= now
    }

    fn ms(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.epoch).as_millis() as u64
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.phase_since = now;
    }

    fn connect(&mut self, now: Instant) {
        let Some(target) = &self.target else { return };
        self.attempt += 1;
        self.outputs.push_back(Output::Connect {
            attempt: self.attempt,
            host: target.host.clone(),
            port: target.port,
        });
        self.enter(Phase::Connecting, now);
    }
}

/// What people call it.
fn title(config: &config::Camera) -> String {
    match config.description.as_str() {
        "" => config.name.clone(),
        words => words.to_owned(),
    }
}

/// A stream that is not the camera's first need not be kept up.
fn is_always(config: &config::Camera, name: &str) -> bool {
    config.always && name == config.name
}

#[cfg(test)]
mod tests;
