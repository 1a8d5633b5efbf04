//! One RTP source: which of its packets count, and their unwrapped times.

use crate::rtp::{Order, Packet, Sequence, Unwrap};

/// So many packets in a row of one other payload type than announced are taken
/// for what was announced, as long as none of that has come.
const STEADY: u8 = 4;

/// Two packets in sequence are of one stream if their timestamps are no further
/// apart than this, in ticks, whatever names the sender gives itself.
const MAX_APART: i64 = 1 << 20;

/// A report is about this source if the time it names is no further away than
/// this, in ticks, whatever name is on it.
const MAX_REPORT: i64 = 1 << 23;

/// Second bytes of RTCP packets (RFC 5761 §4): no payload type is as large with
/// the marker bit.
pub const RTCP: std::ops::RangeInclusive<u8> = 192..=223;

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
    ssrc: Option<u32>,
    sequence: Sequence,
    /// Packets were left out on purpose before the next one.
    skipped: bool,
    unwrap: Unwrap,
}

impl Source {
    pub fn new(payload_type: u8) -> Self {
        Self {
            payload_type,
            heard: false,
            other: (0, 0),
            ssrc: None,
            sequence: Sequence::default(),
            skipped: false,
            unwrap: Unwrap::default(),
        }
    }

    /// Whether this payload type was announced.
    pub fn expects(&self, payload_type: u8) -> bool {
        self.payload_type == payload_type
    }

    /// Whether no packet has been taken yet.
    pub fn is_silent(&self) -> bool {
        self.ssrc.is_none()
    }

    /// The stream stops here; it may count its packets anew when it goes on.
    pub fn pause(&mut self) {
        self.sequence = Sequence::default();
    }

    /// The packets up to this one will not come: none of them is lost.
    pub fn skip(&mut self, sequence: u16) {
        self.sequence = Sequence::after(sequence);
        self.skipped = true;
    }

    /// Places a packet and unwraps its timestamp. `None`: to be dropped, for it
    /// is of another payload type, repeated or late.
    pub fn take(&mut self, packet: &Packet) -> Option<(Follows, i64)> {
        if !self.counts(packet.payload_type) {
            return None;
        }
        let known = self.ssrc.replace(packet.ssrc);
        if known.is_some_and(|ssrc| ssrc != packet.ssrc) && !self.goes_on(packet) {
            self.sequence = Sequence::default();
            self.sequence.place(packet.sequence, true);
            return Some((Follows::Anew, self.unwrap.advance(packet.timestamp)));
        }
        let near = self.is_near(packet.timestamp, MAX_APART);
        let follows = match self.sequence.place(packet.sequence, near) {
            Order::Next if std::mem::take(&mut self.skipped) => Follows::AfterLoss(0),
            Order::Next => Follows::Directly,
            Order::Gap(missing) => Follows::AfterLoss(missing),
            Order::Restart => Follows::Anew,
            Order::Old | Order::Strange => return None,
        };
        Some((follows, self.unwrap.advance(packet.timestamp)))
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
        self.sequence.is_next(packet.sequence) && self.is_near(packet.timestamp, MAX_APART)
    }

    fn is_near(&self, timestamp: u32, ticks: i64) -> bool {
        self.unwrap.distance(timestamp).abs() <= ticks
    }

    /// The unwrapped form of a timestamp that a sender report of `ssrc` names;
    /// `None` before the first packet, or if it is about another source. (Some
    /// cameras put a wrong name on their reports: then the time decides.)
    pub fn unwrapped(&self, ssrc: u32, timestamp: u32) -> Option<i64> {
        let ours = self.ssrc? == ssrc || self.is_near(timestamp, MAX_REPORT);
        ours.then(|| self.unwrap.peek(timestamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet<'static> {
        Packet {
            marker: false,
            payload_type: 96,
            sequence,
            timestamp,
            ssrc,
            extension: &[],
            payload: &[],
        }
    }

    #[test]
    fn another_payload_type_counts_if_it_alone_comes_steadily() {
        let mut source = Source::new(97);
        for sequence in 1..4 {
            assert_eq!(source.take(&packet(1, sequence, 1)), None);
        }
        assert!(source.is_silent());
        assert_eq!(source.take(&packet(1, 4, 1)), Some((Follows::Directly, 1)));
        assert_eq!(source.take(&packet(1, 5, 1)), Some((Follows::Directly, 1)));
        // The announced one comes after all.
        let announced = Packet {
            payload_type: 97,
            ..packet(1, 6, 1)
        };
        assert_eq!(source.take(&announced), Some((Follows::Directly, 1)));
        for sequence in 7..20 {
            assert_eq!(source.take(&packet(1, sequence, 1)), None);
        }
    }

    #[test]
    fn payload_types_in_turn_are_none_of_ours() {
        let mut source = Source::new(97);
        for sequence in 1..20 {
            let other = Packet {
                payload_type: 100 + (sequence % 2) as u8,
                ..packet(1, sequence, 1)
            };
            assert_eq!(source.take(&other), None);
        }
    }

    #[test]
    fn a_new_source_is_a_new_beginning() {
        let mut source = Source::new(96);
        assert_eq!(source.unwrapped(1, 5), None);
        assert_eq!(source.take(&packet(1, 1, 5)), Some((Follows::Directly, 5)));
        let lossy = Some((Follows::AfterLoss(1), 6));
        assert_eq!(source.take(&packet(1, 3, 6)), lossy);
        assert_eq!(source.take(&packet(1, 3, 6)), None);
        assert_eq!(source.take(&packet(2, 3, 7)), Some((Follows::Anew, 7)));
        assert_eq!(source.take(&packet(2, 4, 8)), Some((Follows::Directly, 8)));
    }

    #[test]
    fn a_new_name_alone_is_none() {
        let mut source = Source::new(96);
        source.take(&packet(1, 65535, 5));
        assert_eq!(source.take(&packet(2, 0, 8)), Some((Follows::Directly, 8)));
        let far = packet(3, 1, 0x8000_0000);
        assert!(matches!(source.take(&far), Some((Follows::Anew, _))));
    }

    #[test]
    fn counting_anew_after_a_pause_loses_nothing() {
        let mut source = Source::new(96);
        source.take(&packet(1, 40_000, 5));
        assert_eq!(source.take(&packet(1, 7, 8)), None);
        source.pause();
        assert_eq!(source.take(&packet(1, 7, 9)), Some((Follows::Directly, 9)));
    }

    #[test]
    fn what_was_skipped_is_not_lost_however_much_it_is() {
        let mut source = Source::new(96);
        source.take(&packet(1, 65_000, 5));
        source.skip(9_999);
        let none = Some((Follows::AfterLoss(0), 6));
        assert_eq!(source.take(&packet(1, 10_000, 6)), none);
        let next = Some((Follows::Directly, 6));
        assert_eq!(source.take(&packet(1, 10_001, 6)), next);
    }

    #[test]
    fn reports_under_a_wrong_name_count_if_their_time_fits() {
        let mut source = Source::new(96);
        source.take(&packet(1, 1, 5));
        assert_eq!(source.unwrapped(1, 0x7000_0000), Some(0x7000_0000));
        assert_eq!(source.unwrapped(0, 4), Some(4));
        assert_eq!(source.unwrapped(0, 0x7000_0000), None);
    }
}
