//! The tracks of a session: frames of the data channel in, fragments out.
//!
//! Invariants: all tracks are announced together, before the first fragment of any
//! track. The timeline starts at the first sync sample of the video track, and audio
//! before that is dropped. If no video comes, the timeline starts with audio, and video
//! joins later.

mod announce;
mod input;

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
use announce::announce;
use input::Input;

/// The tracks' numbers at the boundary to JavaScript, which are also their `track_ID`s.
pub const VIDEO: u32 = 1;
pub const AUDIO: u32 = 2;

/// How long audio waits for the first packet of the video, and for its first sync
/// sample, in microseconds; then it begins alone.
const SILENT_VIDEO_US: i64 = 4_000_000;
const LATE_VIDEO_US: i64 = 20_000_000;

/// Audio is replaced by silence if it has not begun after this time, or stops for this
/// time, in microseconds; the browser would wait for it. (One packet may hold a second
/// of it.)
const LATE_AUDIO_US: i64 = 500_000;
const SILENT_AUDIO_US: i64 = 2_000_000;

#[derive(Debug)]
struct VideoTrack {
    input: Input,
    depacketiser: video::Depacketiser,
    writer: Video,
}

#[derive(Debug)]
struct AudioTrack {
    input: Input,
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
    /// When audio started to wait for the video to begin.
    waiting: Option<i64>,
    /// When audio is to be replaced by silence, and where the video began.
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

    /// Adds the medium with this index in the description, if it is supported and is
    /// the first one of its kind. If so, returns true, and it is to be set up.
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
            input: Input::new(index, media, clock),
            depacketiser,
            writer,
        });
        Some(())
    }

    fn add_audio(&mut self, index: usize, media: &sdp::Media) -> Option<()> {
        let writer = Audio::open(AUDIO, media)?;
        let clock = self.timeline.add(media.clock_rate, true);
        self.audio = Some(AudioTrack {
            input: Input::new(index, media, clock),
            writer,
        });
        Some(())
    }

    fn inputs(&mut self) -> impl Iterator<Item = &mut Input> {
        let video = self.video.as_mut().map(|track| &mut track.input);
        let audio = self.audio.as_mut().map(|track| &mut track.input);
        video.into_iter().chain(audio)
    }

    /// Sets the interleaved channels of the medium with the index `media`.
    pub fn connect(&mut self, media: usize, rtp: u8, rtcp: u8) {
        if let Some(input) = self.inputs().find(|input| input.media == media) {
            input.channels = Some((rtp, rtcp));
        }
    }

    /// Drops media that were not set up, and announces what is known of the others.
    pub fn begin(&mut self, queue: &mut Queue) {
        self.video.take_if(|track| track.input.channels.is_none());
        self.audio.take_if(|track| track.input.channels.is_none());
        let video = self.video.as_mut().map(|track| &mut track.writer);
        let audio = self.audio.as_mut().map(|track| &mut track.writer);
        announce(video, audio, queue);
    }

    /// Takes the RTP time at which the medium with the index `media` starts, according
    /// to the PLAY response.
    pub fn inform(&mut self, media: usize, timestamp: u32) {
        let input = self.inputs().find(|input| input.media == media);
        if let Some(clock) = input.map(|input| input.clock) {
            self.timeline.info(clock, timestamp);
        }
    }

    /// How well the stream arrives; see [`Statistics::get`].
    pub fn statistic(&self, which: u32) -> f64 {
        self.statistics.get(which)
    }

    /// Whether a fragment was sent since the start or the last [`pause`](Self::pause).
    pub fn is_flowing(&self) -> bool {
        self.flowing
    }

    /// Notes that the stream stops here, and will continue at another time.
    pub fn pause(&mut self) {
        self.timeline.reset();
        self.inputs().for_each(|input| input.source.pause());
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

    /// Takes an interleaved frame. Channels that were not set up are ignored.
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

    /// Whose packets come with this payload type on `channel`: true stands for the
    /// video track. Cameras number channels as they like. So a track without any packet
    /// yet takes suitable ones from any channel, and two tracks on one channel are told
    /// apart.
    fn sending(&mut self, channel: u8, payload_type: u8) -> Option<bool> {
        let mut known = None;
        let mut silent = None;
        for video in [true, false] {
            let Some(input) = self.input(video) else {
                continue;
            };
            let (Some((rtp, _)), fits) = (input.channels, input.source.expects(payload_type))
            else {
                continue;
            };
            if rtp == channel && fits {
                return Some(video);
            } else if rtp == channel {
                known = Some(video);
            } else if fits && input.source.is_silent() {
                silent = Some(video);
            }
        }
        if let Some(input) = silent.and_then(|video| self.input(video)) {
            input.channels = Some((channel, channel.wrapping_add(1)));
        }
        silent.or(known)
    }

    fn input(&mut self, video: bool) -> Option<&mut Input> {
        match video {
            true => self.video.as_mut().map(|track| &mut track.input),
            false => self.audio.as_mut().map(|track| &mut track.input),
        }
    }

    fn report(&mut self, channel: u8, payload: &[u8]) {
        let hears = |input: &&mut Input| {
            let channels = input.channels;
            channels.is_some_and(|(rtp, rtcp)| rtcp == channel || rtp == channel)
        };
        let Some(input) = self.inputs().find(hears) else {
            return;
        };
        match rtcp::report(payload) {
            Some(Report::Sender(report)) => {
                let timestamp = input.source.unwrapped(report.ssrc, report.timestamp);
                let clock = input.clock;
                if let Some(timestamp) = timestamp {
                    self.timeline.report(clock, report.micros(), timestamp);
                }
            }
            Some(Report::Notice(notice)) if notice.kind == notice::Kind::Lossy => {
                input.source.expect_losses();
            }
            Some(Report::Notice(notice)) => {
                input.edge = Some(notice.timestamp);
                if notice.kind == notice::Kind::Skipped {
                    input.source.skip();
                    self.statistics.skipped(notice.pictures);
                }
            }
            None => {}
        }
    }

    /// Reads a packet that counts, and unwraps its timestamp. Before it returns, the
    /// track is told of a loss before this packet, and the access unit that this packet
    /// proves complete is sent, with its time by the clock before this packet.
    #[inline(never)]
    fn packet<'a>(
        &mut self,
        video: bool,
        payload: &'a [u8],
        now_us: i64,
        queue: &mut Queue,
    ) -> Option<(Packet<'a>, i64)> {
        let packet = Packet::read(payload)?;
        let input = self.input(video)?;
        let (follows, timestamp) = input.source.take(&packet)?;
        let clock = input.clock;
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

    /// Tells the timeline of a packet. Returns whether the packet continues the one
    /// before.
    fn arrive(&mut self, clock: usize, follows: Follows, timestamp: i64, now_us: i64) -> bool {
        let directly = follows == Follows::Directly;
        let arrive = |timeline: &mut Timeline| timeline.arrive(clock, timestamp, now_us, directly);
        let goes_on = follows != Follows::Anew && arrive(&mut self.timeline);
        if !goes_on {
            self.timeline.reset_track(clock);
            // The first packet after a reset always continues.
            let _ = arrive(&mut self.timeline);
        }
        goes_on
    }

    /// Sends the access unit that `packet` completes, or, without a packet, the one
    /// that a new `timestamp` completes.
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
        let (clock, timestamp) = (track.input.clock, unit.timestamp);
        let time = self.timeline.time(clock, timestamp).unwrap_or_else(|| {
            let audio = self.audio.as_ref().map_or(0, |track| track.writer.end_us());
            let end = track.writer.end_us().max(audio);
            let start = end.saturating_add(track.writer.delay_us());
            self.timeline.anchor(clock, timestamp, start);
            start
        });
        if let Some(edge) = track.input.edge.take() {
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

    /// Fills missing audio with silence while video flows.
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
            let patience = match video.input.source.is_silent() {
                true => SILENT_VIDEO_US,
                false => LATE_VIDEO_US,
            };
            now_us.wrapping_sub(since) >= patience
        });
        if let Some((missed, _)) = &mut self.mute {
            *missed = now_us.wrapping_add(SILENT_AUDIO_US);
        }
        let Some(track) = &mut self.audio else { return };
        let clock = track.input.clock;
        let mut time = self.timeline.time(clock, timestamp);
        if time.is_none() && alone {
            let start = track.writer.end_us();
            self.timeline.anchor(clock, timestamp, start);
            time = Some(start);
        }
        // Without a time, the packet is not played: video begins first.
        let sent = track.writer.push(packet, timestamp, time, now_us, queue);
        track.writer.report_rate(&mut self.timeline, clock);
        self.flowing |= sent && alone;
    }
}
