//! AAC in LATM out of RTP: `MP4A-LATM` (RFC 6416 6).
//!
//! A packet holds AudioMuxElements (ISO 14496-3 1.7.3), or a part of one. An element
//! contains its own length, so it is complete when all of it is there; the marker bit,
//! which some senders do not set, is not needed.

mod mux;

use camgate_protocol::rtsp::{sdp, text};

use crate::aac::config::Config;
use crate::payload::{Format, Frames, Payload};
use camgate_protocol::codec::bits::Bits;
use camgate_protocol::rtp::Packet;
use mux::Mux;

/// The largest element that is put together, in bytes, and from how many packets: the
/// element is parsed again with each packet.
const MAX_ELEMENT: usize = 16 << 10;
const MAX_PARTS: u8 = 16;

/// The rate that is assumed until the stream says another one.
const USUAL_RATE: u32 = 48_000;

#[derive(Debug)]
struct Latm {
    /// Elements begin with a bit, after which a configuration follows if it is 0.
    in_band: bool,
    mux: Option<Mux>,
    /// The part of the element that has come.
    partial: Vec<u8>,
    /// How many packets it came in.
    parts: u8,
    timestamp: i64,
    /// Some elements came in several packets.
    fragmented: bool,
    /// The next bytes may be the end of an element whose start was lost.
    unsure: bool,
}

/// The payload format of `media`, and the format of its frames.
pub fn open(media: &sdp::Media) -> Option<(Box<dyn Payload>, Format)> {
    let config = media.parameter("config").and_then(text::hex);
    let mux = config.and_then(|mut bytes| {
        // GStreamer leaves out what follows the AudioSpecificConfig.
        bytes.resize(bytes.len() + 4, 0);
        Mux::read(&mut Bits::new(&bytes))
    });
    let in_band = match media.parameter("cpresent") {
        Some(present) => present != "0",
        None => mux.is_none(),
    };
    let guess = Config::plain(media.clock_rate, media.channels)
        .or_else(|| Config::plain(USUAL_RATE, media.channels))?;
    let guess = Mux::plain(guess);
    let format = mux.as_ref().unwrap_or(&guess).config.format();
    let latm = Latm {
        in_band,
        mux: mux.or((!in_band).then_some(guess)),
        partial: Vec::new(),
        parts: 0,
        timestamp: 0,
        fragmented: false,
        unsure: false,
    };
    Some((Box::new(latm), format))
}

impl Payload for Latm {
    fn push(&mut self, packet: &Packet, timestamp: i64, frames: &mut Frames) {
        if std::mem::replace(&mut self.timestamp, timestamp) != timestamp
            || self.partial.len() + packet.payload.len() > MAX_ELEMENT
            || self.parts >= MAX_PARTS
        {
            self.partial.clear();
        }
        if self.unsure {
            self.unsure = !packet.marker;
            return;
        }
        let continued = !self.partial.is_empty();
        self.parts = if continued { self.parts + 1 } else { 1 };
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(packet.payload);
        let mut rest = whole.as_slice();
        while !rest.is_empty()
            && let Some(after) = self.element(rest, frames)
        {
            self.fragmented |= continued && packet.marker;
            rest = after;
        }
        if !packet.marker {
            let used = whole.len() - rest.len();
            whole.drain(..used);
            self.partial = whole;
        }
    }

    fn lose(&mut self) {
        self.partial.clear();
        self.unsure = self.fragmented;
    }

    fn silence(&mut self, samples: u32, data: &mut Vec<u8>) -> u32 {
        let config = self.mux.as_ref().map(|mux| &mux.config);
        config.map_or(0, |config| config.put_silence(samples, data))
    }
}

impl Latm {
    /// Takes one AudioMuxElement from the front, and returns the rest. `None` if it is
    /// not complete, or makes no sense.
    fn element<'a>(&mut self, bytes: &'a [u8], frames: &mut Frames) -> Option<&'a [u8]> {
        let mut bits = Bits::new(bytes);
        let mut new = None;
        if self.in_band && !bits.flag() {
            new = Some(Mux::read(&mut bits)?);
        }
        let mux = new.as_ref().or(self.mux.as_ref())?;
        let end = mux.payloads(bits.clone(), None)?.position();
        mux.payloads(bits, Some(frames));
        if let Some(mux) = new {
            let known = self.mux.as_ref().map(|mux| &mux.config);
            if known != Some(&mux.config) {
                frames.format = Some(mux.config.format());
            }
            self.mux = Some(mux);
        }
        bytes.get(end.div_ceil(8)..)
    }
}

#[cfg(test)]
mod tests;
