//! Notices, by which the gateway tells its own player something about the media of a
//! shared camera. A notice is an application-defined RTCP packet (RFC 3550 §6.7), sent
//! between the media on the RTCP channel of the track that it is about.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |V=2|P| subtype |   PT=APP=204  |           length=6            |
//! |                        SSRC of the track                      |
//! |                          name "CAMG"                          |
//! |        sequence number        |           reserved            |
//! |                         RTP timestamp                         |
//! |                            packets                            |
//! |                            pictures                           |
//! ```
//!
//! The sequence number and the timestamp are those of the last packet concerned.

use super::word_at;

/// The length of the packet, in bytes.
pub const LENGTH: usize = 28;

/// The first four bytes, with a subtype of 0.
const HEAD: u32 = 0x80cc_0006;
const NAME: u32 = u32::from_be_bytes(*b"CAMG");

/// What a notice says about its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Subtype 1: the packets come from the gateway's cache. They follow this notice,
    /// and everything after them is live.
    History = 1,
    /// Subtype 2: the packets were left out because this viewer was too slow. The next
    /// packet is the one that came after them.
    Skipped = 2,
    /// Subtype 3: the camera sends over UDP, so a gap in the sequence numbers is a
    /// loss. (Over TCP nothing is lost, and gaps are a fault of the camera's numbering.)
    /// The other fields say nothing.
    Lossy = 3,
}

/// A notice about consecutive packets of one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: Kind,
    pub ssrc: u32,
    /// The sequence number of the last packet.
    pub sequence: u16,
    pub timestamp: u32,
    /// The number of packets.
    pub packets: u32,
    /// The number of pictures that these packets belong to, wholly or in part; 0 for a
    /// track that is not video.
    pub pictures: u32,
}

impl Notice {
    /// The RTCP packet.
    pub fn write(&self) -> [u8; LENGTH] {
        let words = [
            HEAD | (self.kind as u32) << 24,
            self.ssrc,
            NAME,
            u32::from(self.sequence) << 16,
            self.timestamp,
            self.packets,
            self.pictures,
        ];
        let mut packet = [0; LENGTH];
        for (bytes, word) in packet.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        packet
    }

    /// Reads one packet of an RTCP compound. `None` if it is no notice, or is cut off.
    pub fn read(packet: &[u8]) -> Option<Notice> {
        let mut words = [0; LENGTH / 4];
        for (index, word) in words.iter_mut().enumerate() {
            *word = word_at(packet, index)?;
        }
        let [head, ssrc, name, sequence, timestamp, packets, pictures] = words;
        let kind = match head ^ HEAD {
            0x0100_0000 => Kind::History,
            0x0200_0000 => Kind::Skipped,
            0x0300_0000 => Kind::Lossy,
            _ => return None,
        };
        (name == NAME).then_some(Notice {
            kind,
            ssrc,
            sequence: (sequence >> 16) as u16,
            timestamp,
            packets,
            pictures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTICE: Notice = Notice {
        kind: Kind::Skipped,
        ssrc: 7,
        sequence: 0xfffe,
        timestamp: 90_000,
        packets: 300,
        pictures: 12,
    };

    #[test]
    fn the_bytes_are_these() {
        let packet = NOTICE.write();
        assert_eq!(packet[..12], *b"\x82\xcc\0\x06\0\0\0\x07CAMG");
        assert_eq!(packet[12..20], [0xff, 0xfe, 0, 0, 0, 1, 0x5f, 0x90]);
        assert_eq!(packet[20..], [0, 0, 1, 44, 0, 0, 0, 12]);
    }

    #[test]
    fn another_is_none() {
        for (at, byte) in [(0, 0x84), (0, 0x42), (1, 200), (3, 5), (8, b'X')] {
            let mut packet = NOTICE.write();
            packet[at] = byte;
            assert_eq!(Notice::read(&packet), None, "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            kind in 0..3_usize, ssrc: u32, sequence: u16, timestamp: u32, packets: u32, pictures: u32,
        ) {
            let kind = [Kind::History, Kind::Skipped, Kind::Lossy][kind];
            let notice = Notice { kind, ssrc, sequence, timestamp, packets, pictures };
            prop_assert_eq!(Notice::read(&notice.write()), Some(notice));
        }

        #[test]
        fn any_bytes_are_fine(
            mut bytes in prop::collection::vec(any::<u8>(), 0..40),
            begun in 0..LENGTH,
        ) {
            let _ = Notice::read(&bytes);
            let packet = NOTICE.write();
            prop_assert_eq!(Notice::read(&packet[..begun]), None);
            bytes.splice(..0, packet);
            prop_assert_eq!(Notice::read(&bytes), Some(NOTICE));
        }
    }
}
