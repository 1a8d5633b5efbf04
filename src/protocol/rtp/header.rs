//! The header of an RTP packet (RFC 3550 §5.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//! |                           timestamp                           |
//! |           synchronization source (SSRC) identifier            |
//! |            contributing source (CSRC) identifiers             |
//! ```

/// The fields of a header, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The packet ends with padding, whose length is in its last byte.
    pub padded: bool,
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In ticks of the payload format's clock; wraps.
    pub timestamp: u32,
    pub ssrc: u32,
    /// The offsets of the header extension and of the payload. They are equal if there
    /// is no extension, and may lie beyond the end of a packet that was cut off.
    pub extension: usize,
    pub payload: usize,
}

impl Header {
    /// Reads the header at the start of `packet`, whose end may be missing. `None` if
    /// the version is not 2, or if too little is there to tell where the payload is.
    #[inline(always)]
    pub fn read(packet: &[u8]) -> Option<Header> {
        let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *packet.first_chunk()?;
        if first >> 6 != 2 {
            return None;
        }
        let extension = 12 + 4 * usize::from(first & 0x0f);
        let mut payload = extension;
        if first & 0x10 != 0 {
            let [_, _, high, low] = *packet.get(extension..)?.first_chunk()?;
            payload += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        }
        Some(Header {
            padded: first & 0x20 != 0,
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            extension,
            payload,
        })
    }
}

/// The length of a header without CSRC list and extension, in bytes.
#[cfg(feature = "gateway")]
pub const SIZE: usize = 12;

#[cfg(feature = "gateway")]
impl Header {
    /// The header of a packet without marker, CSRC list, extension and padding.
    pub fn new(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32) -> Header {
        Header {
            padded: false,
            marker: false,
            payload_type,
            sequence,
            timestamp,
            ssrc,
            extension: SIZE,
            payload: SIZE,
        }
    }

    /// The bytes of the header, written without CSRC list, extension and padding.
    pub fn bytes(&self) -> [u8; SIZE] {
        let kind = u8::from(self.marker) << 7 | self.payload_type & 0x7f;
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        [0x80, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_though_the_rest_of_its_packet_is_missing() {
        let mut bytes = vec![0xb2, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 1, 2, 3, 4];
        bytes.extend([0; 8]);
        bytes.extend([0xbe, 0xde, 0, 2]);
        let header = Header {
            padded: true,
            marker: true,
            payload_type: 96,
            sequence: 0x1234,
            timestamp: 9,
            ssrc: 0x0102_0304,
            extension: 20,
            payload: 32,
        };
        assert_eq!(Header::read(&bytes), Some(header));
        for length in 0..bytes.len() {
            assert_eq!(Header::read(&bytes[..length]), None, "{length}");
        }
        bytes[0] = 0x82; // no extension, and a list of CSRCs that is cut
        let header = Header::read(&bytes[..12]).unwrap();
        assert_eq!((header.extension, header.payload), (20, 20));
    }
    #[cfg(feature = "gateway")]
    #[test]
    fn what_is_written_is_read() {
        for marker in [false, true] {
            let header = Header {
                marker,
                ..Header::new(96, 0x1234, 0xffff_fff0, 0x0102_0304)
            };
            assert_eq!(Header::read(&header.bytes()), Some(header));
        }
    }
}
