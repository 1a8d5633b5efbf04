//! Receiver reports about media that is interleaved with RTSP on a TCP connection
//! (RFC 3550 §6.4, RFC 2326 §10.12). Many cameras end a session that gets no reports,
//! even over TCP and even while other requests keep it alive.
//!
//! TCP loses nothing, so a report needs the highest sequence number only, and it is
//! enough to look at some of the packets. A report goes out on the RTCP channel of its
//! medium. If that channel is not known, it is the one after the RTP channel, which is
//! how clients choose them.

use std::time::Instant;

use super::reception::{REPORT_INTERVAL, Reception};
use super::rtcp::SenderReport;
use super::{Header, RTCP};

/// Further media of a connection are not reported on.
const MAX_MEDIA: usize = 8;

/// One medium and its channels.
#[derive(Debug)]
struct Medium {
    rtp: u8,
    rtcp: u8,
    reception: Reception,
    /// The middle 32 bits of the NTP time in the last sender report, until
    /// [`Receipts::arrived`] says when that came.
    reported: Option<u32>,
}

/// What arrives on one connection.
#[derive(Debug)]
pub struct Receipts {
    /// Our own SSRC, which reports come from.
    own: u32,
    due: Instant,
    media: Vec<Medium>,
}

impl Receipts {
    /// Starts without any media; `own` is our SSRC in reports.
    pub fn new(own: u32, now: Instant) -> Receipts {
        Receipts {
            own,
            due: now + REPORT_INTERVAL,
            media: Vec::new(),
        }
    }

    /// When reports are due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Whether there is anything to report on.
    pub fn is_empty(&self) -> bool {
        self.media.is_empty()
    }

    /// Takes the first bytes of a packet that came on `channel`; reports about it go out
    /// on the channel `rtcp`.
    pub fn frame(&mut self, channel: u8, rtcp: u8, start: &[u8], now: Instant) {
        // RTCP may come on the channel of RTP (RFC 5761 §4).
        if start.get(1).is_some_and(|kind| RTCP.contains(kind)) {
            return self.control(start);
        }
        let Some(header) = Header::read(start) else {
            return;
        };
        let new = || {
            let mut reception = Reception::new(header.ssrc, header.sequence, 0, now);
            reception.reached(header.sequence);
            reception
        };
        match self.media.iter_mut().find(|medium| medium.rtp == channel) {
            Some(medium) if medium.reception.ssrc() == header.ssrc => {
                medium.reception.reached(header.sequence);
            }
            Some(medium) => (medium.reception, medium.reported) = (new(), None),
            None => self.add(channel, rtcp, new()),
        }
    }

    /// Adds a medium that is heard for the first time, unless its reports would go out on
    /// a channel that carries media.
    fn add(&mut self, rtp: u8, rtcp: u8, reception: Reception) {
        self.media.retain(|medium| medium.rtcp != rtp);
        let is_media = rtp != rtcp && self.media.iter().any(|medium| medium.rtp == rtcp);
        if !is_media && self.media.len() < MAX_MEDIA {
            self.media.push(Medium {
                rtp,
                rtcp,
                reception,
                reported: None,
            });
        }
    }

    /// Keeps what our next report must repeat of a sender report (§6.4.1).
    fn control(&mut self, packet: &[u8]) {
        let Some(report) = SenderReport::read(packet) else {
            return;
        };
        let mut media = self.media.iter_mut();
        if let Some(medium) = media.find(|medium| medium.reception.ssrc() == report.ssrc) {
            medium.reported = Some(report.middle());
        }
    }

    /// Says that the packets taken since the last call arrived at `now`.
    pub fn arrived(&mut self, now: Instant) {
        for medium in &mut self.media {
            if let Some(time) = medium.reported.take() {
                medium.reception.note_report(time, now);
            }
        }
    }

    /// The reports about all media heard so far, as interleaved frames.
    pub fn reports(&mut self, now: Instant) -> Vec<u8> {
        self.due = now + REPORT_INTERVAL;
        let mut frames = Vec::new();
        for medium in &mut self.media {
            let report = medium.reception.report(self.own, now);
            frames.extend([b'$', medium.rtcp, 0, report.len() as u8]);
            frames.extend(report);
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn packet(kind: u8, sequence: u16, ssrc: u8) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        vec![0x80, kind, high, low, 0, 0, 0, 1, 0, 0, 0, ssrc]
    }

    fn words(frame: &[u8]) -> Vec<u32> {
        let words = frame.chunks_exact(4);
        words
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect()
    }

    #[test]
    fn a_report_says_how_far_each_track_is_and_that_nothing_is_lost() {
        let now = Instant::now();
        let mut receipts = Receipts::new(9, now);
        assert!(receipts.reports(now).is_empty());
        // Only some packets are looked at, and the numbers wrap between them.
        for sequence in [30_000, 60_000, 5] {
            receipts.frame(0, 1, &packet(96, sequence, 7), now);
        }
        receipts.frame(2, 3, &packet(0, 4, 8), now);
        let mut sender = vec![0x80, 200, 0, 6, 0, 0, 0, 7];
        sender.extend([0, 0, 0x22, 0x22, 0x33, 0x33, 0, 0, 0, 0, 0, 0]);
        receipts.frame(1, 1, &sender, now);
        receipts.arrived(now);
        let frames = receipts.reports(now + Duration::from_secs(1));
        let (first, second) = frames.split_at(frames.len() / 2);
        let first = words(first);
        assert_eq!(first[0], u32::from_be_bytes([b'$', 1, 0, 52]));
        assert_eq!(first[1..6], [0x81c9_0007, 9, 7, 0, 0x1_0005]);
        assert_eq!(first[7..9], [0x2222_3333, 65_536]);
        assert_eq!(words(second)[..5], [0x2403_0034, 0x81c9_0007, 9, 8, 0]);
    }

    #[test]
    fn another_source_begins_anew_and_numbers_may_go_back() {
        let now = Instant::now();
        let mut receipts = Receipts::new(9, now);
        for (sequence, ssrc, highest) in [(9, 7, 9), (5, 7, 5), (3, 8, 3), (3, 8, 3)] {
            receipts.frame(0, 1, &packet(96, sequence, ssrc), now);
            let reported = words(&receipts.reports(now));
            assert_eq!(reported[3..6], [ssrc.into(), 0, highest]);
        }
    }

    #[test]
    fn nothing_is_said_on_a_channel_of_media() {
        let now = Instant::now();
        let mut receipts = Receipts::new(9, now);
        for channel in [0, 1, 0, 1] {
            receipts.frame(channel, channel + 1, &packet(96, 1, channel), now);
        }
        let frames = receipts.reports(now);
        assert_eq!((frames[1], frames.len()), (2, 56));
    }
}
