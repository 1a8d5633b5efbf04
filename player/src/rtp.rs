//! RTP (RFC 3550): the packet header, sequence numbers, unwrapped timestamps.
//!
//! Invariant: [`parse`] understands CSRC lists, header extensions and padding,
//! and what it returns as payload lies inside the packet whatever the header
//! claims.

/// Sequence numbers may skip ahead this far and still be the same stream
/// (RFC 3550 A.1, MAX_DROPOUT).
const MAX_DROPOUT: u16 = 3000;

/// Packets this far behind are late or repeated (RFC 3550 A.1, MAX_MISORDER).
const MAX_MISORDER: u16 = 100;

/// So many of those in a row, each following the one before, are no late ones:
/// the sender counts anew.
const PROBATION: u8 = 8;

/// One RTP packet (RFC 3550 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In ticks of the payload format's clock; wraps.
    pub timestamp: u32,
    pub ssrc: u32,
    /// The header extension with its four bytes of header; empty: there is none.
    pub extension: &'a [u8],
    /// Without CSRC list, header extension and padding.
    pub payload: &'a [u8],
}

/// Reads a packet; `None` when it is not RTP version 2 or its header, extension
/// or padding does not fit.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// |                           timestamp                           |
/// |           synchronization source (SSRC) identifier            |
/// |            contributing source (CSRC) identifiers             |
/// ```
pub fn parse(bytes: &[u8]) -> Option<Packet<'_>> {
    let (header, mut rest) = bytes.split_first_chunk::<12>()?;
    let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *header;
    if first >> 6 != 2 {
        return None;
    }
    rest = rest.get(usize::from(first & 0x0f) * 4..)?;
    let mut extension: &[u8] = &[];
    if first & 0x10 != 0 {
        let [_, _, high, low] = *rest.first_chunk::<4>()?;
        let words = usize::from(u16::from_be_bytes([high, low]));
        (extension, rest) = rest.split_at_checked(words * 4 + 4)?;
    }
    if first & 0x20 != 0 {
        rest = without_padding(rest)?;
    }
    Some(Packet {
        marker: second & 0x80 != 0,
        payload_type: second & 0x7f,
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        extension,
        payload: rest,
    })
}

/// The last byte of a padded packet counts the padding, itself included. A
/// count of 0 is wrong, but what such senders mean is that there is none.
fn without_padding(payload: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*payload.last()?);
    payload.get(..payload.len().checked_sub(count)?)
}

/// What a packet's sequence number says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one that was due (or the first of all).
    Next,
    /// As many packets are missing before this one.
    Gap(u16),
    /// Repeated or late: to be dropped.
    Old,
    /// Far off; it counts if the next one follows it. To be dropped.
    Strange,
    /// The stream has begun anew.
    Restart,
}

/// Follows the sequence numbers of one source (RFC 3550 A.1).
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    next: Option<u16>,
    strange: Option<u16>,
    /// What would follow the last packet that was late, and how many of them
    /// came in a row.
    late: (u16, u8),
}

impl Sequence {
    /// What comes next is due after `sequence`.
    pub fn after(sequence: u16) -> Self {
        Self {
            next: Some(sequence.wrapping_add(1)),
            ..Self::default()
        }
    }

    /// Whether `sequence` is the one that is due.
    pub fn is_next(&self, sequence: u16) -> bool {
        self.next == Some(sequence)
    }

    /// Places `sequence` among those before it. `near`: its time is not far
    /// from theirs; what is far is not late.
    pub fn place(&mut self, sequence: u16, near: bool) -> Order {
        let following = sequence.wrapping_add(1);
        let Some(next) = self.next else {
            self.next = Some(following);
            return Order::Next;
        };
        let ahead = sequence.wrapping_sub(next);
        let order = if ahead == 0 {
            Order::Next
        } else if ahead < MAX_DROPOUT {
            Order::Gap(ahead)
        } else if near && ahead > u16::MAX - MAX_MISORDER {
            let (follows, count) = self.late;
            let count = if follows == sequence { count + 1 } else { 1 };
            self.late = (following, count);
            if count < PROBATION {
                return Order::Old;
            }
            Order::Restart
        } else if self.strange == Some(sequence) {
            Order::Restart
        } else {
            self.strange = Some(following);
            return Order::Strange;
        };
        self.next = Some(following);
        self.strange = None;
        self.late = (0, 0);
        order
    }
}

/// Unwraps 32-bit timestamps to 64 bits. The first one keeps its value.
#[derive(Clone, Debug, Default)]
pub struct Unwrap {
    last: Option<i64>,
}

impl Unwrap {
    /// The timestamp within half the range of the last one, which it becomes.
    pub fn advance(&mut self, timestamp: u32) -> i64 {
        let value = self.peek(timestamp);
        self.last = Some(value);
        value
    }

    /// Like [`advance`](Self::advance), but the last one stays.
    pub fn peek(&self, timestamp: u32) -> i64 {
        match self.last {
            None => i64::from(timestamp),
            Some(last) => last.wrapping_add(self.distance(timestamp)),
        }
    }

    /// How far the timestamp is from the last one; 0 for the first of all.
    pub fn distance(&self, timestamp: u32) -> i64 {
        // The low 32 bits are what wraps; the difference is signed.
        let from = |last: i64| timestamp.wrapping_sub(last as u32).cast_signed();
        self.last.map_or(0, |last| i64::from(from(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(first: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 1, 2, 3, 4];
        bytes.extend_from_slice(tail);
        bytes
    }

    #[test]
    fn reads_the_header() {
        let bytes = packet(0x80, b"media");
        let packet = parse(&bytes).unwrap();
        assert!(packet.marker);
        assert_eq!(packet.payload_type, 96);
        assert_eq!(packet.sequence, 0x1234);
        assert_eq!(packet.timestamp, 9);
        assert_eq!(packet.ssrc, 0x0102_0304);
        assert_eq!(packet.payload, b"media");
    }

    #[test]
    fn steps_over_csrc_extension_and_padding() {
        let mut tail = vec![0; 8];
        tail.extend_from_slice(&[0xbe, 0xde, 0, 2, 1, 1, 1, 1, 2, 2, 2, 2]);
        tail.extend_from_slice(b"media");
        tail.extend_from_slice(&[0, 0, 3]);
        assert_eq!(parse(&packet(0xb2, &tail)).unwrap().payload, b"media");
    }

    #[test]
    fn padding_of_nothing_is_none() {
        assert_eq!(parse(&packet(0xa0, &[1, 2, 0])).unwrap().payload, [1, 2, 0]);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&packet(0x40, b"x")), None, "version 1");
        assert_eq!(parse(&packet(0x82, &[0; 7])), None, "CSRC list cut");
        assert_eq!(parse(&packet(0x90, &[0, 0, 0, 1])), None, "extension cut");
        assert_eq!(parse(&packet(0xa0, &[1, 2, 4])), None, "padding too long");
        assert_eq!(parse(&packet(0xa0, &[])), None, "padding without payload");
    }

    #[test]
    fn places_packets_across_the_wrap() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.place(65534, true), Order::Next);
        assert_eq!(sequence.place(65535, true), Order::Next);
        assert_eq!(sequence.place(0, true), Order::Next);
        assert_eq!(sequence.place(0, true), Order::Old);
        assert_eq!(sequence.place(65535, true), Order::Old);
        assert_eq!(sequence.place(2, true), Order::Gap(1));
        assert_eq!(sequence.place(1, true), Order::Old);
        assert_eq!(sequence.place(3, true), Order::Next);
    }

    #[test]
    fn believes_a_restart_at_the_second_packet() {
        let mut sequence = Sequence::default();
        sequence.place(10, true);
        assert_eq!(sequence.place(40000, true), Order::Strange);
        assert_eq!(sequence.place(11, true), Order::Next);
        assert_eq!(sequence.place(40001, true), Order::Strange);
        assert_eq!(sequence.place(40002, true), Order::Restart);
        assert_eq!(sequence.place(40003, true), Order::Next);
    }

    #[test]
    fn believes_a_restart_a_few_packets_back_when_it_goes_on() {
        for back in [8, 9, 50, 100] {
            let mut sequence = Sequence::default();
            sequence.place(10, true);
            let first = 11u16.wrapping_sub(back);
            for late in 0..7 {
                assert_eq!(sequence.place(first.wrapping_add(late), true), Order::Old);
            }
            assert_eq!(sequence.place(first.wrapping_add(7), true), Order::Restart);
            assert_eq!(sequence.place(first.wrapping_add(8), true), Order::Next);
        }
    }

    #[test]
    fn late_packets_among_others_are_no_restart() {
        let mut sequence = Sequence::default();
        for number in 100..200 {
            assert_eq!(sequence.place(number, true), Order::Next);
            assert_eq!(sequence.place(number - 60, true), Order::Old);
        }
        for number in (100..130).step_by(2) {
            assert_eq!(sequence.place(number, true), Order::Old);
        }
    }

    #[test]
    fn what_is_far_in_time_is_not_late() {
        let mut sequence = Sequence::default();
        sequence.place(10, true);
        assert_eq!(Sequence::place(&mut sequence, 5, false), Order::Strange);
        assert_eq!(Sequence::place(&mut sequence, 6, false), Order::Restart);
    }

    #[test]
    fn unwraps_both_ways() {
        let mut unwrap = Unwrap::default();
        assert_eq!(unwrap.advance(0xffff_fff0), 0xffff_fff0);
        assert_eq!(unwrap.advance(0x10), 0x1_0000_0010);
        assert_eq!(unwrap.peek(0xffff_ffff), 0xffff_ffff);
        assert_eq!(unwrap.advance(0x7000_0000), 0x1_7000_0000);
        assert_eq!(unwrap.advance(0xe000_0000), 0x1_e000_0000);
        assert_eq!(unwrap.advance(0), 0x2_0000_0000);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_packet_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(packet) = parse(&bytes) {
                prop_assert!(packet.payload.len() + 12 <= bytes.len());
            }
        }

        #[test]
        fn unwrapping_keeps_the_low_bits(values in proptest::collection::vec(any::<u32>(), 1..50)) {
            let mut unwrap = Unwrap::default();
            for value in values {
                prop_assert_eq!(unwrap.advance(value) as u32, value);
            }
        }
    }
}
