//! Receiver reports: how much of a sender's media arrives, and how evenly (RFC 3550
//! §6.4). Many cameras end a session that gets none.

use std::time::{Duration, Instant};

use super::rtcp::{DESCRIPTION, SenderReport, description};
use super::sequence;

/// The time between two reports about the same source.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// The length in bytes of an RR with one block (§6.4.2).
const BLOCK_REPORT: usize = 32;
/// The length of a report in bytes: RR with one block and source description.
pub const REPORT: usize = BLOCK_REPORT + DESCRIPTION;
/// The length of an RR without blocks, in bytes.
pub const EMPTY_REPORT: usize = 8;

/// What arrived from one source.
#[derive(Debug)]
pub struct Reception {
    ssrc: u32,
    /// RTP clock ticks per second.
    clock_rate: u32,
    /// Arrival times are counted from here.
    epoch: Instant,
    /// The first sequence number.
    base: u32,
    /// The highest sequence number, extended by how often it wrapped in the upper 16
    /// bits.
    highest: u32,
    received: u32,
    expected_prior: u32,
    received_prior: u32,
    transit: Option<u32>,
    /// In sixteenths of a tick (§A.8).
    jitter: u32,
    /// The middle of the NTP time in the last sender report, and when that report came.
    sender: Option<(u32, Instant)>,
}

impl Reception {
    /// Starts with the source's first packet, whose number is `sequence`.
    pub fn new(ssrc: u32, sequence: u16, clock_rate: u32, now: Instant) -> Reception {
        Reception {
            ssrc,
            clock_rate,
            epoch: now,
            base: sequence.into(),
            highest: sequence.into(),
            received: 0,
            expected_prior: 0,
            received_prior: 0,
            transit: None,
            jitter: 0,
            sender: None,
        }
    }

    /// The source's SSRC.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Takes a packet; packets may come in any order (§A.1, §A.8).
    pub fn packet(&mut self, sequence: u16, timestamp: u32, now: Instant) {
        self.received = self.received.wrapping_add(1);
        let ahead = sequence::ahead(self.highest as u16, sequence);
        if sequence::is_loss(ahead) {
            self.highest = self.highest.wrapping_add(ahead.into());
        }
        let since = now.saturating_duration_since(self.epoch).as_micros() as u64;
        let ticks = since.wrapping_mul(self.clock_rate.into()) / 1_000_000;
        let transit = (ticks as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            let faded = self.jitter.wrapping_add(8) >> 4;
            self.jitter = self.jitter.wrapping_add(difference).wrapping_sub(faded);
        }
    }

    /// Says that all packets up to `sequence` have arrived.
    pub fn reached(&mut self, sequence: u16) {
        let ahead = sequence::ahead(self.highest as u16, sequence);
        self.highest = match ahead {
            0..0x8000 => self.highest.wrapping_add(ahead.into()),
            // The numbers wrapped.
            _ => self.highest & !0xffff | u32::from(sequence),
        };
        self.received = self.highest.wrapping_sub(self.base).wrapping_add(1);
    }

    /// Notes a sender report that came at `now`; `time` is the middle of its NTP time.
    pub fn note_report(&mut self, time: u32, now: Instant) {
        self.sender = Some((time, now));
    }

    /// Notes the sender report in an RTCP packet, if there is one (§6.4.1).
    pub fn control(&mut self, packet: &[u8], now: Instant) {
        if let Some(report) = SenderReport::read(packet)
            && report.ssrc == self.ssrc
        {
            self.note_report(report.middle(), now);
        }
    }

    /// The next report; `own` is our SSRC (§A.3).
    pub fn report(&mut self, own: u32, now: Instant) -> [u8; REPORT] {
        let expected = self.highest.wrapping_sub(self.base).wrapping_add(1);
        let lost = i64::from(expected) - i64::from(self.received);
        // The field has 24 bits with a sign.
        let lost = lost.clamp(-0x80_0000, 0x7f_ffff) as i32;
        let expected_lately = expected.wrapping_sub(self.expected_prior);
        let received_lately = self.received.wrapping_sub(self.received_prior);
        (self.expected_prior, self.received_prior) = (expected, self.received);
        let lost_lately = u64::from(expected_lately.saturating_sub(received_lately));
        let fraction = match expected_lately {
            0 => 0,
            // All of 256 does not fit into 8 bits.
            many => (lost_lately * 256 / u64::from(many)).min(255) as u8,
        };
        let (last, delay) = match self.sender {
            Some((time, when)) => {
                let delay = now.saturating_duration_since(when).as_micros() as u64;
                (time, (delay.wrapping_mul(65_536) / 1_000_000) as u32)
            }
            None => (0, 0),
        };
        let lost = lost as u32 & 0xff_ffff | u32::from(fraction) << 24;
        let words = [
            0x81c9_0007, // one block; RR
            own,
            self.ssrc,
            lost,
            self.highest,
            self.jitter >> 4,
            last,
            delay,
        ];
        let mut report = [0; REPORT];
        for (place, word) in report.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        report[BLOCK_REPORT..].copy_from_slice(&description(own));
        report
    }
}

/// A report with nothing to report. Sending it also opens the way through a firewall.
pub fn empty_report(own: u32) -> [u8; EMPTY_REPORT] {
    let mut report = [0x80, 201, 0, 1, 0, 0, 0, 0];
    report[4..].copy_from_slice(&own.to_be_bytes());
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(report: &[u8]) -> Vec<u32> {
        let words = report.chunks_exact(4);
        words
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect()
    }

    #[test]
    fn a_report_counts_what_is_lost() {
        let now = Instant::now();
        let mut reception = Reception::new(7, 65_530, 90_000, now);
        // There are 20 numbers, across the wrap, 5 of which never come.
        for step in (0..20_u16).filter(|step| step % 4 != 1) {
            reception.packet(65_530_u16.wrapping_add(step), 0, now);
        }
        let report = words(&reception.report(9, now));
        assert_eq!(report[..3], [0x81c9_0007, 9, 7]);
        assert_eq!(report[3], (256 * 5 / 20) << 24 | 5);
        assert_eq!(report[4], 65_530 + 19, "one wrap");
        assert_eq!(report[8..10], [0x81ca_0004, 9]);
        let name = &reception.report(9, now)[40..];
        assert_eq!(name, b"\x01\x07camgate\0\0\0");
        // There are 4 more since then, of which 3 come: one of them twice, and one late.
        for sequence in [14, 16, 16, 17] {
            reception.packet(sequence, 0, now);
        }
        let report = words(&reception.report(9, now));
        assert_eq!(report[3] >> 24, 0, "as many as expected came");
        reception.packet(21, 0, now);
        let report = words(&reception.report(9, now));
        assert_eq!(report[3] >> 24, 256 * 3 / 4);
    }

    #[test]
    fn duplicates_can_make_the_loss_negative_and_all_lost_is_255() {
        let now = Instant::now();
        let mut reception = Reception::new(7, 1, 90_000, now);
        for _ in 0..3 {
            reception.packet(1, 0, now);
        }
        assert_eq!(words(&reception.report(9, now))[3], 0xff_fffe);
        reception.packet(2_900, 0, now);
        assert_eq!(words(&reception.report(9, now))[3] >> 24, 255);
    }

    #[test]
    fn jitter_is_that_of_the_rfc() {
        let start = Instant::now();
        let mut reception = Reception::new(7, 0, 8_000, start);
        let mut exact = 0.0_f64;
        let mut before: Option<i64> = None;
        for step in 0..200_u16 {
            let late = i64::from(step * 37 % 11); // ms
            let arrival = i64::from(step) * 20 + late;
            let now = start + Duration::from_millis(arrival as u64);
            reception.packet(step, u32::from(step) * 160, now);
            let transit = arrival * 8 - i64::from(step) * 160;
            if let Some(before) = before {
                exact += ((transit - before).abs() as f64 - exact) / 16.0;
            }
            before = Some(transit);
        }
        let reported = f64::from(words(&reception.report(9, start))[5]);
        assert!((reported - exact).abs() <= 1.0, "{reported} {exact}");
        assert!(exact > 10.0);
    }

    #[test]
    fn a_sender_report_is_referred_to() {
        let now = Instant::now();
        let mut reception = Reception::new(7, 0, 90_000, now);
        assert_eq!(words(&reception.report(9, now))[6..8], [0, 0]);
        let sender = [0x80c8_0006, 7, 0x1111_2222, 0x3333_4444, 0, 0, 0];
        let sender: Vec<u8> = sender.into_iter().flat_map(u32::to_be_bytes).collect();
        reception.control(&sender, now);
        let mut other = sender.clone();
        other[7] = 8;
        other[10] = 9;
        reception.control(&other, now);
        for length in 0..sender.len() {
            reception.control(&sender[..length.min(13)], now + Duration::from_secs(1));
        }
        let later = now + Duration::from_millis(1_500);
        assert_eq!(
            words(&reception.report(9, later))[6..8],
            [0x2222_3333, 98_304]
        );
    }
}
