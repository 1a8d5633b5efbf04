//! The tracks of a session: frames of the data channel in, fragments out.
//!
//! Invariants: all tracks are announced together, before the first fragment of any;
//! the timeline starts at the first sync sample of the video track, without audio from
//! before it. Where no video comes, it starts with audio; later video joins it.

mod link;

use camgate_protocol::rtp::rtcp::{self, Report};
use camgate_protocol::rtp::{Packet, RTCP, notice};
use camgate_protocol::rtsp::sdp;

use crate::audio::Audio;
use crate::output::{Kind, Output, Queue};
use crate::pacing::TIMESCALE;
use crate::source::Follows;
use crate::statistics::Statistics;
use crate::timeline::Timeline;
use crate::video::{self, Video};
use link::Link;

/// The names of the tracks towards JavaScript, and their `track_ID`s.
pub const VIDEO: u32 = 1;
pub const AUDIO: u32 = 2;

/// Sound waits so long for the first packet of the video, and so long for its
/// first sync sample, microseconds; then it begins alone.
const SILENT_VIDEO_US: i64 = 4_000_000;
const LATE_VIDEO_US: i64 = 20_000_000;

/// Sound that has not begun for so long, or not come for so long, is silence until
/// it does: the browser would wait for it. (A packet may hold a second of it.)
const LATE_AUDIO_US: i64 = 500_000;
const SILENT_AUDIO_US: i64 = 2_000_000;

#[derive(Debug)]
struct VideoTrack {
    link: Link,
    depacketiser: video::Depacketiser,
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
    statistics: Statistics,
    flowing: bool,
    /// Since when sound waits for the video to begin.
    waiting: Option<i64>,
    /// When sound is missed, and where the picture began.
    mute: Option<(i64, i64)>,
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
        if let Some(format) = depacketiser.described() {
            writer.describe(format);
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

    /// Media that were not set up are forgotten; what is known of the others is announced.
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

    /// How well the stream arrives: see [`Statistics::get`].
    pub fn statistic(&self, which: u32) -> f64 {
        self.statistics.get(which)
    }

    /// Whether a fragment has gone out since the start or
    /// [`pause`](Self::pause).
    pub fn is_flowing(&self) -> bool {
        self.flowing
    }

    /// The stream stops here, to go on at another time.
    pub fn pause(&mut self) {
        self.timeline.reset();
        self.links().for_each(|link| link.source.pause());
        self.lose_video();
        self.lose_audio();
        self.flowing = false;
        self.waiting = None;
        self.mute = None;
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
        let Some(&[_, kind]) = payload.first_chunk() else {
            return;
        };
        // RTCP may come on the channel of RTP (RFC 5761).
        if RTCP.contains(&kind) {
            return self.report(channel, payload);
        }
        let Some(video) = self.sending(channel, kind & 0x7f) else {
            return;
        };
        let Some((packet, timestamp)) = self.packet(video, payload, now_us, queue) else {
            return;
        };
        if video {
            self.statistics.picture(timestamp);
            self.video_unit(Some(&packet), timestamp, queue);
            self.pad(now_us, queue);
        } else {
            self.audio_packet(&packet, timestamp, now_us, queue);
        }
    }

    /// Whose packets of this payload type come on `channel`: true for the video track.
    /// Cameras number channels as they like: a track that has had nothing takes what
    /// fits from any channel, and two on one channel are told apart.
    fn sending(&mut self, channel: u8, payload_type: u8) -> Option<bool> {
        let mut known = None;
        let mut silent = None;
        for video in [true, false] {
            let Some(link) = self.link(video) else {
                continue;
            };
            let (Some((rtp, _)), fits) = (link.channels, link.source.expects(payload_type)) else {
                continue;
            };
            if rtp == channel && fits {
                return Some(video);
            } else if rtp == channel {
                known = Some(video);
            } else if fits && link.source.is_silent() {
                silent = Some(video);
            }
        }
        if let Some(link) = silent.and_then(|video| self.link(video)) {
            link.channels = Some((channel, channel.wrapping_add(1)));
        }
        silent.or(known)
    }

    fn link(&mut self, video: bool) -> Option<&mut Link> {
        match video {
            true => self.video.as_mut().map(|track| &mut track.link),
            false => self.audio.as_mut().map(|track| &mut track.link),
        }
    }

    fn report(&mut self, channel: u8, payload: &[u8]) {
        let hears = |link: &&mut Link| {
            let channels = link.channels;
            channels.is_some_and(|(rtp, rtcp)| rtcp == channel || rtp == channel)
        };
        let Some(link) = self.links().find(hears) else {
            return;
        };
        match rtcp::report(payload) {
            Some(Report::Sender(report)) => {
                let timestamp = link.source.unwrapped(report.ssrc, report.timestamp);
                let clock = link.clock;
                if let Some(timestamp) = timestamp {
                    self.timeline.report(clock, report.micros(), timestamp);
                }
            }
            Some(Report::Notice(notice)) if notice.kind == notice::Kind::Lossy => {
                link.source.doubt();
            }
            Some(Report::Notice(notice)) => {
                link.edge = Some(notice.timestamp);
                if notice.kind == notice::Kind::Skipped {
                    link.source.skip();
                    self.statistics.skipped(notice.pictures);
                }
            }
            None => {}
        }
    }

    /// Reads a packet that counts, with its unwrapped timestamp. What is lost
    /// before it, the track has been told; the access unit that it proves
    /// complete is sent, by the clock as it was.
    #[inline(never)]
    fn packet<'a>(
        &mut self,
        video: bool,
        payload: &'a [u8],
        now_us: i64,
        queue: &mut Queue,
    ) -> Option<(Packet<'a>, i64)> {
        let packet = Packet::read(payload)?;
        let link = self.link(video)?;
        let (follows, timestamp) = link.source.take(&packet)?;
        let clock = link.clock;
        self.statistics.packet(follows);
        let directly = follows == Follows::Directly;
        match video {
            true if directly => self.video_unit(None, timestamp, queue),
            true => self.lose_video(),
            false => {}
        }
        if !(self.arrive(clock, follows, timestamp, now_us) && directly || video) {
            self.lose_audio();
        }
        Some((packet, timestamp))
    }

    /// Tells the timeline of a packet. Says whether it goes on from the one before.
    fn arrive(&mut self, clock: usize, follows: Follows, timestamp: i64, now_us: i64) -> bool {
        let directly = follows == Follows::Directly;
        let arrive = |timeline: &mut Timeline| timeline.arrive(clock, timestamp, now_us, directly);
        let goes_on = follows != Follows::Anew && arrive(&mut self.timeline);
        if !goes_on {
            self.timeline.reset_track(clock);
            // The first one after a reset always goes on.
            let _ = arrive(&mut self.timeline);
        }
        goes_on
    }

    /// Sends the access unit that `packet` completes, or, without a packet, the
    /// one that the new `timestamp` completes.
    #[inline(never)]
    fn video_unit(&mut self, packet: Option<&Packet>, timestamp: i64, queue: &mut Queue) {
        let Some(track) = &mut self.video else { return };
        let unit = match packet {
            Some(packet) => track.depacketiser.push(packet, timestamp),
            None => track.depacketiser.finish_before(timestamp),
        };
        let Some(unit) = unit else { return };
        if unit.sync {
            let flushed = track.writer.flush(&[], queue);
            if let Some(format) = unit.format {
                track.writer.describe(format);
            }
            if !flushed || queue.is_full() {
                return self.lose_video();
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
        if let Some(edge) = track.link.edge.take() {
            let ahead = edge.wrapping_sub(timestamp as u32).cast_signed();
            queue.push(Output {
                time: time as f64 / 1e6 + f64::from(ahead) / f64::from(TIMESCALE),
                ..Output::bytes(Kind::Edge, VIDEO, Vec::new())
            });
        }
        if track.writer.emit(&unit, time, queue) {
            self.statistics.sent(timestamp);
            self.flowing = true;
        } else {
            self.lose_video();
        }
    }

    /// Where the picture flows without sound, the sound is silence.
    fn pad(&mut self, now_us: i64, queue: &mut Queue) {
        let (Some(video), Some(audio), true) = (&self.video, &mut self.audio, self.flowing) else {
            return;
        };
        let end = video.writer.end_us();
        let begun = (now_us.wrapping_add(LATE_AUDIO_US), end);
        let (missed, start) = *self.mute.get_or_insert(begun);
        if now_us >= missed {
            audio.writer.pad(start, end, now_us, queue);
        }
    }

    fn audio_packet(&mut self, packet: &Packet, timestamp: i64, now_us: i64, queue: &mut Queue) {
        let since = *self.waiting.get_or_insert(now_us);
        let alone = self.video.as_ref().is_none_or(|video| {
            let patience = match video.link.source.is_silent() {
                true => SILENT_VIDEO_US,
                false => LATE_VIDEO_US,
            };
            now_us.wrapping_sub(since) >= patience
        });
        if let Some((missed, _)) = &mut self.mute {
            *missed = now_us.wrapping_add(SILENT_AUDIO_US);
        }
        let Some(track) = &mut self.audio else { return };
        let clock = track.link.clock;
        let mut time = self.timeline.time(clock, timestamp);
        if time.is_none() && alone {
            let start = track.writer.end_us();
            self.timeline.anchor(clock, timestamp, start);
            time = Some(start);
        }
        // Without a time: video begins.
        let sent = track.writer.push(packet, timestamp, time, now_us, queue);
        track.writer.tell(&mut self.timeline, clock);
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
