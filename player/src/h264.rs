//! H.264 out of RTP (RFC 6184): single NAL unit packets, STAP-A and FU-A,
//! gathered into access units with four-byte lengths, as MP4 wants them.
//!
//! Invariants: the first access unit that comes out holds an IDR picture whose
//! parameter sets are known; after a loss the next one does so again. An access
//! unit comes out with the packet that carries its marker bit. A sender whose
//! marker bits prove wrong is followed by its timestamps from then on.

pub mod parameters;
pub mod sps;

#[cfg(test)]
mod tests;

use parameters::Parameters;

use crate::rtp::Packet;

/// The largest access unit that is gathered, bytes.
pub const MAX_ACCESS_UNIT: usize = 8 << 20;

const IDR: u8 = 5;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// One coded picture with what belongs to it.
#[derive(Debug)]
pub struct AccessUnit<'a> {
    /// NAL units, each behind its length in four bytes.
    pub data: &'a [u8],
    /// The RTP timestamp, as the packets gave it.
    pub timestamp: i64,
    /// It holds an IDR picture.
    pub sync: bool,
    /// It is the first one, or access units are missing before it.
    pub after_loss: bool,
    /// The parameter sets from here on, at a sync sample, when they are not
    /// those of the sync sample before.
    pub parameters: Option<&'a Parameters>,
}

/// Gathers the packets of one stream.
#[derive(Debug, Default)]
pub struct Depacketiser {
    parameters: Parameters,
    /// Parameter sets came that no init segment has carried yet.
    renewed: bool,
    /// The access unit being gathered.
    unit: Vec<u8>,
    timestamp: i64,
    /// Where in `unit` the NAL unit being gathered begins (with its length).
    open: Option<usize>,
    /// `unit` has slices.
    has_slices: bool,
    /// `unit` has IDR slices.
    has_idr: bool,
    /// The first slice in `unit` is the picture's first.
    has_start: bool,
    /// New parameter sets among `unit`'s NAL units, each behind its length.
    sets: Vec<u8>,
    /// Nothing can be decoded before the next IDR picture.
    synced: bool,
    /// `unit` has been given out and is to be cleared.
    done: bool,
    /// The timestamp of the access unit that a marker bit ended last.
    marked: Option<i64>,
    /// Marker bits came in the middle of access units.
    ignore_marker: bool,
}

impl Depacketiser {
    /// Takes a parameter set from the session description.
    pub fn describe(&mut self, nal: &[u8]) {
        self.renewed |= self.parameters.take(nal);
    }

    /// The parameter sets of the session description, when they are complete.
    /// The first access unit repeats them only if they change.
    pub fn described(&mut self) -> Option<&Parameters> {
        self.parameters.complete()?;
        self.renewed = false;
        Some(&self.parameters)
    }

    /// Packets are missing here: everything up to the next IDR picture goes.
    pub fn lose(&mut self) {
        self.clear();
        self.synced = false;
    }

    /// Ends the access unit that a packet with another `timestamp` proves
    /// complete. To be called before each [`push`](Self::push).
    pub fn finish_before(&mut self, timestamp: i64) -> Option<AccessUnit<'_>> {
        if self.done {
            self.clear();
        }
        if timestamp == self.timestamp || self.unit.is_empty() {
            return None;
        }
        self.end_nal();
        self.finish()
    }

    /// Takes the next packet in sequence; `timestamp` is its unwrapped one.
    pub fn push(&mut self, packet: &Packet, timestamp: i64) -> Option<AccessUnit<'_>> {
        if self.done || timestamp != self.timestamp {
            self.clear();
        }
        self.timestamp = timestamp;
        let taken = self.take(packet.payload);
        if taken.is_none() || self.unit.len() > MAX_ACCESS_UNIT {
            self.lose();
            return None;
        }
        if !packet.marker || self.ignore_marker || !self.has_slices {
            return None;
        }
        self.end_nal();
        self.marked = Some(timestamp);
        self.finish()
    }

    /// `None` when the payload makes no sense.
    fn take(&mut self, payload: &[u8]) -> Option<()> {
        let (&header, rest) = payload.split_first()?;
        match header & 0x1f {
            1..=23 => {
                self.end_nal();
                self.whole(payload);
            }
            STAP_A => {
                self.end_nal();
                self.aggregate(rest)?;
            }
            FU_A => self.fragment(header, rest)?,
            // STAP-B, MTAP and FU-B belong to the interleaved mode, which
            // nobody asked for; 0, 30 and 31 are undefined and to be ignored.
            _ => {}
        }
        Some(())
    }

    /// RFC 6184 5.7.1.
    fn aggregate(&mut self, mut rest: &[u8]) -> Option<()> {
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            self.whole(after.get(..length)?);
            rest = after.get(length..)?;
        }
        Some(())
    }

    /// RFC 6184 5.8.
    ///
    /// ```text
    /// +---------------+---------------+
    /// |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
    /// |F|NRI|  Type   |S|E|R|  Type   |
    /// +---------------+---------------+
    ///   FU indicator      FU header
    /// ```
    fn fragment(&mut self, indicator: u8, rest: &[u8]) -> Option<()> {
        let (&header, data) = rest.split_first()?;
        if header & 0x80 != 0 {
            self.end_nal();
            self.open = Some(self.unit.len());
            self.unit.extend_from_slice(&[0; 4]);
            self.unit.push(indicator & 0xe0 | header & 0x1f);
        } else if self.open.is_none() {
            // The middle of a NAL unit without its start. Harmless before the
            // first picture, a loss after it.
            return if self.synced { None } else { Some(()) };
        }
        self.unit.extend_from_slice(data);
        if header & 0x40 != 0 {
            self.end_nal();
        }
        Some(())
    }

    fn whole(&mut self, nal: &[u8]) {
        if nal.is_empty() {
            return;
        }
        self.open = Some(self.unit.len());
        self.unit.extend_from_slice(&[0; 4]);
        self.unit.extend_from_slice(nal);
        self.end_nal();
    }

    /// The NAL unit at `open` is complete: its length is set, or it is taken
    /// out again when it is none that belongs into a sample.
    fn end_nal(&mut self) {
        let Some(start) = self.open.take() else {
            return;
        };
        let Some((length, nal)) = self
            .unit
            .get_mut(start..)
            .and_then(|bytes| bytes.split_first_chunk_mut::<4>())
        else {
            return;
        };
        let size = u32::try_from(nal.len()).unwrap_or(u32::MAX);
        *length = size.to_be_bytes();
        let Some(&header) = nal.first() else {
            return;
        };
        match header & 0x1f {
            1..=5 => self.slice(start, header & 0x1f == IDR),
            7 | 8 => {
                let set = self.unit.get(start + 4..).unwrap_or_default();
                if self.parameters.take(set) {
                    self.renewed = true;
                    self.sets.extend_from_slice(&self.unit[start..]);
                }
                self.unit.truncate(start);
            }
            // Delimiters, SEI, filler, ends of sequences and streams, and
            // extensions that no browser decodes.
            _ => self.unit.truncate(start),
        }
    }

    fn slice(&mut self, start: usize, idr: bool) {
        // first_mb_in_slice is 0 when its first bit is 1.
        let first = self
            .unit
            .get(start + 5)
            .is_some_and(|byte| byte & 0x80 != 0);
        if self.marked == Some(self.timestamp) && !self.has_slices {
            // The access unit with this timestamp was given out already. Two
            // pictures with one timestamp are odd but fine; a further slice or
            // the second field of one means that marker bits cannot be trusted.
            let frames_only = self.parameters.info().is_some_and(|sps| sps.frames_only);
            if !(first && frames_only) {
                self.ignore_marker = true;
                self.synced = false;
            }
        }
        self.has_start |= first && !self.has_slices;
        self.has_slices = true;
        self.has_idr |= idr;
    }

    fn finish(&mut self) -> Option<AccessUnit<'_>> {
        self.done = true;
        if !self.has_slices || self.parameters.complete().is_none() {
            return None;
        }
        let start = self.has_idr && self.has_start;
        if !self.synced && !start {
            return None;
        }
        let after_loss = !std::mem::replace(&mut self.synced, true);
        if !self.has_idr && !self.sets.is_empty() {
            // Sets that change between sync samples cannot wait for the next
            // init segment.
            self.unit.splice(0..0, self.sets.drain(..));
        }
        let renewed = self.has_idr && std::mem::take(&mut self.renewed);
        Some(AccessUnit {
            data: &self.unit,
            timestamp: self.timestamp,
            sync: self.has_idr,
            after_loss,
            parameters: renewed.then_some(&self.parameters),
        })
    }

    fn clear(&mut self) {
        self.unit.clear();
        self.sets.clear();
        self.open = None;
        self.has_slices = false;
        self.has_idr = false;
        self.has_start = false;
        self.done = false;
    }
}
