//! H.264 (RFC 6184) and H.265 (RFC 7798) out of RTP. A packet has one NAL unit,
//! several, or a fragment of one; they are gathered into access units with lengths of
//! four bytes, as MP4 needs them.
//!
//! Invariants: the first access unit that comes out is a sync sample whose parameter
//! sets are known, and so is the first one after a loss. An access unit comes out with
//! the packet that has its marker bit. If a sender's marker bits prove wrong, its
//! timestamps are used instead from then on.

mod gathered;
pub mod parameters;

#[cfg(test)]
mod tests;

pub use camgate_protocol::codec::nal::Codec;
use camgate_protocol::codec::nal::{Class, Picture, Shape};
use gathered::Gathered;
use parameters::Parameters;

use crate::access_unit::{AccessUnit, Format};
use crate::picture_order::{MAX_LEAD, Order};
use camgate_protocol::codec::start_code;
use camgate_protocol::rtp::Packet;

/// The largest access unit that is gathered, with its new parameter sets, in bytes.
pub const MAX_ACCESS_UNIT: usize = 8 << 20;

/// A NAL unit after its length, which says that the picture is correct at once (H.264
/// D.1.8). Chromium accepts a picture that is not IDR as a sync sample only with this.
const RECOVERY_POINT: [u8; 9] = [0, 0, 0, 5, 0x06, 0x06, 0x01, 0xc4, 0x80];

/// Gathers the packets of one stream.
#[derive(Debug)]
pub struct Depacketiser {
    codec: Codec,
    /// Packets carry decoding order numbers (H.265, sprop-max-don-diff > 0).
    numbered: bool,
    parameters: Parameters,
    /// The format at the last sync sample.
    format: Option<Format>,
    order: Order,
    gathered: Gathered,
    timestamp: i64,
    /// Parameter sets have come since the last picture.
    headed: bool,
    /// The sender marks last fragments as such, so that a NAL unit without one is torn.
    /// Some senders never mark them.
    closes: bool,
    /// There was a sync sample, and no loss since.
    synced: bool,
    /// A picture was handed out, or a gradual recovery point was skipped.
    was_started: bool,
    /// The timestamp of the picture at which decoding began in the middle of a group of
    /// pictures. Pictures that are shown before it refer to missing ones.
    open_start: Option<i64>,
    /// The timestamp of the last access unit that a marker bit ended.
    marked: Option<i64>,
    /// There were marker bits in the middle of access units.
    ignore_marker: bool,
}

impl Depacketiser {
    /// `numbered`: H.265 packets carry decoding order numbers, according to the session
    /// description. They are skipped, because no other order is ever negotiated.
    pub fn new(codec: Codec, numbered: bool) -> Self {
        Self {
            codec,
            numbered,
            parameters: Parameters::new(codec),
            format: None,
            order: Order::default(),
            gathered: Gathered::default(),
            timestamp: 0,
            headed: false,
            closes: false,
            synced: false,
            was_started: false,
            open_start: None,
            marked: None,
            ignore_marker: false,
        }
    }

    /// Takes a parameter set from the session description.
    pub fn describe(&mut self, set: &[u8]) {
        for nal in start_code::split(set) {
            self.parameters.take(nal);
        }
    }

    /// The format according to the session description, if that is complete. The first
    /// access unit has a format only if it differs from this.
    pub fn described(&mut self) -> Option<&Format> {
        self.format = self.parameters.format(None, self.order);
        self.format.as_ref()
    }

    /// Notes that packets are missing here: everything before the next sync sample is
    /// dropped.
    pub fn lose(&mut self) {
        self.gathered.clear();
        self.synced = false;
    }

    /// Returns the access unit that is complete if a packet with another `timestamp`
    /// comes. To be called before each [`push`](Self::push).
    pub fn finish_before(&mut self, timestamp: i64) -> Option<AccessUnit<'_>> {
        if self.gathered.done {
            self.gathered.clear();
        }
        if timestamp == self.timestamp || self.gathered.unit.is_empty() {
            return None;
        }
        if self.end_fragments().is_none() {
            self.lose();
            return None;
        }
        self.finish()
    }

    /// Takes the next packet in sequence; `timestamp` is its unwrapped timestamp.
    pub fn push(&mut self, packet: &Packet, timestamp: i64) -> Option<AccessUnit<'_>> {
        if self.gathered.done || timestamp != self.timestamp {
            self.gathered.clear();
        }
        self.timestamp = timestamp;
        // A packet that is all padding means nothing.
        let taken = packet.payload.is_empty().then_some(());
        let taken = taken.or_else(|| self.take(packet.payload));
        let Gathered { unit, sets, .. } = &self.gathered;
        if taken.is_none() || unit.len() + sets.len() > MAX_ACCESS_UNIT {
            self.lose();
            return None;
        }
        // A marker bit within a NAL unit ends nothing.
        let inside = self.gathered.open.is_some();
        if !packet.marker || self.ignore_marker || inside || self.gathered.picture.is_none() {
            return None;
        }
        self.marked = Some(timestamp);
        self.finish()
    }

    /// Takes a payload; `None` if it makes no sense.
    fn take(&mut self, payload: &[u8]) -> Option<()> {
        match self.codec.shape(payload, self.numbered)? {
            Shape::Part {
                start,
                end,
                header,
                data,
            } => {
                if start {
                    self.end_fragments()?;
                    self.begin_nal(header.get(..self.codec.header_size())?);
                } else if self.gathered.open.is_none() {
                    // This is the middle of a NAL unit without its start. It is
                    // harmless before the first picture, and a loss after it.
                    return (!self.synced).then_some(());
                }
                self.gathered.unit.extend_from_slice(data);
                if end {
                    self.closes |= !start;
                    self.end_nal();
                }
            }
            Shape::Aggregate { rest, between } => {
                self.end_fragments()?;
                self.aggregate(rest, between)?;
            }
            Shape::Ignored => {}
        }
        Some(())
    }

    /// Takes several NAL units, each after its length in two bytes, with `between`
    /// bytes before each but the first (RFC 6184 5.7.1, RFC 7798 4.4.2).
    fn aggregate(&mut self, mut rest: &[u8], between: usize) -> Option<()> {
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            self.begin_nal(after.get(..length)?);
            self.end_nal();
            rest = after.get(length..)?;
            rest = rest.get(between..).unwrap_or_default();
        }
        Some(())
    }

    fn begin_nal(&mut self, bytes: &[u8]) {
        self.gathered.open = Some(self.gathered.unit.len());
        self.gathered.unit.extend_from_slice(&[0; 4]);
        self.gathered.unit.extend_from_slice(bytes);
    }

    /// Ends a NAL unit of which no more fragments come; `None` if some are missing.
    fn end_fragments(&mut self) -> Option<()> {
        if self.gathered.open.is_some() && self.closes {
            return None;
        }
        self.end_nal();
        Some(())
    }

    /// Ends the NAL unit that is open. It may really be several with start codes
    /// between them, which some senders leave in.
    fn end_nal(&mut self) {
        let Some(start) = self.gathered.open.take() else {
            return;
        };
        let bytes = self.gathered.unit.get(start + 4..).unwrap_or_default();
        if start_code::find(bytes).is_none() {
            return self.close_nal(start);
        }
        let bytes = bytes.to_vec();
        self.gathered.unit.truncate(start);
        for nal in start_code::split(&bytes) {
            let start = self.gathered.unit.len();
            self.begin_nal(nal);
            self.close_nal(start);
        }
        self.gathered.open = None;
    }

    /// Writes the length of the NAL unit at `start`, or removes the NAL unit if it does
    /// not belong into a sample.
    fn close_nal(&mut self, start: usize) {
        let unit = &mut self.gathered.unit;
        let bytes = unit.get(start + 4..).unwrap_or_default();
        // Trailing zeros are not part of a NAL unit.
        let size = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
        unit.truncate(start + 4 + size);
        let Some((length, nal)) = unit
            .get_mut(start..)
            .and_then(|bytes| bytes.split_first_chunk_mut::<4>())
        else {
            return;
        };
        *length = u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes();
        match self.codec.class(nal) {
            Class::Slice(picture) => return self.slice(start, picture),
            Class::Set => {
                self.headed = true;
                if self.parameters.take(nal) {
                    self.order.renew();
                    let set = self.parameters.ordered(nal, self.order);
                    let length = set.len() as u32; // hardly longer than what was taken
                    let sets = &mut self.gathered.sets;
                    sets.extend_from_slice(&length.to_be_bytes());
                    sets.extend_from_slice(&set);
                }
            }
            Class::Supplement(recovery) => {
                self.gathered.recovery = self.gathered.recovery.max(recovery);
            }
            // Decoders need to see the end of a sequence.
            Class::End if self.gathered.picture.is_some() => return,
            Class::End | Class::Other => {}
        }
        self.gathered.unit.truncate(start);
    }

    fn slice(&mut self, start: usize, picture: Picture) {
        let nal = self.gathered.unit.get(start + 4..).unwrap_or_default();
        let first = self.codec.starts_picture(nal);
        if self.gathered.picture.is_none() {
            if first {
                // A header that cannot be read refers to a set that nobody knows.
                self.gathered.start = self.codec.picture_set(nal).or(Some(u32::MAX));
            }
            if self.marked == Some(self.timestamp) {
                // The access unit with this timestamp was handed out already. Two
                // pictures with one timestamp are odd but allowed. A further slice, or
                // the second field of a picture, means that marker bits cannot be
                // trusted.
                let fields = self.format.as_ref().is_none_or(|format| format.fields);
                if !first || fields {
                    self.ignore_marker = true;
                    self.synced = false;
                }
            }
        }
        self.gathered.picture = self.gathered.picture.max(Some(picture));
    }

    /// Hands out the access unit that was gathered; `None` if it cannot be decoded.
    fn finish(&mut self) -> Option<AccessUnit<'_>> {
        self.gathered.done = true;
        let picture = self.gathered.picture?;
        let sync = self.is_sync(picture)?;
        let renewed = self.renew(sync)?;
        let after_loss = !std::mem::replace(&mut self.synced, true);
        self.order.picture(self.timestamp, after_loss);
        if sync {
            let open = picture != Picture::Instant && after_loss;
            self.open_start = open.then_some(self.timestamp);
        } else if self.is_broken(picture) {
            return None;
        }
        self.put_sets(sync, picture);
        self.was_started = true;
        Some(AccessUnit {
            data: &self.gathered.unit,
            timestamp: self.timestamp,
            sync,
            after_loss,
            format: self.format.as_ref().filter(|_| renewed),
        })
    }

    /// Whether decoding can begin with the access unit; `None` if it is torn.
    fn is_sync(&mut self, picture: Picture) -> Option<bool> {
        let recovery = self.gathered.recovery;
        // Some encoders begin groups of pictures with parameter sets and a picture of I
        // slices, and never send an IDR picture.
        let headed = std::mem::take(&mut self.headed) && picture == Picture::Intra;
        let mut sync = picture >= Picture::Open || recovery == Some(true) || headed;
        let start = self.gathered.start;
        // A picture without its beginning is torn.
        self.synced &= start.is_some();
        if !self.synced {
            start?;
            // A stream with gradual refresh may have no better point to begin.
            sync |= recovery.is_some() && self.was_started;
            self.was_started |= recovery.is_some();
        }
        Some(sync)
    }

    /// Takes the format of a sync sample; returns whether it is a new one. `None` if the
    /// picture has to wait for a sync sample.
    fn renew(&mut self, sync: bool) -> Option<bool> {
        let start = self.gathered.start;
        let mut renewed = false;
        if sync && start.is_some() {
            let latest = || self.parameters.format(None, self.order);
            let format = self.parameters.format(start, self.order).or_else(latest)?;
            renewed = self.format.as_ref() != Some(&format);
            self.format = Some(format);
        }
        if !sync && !self.synced || self.format.is_none() {
            return None;
        }
        // A picture of another size has to be a sync sample: it cannot refer to earlier
        // ones, and whoever shows it must be told the size first.
        if !sync && !self.gathered.sets.is_empty() {
            let size = |format: &Format| (format.width, format.height);
            let next = self.parameters.format(start, self.order);
            if next.as_ref().map(size) != self.format.as_ref().map(size) {
                self.synced = false;
                return None;
            }
        }
        Some(renewed)
    }

    /// Puts the NAL units that the decoder needs before the picture in front of it.
    fn put_sets(&mut self, sync: bool, picture: Picture) {
        let Gathered { unit, sets, .. } = &mut self.gathered;
        if sync {
            // The init segment has these sets.
            sets.clear();
            if self.codec == Codec::H264 && picture != Picture::Instant {
                sets.extend_from_slice(&RECOVERY_POINT);
            }
        }
        // Sets that change between sync samples cannot wait for the next sync sample.
        if !sets.is_empty() {
            sets.extend_from_slice(unit);
            std::mem::swap(unit, sets);
        }
    }

    /// Whether the picture precedes, in output order, the one at which decoding began.
    fn is_broken(&self, picture: Picture) -> bool {
        match self.codec {
            Codec::H264 => self.open_start.is_some_and(|start| {
                let lead = start.saturating_sub(self.timestamp);
                (1..=MAX_LEAD).contains(&lead)
            }),
            Codec::H265 => self.open_start.is_some() && picture == Picture::Leading,
        }
    }
}
