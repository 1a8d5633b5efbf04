//! AAC out of RTP: `mpeg4-generic` (RFC 3640), modes AAC-hbr and AAC-lbr.
//!
//! Invariant: frames come out whole and in order. Their sizes are in the AU headers. A
//! frame that does not fit into the packet ends it, except for the first one, which may
//! be a fragment. Interleaving is never negotiated, so it is not undone.

pub mod adts;
pub mod config;

#[cfg(test)]
mod tests;

use camgate_protocol::rtsp::{sdp, text};

use crate::payload::{Format, Frames, Payload};
use camgate_protocol::codec::bits::Bits;
use camgate_protocol::rtp::Packet;
use config::Config;

/// The largest frame that is put together from fragments, in bytes. AAC itself limits
/// frames to 768 bytes per channel.
const MAX_FRAME: usize = 64 << 10;

/// The maximum number of frames in one packet.
const MAX_FRAMES: usize = 64;

/// The parameters that give the widths of the fields of AU headers (RFC 3640 4.1).
const FIELDS: [&str; 3] = ["sizelength", "indexlength", "indexdeltalength"];

/// The payload format of `media`, and the format of its frames.
pub fn open(media: &sdp::Media) -> Option<(Box<dyn Payload>, Format)> {
    let mode = media.parameter("mode").unwrap_or_default();
    if mode
        .get(..4)
        .is_some_and(|mode| mode.eq_ignore_ascii_case("CELP"))
    {
        return None;
    }
    let layout = Layout::read(&|name| media.parameter(name))?;
    let described = media.parameter("config").and_then(text::hex);
    let config = match described {
        Some(bytes) if Config::is_other(&bytes) => return None,
        Some(bytes) => Config::parse(&bytes),
        None => None,
    };
    let config = config.or_else(|| Config::plain(media.clock_rate, media.channels))?;
    let format = config.format();
    Some((Box::new(Depacketiser::new(layout, config)), format))
}

/// The layout of AU headers (RFC 3640 4.1): the widths in bits of the fields that AAC
/// uses. Times, states and auxiliary data are for other codecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub size: u32,
    pub index: u32,
    pub index_delta: u32,
}

impl Layout {
    /// AAC-hbr (RFC 3640 3.3.6).
    pub const HBR: Self = Self {
        size: 13,
        index: 3,
        index_delta: 3,
    };

    /// Reads the format parameters. `None` if a field is wider than 32 bits, or if
    /// frames would have no size at all.
    pub fn read<'a>(parameter: &dyn Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let low = parameter("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("AAC-lbr"));
        let (size, index) = if low { (6, 2) } else { (13, 3) };
        // Once there is a size, fields that are not named have no bits (4.1).
        let index = parameter("sizelength").map_or(index, |_| 0);
        let mut widths = [size, index, index];
        for (name, width) in FIELDS.iter().zip(&mut widths) {
            if let Some(bits) = parameter(name) {
                *width = text::number(bits.trim_ascii()).filter(|bits| *bits <= 32)?;
            }
        }
        let [size, index, index_delta] = widths;
        let layout = Self {
            size,
            index,
            index_delta,
        };
        (size > 0).then_some(layout)
    }

    /// Reads one AU header; returns the size of its frame.
    fn header(&self, bits: &mut Bits, first: bool) -> Option<usize> {
        let size = bits.take(self.size);
        bits.take(if first { self.index } else { self.index_delta });
        bits.intact()?;
        Some(size as usize)
    }
}

/// Splits packets into frames, and joins the fragments of frames.
#[derive(Debug)]
pub struct Depacketiser {
    layout: Layout,
    config: Config,
    /// The fragments of a frame so far, and the size of the whole frame.
    partial: Vec<u8>,
    wanted: usize,
    timestamp: i64,
    /// The fragmented frame came without AU headers, with an ADTS header.
    bare: bool,
}

impl Payload for Depacketiser {
    fn push(&mut self, packet: &Packet, timestamp: i64, frames: &mut Frames) {
        // Bytes that make no sense end the packet; the frames before them count.
        let _ = self.take(packet.payload, timestamp, frames);
    }

    fn lose(&mut self) {
        self.partial.clear();
    }

    fn silence(&mut self, samples: u32, data: &mut Vec<u8>) -> u32 {
        self.config.put_silence(samples, data)
    }
}

impl Depacketiser {
    pub fn new(layout: Layout, config: Config) -> Self {
        Self {
            layout,
            config,
            partial: Vec::new(),
            wanted: 0,
            timestamp: 0,
            bare: false,
        }
    }

    /// ```text
    /// +---------+-----------+---------------+
    /// | RTP     | AU Header | Access Unit   |
    /// | Header  | Section   | Data Section  |
    /// +---------+-----------+---------------+
    /// ```
    fn take(&mut self, payload: &[u8], timestamp: i64, frames: &mut Frames) -> Option<()> {
        let mut layout = self.layout;
        if let Some((data, size)) = self.bare(payload, timestamp) {
            return self.fragment(data, size, timestamp, frames);
        }
        self.bare = false;
        let (length, rest) = payload.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if (layout.size, layout.index) == (13, 0) && length % 13 != 0 {
            layout = Layout::HBR; // with an index that the description did not mention
        }
        let mut headers = Bits::new(rest.get(..length.div_ceil(8))?);
        let mut data = rest.get(length.div_ceil(8)..)?;
        let mut left = length;
        for index in 0..MAX_FRAMES {
            let before = headers.position();
            let size = layout.header(&mut headers, index == 0)?;
            left = left.checked_sub(headers.position() - before)?;
            if index == 0 && (size > data.len() || !self.partial.is_empty()) {
                return self.fragment(data, size, timestamp, frames);
            }
            let (unit, after) = data.split_at_checked(size)?;
            self.unit(unit, frames);
            data = after;
            if left == 0 {
                break;
            }
        }
        Some(())
    }

    /// The data and the size of ADTS frames that come without AU headers, at the start
    /// of the packet or after the header of MPEG audio (RFC 2250 3.5). Their syncword
    /// is not a possible length of AU headers.
    fn bare<'a>(&mut self, payload: &'a [u8], timestamp: i64) -> Option<(&'a [u8], usize)> {
        if self.bare && !self.partial.is_empty() && self.timestamp == timestamp {
            return Some((payload, self.wanted));
        }
        let behind = payload.strip_prefix(&[0; 4]).unwrap_or(payload);
        let header = adts::header(behind)?;
        self.partial.clear();
        self.bare = true;
        Some((behind, header.length.max(behind.len())))
    }

    /// Takes a fragment (RFC 3640 3.2.3.2). It is alone in its packet; size and
    /// timestamp are those of the whole frame.
    fn fragment(
        &mut self,
        data: &[u8],
        size: usize,
        timestamp: i64,
        frames: &mut Frames,
    ) -> Option<()> {
        if self.partial.is_empty() || self.timestamp != timestamp || self.wanted != size {
            self.partial.clear();
            self.timestamp = timestamp;
            self.wanted = size;
            // This is not the first part, and the frame before it was never completed.
            if let Some(whole) = data.get(..size) {
                self.unit(whole, frames);
                return Some(());
            }
        }
        if self.partial.len() + data.len() > MAX_FRAME {
            self.partial.clear();
            return None;
        }
        self.partial.extend_from_slice(data);
        if self.partial.len() >= self.wanted {
            let mut whole = std::mem::take(&mut self.partial);
            whole.truncate(self.wanted);
            self.unit(&whole, frames);
        }
        Some(())
    }

    /// Hands out an access unit: one frame, or frames with ADTS headers, which are
    /// removed.
    fn unit(&mut self, unit: &[u8], frames: &mut Frames) {
        let mut rest = unit;
        while let Some(header) = adts::header(rest)
            && let Some((whole, after)) = rest.split_at_checked(header.length)
        {
            self.adopt(header.config, frames);
            let frame = whole.get(header.size..).unwrap_or_default();
            frames.push(frame, self.config.frame_samples);
            rest = after;
        }
        if rest.len() == unit.len() && !unit.is_empty() {
            frames.push(unit, self.config.frame_samples);
        }
    }

    /// Takes over the format that the encoder itself gives.
    fn adopt(&mut self, bytes: [u8; 2], frames: &mut Frames) {
        let Some(config) = Config::parse(&bytes) else {
            return;
        };
        let is = (config.rate, config.channels);
        if is != (self.config.rate, self.config.channels) && config.channels > 0 {
            frames.format = Some(config.format());
            self.config = config;
        }
    }
}
