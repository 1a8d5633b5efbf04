//! An audio track: packets in, an init segment and fragments out.
//!
//! Browsers play audio frames one after the other, whatever their times say, and derive
//! the clock from that. Hence the invariant: every sample has the duration for which it
//! really plays. Silence replaces frames that are missing, and surplus frames are
//! dropped.

use camgate_protocol::rtsp::{sdp, text};

use crate::fmp4::fragment::{self, Sample};
use crate::fmp4::init;
use crate::output::{Kind, Output, Queue};
use crate::payload::{Format, Frames, Payload};
use crate::timeline::Timeline;
use crate::{aac, latm, opus, pcm};
use camgate_protocol::rtp::Packet;

/// How far timestamps may deviate from the end of the frames before, in microseconds,
/// without a correction. Many cameras write imprecise ones.
const TOLERANCE_US: i64 = 100_000;

/// The longest stretch of silence that is made, in microseconds. In the long run, there
/// is also no more silence than the time in which packets came.
const MAX_SILENCE_US: i64 = 60_000_000;

/// Takes the packets of an audio track and writes its MP4.
#[derive(Debug)]
pub struct Audio {
    id: u32,
    payload: Box<dyn Payload>,
    format: Format,
    frames: Frames,
    /// The codec must be announced before the next fragment.
    new_codec: bool,
    new_init: bool,
    fragments: u32,
    /// The end of the last sample, in samples per [`Format::rate`].
    end: Option<i64>,
    /// How many samples the last packet completed.
    samples_taken: u32,
    /// Frames before the next one were lost.
    after_loss: bool,
    /// How much silence may be made, in samples, and when that was last updated.
    silence: i64,
    reckoned: i64,
    /// The fragment being made: its start, samples and bytes.
    start: i64,
    samples: Vec<Sample>,
    data: Vec<u8>,
}

impl Audio {
    /// The track of `media`, whose `track_ID` is `id`; `None` if its format is not
    /// supported.
    #[inline(never)]
    pub fn open(id: u32, media: &sdp::Media) -> Option<Self> {
        let (payload, format) = payload_of(media)?;
        Some(Self {
            id,
            payload,
            format,
            frames: Frames::default(),
            new_codec: true,
            new_init: true,
            fragments: 0,
            end: None,
            samples_taken: 0,
            after_loss: false,
            silence: i64::MAX / 2, // no limit until packets come
            reckoned: 0,
            start: 0,
            samples: Vec::new(),
            data: Vec::new(),
        })
    }

    /// Queues the codec if it is new.
    pub fn announce(&mut self, queue: &mut Queue) {
        if std::mem::take(&mut self.new_codec) {
            let mime = text::concat(&["audio/mp4; codecs=\"", &self.format.codec, "\""]);
            queue.push(Output::bytes(Kind::Track, self.id, mime.into_bytes()));
        }
    }

    /// Queues the init segment if it is new.
    pub fn send_init(&mut self, queue: &mut Queue) {
        if std::mem::take(&mut self.new_init) {
            let mut segment = Vec::new();
            let media = init::Media::Audio(&self.format);
            init::write(&mut segment, self.id, self.format.rate, media);
            queue.push(Output::bytes(Kind::Init, self.id, segment));
        }
    }

    /// Notes that packets are missing here.
    pub fn lose(&mut self) {
        self.payload.lose();
        self.after_loss = true;
    }

    /// Tells the timeline which rate the RTP clock should have, because some have another.
    pub fn report_rate(&self, timeline: &mut Timeline, clock: usize) {
        // The RTP clock of HE-AAC (mp4a.40.5 and .29) may count at twice the core's rate.
        let factor = match self.format.codec.as_bytes().last() {
            Some(b'5' | b'9') => 2,
            _ => 1,
        };
        timeline.expect_rate(clock, self.format.rate, self.samples_taken, factor);
    }

    /// The end of the track, in microseconds.
    pub fn end_us(&self) -> i64 {
        scale(self.end.unwrap_or(0), self.format.rate, 1_000_000)
    }

    /// Takes the next packet in sequence, which arrives at `now_us` and plays at
    /// `time_us`, and queues a fragment with the frames that it completes. Without a
    /// time, the packet only shows the format of the stream. Returns whether there was
    /// room; silence will replace what was lost.
    pub fn push(
        &mut self,
        packet: &Packet,
        timestamp: i64,
        time_us: Option<i64>,
        now_us: i64,
        queue: &mut Queue,
    ) -> bool {
        self.reckon(now_us);
        let mut frames = std::mem::take(&mut self.frames);
        self.payload.push(packet, timestamp, &mut frames);
        if let Some(format) = frames.format.take() {
            self.change(format);
        }
        if let Some(time_us) = time_us {
            let mut time = self.ticks(time_us).wrapping_sub(i64::from(frames.lead));
            for (frame, samples) in frames.iter() {
                self.add(frame, i64::from(samples), time);
                time = time.wrapping_add(i64::from(samples));
            }
        }
        self.samples_taken = frames.samples();
        frames.clear();
        self.frames = frames;
        self.flush(queue)
    }

    /// Queues silence while no packets come, if there is room: from `from_us`, or from
    /// the end of the track, up to `to_us`.
    pub fn pad(&mut self, from_us: i64, to_us: i64, now_us: i64, queue: &mut Queue) {
        self.reckon(now_us);
        let end = self.end;
        let from = end.unwrap_or_else(|| self.ticks(from_us));
        self.end = Some(from);
        self.fill(self.ticks(to_us).wrapping_sub(from).max(0));
        if self.samples.is_empty() {
            self.end = end;
        }
        self.after_loss = true;
        self.flush(queue);
    }

    /// Allows more silence as time passes.
    fn reckon(&mut self, now_us: i64) {
        let passed = now_us.wrapping_sub(std::mem::replace(&mut self.reckoned, now_us));
        let passed = self.ticks(passed.clamp(0, MAX_SILENCE_US));
        self.silence = (self.silence + passed).min(self.ticks(MAX_SILENCE_US));
    }

    /// Changes to another format.
    fn change(&mut self, format: Format) {
        self.new_codec |= format.codec != self.format.codec;
        self.new_init = true;
        let end = self.end;
        self.end = end.map(|end| scale(end, self.format.rate, format.rate));
        self.format = format;
    }

    /// Adds a frame that is to play at `time` to the fragment.
    fn add(&mut self, frame: &[u8], length: i64, time: i64) {
        let mut duration = length;
        match self.end {
            None if time < 0 => return,
            None => self.end = Some(time),
            Some(end) => {
                let late = time.wrapping_sub(end);
                let tolerance = self.ticks(TOLERANCE_US);
                let patience = if self.after_loss {
                    length / 2
                } else {
                    tolerance
                };
                let early = if self.after_loss { 0 } else { tolerance };
                if late <= -early.max(length) {
                    return;
                }
                if late >= patience.max(length / 2) {
                    duration += self.fill(late);
                }
            }
        }
        self.after_loss = false;
        self.data.extend_from_slice(frame);
        self.put(frame.len(), duration);
    }

    /// Adds silence for `late` ticks, to the nearest frame. Returns the ticks that are
    /// left over because this format has no silence.
    fn fill(&mut self, late: i64) -> i64 {
        let mut left = late.min(self.silence);
        self.silence -= left;
        let before = self.data.len();
        while let Ok(missing) = u32::try_from(left) {
            let size = self.data.len();
            let length = self.payload.silence(missing, &mut self.data);
            if length == 0 {
                break;
            }
            self.put(self.data.len() - size, i64::from(length));
            left -= i64::from(length);
        }
        if self.data.len() == before { left } else { 0 }
    }

    fn put(&mut self, size: usize, duration: i64) {
        let end = self.end.unwrap_or(0);
        if self.samples.is_empty() {
            self.start = end;
        }
        self.samples.push(Sample {
            size: u32::try_from(size).unwrap_or(u32::MAX),
            duration: u32::try_from(duration).unwrap_or(u32::MAX),
            composition: 0,
            sync: true,
        });
        self.end = Some(end.wrapping_add(duration));
    }

    /// Queues the fragment, unless it is empty.
    fn flush(&mut self, queue: &mut Queue) -> bool {
        if self.samples.is_empty() {
            return true;
        }
        let sent = !queue.is_full() && self.send(queue);
        self.samples.clear();
        self.data.clear();
        if !sent {
            self.end = Some(self.start);
            self.after_loss = true;
        }
        sent
    }

    fn send(&mut self, queue: &mut Queue) -> bool {
        self.announce(queue);
        self.send_init(queue);
        self.fragments = self.fragments.wrapping_add(1);
        let mut data = queue.buffer();
        let start = self.start.max(0).cast_unsigned();
        fragment::write(&mut data, self.fragments, self.id, start, &self.samples);
        data.extend_from_slice(&self.data);
        let length = self.end.unwrap_or(0).wrapping_sub(self.start);
        let rate = f64::from(self.format.rate);
        queue.push(Output {
            kind: Kind::Fragment,
            track: self.id,
            time: self.start as f64 / rate,
            duration: length as f64 / rate,
            sync: true,
            data,
        })
    }

    /// Converts microseconds to samples, rounded to the nearest.
    fn ticks(&self, us: i64) -> i64 {
        let rate = i64::from(self.format.rate);
        let (seconds, rest) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
        seconds
            .wrapping_mul(rate)
            .wrapping_add((rest * rate + 500_000) / 1_000_000)
    }
}

/// Converts a time that counts `from` per second into one that counts `to` per second.
fn scale(time: i64, from: u32, to: u32) -> i64 {
    let (from, to) = (i64::from(from), i64::from(to));
    (time / from)
        .wrapping_mul(to)
        .wrapping_add(time % from * to / from)
}

/// The payload format of `media`, and the format of its frames (a guess if only the
/// packets tell). `None` if it is not supported.
fn payload_of(media: &sdp::Media) -> Option<(Box<dyn Payload>, Format)> {
    match media.encoding.as_str() {
        "MPEG4-GENERIC" | "AAC" | "ADTS" => aac::open(media),
        // The clock of MPEG audio is 90 kHz (RFC 2250); anything else is AAC with a
        // wrong label.
        "MPA" if media.clock_rate != 90_000 => aac::open(media),
        "MP4A-LATM" => latm::open(media),
        "OPUS" => Some(opus::open(media)),
        _ => pcm::open(media),
    }
}

#[cfg(test)]
mod tests;
