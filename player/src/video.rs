//! A video track: access units in, an init segment and fragments out. MJPEG pictures
//! are passed on as they are.
//!
//! Invariant: a fragment is only sent after the init segment that describes it. It
//! holds one access unit, or several if they are not shown in the order sent.

use camgate_protocol::rtsp::{sdp, text};

use crate::access_unit::{AccessUnit, Format};
use crate::fmp4::{fragment, init};
use crate::group::Group;
use crate::mjpeg;
use crate::nal::{self, Codec};
use crate::output::{Kind, Output, Queue};
use crate::pacing::{Pacing, Place, TIMESCALE};
use camgate_protocol::rtp::Packet;

/// The depacketiser of a video track.
#[derive(Debug)]
pub enum Depacketiser {
    Nal(nal::Depacketiser),
    Jpeg(mjpeg::Depacketiser),
}

/// A depacketiser for `media`, which knows the session description; `None` if the
/// format is not supported.
pub fn depacketiser(media: &sdp::Media) -> Option<Depacketiser> {
    let (codec, names): (_, &[&str]) = match media.encoding.as_str() {
        "H264" => (Codec::H264, &["sprop-parameter-sets"]),
        "H265" | "HEVC" => (Codec::H265, &["sprop-vps", "sprop-sps", "sprop-pps"]),
        "JPEG" => return Some(Depacketiser::Jpeg(mjpeg::Depacketiser::new(media.size))),
        _ => return None,
    };
    let difference = media.parameter("sprop-max-don-diff").unwrap_or_default();
    let numbered = text::number(difference.trim_ascii()).is_some_and(|difference| difference > 0);
    let mut depacketiser = nal::Depacketiser::new(codec, numbered);
    let lists = names.iter().filter_map(|name| media.parameter(name));
    for set in lists.flat_map(|list| text::split(list, b",")) {
        if let Some(nal) = text::base64(set) {
            depacketiser.describe(&nal);
        }
    }
    Some(Depacketiser::Nal(depacketiser))
}

impl Depacketiser {
    /// The format according to the session description, if that is enough to begin.
    pub fn described(&mut self) -> Option<&Format> {
        match self {
            Self::Nal(nal) => nal.described(),
            Self::Jpeg(jpeg) => Some(jpeg.described()),
        }
    }

    /// Notes that packets are missing here: everything before the next sync sample is
    /// dropped.
    pub fn lose(&mut self) {
        match self {
            Self::Nal(nal) => nal.lose(),
            Self::Jpeg(jpeg) => jpeg.lose(),
        }
    }

    /// Returns the access unit that is complete if a packet with another `timestamp`
    /// comes. To be called before each [`push`](Self::push).
    pub fn finish_before(&mut self, timestamp: i64) -> Option<AccessUnit<'_>> {
        match self {
            Self::Nal(nal) => nal.finish_before(timestamp),
            Self::Jpeg(jpeg) => jpeg.finish_before(timestamp),
        }
    }

    /// Takes the next packet in sequence; `timestamp` is its unwrapped timestamp.
    pub fn push(&mut self, packet: &Packet, timestamp: i64) -> Option<AccessUnit<'_>> {
        match self {
            Self::Nal(nal) => nal.push(packet, timestamp),
            Self::Jpeg(jpeg) => jpeg.push(packet, timestamp),
        }
    }
}

/// Writes a video track.
#[derive(Debug)]
pub struct Video {
    id: u32,
    pacing: Pacing,
    group: Group,
    fragments: u32,
    mime: String,
    size: (u32, u32),
    /// The track consists of JPEG pictures, which do not go into MP4.
    is_pictures: bool,
    /// The codec must be announced before the next fragment.
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
            group: Group::default(),
            fragments: 0,
            mime: String::new(),
            size: (0, 0),
            is_pictures: false,
            new_codec: false,
            new_size: false,
            new_init: None,
        }
    }

    /// Sets the format of the following pictures.
    pub fn describe(&mut self, format: &Format) {
        self.new_codec |= format.mime != self.mime;
        self.mime.clone_from(&format.mime);
        let size = (format.width, format.height);
        self.new_size |= self.size != size;
        self.size = size;
        self.is_pictures = format.record.is_none();
        self.pacing.describe(format.reorder, format.frame_us);
        self.new_init = format.record.as_ref().map(|record| {
            let mut segment = Vec::new();
            let media = init::Media::Video {
                width: u16::try_from(size.0).unwrap_or(u16::MAX),
                height: u16::try_from(size.1).unwrap_or(u16::MAX),
                aspect: format.aspect,
                record,
            };
            init::write(&mut segment, self.id, TIMESCALE, media);
            segment
        });
    }

    /// Whether the format is known.
    pub fn is_described(&self) -> bool {
        !self.mime.is_empty()
    }

    /// Queues the codec and the picture size if they are new.
    pub fn announce(&mut self, queue: &mut Queue) {
        if std::mem::take(&mut self.new_codec) {
            let mime = self.mime.clone().into_bytes();
            queue.push(Output::bytes(Kind::Track, self.id, mime));
        }
        if self.size.0 > 0 && std::mem::take(&mut self.new_size) {
            let (width, height) = self.size;
            let size = text::concat(&[&text::decimal(width), "x", &text::decimal(height)]);
            queue.push(Output::bytes(Kind::Size, self.id, size.into_bytes()));
        }
    }

    /// Queues the init segment if it is new.
    pub fn send_init(&mut self, queue: &mut Queue) {
        if let Some(segment) = self.new_init.take() {
            queue.push(Output::bytes(Kind::Init, self.id, segment));
        }
    }

    /// Notes that samples are missing here.
    pub fn lose(&mut self) {
        self.pacing.lose();
        self.group.lose();
    }

    /// The end of the track, in microseconds.
    pub fn end_us(&self) -> i64 {
        self.pacing.end_us()
    }

    /// How long before its presentation the first picture must be decoded, in
    /// microseconds.
    pub fn delay_us(&self) -> i64 {
        self.pacing.delay_us()
    }

    /// Takes an access unit that is shown at `time_us`, and queues the fragment that it
    /// completes, or the JPEG picture that it is. Returns false if there was no room,
    /// and pictures were lost.
    pub fn emit(&mut self, unit: &AccessUnit, time_us: i64, queue: &mut Queue) -> bool {
        if unit.after_loss {
            self.lose();
        }
        if self.group.ends_before(time_us) && !self.flush(&[], queue) {
            return false;
        }
        let place = self.pacing.place(time_us);
        if self.is_pictures {
            return self.emit_picture(unit, time_us, place, queue);
        }
        let sample = fragment::Sample {
            size: u32::try_from(unit.data.len()).unwrap_or(u32::MAX),
            duration: place.duration,
            composition: place.composition,
            sync: unit.sync,
        };
        let frame_us = self.pacing.frame_us();
        if self.group.add(sample, place, time_us, frame_us) {
            return self.flush(unit.data, queue);
        }
        self.group.keep(unit.data);
        true
    }

    fn emit_picture(
        &mut self,
        unit: &AccessUnit,
        time_us: i64,
        place: Place,
        queue: &mut Queue,
    ) -> bool {
        let mut data = queue.buffer();
        data.extend_from_slice(unit.data);
        let sent = queue.push(Output {
            kind: Kind::Picture,
            track: self.id,
            time: time_us as f64 / 1e6,
            duration: f64::from(place.duration) / f64::from(TIMESCALE),
            sync: unit.sync,
            data,
        });
        if !sent {
            self.pacing.take_back(place);
        }
        sent
    }

    /// Queues a fragment with the waiting pictures; `last` are the bytes of the last
    /// one, if they were not kept. Returns false if there was no room, and the pictures
    /// were lost.
    pub fn flush(&mut self, last: &[u8], queue: &mut Queue) -> bool {
        let Some(first) = self.group.first() else {
            return true;
        };
        let samples = self.group.samples();
        let mut data = queue.buffer();
        self.fragments = self.fragments.wrapping_add(1);
        let start = first.start.cast_unsigned(); // it is never negative
        fragment::write(&mut data, self.fragments, self.id, start, samples);
        data.extend_from_slice(self.group.data());
        data.extend_from_slice(last);
        let (shown, duration) = self.group.span();
        let sent = queue.push(Output {
            kind: Kind::Fragment,
            track: self.id,
            time: shown as f64 / f64::from(TIMESCALE),
            duration: duration as f64 / f64::from(TIMESCALE),
            sync: samples.first().is_some_and(|sample| sample.sync),
            data,
        });
        self.group.clear();
        if !sent {
            self.pacing.take_back(first);
        }
        sent
    }
}
