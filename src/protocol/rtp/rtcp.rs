//! RTCP (RFC 3550 §6): sender reports, which tie a track's timestamps to the wall clock
//! that all tracks share, and the gateway's [notices](super::notice). All other packets
//! of a compound are skipped.

use super::notice::Notice;
use super::word_at;

/// The times in a sender report (§6.4.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|   RC    |   PT=SR=200   |            length             |
/// |                        SSRC of the sender                     |
/// |                 NTP timestamp, seconds since 1900             |
/// |                 NTP timestamp, fraction                       |
/// |                         RTP timestamp                         |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    pub ssrc: u32,
    /// The wall clock: seconds since 1900, and the fraction in 32 bits. Both are 0 if
    /// the sender has no such clock.
    pub seconds: u32,
    pub fraction: u32,
    /// The same moment on the track's RTP clock.
    pub timestamp: u32,
}

/// The part of a compound packet that matters to the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Sender(SenderReport),
    Notice(Notice),
}

const SENDER_REPORT: u8 = 200;

impl SenderReport {
    /// Reads the report at the start of a compound packet, whose end may be missing.
    /// `None` if the compound starts with another packet.
    pub fn read(packet: &[u8]) -> Option<SenderReport> {
        let head = word_at(packet, 0)?;
        let is_report = head >> 30 == 2 && (head >> 16) as u8 == SENDER_REPORT;
        is_report.then(|| SenderReport::body(packet))?
    }

    /// Reads a packet that is known to be a sender report.
    fn body(packet: &[u8]) -> Option<SenderReport> {
        let word = |index| word_at(packet, index);
        Some(SenderReport {
            ssrc: word(1)?,
            seconds: word(2)?,
            fraction: word(3)?,
            timestamp: word(4)?,
        })
    }

    /// Whether the sender has a wall clock.
    pub fn has_clock(&self) -> bool {
        self.seconds | self.fraction != 0
    }

    /// The wall clock as one fixed-point number with 32 fractional bits.
    pub fn ntp(&self) -> u64 {
        u64::from(self.seconds) << 32 | u64::from(self.fraction)
    }

    /// The wall clock in microseconds since 1900.
    pub fn micros(&self) -> i64 {
        let fraction = (u64::from(self.fraction) * 1_000_000) >> 32;
        i64::from(self.seconds) * 1_000_000 + fraction as i64
    }

    /// The middle 32 bits of the wall clock, by which a receiver refers to the report.
    pub fn middle(&self) -> u32 {
        self.seconds << 16 | self.fraction >> 16
    }
}

/// The length in bytes of a sender report without reception blocks.
#[cfg(feature = "gateway")]
pub const SENDER_REPORT_LENGTH: usize = 28;

#[cfg(feature = "gateway")]
impl SenderReport {
    /// The report as bytes, for a sender that receives nothing. It has sent this many
    /// packets, and this many octets of payload.
    pub fn bytes(&self, packets: u32, octets: u32) -> [u8; SENDER_REPORT_LENGTH] {
        let words = [
            0x80c8_0006, // no block; SR
            self.ssrc,
            self.seconds,
            self.fraction,
            self.timestamp,
            packets,
            octets,
        ];
        let mut bytes = [0; SENDER_REPORT_LENGTH];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

/// The canonical name in our source descriptions (§6.5.1).
const CNAME: &[u8; 7] = b"camgate";
/// The length of a source description in bytes.
pub const DESCRIPTION: usize = 20;

/// The source description (§6.5) of `ssrc`. Every compound packet has one after its
/// report (§6.1).
pub fn description(ssrc: u32) -> [u8; DESCRIPTION] {
    let mut bytes = [0; DESCRIPTION]; // zeros end the list of items
    bytes[..4].copy_from_slice(&0x81ca_0004_u32.to_be_bytes()); // one chunk; SDES
    bytes[4..8].copy_from_slice(&ssrc.to_be_bytes());
    bytes[8..10].copy_from_slice(&[1, CNAME.len() as u8]);
    bytes[10..17].copy_from_slice(CNAME);
    bytes
}

/// Overwrites the times in a sender report; `None` if it is too short.
pub fn set_moment(report: &mut [u8], ntp: u64, timestamp: u32) -> Option<()> {
    *report.get_mut(8..)?.first_chunk_mut()? = ntp.to_be_bytes();
    *report.get_mut(16..)?.first_chunk_mut()? = timestamp.to_be_bytes();
    Some(())
}

/// The first sender report in a compound packet that names a wall clock time,
/// or the first notice.
pub fn report(mut bytes: &[u8]) -> Option<Report> {
    loop {
        let head = word_at(bytes, 0)?;
        if head >> 30 != 2 {
            return None;
        }
        let length = ((head & 0xffff) as usize + 1) * 4;
        let packet = bytes.get(..length)?;
        if (head >> 16) as u8 == SENDER_REPORT
            && let Some(report) = SenderReport::body(packet)
            && report.has_clock()
        {
            return Some(Report::Sender(report));
        }
        if let Some(notice) = Notice::read(packet) {
            return Some(Report::Notice(notice));
        }
        bytes = bytes.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet() -> Vec<u8> {
        let mut bytes = vec![0x80, 200, 0, 6];
        for word in [7u32, 100, 1 << 31, 90_000, 1, 2] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    const READ: Option<Report> = Some(Report::Sender(SenderReport {
        ssrc: 7,
        seconds: 100,
        fraction: 1 << 31,
        timestamp: 90_000,
    }));

    #[test]
    fn reads_a_report() {
        assert_eq!(report(&packet()), READ);
    }

    #[test]
    fn finds_it_behind_other_packets() {
        let mut bytes = vec![0x81, 202, 0, 1, 0, 0, 0, 0];
        bytes.extend(packet());
        assert_eq!(report(&bytes), READ);
    }

    #[test]
    fn a_report_is_read_though_its_end_is_missing_and_may_be_moved() {
        let mut bytes = packet();
        let whole = SenderReport::read(&bytes);
        assert_eq!(SenderReport::read(&bytes[..20]), whole);
        assert_eq!(SenderReport::read(&bytes[..19]), None);
        let report = whole.unwrap();
        assert_eq!(report.micros(), 100_500_000);
        assert_eq!(report.middle(), 100 << 16 | 1 << 15);
        assert_eq!(report.ntp(), 100 << 32 | 1 << 31);
        let moved = SenderReport {
            seconds: 7,
            fraction: 0,
            timestamp: 3,
            ..report
        };
        assert_eq!(set_moment(&mut bytes[..19], 7 << 32, 3), None);
        assert_eq!(set_moment(&mut bytes, 7 << 32, 3), Some(()));
        assert_eq!(SenderReport::read(&bytes), Some(moved));
        for (at, byte) in [(0, 0x40), (1, 201)] {
            let mut other = packet();
            other[at] = byte;
            assert_eq!(SenderReport::read(&other), None, "byte {at}");
        }
    }

    #[test]
    fn a_report_without_wall_clock_is_none() {
        let mut bytes = packet();
        bytes[8..16].fill(0);
        assert_eq!(report(&bytes), None);
    }

    #[test]
    fn finds_a_notice() {
        let notice = Notice {
            kind: crate::rtp::notice::Kind::History,
            ssrc: 7,
            sequence: 1,
            timestamp: 2,
            packets: 3,
            pictures: 4,
        };
        let mut bytes = vec![0x81, 204, 0, 1, 0, 0, 0, 0];
        bytes.extend(notice.write());
        assert_eq!(report(&bytes), Some(Report::Notice(notice)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = report(&bytes);
        }

        #[test]
        fn cut_reports_are_none(cut in 0usize..27) {
            prop_assert_eq!(report(&packet()[..cut]), None);
        }
    }
}
