//! The pacing of the clip for one client: what is sent when.
//!
//! All clients share one clock, as with a real camera: `now` is the time since the
//! camera's start, and picture `n` is due at `n` / 25 s for every client. A client that
//! starts gets the last key picture and everything since then at once, and from then on
//! every picture when it is due. RTP time follows from the index alone, so it continues
//! when the clip starts over and after a pause.

use super::clip::{Clip, PICTURE_RATE, SAMPLES};
use super::output::Output;
use super::rtp::{self, Stream};
use std::sync::Arc;
use std::time::Duration;

/// The RTP payload types of video and sound, and the clock rate of video (RFC 6184
/// §8.1).
pub const VIDEO_TYPE: u8 = 96;
pub const AUDIO_TYPE: u8 = 97;
pub const VIDEO_CLOCK: u32 = 90_000;

/// The time between sender reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// A client that was not served for this long (the machine slept) continues at the last
/// key picture.
const MAX_LAG: Duration = Duration::from_secs(2);

/// The two tracks of the clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackId {
    Video,
    Audio,
}

impl TrackId {
    pub const ALL: [TrackId; 2] = [TrackId::Video, TrackId::Audio];
}

/// A track in one client's session.
#[derive(Debug)]
struct Track {
    id: TrackId,
    stream: Stream,
    /// The duration of an access unit in RTP ticks.
    unit: u32,
    /// The index of the access unit to send next.
    next: u64,
    /// Access units were lost, so nothing is sent before the next key picture.
    broken: bool,
}

impl Track {
    /// When the next access unit is due.
    fn due(&self) -> Duration {
        let ticks = self.ticks();
        let rate = u64::from(self.stream.clock_rate.max(1));
        // This is less than 10^9, because the remainder is less than the rate.
        let nanos = (ticks % rate) * 1_000_000_000 / rate;
        Duration::new(ticks / rate, nanos as u32)
    }

    /// RTP ticks from the camera's start to the next access unit.
    fn ticks(&self) -> u64 {
        self.next.saturating_mul(u64::from(self.unit))
    }

    /// The index of the access unit that is shown at `now`.
    fn index_at(&self, now: Duration) -> u64 {
        ticks_at(now, self.stream.clock_rate) / u64::from(self.unit.max(1))
    }

    fn report(&self, output: &mut Output, now: Duration, ntp_epoch: u64) {
        let time = self.stream.time(ticks_at(now, self.stream.clock_rate));
        let ntp = ntp_epoch.wrapping_add(ntp_duration(now));
        self.stream.report(output.buffer(), ntp, time);
    }
}

/// A track's entry of the RTP-Info header (RFC 2326 §12.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub track: TrackId,
    /// The sequence number of the next packet.
    pub sequence: u16,
    /// The RTP time at which playing starts; it means the same moment for all tracks.
    pub time: u32,
}

/// The clip as one client plays it.
#[derive(Debug)]
pub struct Playback {
    clip: Arc<Clip<'static>>,
    tracks: Vec<Track>,
    playing: bool,
    report_at: Duration,
    ntp_epoch: u64,
    dropped: u64,
}

impl Playback {
    /// A playback without tracks. `ntp_epoch` is the NTP time (32.32) of the camera's
    /// start.
    pub fn new(clip: Arc<Clip<'static>>, ntp_epoch: u64) -> Self {
        Playback {
            clip,
            tracks: Vec::new(),
            playing: false,
            report_at: Duration::ZERO,
            ntp_epoch,
            dropped: 0,
        }
    }

    /// Adds a track, or changes the channels of one. `random` decides its SSRC, first
    /// RTP time and sequence number. Returns the SSRC.
    pub fn set_up(&mut self, id: TrackId, channels: (u8, u8), random: [u64; 2]) -> u32 {
        let at = self.tracks.iter().position(|track| track.id == id);
        let mut track = match at {
            Some(at) => self.tracks.remove(at),
            None => self.new_track(id, random),
        };
        (track.stream.rtp_channel, track.stream.rtcp_channel) = channels;
        let ssrc = track.stream.ssrc;
        self.tracks.push(track);
        ssrc
    }

    fn new_track(&self, id: TrackId, random: [u64; 2]) -> Track {
        let (kind, rate, unit) = match id {
            TrackId::Video => (VIDEO_TYPE, VIDEO_CLOCK, VIDEO_CLOCK / PICTURE_RATE),
            TrackId::Audio => (AUDIO_TYPE, self.clip.sound_format().rate, SAMPLES),
        };
        let [ids, sequence] = random;
        let (ssrc, epoch) = (ids as u32, (ids >> 32) as u32);
        Track {
            id,
            stream: Stream::new(kind, rate, ssrc, epoch, sequence as u16),
            unit,
            next: 0,
            broken: false,
        }
    }

    /// Whether a track other than `id` uses one of these channels.
    pub fn uses(&self, id: TrackId, channels: (u8, u8)) -> bool {
        let others = self.tracks.iter().filter(|track| track.id != id);
        let mut used = others.flat_map(|t| [t.stream.rtp_channel, t.stream.rtcp_channel]);
        used.any(|channel| channel == channels.0 || channel == channels.1)
    }

    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// How many access units this client did not get because it was slow.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub fn pause(&mut self) {
        self.playing = false;
    }

    /// Removes all tracks.
    pub fn tear_down(&mut self) {
        self.playing = false;
        self.tracks.clear();
    }

    /// Starts playing, or continues after a pause: at the last key picture, or after
    /// the last picture sent, whichever is later. Returns the positions of all tracks.
    pub fn play(&mut self, now: Duration) -> Vec<Position> {
        if !self.playing {
            self.seek(now);
            self.playing = true;
            self.report_at = now;
        }
        let start = self.tracks.iter().min_by_key(|track| track.due());
        let start = start.map(|track| (track.ticks(), track.stream.clock_rate));
        let (ticks, rate) = start.unwrap_or((0, 1));
        let position = |track: &Track| Position {
            track: track.id,
            sequence: track.stream.sequence,
            time: track
                .stream
                .time(rescale(ticks, rate, track.stream.clock_rate)),
        };
        self.tracks.iter().map(position).collect()
    }

    /// Moves every track forward to the last key picture, unless it is there already.
    fn seek(&mut self, now: Duration) {
        let video = self.tracks.iter_mut().find(|t| t.id == TrackId::Video);
        let start = video.map_or(now, |video| {
            let key = self.clip.key_before(video.index_at(now));
            video.next = video.next.max(key);
            video.due()
        });
        for track in self.tracks.iter_mut().filter(|t| t.id == TrackId::Audio) {
            let at_start = ticks_at(start, track.stream.clock_rate);
            track.next = track
                .next
                .max(at_start.div_ceil(u64::from(track.unit.max(1))));
        }
    }

    /// When [`Playback::advance`] is to be called next.
    pub fn due(&self) -> Option<Duration> {
        let tracks = self.tracks.iter().map(Track::due);
        let first = tracks.min().filter(|_| self.playing)?;
        Some(first.min(self.report_at))
    }

    /// Writes everything that is due at `now`. An access unit that does not fit is
    /// dropped.
    pub fn advance(&mut self, now: Duration, output: &mut Output) {
        if !self.playing {
            return;
        }
        if now >= self.report_at {
            self.report(now, output);
        }
        self.catch_up(now);
        loop {
            let next = self.tracks.iter_mut().min_by_key(|track| track.due());
            let Some(track) = next.filter(|track| track.due() <= now) else {
                return;
            };
            let sent = match track.id {
                TrackId::Video => send_picture(track, &self.clip, output),
                TrackId::Audio => send_sound(track, &self.clip, output),
            };
            track.next = track.next.saturating_add(1);
            self.dropped += u64::from(!sent);
        }
    }

    fn report(&mut self, now: Duration, output: &mut Output) {
        self.report_at = now + REPORT_INTERVAL;
        for track in &self.tracks {
            // A report has 52 bytes. A client that reads nothing at all gets none
            // either.
            if output.fits(64) {
                track.report(output, now, self.ntp_epoch);
            }
        }
    }

    /// Limits how much [`Playback::advance`] has to do after a long sleep.
    fn catch_up(&mut self, now: Duration) {
        let limit = now.saturating_sub(MAX_LAG);
        let units = |tracks: &[Track]| tracks.iter().map(|t| t.next).sum::<u64>();
        if self.tracks.iter().any(|track| track.due() < limit) {
            let before = units(&self.tracks);
            self.seek(now);
            self.dropped += units(&self.tracks).saturating_sub(before);
        }
    }
}

/// Writes a picture; false if it was dropped.
fn send_picture(track: &mut Track, clip: &Clip<'_>, output: &mut Output) -> bool {
    let picture = clip.picture(track.next);
    let size = rtp::written(picture.size(), picture.nal_units.len());
    track.broken = !output.fits(size) || (track.broken && !picture.key);
    if !track.broken {
        let time = track.stream.time(track.ticks());
        track.stream.picture(output.buffer(), &picture, time);
    }
    !track.broken
}

/// Writes a sound; false if it was dropped.
fn send_sound(track: &mut Track, clip: &Clip<'_>, output: &mut Output) -> bool {
    let frame = clip.sound(track.next);
    let fits = output.fits(rtp::written(frame.len(), 1));
    if fits {
        let time = track.stream.time(track.ticks());
        track.stream.sound(output.buffer(), frame, time);
    }
    fits
}

/// How many whole ticks of a clock with `rate` are in `time`.
fn ticks_at(time: Duration, rate: u32) -> u64 {
    let rate = u64::from(rate);
    let part = u64::from(time.subsec_nanos()) * rate / 1_000_000_000;
    time.as_secs().saturating_mul(rate).saturating_add(part)
}

/// Converts ticks of a clock with rate `from` into ticks of one with rate `to`.
fn rescale(ticks: u64, from: u32, to: u32) -> u64 {
    let wide = u128::from(ticks) * u128::from(to) / u128::from(from.max(1));
    // RTP time is cut to 32 bits anyway.
    wide as u64
}

/// A duration in the format of NTP: seconds in 32.32 bits.
fn ntp_duration(time: Duration) -> u64 {
    let part = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
    (time.as_secs() << 32).wrapping_add(part)
}
