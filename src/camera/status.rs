//! What an operator or a page can learn of a camera: its state, and what its link carries.

use std::time::{Duration, Instant};

use super::picture::Pictures;
use super::{Camera, MAX_TRACKS, Phase};
use crate::protocol::rtp::sequence::{self, MAX_DROPOUT};

/// The time over which the bit rate is measured.
const WINDOW: Duration = Duration::from_secs(2);

/// Counts what a camera's links carry.
#[derive(Debug, Default)]
pub struct Meter {
    /// The bytes of all RTP packets since the camera was configured.
    pub bytes: u64,
    /// The number of these packets.
    pub packets: u64,
    /// The number of RTP packets that were sent over UDP and never came, which is known
    /// from the gaps in their sequence numbers.
    pub lost: u64,
    /// For each track, its SSRC and the sequence number of the packet that is due.
    due: [Option<(u32, u16)>; MAX_TRACKS],
    window: Option<(Instant, u64)>,
    rate: u64,
}

impl Meter {
    /// Begins to measure on a link that plays.
    pub fn start(&mut self, now: Instant) {
        self.due = Default::default();
        self.window = Some((now, self.bytes));
    }

    /// Stops measuring, because the camera does not play any more.
    pub fn stop(&mut self) {
        (self.window, self.rate) = (None, 0);
    }

    /// Counts a packet of `length` bytes.
    pub fn packet(&mut self, length: usize) {
        self.packets += 1;
        self.bytes += length as u64;
    }

    /// Takes the sequence number of a track's packet, and counts those that are missing
    /// before it as lost.
    pub fn sequence_number(&mut self, track: usize, sequence: u16, ssrc: u32) {
        let Some(last) = self.due.get_mut(track) else {
            return;
        };
        if let Some((known, due)) = *last
            && known == ssrc
        {
            let age = sequence::ahead(sequence, due);
            if (1..=MAX_DROPOUT).contains(&age) {
                return; // it is late, or it comes again
            }
            self.lost += u64::from(sequence::lost(sequence::ahead(due, sequence)));
        }
        *last = Some((ssrc, sequence::after(sequence)));
    }

    /// The bit rate lately, in bits per second.
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

/// What `/api/cameras` and `/metrics` tell of a camera; it holds no secret.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    pub title: String,
    /// `idle`, `connecting`, `live` or `failed`.
    pub state: &'static str,
    /// Why the camera failed; empty if it did not.
    pub reason: String,
    /// The time in this state, in seconds.
    pub since: u64,
    /// The encodings of the tracks, such as `H264` and `PCMA`.
    pub codecs: Vec<String>,
    /// The width and height of the pictures in pixels, if they are known.
    pub size: Option<(u16, u16)>,
    pub viewers: usize,
    /// The bit rate, in bits per second.
    pub bitrate: u64,
    pub packets: u64,
    pub lost: u64,
    pub bytes: u64,
    /// The number of frames that were left out for slow viewers.
    pub skipped_frames: u64,
    /// The greatest number of bytes from one key frame to the next.
    pub longest_gop: u64,
    /// The number of bytes that the cache may keep.
    pub cache_limit: u64,
    /// How often the cache could not keep all pictures up to the next key frame.
    pub cache_overflows: u64,
}

impl Camera {
    /// The status now.
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
