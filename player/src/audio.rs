//! An AAC track: frames in, an init segment and fragments out.
//!
//! Browsers play audio frames one after the other whatever their times say, and
//! take the clock from that. So, invariant: every sample has the duration that
//! it really plays. Where frames are missing, frames of silence take their
//! place; where there are too many, some are left out.

use camgate::rtsp::{sdp, text};

use crate::aac::config::Config;
use crate::aac::{Depacketiser, Layout};
use crate::fmp4::fragment::{self, Sample};
use crate::fmp4::init;
use crate::output::{Kind, Output, Queue};

/// How far the timestamps may run from the frames that came before anything is
/// done about it, microseconds. Many cameras stamp roughly.
const TOLERANCE_US: i64 = 100_000;

/// The longest stretch of silence that is made, microseconds.
const MAX_SILENCE_US: i64 = 60_000_000;

/// ISO 14496-3 table 1.18, for descriptions that leave the configuration out.
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// A depacketiser and the configuration for `media`; `None` when it is no AAC
/// that can be carried.
pub fn depacketiser(media: &sdp::Media) -> Option<(Depacketiser, Config)> {
    if media.encoding != "MPEG4-GENERIC" {
        return None;
    }
    let bytes = match media.parameter("config") {
        Some(config) => text::hex(config.trim())?,
        None => plain_config(media.clock_rate, media.channels)?,
    };
    let config = Config::parse(&bytes)?;
    let layout = Layout::read(|name| media.parameter(name))?;
    Some((Depacketiser::new(layout), config))
}

/// AAC-LC with the rate and channels that the description names.
fn plain_config(rate: u32, channels: u16) -> Option<Vec<u8>> {
    let index = RATES.iter().position(|known| *known == rate)?;
    let channels = channels.clamp(1, 2);
    let bits = 2 << 11 | (index as u16) << 7 | channels << 3;
    Some(bits.to_be_bytes().to_vec())
}

/// Writes an audio track.
#[derive(Debug)]
pub struct Audio {
    id: u32,
    config: Config,
    announced: bool,
    sent_init: bool,
    fragments: u32,
    /// Where the last sample ends, in samples per [`Config::rate`].
    end: Option<i64>,
    /// Frames were lost since the last one.
    after_loss: bool,
    /// The fragment being made: its start, samples and bytes.
    start: i64,
    samples: Vec<Sample>,
    data: Vec<u8>,
}

impl Audio {
    /// A track whose `track_ID` is `id`.
    pub fn new(id: u32, config: Config) -> Self {
        Self {
            id,
            config,
            announced: false,
            sent_init: false,
            fragments: 0,
            end: None,
            after_loss: false,
            start: 0,
            samples: Vec::new(),
            data: Vec::new(),
        }
    }

    /// Queues the codec, the first time.
    pub fn announce(&mut self, queue: &mut Queue) {
        if !std::mem::replace(&mut self.announced, true) {
            let mime = ["audio/mp4; codecs=\"", &self.config.codec(), "\""].concat();
            queue.push(Output::bytes(Kind::Track, self.id, mime.into_bytes()));
        }
    }

    /// Queues the init segment, the first time.
    pub fn send_init(&mut self, queue: &mut Queue) {
        if std::mem::replace(&mut self.sent_init, true) {
            return;
        }
        let mut segment = Vec::new();
        let media = init::Media::Audio {
            channels: self.config.channels,
            rate: self.config.rate,
            config: &self.config.bytes,
        };
        init::write(&mut segment, self.id, self.config.rate, media);
        queue.push(Output::bytes(Kind::Init, self.id, segment));
    }

    /// Frames are missing here.
    pub fn lose(&mut self) {
        self.after_loss = true;
    }

    /// Where the track ends, in microseconds.
    pub fn end_us(&self) -> i64 {
        let rate = i64::from(self.config.rate);
        let end = self.end.unwrap_or(0);
        (end / rate)
            .saturating_mul(1_000_000)
            .saturating_add(end % rate * 1_000_000 / rate)
    }

    /// Puts the frame number `index` of a packet whose first one plays at
    /// `time_us` into the fragment.
    pub fn add(&mut self, frame: &[u8], time_us: i64, index: usize) {
        let frames = i64::from(self.config.frame_samples).saturating_mul(index as i64);
        let time = self.ticks(time_us).saturating_add(frames);
        let length = i64::from(self.config.frame_samples);
        let mut duration = length;
        match self.end {
            None if time < 0 => return,
            None => self.end = Some(time),
            Some(end) => {
                let late = time.saturating_sub(end);
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
        self.put(frame, duration);
    }

    /// Puts silence for `late` ticks, to the nearest frame. Returns the ticks
    /// that are left because there is no silence for this configuration.
    fn fill(&mut self, late: i64) -> i64 {
        let late = late.min(self.ticks(MAX_SILENCE_US));
        let length = i64::from(self.config.frame_samples);
        let Some(silence) = self.config.silence() else {
            return late;
        };
        for _ in 0..(late + length / 2) / length {
            self.put(silence, length);
        }
        0
    }

    fn put(&mut self, frame: &[u8], duration: i64) {
        let end = self.end.unwrap_or(0);
        if self.samples.is_empty() {
            self.start = end;
        }
        self.samples.push(Sample {
            size: u32::try_from(frame.len()).unwrap_or(u32::MAX),
            duration: u32::try_from(duration).unwrap_or(u32::MAX),
            composition: 0,
            sync: true,
        });
        self.data.extend_from_slice(frame);
        self.end = Some(end.saturating_add(duration));
    }

    /// Queues the fragment, if there is anything in it. Says whether there was
    /// room; what was lost will be silence.
    pub fn flush(&mut self, queue: &mut Queue) -> bool {
        if self.samples.is_empty() {
            return true;
        }
        self.fragments = self.fragments.wrapping_add(1);
        let mut data = queue.buffer();
        let start = self.start.max(0).cast_unsigned();
        fragment::write(&mut data, self.fragments, self.id, start, &self.samples);
        data.extend_from_slice(&self.data);
        let length = self.end.unwrap_or(0).saturating_sub(self.start);
        let rate = f64::from(self.config.rate);
        self.samples.clear();
        self.data.clear();
        let sent = queue.push(Output {
            kind: Kind::Fragment,
            track: self.id,
            time: self.start as f64 / rate,
            duration: length as f64 / rate,
            sync: true,
            data,
        });
        if !sent {
            self.end = Some(self.start);
            self.after_loss = true;
        }
        sent
    }

    /// Microseconds to samples.
    fn ticks(&self, us: i64) -> i64 {
        let rate = i64::from(self.config.rate);
        let (seconds, rest) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
        seconds
            .saturating_mul(rate)
            .saturating_add((rest * rate + 500_000) / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn audio() -> Audio {
        // AAC-LC, 48 kHz, mono: a frame lasts 21.333 ms.
        Audio::new(2, Config::parse(&[0x11, 0x88]).unwrap())
    }

    fn count(audio: &Audio) -> usize {
        audio.samples.len()
    }

    #[test]
    fn frames_last_what_they_play() {
        let mut audio = audio();
        for frame in 0..100 {
            // Stamped in whole milliseconds and a bit off.
            audio.add(b"x", frame * 1024 / 48 * 1000 + frame % 7 * 1000, 0);
        }
        assert_eq!(count(&audio), 100);
        assert!(audio.samples.iter().all(|sample| sample.duration == 1024));
    }

    #[test]
    fn missing_frames_are_silence() {
        let mut audio = audio();
        audio.add(b"x", 0, 0);
        audio.lose();
        audio.add(b"x", 3 * 64_000 / 3, 0);
        assert_eq!(count(&audio), 4);
        assert_eq!(audio.data, b"x\0\0\0\x07\0\0\0\x07x");
        assert_eq!(audio.end, Some(4096));
    }

    #[test]
    fn frames_that_come_too_many_are_left_out() {
        let mut audio = audio();
        for index in 0..20 {
            audio.add(b"x", 0, index);
        }
        audio.add(b"x", 20_000, 0);
        assert_eq!(count(&audio), 20);
        audio.add(b"x", 20 * 64_000 / 3, 0);
        assert_eq!(count(&audio), 21);
    }

    #[test]
    fn starts_at_zero_or_later() {
        let mut audio = audio();
        audio.add(b"x", -1_000, 0);
        assert_eq!(count(&audio), 0);
        audio.add(b"x", 20_333, 0);
        let mut queue = Queue::default();
        assert!(audio.flush(&mut queue));
        let output = queue.pop().unwrap();
        assert!((output.time - 0.020_333).abs() < 0.000_02);
        assert!((output.duration - 1024.0 / 48_000.0).abs() < 1e-9);
    }

    #[test]
    fn makes_up_a_configuration() {
        assert_eq!(plain_config(48_000, 1).unwrap(), [0x11, 0x88]);
        assert_eq!(plain_config(44_100, 2).unwrap(), [0x12, 0x10]);
        assert_eq!(plain_config(1, 2), None);
    }

    proptest! {
        #[test]
        fn any_times_are_contiguous(
            times in proptest::collection::vec((any::<i64>(), 0usize..64, any::<bool>()), 1..30),
        ) {
            let mut audio = audio();
            let mut queue = Queue::default();
            let mut end: Option<f64> = None;
            for (time, index, loss) in times {
                if loss {
                    audio.lose();
                }
                audio.add(b"x", time, index);
                audio.flush(&mut queue);
                while let Some(output) = queue.pop() {
                    if let Some(end) = end {
                        prop_assert!((output.time - end).abs() <= end.abs() * 1e-9 + 1e-6);
                    }
                    end = Some(output.time + output.duration);
                }
            }
        }
    }
}
