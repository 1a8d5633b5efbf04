//! One RTP source: which of its packets count, what is missing before them, and
//! their unwrapped times.
//!
//! What comes here came over TCP: nothing is lost or late behind the camera.
//! Sequence numbers are hints. Some cameras count all tracks together, leave
//! numbers out or begin anew with every key frame, or do not count at all; others
//! leave packets out when they cannot send them. So a gap is a loss when numbers
//! have been in order for most pictures before, unless it lies between a picture
//! that was marked as whole and the next one due: if more is missing, the packets
//! themselves show it. Only where the gateway says that the camera sends over UDP
//! is every gap a loss; the packets' order is its work then.

use camgate_protocol::rtp::sender::{Heard, Sender};

use camgate_protocol::rtp::{MAX_DROPOUT, Packet, Unwrap};

/// So many packets in a row of one other payload type than announced are taken
/// for what was announced, as long as none of that has come.
const STEADY: u8 = 4;

/// Two packets in sequence are of one stream if their timestamps are no further
/// apart than this, in ticks, whatever names the sender gives itself.
const MAX_APART: i64 = 1 << 20;

/// A report is about this source if the time it names is no further away than
/// this, in ticks, whatever name is on it.
const MAX_REPORT: i64 = 1 << 23;

/// A gap takes as much credit from the numbers as so many pictures without one
/// give; they are believed from twice as much on.
const GAP: u8 = 8;

/// How a packet follows those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It was due.
    Directly,
    /// After so many packets that are missing.
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
    /// Another payload type, and how many packets of it came in a row.
    other: (u8, u8),
    sender: Sender,
    /// The number that is due.
    next: Option<u16>,
    /// How far gaps in the numbers are to be believed.
    credit: u8,
    /// The camera's packets may be lost on their way: see [`notice`](camgate_protocol::rtp::notice).
    lossy: bool,
    /// Packets were left out on purpose before the next one.
    skipped: bool,
    /// The last packet had the marker bit.
    marked: bool,
    /// From the last picture to the one before, ticks.
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
        self.sender.name().is_none()
    }

    /// The stream stops here; it may count its packets anew when it goes on.
    pub fn pause(&mut self) {
        self.next = None;
    }

    /// The camera sends over UDP: what is missing by the numbers is lost.
    pub fn doubt(&mut self) {
        self.lossy = true;
    }

    /// Packets up to the next one were left out: none of them is lost.
    pub fn skip(&mut self) {
        self.skipped = true;
    }

    /// Places a packet and unwraps its timestamp. `None`: to be dropped, for it
    /// is of another payload type.
    pub fn take(&mut self, packet: &Packet) -> Option<(Follows, i64)> {
        if !self.counts(packet.payload_type) {
            return None;
        }
        let anew = match (self.sender).hear(packet.ssrc, self.goes_on(packet), packet.marker) {
            Heard::Stale => return None,
            heard => heard == Heard::Another,
        };
        let next = self.next.replace(packet.sequence.wrapping_add(1));
        let ahead = next.map_or(0, |next| packet.sequence.wrapping_sub(next));
        let lost = self.is_lost(ahead, packet);
        let follows = if anew {
            Follows::Anew
        } else if std::mem::take(&mut self.skipped) {
            Follows::AfterLoss(0)
        } else if lost {
            Follows::AfterLoss(if ahead < MAX_DROPOUT { ahead } else { 0 })
        } else {
            Follows::Directly
        };
        Some((follows, self.unwrap.advance(packet.timestamp)))
    }

    /// Whether packets are missing before this one, whose number is `ahead` of
    /// the one that was due.
    fn is_lost(&mut self, ahead: u16, packet: &Packet) -> bool {
        let passed = self.unwrap.distance(packet.timestamp);
        let marked = std::mem::replace(&mut self.marked, packet.marker);
        if ahead == 0 {
            self.credit = self.credit.saturating_add(packet.marker.into());
            self.step = if passed > 0 { passed } else { self.step };
            return false;
        }
        let believed = self.credit >= 2 * GAP && ahead < MAX_DROPOUT;
        self.credit = self.credit.saturating_sub(GAP);
        let due = marked && passed != 0 && passed <= self.step * 3 / 2;
        self.lossy || believed && !due
    }

    /// Whether packets of this payload type are media. Some cameras announce
    /// one and send another.
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

    /// Whether a packet under another name continues the stream: some senders
    /// change their names as they go.
    fn goes_on(&self, packet: &Packet) -> bool {
        self.next == Some(packet.sequence) && self.is_near(packet.timestamp, MAX_APART)
    }

    fn is_near(&self, timestamp: u32, ticks: i64) -> bool {
        self.unwrap.distance(timestamp).abs() <= ticks
    }

    /// The unwrapped form of a timestamp that a sender report of `ssrc` names;
    /// `None` before the first packet, or if it is about another source. (Some
    /// cameras put a wrong name on their reports: then the time decides.)
    pub fn unwrapped(&self, ssrc: u32, timestamp: u32) -> Option<i64> {
        let near = !self.sender.is_stale(ssrc) && self.is_near(timestamp, MAX_REPORT);
        let ours = self.sender.name()? == ssrc || near;
        ours.then(|| self.unwrap.peek(timestamp))
    }
}

#[cfg(test)]
mod tests;
