//! RTCP (RFC 3550 6): sender reports, which tie a track's timestamps to a wall
//! clock that all tracks share, and what the gateway says of a track. Everything
//! else in a compound packet is stepped over.

use camgate_protocol::notice::{Notice, word_at};

/// What a sender report says about time (RFC 3550 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    pub ssrc: u32,
    /// Wall clock, microseconds of the NTP era.
    pub ntp_us: i64,
    /// The same moment in the track's RTP clock.
    pub timestamp: u32,
}

/// What a compound packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Sender(SenderReport),
    Notice(Notice),
}

const SENDER_REPORT: u8 = 200;

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
            && let Some(report) = read(packet)
        {
            return Some(Report::Sender(report));
        }
        if let Some(notice) = Notice::read(packet) {
            return Some(Report::Notice(notice));
        }
        bytes = bytes.get(length..)?;
    }
}

fn read(packet: &[u8]) -> Option<SenderReport> {
    let word = |index| word_at(packet, index);
    let (seconds, fraction) = (word(2)?, word(3)?);
    // Zero means that the sender has no wall clock.
    if seconds == 0 && fraction == 0 {
        return None;
    }
    let micros = (u64::from(fraction) * 1_000_000) >> 32;
    Some(SenderReport {
        ssrc: word(1)?,
        ntp_us: i64::from(seconds) * 1_000_000 + micros.cast_signed(),
        timestamp: word(4)?,
    })
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
        ntp_us: 100_500_000,
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
    fn a_report_without_wall_clock_is_none() {
        let mut bytes = packet();
        bytes[8..16].fill(0);
        assert_eq!(report(&bytes), None);
    }

    #[test]
    fn finds_a_notice() {
        let notice = Notice {
            kind: camgate_protocol::notice::Kind::History,
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
