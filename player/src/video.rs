//! An H.264 track: access units in, an init segment and fragments out.
//!
//! Invariant: a fragment goes out only behind the init segment that describes
//! it, and holds one access unit.

use camgate::rtsp::{sdp, text};

use crate::fmp4::{fragment, init};
use crate::h264::parameters::Parameters;
use crate::h264::{AccessUnit, Depacketiser};
use crate::output::{Kind, Output, Queue};
use crate::pacing::{Pacing, TIMESCALE};

/// A depacketiser for `media`, told what the description says; `None` when it
/// is no H.264.
pub fn depacketiser(media: &sdp::Media) -> Option<Depacketiser> {
    if media.encoding != "H264" {
        return None;
    }
    let mut depacketiser = Depacketiser::default();
    let sets = media.parameter("sprop-parameter-sets").unwrap_or_default();
    for set in sets.split(',') {
        if let Some(nal) = text::base64(set.trim()) {
            depacketiser.describe(&nal);
        }
    }
    Some(depacketiser)
}

/// Writes a video track.
#[derive(Debug)]
pub struct Video {
    id: u32,
    pacing: Pacing,
    fragments: u32,
    codec: String,
    size: (u32, u32),
    /// What has to be announced before the next fragment.
    new_codec: bool,
    new_size: bool,
    new_init: Option<Vec<u8>>,
}

impl Video {
    /// A track whose `track_ID` is `id`.
    pub fn new(id: u32) -> Self {
        Self {
            id,
            pacing: Pacing::default(),
            fragments: 0,
            codec: String::new(),
            size: (0, 0),
            new_codec: false,
            new_size: false,
            new_init: None,
        }
    }

    /// Takes the parameter sets of what follows.
    pub fn describe(&mut self, parameters: &Parameters) {
        let (Some(sps), Some(codec), Some(record)) = (
            parameters.complete(),
            parameters.codec(),
            parameters.record(),
        ) else {
            return;
        };
        self.new_codec |= codec != self.codec;
        self.codec = codec;
        self.new_size |= self.size != (sps.width, sps.height);
        self.size = (sps.width, sps.height);
        self.pacing.describe(sps.reorder, sps.frame_us);
        let mut segment = Vec::new();
        let media = init::Media::Video {
            width: u16::try_from(sps.width).unwrap_or(u16::MAX),
            height: u16::try_from(sps.height).unwrap_or(u16::MAX),
            aspect: sps.aspect,
            record: &record,
        };
        init::write(&mut segment, self.id, TIMESCALE, media);
        self.new_init = Some(segment);
    }

    /// Whether the track knows its parameter sets.
    pub fn is_described(&self) -> bool {
        !self.codec.is_empty()
    }

    /// Queues the codec and the picture size, where they are new.
    pub fn announce(&mut self, queue: &mut Queue) {
        if std::mem::take(&mut self.new_codec) {
            let mime = ["video/mp4; codecs=\"", &self.codec, "\""].concat();
            queue.push(Output::bytes(Kind::Track, self.id, mime.into_bytes()));
        }
        if std::mem::take(&mut self.new_size) {
            let (width, height) = self.size;
            let size = [&width.to_string(), "x", &height.to_string()].concat();
            queue.push(Output::bytes(Kind::Size, self.id, size.into_bytes()));
        }
    }

    /// Queues the init segment, when it is new.
    pub fn send_init(&mut self, queue: &mut Queue) {
        if let Some(segment) = self.new_init.take() {
            queue.push(Output::bytes(Kind::Init, self.id, segment));
        }
    }

    /// Samples are missing here.
    pub fn lose(&mut self) {
        self.pacing.lose();
    }

    /// Where the track ends, in microseconds.
    pub fn end_us(&self) -> i64 {
        self.pacing.end_us()
    }

    /// How long before its presentation the first picture has to be decoded,
    /// in microseconds.
    pub fn delay_us(&self) -> i64 {
        self.pacing.delay_us()
    }

    /// Queues a fragment with `unit`, shown at `time_us`. `false`: there was no
    /// room, and the unit is lost.
    pub fn emit(&mut self, unit: &AccessUnit, time_us: i64, queue: &mut Queue) -> bool {
        if unit.after_loss {
            self.pacing.lose();
        }
        let place = self.pacing.place(time_us);
        let sample = fragment::Sample {
            size: u32::try_from(unit.data.len()).unwrap_or(u32::MAX),
            duration: place.duration,
            composition: place.composition,
            sync: unit.sync,
        };
        self.fragments = self.fragments.wrapping_add(1);
        let mut data = queue.buffer();
        let start = place.start.cast_unsigned(); // never negative
        fragment::write(&mut data, self.fragments, self.id, start, &[sample]);
        data.extend_from_slice(unit.data);
        let shown = place.start + i64::from(place.composition);
        let scale = f64::from(TIMESCALE);
        let sent = queue.push(Output {
            kind: Kind::Fragment,
            track: self.id,
            time: shown as f64 / scale,
            duration: f64::from(place.duration) / scale,
            sync: unit.sync,
            data,
        });
        if !sent {
            self.pacing.take_back(place);
        }
        sent
    }
}
