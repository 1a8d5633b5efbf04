//! RTP (RFC 3550): the packet header, unwrapped timestamps.
//!
//! Invariant: [`parse`] understands CSRC lists, header extensions and padding,
//! and what it returns as payload lies inside the packet whatever the header
//! claims.

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
