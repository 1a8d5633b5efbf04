//! The tracks of a session: frames of the data channel in, fragments out.
//!
//! Invariants: all tracks are announced together, before the first fragment of
//! any; the timeline starts at the first sync sample of the video track (of the
//! audio track where there is no other), and audio from before it is dropped.

use camgate::rtsp::sdp;

use crate::audio::Audio;
use crate::h264;
use crate::output::Queue;
use crate::rtcp;
use crate::rtp::{self, Packet};
use crate::source::{Follows, Source};
use crate::timeline::Timeline;
use crate::video::{self, Video};

/// The names of the tracks towards JavaScript, and their `track_ID`s.
pub const VIDEO: u32 = 1;
pub const AUDIO: u32 = 2;

/// What every track has.
#[derive(Debug)]
struct Link {
    /// Its index in the session description.
    media: usize,
    /// The interleaved channels of RTP and RTCP.
    channels: Option<(u8, u8)>,
    source: Source,
    /// Its name on the timeline.
    clock: usize,
}

#[derive(Debug)]
struct VideoTrack {
    link: Link,
    depacketiser: h264::Depacketiser,
    writer: Video,
}

#[derive(Debug)]
struct AudioTrack {
    link: Link,
    writer: Audio,
}

/// The tracks.
#[derive(Debug, Default)]
pub struct Tracks {
    video: Option<VideoTrack>,
    audio: Option<AudioTrack>,
    timeline: Timeline,
    flowing: bool,
}

impl Tracks {
    /// Whether there is a track of this kind.
    pub fn has(&self, kind: sdp::Kind) -> bool {
        match kind {
            sdp::Kind::Video => self.video.is_some(),
            sdp::Kind::Audio => self.audio.is_some(),
            sdp::Kind::Other => false,
        }
    }

    /// Takes the medium number `index` of the description if it can be carried.
    /// At most one of each kind; `true`: it is to be set up.
    pub fn add(&mut self, index: usize, media: &sdp::Media) -> bool {
        match media.kind {
            sdp::Kind::Video if self.video.is_none() => self.add_video(index, media).is_some(),
            sdp::Kind::Audio if self.audio.is_none() => self.add_audio(index, media).is_some(),
            _ => false,
        }
    }

    fn add_video(&mut self, index: usize, media: &sdp::Media) -> Option<()> {
        let mut depacketiser = video::depacketiser(media)?;
        let mut writer = Video::new(VIDEO);
        if let Some(parameters) = depacketiser.described() {
            writer.describe(parameters);
        }
        let clock = self.timeline.add(media.clock_rate, false);
        self.video = Some(VideoTrack {
            link: Link::new(index, media, clock),
            depacketiser,
            writer,
        });
        Some(())
    }

    fn add_audio(&mut self, index: usize, media: &sdp::Media) -> Option<()> {
        let writer = Audio::open(AUDIO, media)?;
        let clock = self.timeline.add(media.clock_rate, true);
        self.audio = Some(AudioTrack {
            link: Link::new(index, media, clock),
            writer,
        });
        Some(())
    }

    fn links(&mut self) -> impl Iterator<Item = &mut Link> {
        let video = self.video.as_mut().map(|track| &mut track.link);
        let audio = self.audio.as_mut().map(|track| &mut track.link);
        video.into_iter().chain(audio)
    }

    /// The medium number `media` flows on these interleaved channels.
    pub fn connect(&mut self, media: usize, rtp: u8, rtcp: u8) {
        if let Some(link) = self.links().find(|link| link.media == media) {
            link.channels = Some((rtp, rtcp));
        }
    }

    /// The media that could be set up are: the others are forgotten, and what
    /// is known of these is announced.
    pub fn begin(&mut self, queue: &mut Queue) {
        self.video.take_if(|track| track.link.channels.is_none());
        self.audio.take_if(|track| track.link.channels.is_none());
        let video = self.video.as_mut().map(|track| &mut track.writer);
        let audio = self.audio.as_mut().map(|track| &mut track.writer);
        announce(video, audio, queue);
    }

    /// The medium number `media` starts at the RTP time `timestamp`, by the
    /// PLAY response.
    pub fn inform(&mut self, media: usize, timestamp: u32) {
        let link = self.links().find(|link| link.media == media);
        if let Some(clock) = link.map(|link| link.clock) {
            self.timeline.info(clock, timestamp);
        }
    }

    /// Whether a fragment has gone out since the start or
    /// [`pause`](Self::pause).
    pub fn is_flowing(&self) -> bool {
        self.flowing
    }

    /// The stream stops here, to go on at another time.
    pub fn pause(&mut self) {
        self.timeline.reset();
        self.lose_video();
        self.lose_audio();
        self.flowing = false;
    }

    fn lose_video(&mut self) {
        if let Some(track) = &mut self.video {
            track.depacketiser.lose();
            track.writer.lose();
        }
    }

    fn lose_audio(&mut self) {
        if let Some(track) = &mut self.audio {
            track.writer.lose();
        }
    }

    /// Takes an interleaved frame. Channels that nobody set up are passed over.
    pub fn frame(&mut self, channel: u8, payload: &[u8], now_us: i64, queue: &mut Queue) {
        let of = |link: &Link| match link.channels {
            Some((rtp, _)) if rtp == channel => Some(true),
            Some((_, rtcp)) if rtcp == channel => Some(false),
            _ => None,
        };
        if let Some(rtp) = self.video.as_ref().and_then(|track| of(&track.link)) {
            if rtp {
                self.video_packet(payload, now_us, queue);
            } else {
                self.report(true, payload);
            }
        } else if let Some(rtp) = self.audio.as_ref().and_then(|track| of(&track.link)) {
            if rtp {
                self.audio_packet(payload, now_us, queue);
            } else {
                self.report(false, payload);
            }
        }
    }

    fn report(&mut self, video: bool, payload: &[u8]) {
        let link = if video {
            self.video.as_ref().map(|track| &track.link)
        } else {
            self.audio.as_ref().map(|track| &track.link)
        };
        if let Some(link) = link
            && let Some(report) = rtcp::sender_report(payload)
            && let Some(timestamp) = link.source.unwrapped(report.ssrc, report.timestamp)
        {
            self.timeline.report(link.clock, report.ntp_us, timestamp);
        }
    }

    /// Tells the timeline of a packet, which may be the first of a new
    /// beginning. Says whether packets are missing before it.
    fn arrive(&mut self, clock: usize, follows: Follows, timestamp: i64, now_us: i64) -> bool {
        if follows == Follows::Anew || !self.timeline.arrive(clock, timestamp, now_us) {
            self.timeline.reset_track(clock);
            // The first one after a reset always goes on.
            let _ = self.timeline.arrive(clock, timestamp, now_us);
            return true;
        }
        follows == Follows::AfterLoss
    }

    fn video_packet(&mut self, payload: &[u8], now_us: i64, queue: &mut Queue) {
        let Some((packet, link)) =
            rtp::parse(payload).zip(self.video.as_mut().map(|t| &mut t.link))
        else {
            return;
        };
        let Some((follows, timestamp)) = link.source.take(&packet) else {
            return;
        };
        let clock = link.clock;
        if self.arrive(clock, follows, timestamp, now_us) {
            self.lose_video();
        }
        self.video_unit(None, timestamp, queue);
        self.video_unit(Some(&packet), timestamp, queue);
    }

    /// Sends the access unit that `packet` completes, or, without a packet, the
    /// one that the new `timestamp` completes.
    fn video_unit(&mut self, packet: Option<&Packet>, timestamp: i64, queue: &mut Queue) {
        let Some(track) = &mut self.video else { return };
        let unit = match packet {
            Some(packet) => track.depacketiser.push(packet, timestamp),
            None => track.depacketiser.finish_before(timestamp),
        };
        let Some(unit) = unit else { return };
        if unit.sync {
            if let Some(parameters) = unit.parameters {
                track.writer.describe(parameters);
            }
            let audio = self.audio.as_mut().map(|track| &mut track.writer);
            announce(Some(&mut track.writer), audio, queue);
        }
        let (clock, timestamp) = (track.link.clock, unit.timestamp);
        let time = self.timeline.time(clock, timestamp).unwrap_or_else(|| {
            let audio = self.audio.as_ref().map_or(0, |track| track.writer.end_us());
            let end = track.writer.end_us().max(audio);
            let start = end.saturating_add(track.writer.delay_us());
            self.timeline.anchor(clock, timestamp, start);
            start
        });
        if track.writer.emit(&unit, time, queue) {
            self.flowing = true;
        } else {
            self.lose_video();
        }
    }

    fn audio_packet(&mut self, payload: &[u8], now_us: i64, queue: &mut Queue) {
        let Some((packet, link)) =
            rtp::parse(payload).zip(self.audio.as_mut().map(|t| &mut t.link))
        else {
            return;
        };
        let Some((follows, timestamp)) = link.source.take(&packet) else {
            return;
        };
        let clock = link.clock;
        if self.arrive(clock, follows, timestamp, now_us) {
            self.lose_audio();
        }
        let alone = self.video.is_none();
        let Some(track) = &mut self.audio else { return };
        let mut time = self.timeline.time(clock, timestamp);
        if time.is_none() && alone {
            let start = track.writer.end_us();
            self.timeline.anchor(clock, timestamp, start);
            time = Some(start);
        }
        // Without a time: video begins.
        let sent = track.writer.push(&packet, timestamp, time, queue);
        self.flowing |= sent && alone;
    }
}

/// Queues codecs, then init segments, as soon as all of them are known.
fn announce(mut video: Option<&mut Video>, mut audio: Option<&mut Audio>, queue: &mut Queue) {
    if video.as_ref().is_some_and(|video| !video.is_described()) {
        return;
    }
    if let Some(video) = &mut video {
        video.announce(queue);
    }
    if let Some(audio) = &mut audio {
        audio.announce(queue);
    }
    if let Some(video) = video {
        video.send_init(queue);
    }
    if let Some(audio) = audio {
        audio.send_init(queue);
    }
}

impl Link {
    fn new(media: usize, description: &sdp::Media, clock: usize) -> Self {
        Self {
            media,
            channels: None,
            source: Source::new(description.payload_type),
            clock,
        }
    }
}
