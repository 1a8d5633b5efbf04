//! What is told a camera of media that comes on its link itself: that it arrives
//! (RFC 3550 §6.4, RFC 2326 §10.12). Many cameras end a session without such
//! reports, over TCP, too, whatever is asked of them meanwhile.
//!
//! Nothing is lost on a link: only the highest numbers are of interest, so that a
//! look at some of the media is enough. A report goes on the RTCP channel of its
//! track; where nobody knows that, it is the one behind the RTP channel, as
//! clients choose them.

use std::time::Instant;

use super::reception::{REPORT_INTERVAL, Reception};
use super::rtcp::SenderReport;
use super::{Header, RTCP};

/// Tracks of a link that are reported on.
const MAX_TRACKS: usize = 8;

/// One track, by its channels.
#[derive(Debug)]
struct Track {
    rtp: u8,
    rtcp: u8,
    reception: Reception,
    /// The middle of the time that the last sender report names.
    told: Option<u32>,
}

/// What arrives on one link.
#[derive(Debug)]
pub struct Receipts {
    /// The source that reports come from.
    own: u32,
    due: Instant,
    tracks: Vec<Track>,
}

impl Receipts {
    /// Nothing has come yet; `own` names us in reports.
    pub fn new(own: u32, now: Instant) -> Receipts {
        Receipts {
            own,
            due: now + REPORT_INTERVAL,
            tracks: Vec::new(),
        }
    }

    /// When reports are due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Whether there is anything to report on.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// A packet came on a channel of the link; `rtcp` is its track's channel for
    /// reports, and `start` are its first bytes.
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
        match self.tracks.iter_mut().find(|track| track.rtp == channel) {
            Some(track) if track.reception.ssrc() == header.ssrc => {
                track.reception.reached(header.sequence);
            }
            Some(track) => (track.reception, track.told) = (new(), None),
            None => self.add(channel, rtcp, new()),
        }
    }

    /// A track is heard for the first time. A channel of media is none for reports.
    fn add(&mut self, rtp: u8, rtcp: u8, reception: Reception) {
        self.tracks.retain(|track| track.rtcp != rtp);
        let is_media = rtp != rtcp && self.tracks.iter().any(|track| track.rtp == rtcp);
        if !is_media && self.tracks.len() < MAX_TRACKS {
            self.tracks.push(Track {
                rtp,
                rtcp,
                reception,
                told: None,
            });
        }
    }

    /// Keeps what a report needs of a sender report (§6.4.1).
    fn control(&mut self, packet: &[u8]) {
        let Some(report) = SenderReport::read(packet) else {
            return;
        };
        let mut tracks = self.tracks.iter_mut();
        if let Some(track) = tracks.find(|track| track.reception.ssrc() == report.ssrc) {
            track.told = Some(report.middle());
        }
    }

    /// The packets that were shown came now.
    pub fn arrived(&mut self, now: Instant) {
        for track in &mut self.tracks {
            if let Some(time) = track.told.take() {
                track.reception.told(time, now);
            }
        }
    }

    /// The reports of now as interleaved frames, of tracks that were heard.
    pub fn reports(&mut self, now: Instant) -> Vec<u8> {
        self.due = now + REPORT_INTERVAL;
        let mut frames = Vec::new();
        for track in &mut self.tracks {
            let report = track.reception.report(self.own, now);
            frames.extend([b'$', track.rtcp, 0, report.len() as u8]);
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
        // Looked at now and then, over a wrap.
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
            let told = words(&receipts.reports(now));
            assert_eq!(told[3..6], [ssrc.into(), 0, highest]);
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
