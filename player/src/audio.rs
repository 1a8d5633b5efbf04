//! An audio track: packets in, an init segment and fragments out.
//!
//! Browsers play audio frames one after the other whatever their times say, and
//! take the clock from that. So, invariant: every sample has the duration that
//! it really plays. Where frames are missing, frames of silence take their
//! place; where there are too many, some are left out.

use camgate_protocol::rtsp::{sdp, text};

use crate::fmp4::fragment::{self, Sample};
use crate::fmp4::init;
use crate::output::{Kind, Output, Queue};
use crate::payload::{Format, Frames, Payload};
use crate::timeline::Timeline;
use crate::{aac, latm, opus, pcm};
use camgate_protocol::rtp::Packet;

/// How far the timestamps may run from the frames that came before anything is
/// done about it, microseconds. Many cameras stamp roughly.
const TOLERANCE_US: i64 = 100_000;

/// The longest stretch of silence that is made, microseconds; and in the long
/// run no more than the time in which packets came.
const MAX_SILENCE_US: i64 = 60_000_000;

/// Takes an audio track apart and writes it.
#[derive(Debug)]
pub struct Audio {
    id: u32,
    payload: Box<dyn Payload>,
    format: Format,
    frames: Frames,
    /// What has to be announced before the next fragment.
    new_codec: bool,
    new_init: bool,
    fragments: u32,
    /// Where the last sample ends, in samples per [`Format::rate`].
    end: Option<i64>,
    /// How many samples the last packet completed.
    samples_taken: u32,
    /// Frames were lost since the last one.
    after_loss: bool,
    /// How much silence may be made, in samples, and when that was reckoned.
    silence: i64,
    reckoned: i64,
    /// The fragment being made: its start, samples and bytes.
    start: i64,
    samples: Vec<Sample>,
    data: Vec<u8>,
}

impl Audio {
    /// The track of `media`, whose `track_ID` is `id`; `None` when it cannot be
    /// carried.
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
            silence: i64::MAX / 2, // all of it
            reckoned: 0,
            start: 0,
            samples: Vec::new(),
            data: Vec::new(),
        })
    }

    /// Queues the codec, where it is new.
    pub fn announce(&mut self, queue: &mut Queue) {
        if std::mem::take(&mut self.new_codec) {
            let mime = text::concat(&["audio/mp4; codecs=\"", &self.format.codec, "\""]);
            queue.push(Output::bytes(Kind::Track, self.id, mime.into_bytes()));
        }
    }

    /// Queues the init segment, where it is new.
    pub fn send_init(&mut self, queue: &mut Queue) {
        if std::mem::take(&mut self.new_init) {
            let mut segment = Vec::new();
            let media = init::Media::Audio(&self.format);
            init::write(&mut segment, self.id, self.format.rate, media);
            queue.push(Output::bytes(Kind::Init, self.id, segment));
        }
    }

    /// Packets are missing here.
    pub fn lose(&mut self) {
        self.payload.lose();
        self.after_loss = true;
    }

    /// Tells what the RTP clock should count, but does not always.
    pub fn tell(&self, timeline: &mut Timeline, clock: usize) {
        // The band is replicated in HE-AAC: mp4a.40.5 and .29.
        let most = match self.format.codec.as_bytes().last() {
            Some(b'5' | b'9') => 2,
            _ => 1,
        };
        timeline.suspect(clock, self.format.rate, self.samples_taken, most);
    }

    /// Where the track ends, in microseconds.
    pub fn end_us(&self) -> i64 {
        scale(self.end.unwrap_or(0), self.format.rate, 1_000_000)
    }

    /// Takes the next packet in sequence, which arrives at `now_us` and plays at
    /// `time_us`, and queues
    /// a fragment with what it completes. Without a time, the packet only tells
    /// what the stream is. Says whether there was room; what was lost will be
    /// silence.
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

    /// No packets come: silence from `from_us`, or from where the track ends, up to
    /// `to_us`. Queues it, where there is room.
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

    /// The more time passes, the more silence may be made.
    fn reckon(&mut self, now_us: i64) {
        let passed = now_us.wrapping_sub(std::mem::replace(&mut self.reckoned, now_us));
        let passed = self.ticks(passed.clamp(0, MAX_SILENCE_US));
        self.silence = (self.silence + passed).min(self.ticks(MAX_SILENCE_US));
    }

    /// What follows is of another format.
    fn change(&mut self, format: Format) {
        self.new_codec |= format.codec != self.format.codec;
        self.new_init = true;
        let end = self.end;
        self.end = end.map(|end| scale(end, self.format.rate, format.rate));
        self.format = format;
    }

    /// Puts a frame that is to play at `time` into the fragment.
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

    /// Puts silence for `late` ticks, as near as frames can get. Returns the
    /// ticks that are left because there is no silence for this format.
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

    /// Queues the fragment, if there is anything in it.
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

    /// Microseconds to samples, to the nearest.
    fn ticks(&self, us: i64) -> i64 {
        let rate = i64::from(self.format.rate);
        let (seconds, rest) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
        seconds
            .wrapping_mul(rate)
            .wrapping_add((rest * rate + 500_000) / 1_000_000)
    }
}

/// A time that counts `from` to the second as one that counts `to`.
fn scale(time: i64, from: u32, to: u32) -> i64 {
    let (from, to) = (i64::from(from), i64::from(to));
    (time / from)
        .wrapping_mul(to)
        .wrapping_add(time % from * to / from)
}

/// The payload format of `media` and what its frames are (a guess where only
/// the packets tell). `None` when it cannot be carried.
fn payload_of(media: &sdp::Media) -> Option<(Box<dyn Payload>, Format)> {
    match media.encoding.as_str() {
        "MPEG4-GENERIC" | "AAC" | "ADTS" => aac::open(media),
        // MPEG audio counts in 90 kHz (RFC 2250). What does not is mislabelled.
        "MPA" if media.clock_rate != 90_000 => aac::open(media),
        "MP4A-LATM" => latm::open(media),
        "OPUS" => Some(opus::open(media)),
        _ => pcm::open(media),
    }
}

#[cfg(test)]
mod tests;
