//! What the page may know of how well a stream arrives: counts and jitter.

use crate::source::Follows;

/// The longest difference between two transits that counts, microseconds: a
/// stalled link is no jitter.
const MAX_TRANSIT_US: i64 = 10_000_000;

/// Counts since the session was opened.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// RTP packets of all tracks that were taken.
    packets: u64,
    /// RTP packets of all tracks that are missing, by their sequence numbers.
    lost: u64,
    /// Pictures that went out.
    sent: u64,
    /// Pictures that came, if only in part, and did not go out.
    dropped: u64,
    /// The picture that packets come of, by its timestamp, and whether it has
    /// gone out.
    picture: Option<(i64, bool)>,
    /// The transit of the last video packet, microseconds of no known zero.
    transit: Option<i64>,
    /// Sixteen times the interarrival jitter of the video, microseconds.
    jitter: i64,
}

impl Statistics {
    /// A packet was taken.
    pub fn packet(&mut self, follows: Follows) {
        self.packets = self.packets.wrapping_add(1);
        match follows {
            Follows::Directly => {}
            Follows::AfterLoss(missing) => self.lost = self.lost.wrapping_add(missing.into()),
            Follows::Anew => self.transit = None,
        }
    }

    /// A video packet took `transit_us` to come here, counted from wherever
    /// (RFC 3550 A.8).
    pub fn transit(&mut self, transit_us: i64) {
        if let Some(last) = self.transit.replace(transit_us) {
            let difference = transit_us.saturating_sub(last).saturating_abs();
            self.jitter += difference.min(MAX_TRANSIT_US) - (self.jitter + 8) / 16;
        }
    }

    /// A packet of the picture at `timestamp` came.
    pub fn picture(&mut self, timestamp: i64) {
        match self.picture {
            Some((last, _)) if last == timestamp => return,
            Some((_, false)) => self.dropped = self.dropped.wrapping_add(1),
            _ => {}
        }
        self.picture = Some((timestamp, false));
    }

    /// The picture at `timestamp` went out.
    pub fn sent(&mut self, timestamp: i64) {
        self.sent = self.sent.wrapping_add(1);
        if let Some((last, sent)) = &mut self.picture {
            *sent |= *last == timestamp;
        }
    }

    /// The number `which`: 0 packets received, 1 packets lost, 2 pictures sent,
    /// 3 pictures dropped, 4 interarrival jitter of the video in milliseconds.
    /// Any other is 0.
    pub fn get(&self, which: u32) -> f64 {
        match which {
            0 => self.packets as f64,
            1 => self.lost as f64,
            2 => self.sent as f64,
            3 => self.dropped as f64,
            4 => self.jitter as f64 / 16_000.0,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_packets_and_pictures() {
        let mut statistics = Statistics::default();
        statistics.packet(Follows::Directly);
        statistics.packet(Follows::AfterLoss(3));
        for picture in 0..4 {
            statistics.picture(picture);
            statistics.picture(picture);
            if picture == 1 {
                statistics.sent(picture);
            }
        }
        // The last picture may go out yet.
        let numbers = [0, 1, 2, 3, 4, 5].map(|which| statistics.get(which));
        assert_eq!(numbers, [2.0, 3.0, 1.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn jitter_is_that_of_the_arrivals() {
        let mut statistics = Statistics::default();
        for packet in 0..500 {
            statistics.transit(packet % 2 * 8_000);
        }
        assert!((statistics.get(4) - 8.0).abs() < 0.1);
        for _ in 0..500 {
            statistics.transit(0);
        }
        assert!(statistics.get(4) < 0.1);
        statistics.packet(Follows::Anew);
        statistics.transit(1_000_000);
        assert!(statistics.get(4) < 0.1);
    }

    proptest! {
        #[test]
        fn any_transit_is_fine(transits in proptest::collection::vec(any::<i64>(), 0..50)) {
            let mut statistics = Statistics::default();
            for transit in transits {
                statistics.transit(transit);
            }
            prop_assert!((0.0..=10_000.0).contains(&statistics.get(4)));
        }
    }
}
