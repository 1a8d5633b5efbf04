//! What can be told of a camera: its state, and what its link carries.

use std::time::{Duration, Instant};

use super::picture::Pictures;
use super::{Camera, MAX_TRACKS, Phase};
use crate::protocol::rtp::sequence::{self, MAX_DROPOUT};

/// How long bits are counted before a rate is told.
const WINDOW: Duration = Duration::from_secs(2);

/// Counts what a link carries.
#[derive(Debug, Default)]
pub struct Meter {
    /// Payload bytes since the camera was made.
    pub bytes: u64,
    /// RTP packets.
    pub packets: u64,
    /// RTP packets that were sent over UDP and never came, by their numbers.
    pub lost: u64,
    /// By track: who sends it, and the number of the packet that is due.
    due: [Option<(u32, u16)>; MAX_TRACKS],
    window: Option<(Instant, u64)>,
    rate: u64,
}

impl Meter {
    /// A link plays.
    pub fn start(&mut self, now: Instant) {
        self.due = Default::default();
        self.window = Some((now, self.bytes));
    }

    /// It plays no more.
    pub fn stop(&mut self) {
        (self.window, self.rate) = (None, 0);
    }

    /// A packet came.
    pub fn packet(&mut self, length: usize) {
        self.packets += 1;
        self.bytes += length as u64;
    }

    /// The number of a packet of a track: what is missing before it, is lost.
    pub fn number(&mut self, track: usize, sequence: u16, ssrc: u32) {
        let Some(last) = self.due.get_mut(track) else {
            return;
        };
        if let Some((source, due)) = *last
            && source == ssrc
        {
            let behind = sequence::ahead(sequence, due);
            if (1..=MAX_DROPOUT).contains(&behind) {
                return; // an old one, or one that comes again
            }
            self.lost += u64::from(sequence::lost(sequence::ahead(due, sequence)));
        }
        *last = Some((ssrc, sequence::after(sequence)));
    }

    /// Bits per second, lately.
    pub fn rate(&mut self, now: Instant) -> u64 {
        if let Some((since, bytes)) = self.window {
            let span = now.saturating_duration_since(since);
            if span >= WINDOW {
                self.rate = (self.bytes - bytes) * 8_000 / (span.as_millis() as u64).max(1);
                self.window = Some((now, self.bytes));
            }
        }
        self.rate
    }
}

/// A camera as `/api/cameras` and `/metrics` tell of it. Nothing secret.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    pub title: String,
    /// `idle`, `connecting`, `live` or `failed`.
    pub state: &'static str,
    /// Why it failed.
    pub reason: String,
    /// Seconds in this state.
    pub since: u64,
    /// Such as `H264` and `PCMA`.
    pub codecs: Vec<String>,
    /// Of its pictures in pixels, as far as it is known.
    pub size: Option<(u16, u16)>,
    pub viewers: usize,
    /// Bits per second.
    pub bitrate: u64,
    pub packets: u64,
    pub lost: u64,
    pub bytes: u64,
    /// Frames that slow viewers did not get.
    pub skipped_frames: u64,
    /// The most bytes between two key frames, those that may be kept, and how often
    /// they could not be.
    pub longest_gop: u64,
    pub cache_limit: u64,
    pub cache_overflows: u64,
}

impl Camera {
    /// What can be told of it.
    pub fn status(&mut self, now: Instant) -> Status {
        let tracks = self.description().map_or(&[][..], |it| &it.tracks);
        let size = tracks.iter().find_map(|track| track.size);
        let size = self.pictures.as_ref().and_then(Pictures::size).or(size);
        let codecs = tracks.iter().map(|track| track.encoding.clone()).collect();
        Status {
            name: self.name.clone(),
            title: self.title.clone(),
            state: match self.phase {
                Phase::Idle => "idle",
                Phase::Connecting | Phase::Talking => "connecting",
                Phase::Live => "live",
                Phase::Waiting { .. } => "failed",
            },
            reason: self
                .unavailable
                .as_ref()
                .map_or_else(String::new, |it| it.reason.clone()),
            since: now.saturating_duration_since(self.phase_since).as_secs(),
            codecs,
            size,
            viewers: self.viewers,
            bitrate: self.meter.rate(now),
            packets: self.meter.packets,
            lost: self.meter.lost,
            bytes: self.meter.bytes,
            skipped_frames: self.skipped_frames,
            longest_gop: self.cache.longest_gop(),
            cache_limit: self.cache.limit(),
            cache_overflows: self.cache.overflows(),
        }
    }
}
