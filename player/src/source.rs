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

use camgate::sender::{Heard, Sender};

use crate::rtp::{Packet, Unwrap};

/// So many packets in a row of one other payload type than announced are taken
/// for what was announced, as long as none of that has come.
const STEADY: u8 = 4;

/// Two packets in sequence are of one stream if their timestamps are no further
/// apart than this, in ticks, whatever names the sender gives itself.
const MAX_APART: i64 = 1 << 20;

/// A report is about this source if the time it names is no further away than
/// this, in ticks, whatever name is on it.
const MAX_REPORT: i64 = 1 << 23;

/// Numbers may skip ahead this far and still tell how many are missing
/// (RFC 3550 A.1, MAX_DROPOUT).
const MAX_DROPOUT: u16 = 3000;

/// A gap takes as much credit from the numbers as so many pictures without one
/// give; they are believed from twice as much on.
const GAP: u8 = 8;

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
    sender: Sender,
    /// The number that is due.
    next: Option<u16>,
    /// How far gaps in the numbers are to be believed.
    credit: u8,
    /// The camera's packets may be lost on their way: see [`notice`](camgate::notice).
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

    /// A picture every ten ticks, of packets with these numbers; says how many of
    /// them follow a loss.
    fn losses(source: &mut Source, picture: u32, sequences: &[u16]) -> usize {
        let last = sequences.len() - 1;
        let mut lost = 0;
        for (index, sequence) in sequences.iter().enumerate() {
            let packet = Packet {
                marker: index == last,
                ..packet(1, *sequence, picture * 10)
            };
            let (follows, _) = source.take(&packet).unwrap();
            lost += usize::from(follows != Follows::Directly);
        }
        lost
    }

    /// A source whose numbers were in order, from 0 to 99, for 50 pictures.
    fn trusted() -> Source {
        let mut source = Source::new(96);
        for picture in 0..50 {
            let number = picture as u16 * 2;
            assert_eq!(losses(&mut source, picture, &[number, number + 1]), 0);
        }
        source
    }

    #[test]
    fn a_gap_in_numbers_that_were_in_order_is_a_loss() {
        // Within a picture; at its end; a whole picture.
        assert_eq!(losses(&mut trusted(), 50, &[100, 102]), 1);
        let mut source = trusted();
        source.take(&packet(1, 100, 500));
        assert_eq!(losses(&mut source, 51, &[102, 103]), 1);
        assert_eq!(losses(&mut trusted(), 51, &[102, 103]), 1);
        // Many, one after the other.
        let mut source = trusted();
        for picture in 50..54 {
            let number = picture as u16 * 3;
            assert_eq!(losses(&mut source, picture, &[number, number + 2]), 1);
        }
    }

    #[test]
    fn a_gap_before_the_picture_that_is_due_is_none() {
        assert_eq!(losses(&mut trusted(), 50, &[101, 102]), 0);
    }

    #[test]
    fn numbers_that_never_were_in_order_are_not_believed() {
        let habits: [fn(u16) -> [u16; 3]; 6] = [
            |picture| [picture * 4, picture * 4 + 1, picture * 4 + 2],
            |picture| [picture * 5, picture * 5 + 2, picture * 5 + 3],
            |picture| [picture % 25 * 3, picture % 25 * 3 + 1, picture % 25 * 3 + 2],
            |_| [0; 3],
            |picture| [picture.wrapping_mul(7919), 3, picture],
            |picture| [picture * 9, picture * 9 + 1, picture * 9 + 3],
        ];
        for (number, habit) in habits.into_iter().enumerate() {
            let mut source = Source::new(96);
            for picture in 0..1000 {
                // Of every other picture one is not there at all.
                let (time, numbers) = (picture + picture / 2, habit(picture as u16));
                assert_eq!(
                    losses(&mut source, time, &numbers),
                    0,
                    "{number}: {picture}"
                );
            }
        }
    }

    #[test]
    fn numbers_that_go_back_lose_nothing() {
        for back in [1, 8, 20, 100, 3000, 30_000, 60_000] {
            let (mut source, first) = (trusted(), 100u16.wrapping_sub(back));
            let numbers = [first, first.wrapping_add(1)];
            assert_eq!(losses(&mut source, 50, &numbers), 0, "{back}");
        }
    }

    #[test]
    fn over_udp_every_gap_is_a_loss() {
        let mut source = Source::new(96);
        source.doubt();
        assert_eq!(losses(&mut source, 0, &[1, 2]), 0);
        assert_eq!(losses(&mut source, 1, &[4, 6]), 2);
        assert_eq!(losses(&mut source, 2, &[40_000, 40_001]), 1);
        let none = Some((Follows::AfterLoss(0), 30));
        assert_eq!(
            source.take(&packet(1, 7, 30)),
            none,
            "nobody knows how many"
        );
    }

    #[test]
    fn a_new_source_is_a_new_beginning() {
        let mut source = Source::new(96);
        assert_eq!(source.unwrapped(1, 5), None);
        assert_eq!(source.take(&packet(1, 1, 5)), Some((Follows::Directly, 5)));
        assert_eq!(source.take(&packet(2, 3, 7)), Some((Follows::Anew, 7)));
        assert_eq!(source.take(&packet(2, 4, 8)), Some((Follows::Directly, 8)));
    }

    #[test]
    fn packets_of_a_session_that_is_gone_are_passed_over() {
        let mut source = Source::new(96);
        let mut taken = Vec::new();
        for step in 0..20 {
            for packet in [packet(1, step, 5), packet(2, 900 + step, 7_000_000)] {
                taken.extend(
                    source
                        .take(&packet)
                        .map(|(follows, _)| (packet.ssrc, follows)),
                );
            }
        }
        assert_eq!(
            taken[..3],
            [
                (1, Follows::Directly),
                (2, Follows::Anew),
                (1, Follows::Anew)
            ]
        );
        assert_eq!(taken[3..], [(1, Follows::Directly); 18]);
        assert_eq!(source.unwrapped(2, 5), None, "nor are its reports ours");
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
        let mut source = trusted();
        source.doubt();
        source.pause();
        assert_eq!(losses(&mut source, 50, &[40_000, 40_001]), 0);
    }

    #[test]
    fn what_was_skipped_is_not_lost_however_much_it_is() {
        let mut source = Source::new(96);
        source.take(&packet(1, 65_000, 5));
        source.skip();
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
