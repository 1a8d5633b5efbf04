//! One RTP source: which of its packets count, whether packets before them are missing,
//! and their unwrapped timestamps.
//!
//! Packets come here over TCP, so nothing is lost or late after it has left the camera,
//! and sequence numbers are only hints. Some cameras number all tracks together, skip
//! numbers, start anew with every key frame, or do not count at all; others drop
//! packets that they cannot send. So a gap is a loss if the numbers were in order for
//! most of the pictures before. An exception is a gap between a picture that was marked
//! as complete and the one that is due next: if packets are missing there, the
//! following packets show it.
//!
//! If the gateway says that the camera sends over UDP, every gap is a loss. The gateway
//! then puts the packets in order.

use camgate_protocol::rtp::sender::{Origin, Sender};

use camgate_protocol::rtp::{Packet, Unwrap, sequence};

/// After this many consecutive packets of one payload type that was not announced, that
/// type is taken for the announced one, unless packets of the announced type have come.
const STEADY: u8 = 4;

/// Two packets with consecutive numbers belong to one stream if their timestamps differ
/// by at most this many ticks, even if the SSRC differs.
const MAX_APART: i64 = 1 << 20;

/// A report is about this source if its timestamp differs by at most this many ticks,
/// even if the SSRC differs.
const MAX_REPORT: i64 = 1 << 23;

/// A gap costs as much credit as this many pictures without a gap give. Numbers are
/// believed while there is twice as much.
const GAP: u8 = 8;

/// How a packet continues those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It is the next one.
    Directly,
    /// This many packets are missing before it.
    AfterLoss(u16),
    /// It begins a new stream.
    Anew,
}

/// Follows the packets of one track.
#[derive(Clone, Debug)]
pub struct Source {
    payload_type: u8,
    /// A packet of the announced payload type has come.
    heard: bool,
    /// Another payload type, and how many consecutive packets had it.
    other: (u8, u8),
    sender: Sender,
    /// The sequence number that is due.
    next: Option<u16>,
    /// How far gaps in the numbers are believed.
    credit: u8,
    /// Packets may be lost between the camera and the gateway; see
    /// [`notice`](camgate_protocol::rtp::notice).
    lossy: bool,
    /// The gateway has left out packets before the next one.
    skipped: bool,
    /// The last packet had the marker bit.
    marked: bool,
    /// The time between the last two pictures, in ticks.
    step: i64,
    unwrap: Unwrap,
}

impl Source {
    pub fn new(payload_type: u8) -> Self {
        Self {
            payload_type,
            heard: false,
            other: (0, 0),
            sender: Sender::default(),
            next: None,
            credit: 0,
            lossy: false,
            skipped: false,
            marked: false,
            step: 0,
            unwrap: Unwrap::default(),
        }
    }

    /// Whether this payload type was announced.
    pub fn expects(&self, payload_type: u8) -> bool {
        self.payload_type == payload_type
    }

    /// Whether no packet has been taken yet.
    pub fn is_silent(&self) -> bool {
        self.sender.ssrc().is_none()
    }

    /// Notes that the stream stops here; when it continues, its numbers may start anew.
    pub fn pause(&mut self) {
        self.next = None;
    }

    /// Notes that the camera sends over UDP, so that every gap in the numbers is a
    /// loss.
    pub fn expect_losses(&mut self) {
        self.lossy = true;
    }

    /// Notes that the gateway has left out the packets before the next one, so that
    /// they are not lost.
    pub fn skip(&mut self) {
        self.skipped = true;
    }

    /// Takes a packet: says how it continues the stream, and unwraps its timestamp.
    /// `None` if it is to be dropped, because its payload type is another one.
    pub fn take(&mut self, packet: &Packet) -> Option<(Follows, i64)> {
        if !self.counts(packet.payload_type) {
            return None;
        }
        let anew = match (self.sender).receive(packet.ssrc, self.goes_on(packet), packet.marker) {
            Origin::Stale => return None,
            origin => origin == Origin::New,
        };
        let next = self.next.replace(sequence::after(packet.sequence));
        let ahead = next.map_or(0, |next| sequence::ahead(next, packet.sequence));
        let lost = self.is_lost(ahead, packet);
        let follows = if anew {
            Follows::Anew
        } else if std::mem::take(&mut self.skipped) {
            Follows::AfterLoss(0)
        } else if lost {
            Follows::AfterLoss(sequence::lost(ahead))
        } else {
            Follows::Directly
        };
        Some((follows, self.unwrap.advance(packet.timestamp)))
    }

    /// Whether packets are missing before this one, whose number is `ahead` of the one
    /// that was due.
    fn is_lost(&mut self, ahead: u16, packet: &Packet) -> bool {
        let passed = self.unwrap.distance(packet.timestamp);
        let marked = std::mem::replace(&mut self.marked, packet.marker);
        if ahead == 0 {
            self.credit = self.credit.saturating_add(packet.marker.into());
            self.step = if passed > 0 { passed } else { self.step };
            return false;
        }
        let believed = self.credit >= 2 * GAP && sequence::is_loss(ahead);
        self.credit = self.credit.saturating_sub(GAP);
        let due = marked && passed != 0 && passed <= self.step * 3 / 2;
        self.lossy || believed && !due
    }

    /// Whether packets of this payload type are media. Some cameras announce one
    /// payload type and send another.
    fn counts(&mut self, payload_type: u8) -> bool {
        if payload_type == self.payload_type {
            self.heard = true;
            return true;
        }
        let (last, count) = &mut self.other;
        if *last != payload_type {
            (*last, *count) = (payload_type, 0);
        }
        *count = count.saturating_add(1);
        !self.heard && *count >= STEADY
    }

    /// Whether a packet with another SSRC continues the stream: some senders change
    /// theirs as they go.
    fn goes_on(&self, packet: &Packet) -> bool {
        self.next == Some(packet.sequence) && self.is_near(packet.timestamp, MAX_APART)
    }

    fn is_near(&self, timestamp: u32, ticks: i64) -> bool {
        self.unwrap.distance(timestamp).abs() <= ticks
    }

    /// Unwraps the timestamp in a sender report of `ssrc`. `None` before the first
    /// packet, or if the report is about another source. (Some cameras write a wrong
    /// SSRC into their reports; then the timestamp decides.)
    pub fn unwrapped(&self, ssrc: u32, timestamp: u32) -> Option<i64> {
        let near = !self.sender.is_stale(ssrc) && self.is_near(timestamp, MAX_REPORT);
        let ours = self.sender.ssrc()? == ssrc || near;
        ours.then(|| self.unwrap.peek(timestamp))
    }
}

#[cfg(test)]
mod tests;
