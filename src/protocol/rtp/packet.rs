//! A whole RTP packet (RFC 3550 §5.1).
//!
//! Invariant: the payload lies inside the packet, whatever the header claims.

use super::Header;

/// One RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In ticks of the payload format's clock; wraps.
    pub timestamp: u32,
    pub ssrc: u32,
    /// The header extension with its own header of four bytes; empty if there is none.
    pub extension: &'a [u8],
    /// What is left without the CSRC list, the header extension and the padding.
    pub payload: &'a [u8],
}

impl Packet<'_> {
    /// Reads a packet. `None` if it is not RTP version 2, or if its header, extension or
    /// padding is longer than the packet.
    pub fn read(bytes: &[u8]) -> Option<Packet<'_>> {
        let header = Header::read(bytes)?;
        let (head, mut payload) = bytes.split_at_checked(header.payload)?;
        if header.padded {
            payload = without_padding(payload)?;
        }
        Some(Packet {
            marker: header.marker,
            payload_type: header.payload_type,
            sequence: header.sequence,
            timestamp: header.timestamp,
            ssrc: header.ssrc,
            extension: head.get(header.extension..)?,
            payload,
        })
    }
}

/// The last byte of a padded packet is the length of the padding, itself included. A
/// length of 0 is not allowed; senders that write it have added no padding.
fn without_padding(payload: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*payload.last()?);
    payload.get(..payload.len().checked_sub(count)?)
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
        let packet = Packet::read(&bytes).unwrap();
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
        assert_eq!(
            Packet::read(&packet(0xb2, &tail)).unwrap().payload,
            b"media"
        );
    }

    #[test]
    fn padding_of_nothing_is_none() {
        assert_eq!(
            Packet::read(&packet(0xa0, &[1, 2, 0])).unwrap().payload,
            [1, 2, 0]
        );
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(Packet::read(&[]), None);
        assert_eq!(Packet::read(&packet(0x40, b"x")), None, "version 1");
        assert_eq!(Packet::read(&packet(0x82, &[0; 7])), None, "CSRC list cut");
        assert_eq!(
            Packet::read(&packet(0x90, &[0, 0, 0, 1])),
            None,
            "extension cut"
        );
        assert_eq!(
            Packet::read(&packet(0xa0, &[1, 2, 4])),
            None,
            "padding too long"
        );
        assert_eq!(
            Packet::read(&packet(0xa0, &[])),
            None,
            "padding without payload"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_packet_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(packet) = Packet::read(&bytes) {
                prop_assert!(packet.payload.len() + 12 <= bytes.len());
            }
        }
    }
}
