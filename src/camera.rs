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
//! The first viewer has the camera connected. When the last viewer is gone, the link is
//! kept for [`LINGER`] and then ended, unless the configuration says that the camera
//! plays always. A camera that fails is tried again after a pause (`retry`).
//!
//! A camera never learns who its viewers are. It counts them, and describes its media
//! so that each of them can be served from what the link brings.
//!
//! Sans-IO: the owner connects, sends and closes as [`Camera::poll_output`] says, hands
//! in RTSP messages and the first bytes of every frame, and passes the time in.

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
use first_packets::TrackPacket;
use liveness::Liveness;
use picture::Pictures;
use retry::{PAUSE, Retry};
use senders::Senders;
use udp::LowerTransport;

/// How long the link to a camera that nobody watches is kept.
pub const LINGER: Duration = Duration::from_secs(10);
/// How long a viewer waits for a key frame: after that a picture with faults is better
/// than none.
const KEY_PATIENCE: Duration = Duration::from_secs(10);
/// The number of redirects that are followed in a row.
const REDIRECTS: u8 = 5;
/// The longest RTCP packet that is kept for viewers to come, in bytes.
const MAX_REPORT: usize = 256;

/// How far the camera's link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no link, and no viewer wants one.
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

/// One configured stream of a camera.
pub struct Camera {
    /// The name in the gateway's URLs, such as `front` or `front/sub`.
    name: String,
    /// The name for people.
    title: String,
    /// The configured URL.
    url: Option<Url>,
    /// The URL to which redirects have led since the last failure.
    current_url: Option<Url>,
    /// Whether the camera plays even when nobody watches.
    always: bool,

    phase: Phase,
    /// When the present phase began.
    phase_since: Instant,
    /// The number of the last attempt to get a link.
    attempt: u64,
    /// How long the camera may take to accept a link, and to answer a request.
    patience: Duration,
    liveness: Liveness,
    /// The first channel of the link on which frames of no track came, and whether the
    /// owner has been told.
    unknown_channel: Option<(u8, bool)>,
    /// When this value was made; the RTSP client counts milliseconds from here.
    epoch: Instant,
    random: Random,
    client: Option<Client>,
    /// How the next link asks a camera that hung up on the last one.
    habits: Option<client::Habits>,
    retry: Retry,
    redirects: u8,
    viewers: usize,
    /// When the link is ended because nobody has watched for [`LINGER`].
    leave_at: Option<Instant>,
    /// Why the camera does not play, from a failure until the next PLAY is granted.
    unavailable: Option<Unavailable>,

    /// The camera's own description of what it can send.
    session: Rc<sdp::Session>,
    /// How media comes: interleaved in the link, or over UDP.
    lower_transport: LowerTransport,
    /// The state of media over UDP; `None` when media is interleaved.
    datagrams: Option<Datagrams>,
    /// What has arrived of interleaved media, for receiver reports.
    receipts: Option<Receipts>,
    /// The description under way: it holds the tracks that are set up so far.
    draft: Description,
    /// The description of the camera that plays now, or that played last.
    description: Option<Rc<Description>>,
    /// The pictures of the video track, if its codec is known.
    pictures: Option<Pictures>,
    /// The last packet of the track with the pictures.
    last_packet: Option<TrackPacket>,
    senders: Senders,
    /// The last sender report of each track: its RTCP channel and the packet.
    sender_reports: Vec<(u8, Vec<u8>)>,
    /// What of the media is kept for viewers to come.
    pub cache: Cache,
    /// What the links have carried.
    pub meter: Meter,
    /// The number of frames that were left out for slow viewers.
    pub skipped_frames: u64,
    outputs: VecDeque<Output>,
}

impl Camera {
    /// Makes the stream `url` of a configured camera; `random` is a seed for nonces and
    /// jitter.
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
            current_url: url.clone(),
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

    /// Takes over the settings of a new configuration that do not need another link:
    /// all but the address and the transport.
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

    /// The name by which viewers ask for the camera.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The description of what the camera sends; `None` while it does not play.
    pub fn description(&self) -> Option<&Rc<Description>> {
        let playing = self.phase == Phase::Live;
        self.description.as_ref().filter(|_| playing)
    }

    /// The SDP that a viewer is told (RFC 4566).
    pub fn described(&self) -> String {
        let sets = self.pictures.as_ref().map(Pictures::sets);
        let description = self.description.as_ref();
        description.map_or_else(String::new, |it| it.for_viewers(&self.title, sets))
    }

    /// Why the camera does not play; `None` if nothing has failed.
    pub fn unavailable(&self) -> Option<&Unavailable> {
        self.unavailable.as_ref()
    }

    /// Whether the codec of the pictures is known, so that key frames can be found.
    pub fn has_pictures(&self) -> bool {
        self.pictures.is_some()
    }

    /// Whether a viewer that lost some pictures may go on at any picture, after it has
    /// `waited` so long for a key frame. It may when key frames are rare, or when the
    /// camera sends none, but refreshes its pictures bit by bit.
    pub fn needs_no_key(&self, waited: Duration, now: Instant) -> bool {
        let plays = self.phase == Phase::Live && self.phase_since + KEY_PATIENCE <= now;
        waited >= KEY_PATIENCE || (plays && !self.cache.has_keys())
    }

    /// Has the camera connected at once if it is to play always; called once, after
    /// [`Camera::new`].
    pub fn start(&mut self, now: Instant) {
        if self.always {
            self.connect(now);
        }
    }

    /// Counts one more viewer.
    pub fn watch(&mut self, now: Instant) {
        self.viewers += 1;
        self.leave_at = None;
        match self.phase {
            Phase::Idle => self.connect(now),
            // A person is looking now: a camera that was off may be on again.
            Phase::Waiting { .. } if self.may_try(now) => self.connect(now),
            Phase::Waiting { .. } => self.outputs.push_back(Output::Failed),
            _ => {}
        }
    }

    /// Counts one viewer less.
    pub fn unwatch(&mut self, now: Instant) {
        self.viewers = self.viewers.saturating_sub(1);
        self.leave_later(now);
    }

    /// Has the link ended after [`LINGER`] if nobody watches.
    fn leave_later(&mut self, now: Instant) {
        if self.viewers == 0 && !self.always && self.phase != Phase::Idle {
            self.leave_at.get_or_insert(now + LINGER);
        }
    }

    /// Whether a camera that waits may be tried at once: not so soon after the last
    /// attempt, and not while its password is refused.
    fn may_try(&self, now: Instant) -> bool {
        let password = self.unavailable.as_ref().is_some_and(|it| it.bad_password);
        !password && self.phase_since + PAUSE <= now
    }

    /// The time as the RTSP client counts it, in milliseconds.
    fn ms(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.epoch).as_millis() as u64
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.phase_since = now;
    }

    /// Asks the owner for a link.
    fn connect(&mut self, now: Instant) {
        let Some(target) = &self.current_url else {
            return;
        };
        self.attempt += 1;
        self.outputs.push_back(Output::Connect {
            attempt: self.attempt,
            host: target.host.clone(),
            port: target.port,
        });
        self.enter(Phase::Connecting, now);
    }
}

/// The camera's name for people.
fn title(config: &config::Camera) -> String {
    match config.description.as_str() {
        "" => config.name.clone(),
        description => description.to_owned(),
    }
}

/// Whether this stream plays always: the setting is for a camera's first stream only.
fn is_always(config: &config::Camera, name: &str) -> bool {
    config.always && name == config.name
}

#[cfg(test)]
mod tests;
