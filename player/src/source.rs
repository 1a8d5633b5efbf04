//! One RTP source: which of its packets count, and their unwrapped times.

use crate::rtp::{Order, Packet, Sequence, Unwrap};

/// How a packet follows those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It was due.
    Directly,
    /// After packets that are missing.
    AfterLoss,
    /// It begins a new stream.
    Anew,
}

/// Follows the packets of one track.
#[derive(Clone, Debug)]
pub struct Source {
    payload_type: u8,
    ssrc: Option<u32>,
    sequence: Sequence,
    unwrap: Unwrap,
}

impl Source {
    pub fn new(payload_type: u8) -> Self {
        Self {
            payload_type,
            ssrc: None,
            sequence: Sequence::default(),
            unwrap: Unwrap::default(),
        }
    }

    /// Places a packet and unwraps its timestamp. `None`: to be dropped, for it
    /// is of another payload type, repeated or late.
    pub fn take(&mut self, packet: &Packet) -> Option<(Follows, i64)> {
        if packet.payload_type != self.payload_type {
            return None;
        }
        let known = self.ssrc.replace(packet.ssrc);
        if known.is_some_and(|ssrc| ssrc != packet.ssrc) {
            self.sequence = Sequence::default();
            self.sequence.place(packet.sequence);
            return Some((Follows::Anew, self.unwrap.advance(packet.timestamp)));
        }
        let follows = match self.sequence.place(packet.sequence) {
            Order::Next => Follows::Directly,
            Order::Gap => Follows::AfterLoss,
            Order::Restart => Follows::Anew,
            Order::Old | Order::Strange => return None,
        };
        Some((follows, self.unwrap.advance(packet.timestamp)))
    }

    /// The unwrapped form of a timestamp that a sender report of `ssrc` names;
    /// `None` for another source, or before the first packet.
    pub fn unwrapped(&self, ssrc: u32, timestamp: u32) -> Option<i64> {
        (self.ssrc == Some(ssrc)).then(|| self.unwrap.peek(timestamp))
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
            payload: &[],
        }
    }

    #[test]
    fn drops_what_is_not_its_own() {
        let mut source = Source::new(97);
        assert_eq!(source.take(&packet(1, 1, 1)), None);
    }

    #[test]
    fn a_new_source_is_a_new_beginning() {
        let mut source = Source::new(96);
        assert_eq!(source.unwrapped(1, 5), None);
        assert_eq!(source.take(&packet(1, 1, 5)), Some((Follows::Directly, 5)));
        assert_eq!(source.take(&packet(1, 3, 6)), Some((Follows::AfterLoss, 6)));
        assert_eq!(source.take(&packet(1, 3, 6)), None);
        assert_eq!(source.unwrapped(1, 4), Some(4));
        assert_eq!(source.take(&packet(2, 3, 7)), Some((Follows::Anew, 7)));
        assert_eq!(source.take(&packet(2, 4, 8)), Some((Follows::Directly, 8)));
        assert_eq!(source.unwrapped(1, 4), None);
    }
}
