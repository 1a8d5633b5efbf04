//! What the page may know of how well a stream arrives.

use crate::source::Follows;

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
}

impl Statistics {
    /// A packet was taken.
    pub fn packet(&mut self, follows: Follows) {
        self.packets = self.packets.wrapping_add(1);
        if let Follows::AfterLoss(missing) = follows {
            self.lost = self.lost.wrapping_add(missing.into());
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
    /// 3 pictures dropped. Any other is 0.
    pub fn get(&self, which: u32) -> f64 {
        let count = match which {
            0 => self.packets,
            1 => self.lost,
            2 => self.sent,
            3 => self.dropped,
            _ => 0,
        };
        count as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let numbers = [0, 1, 2, 3, 4].map(|which| statistics.get(which));
        assert_eq!(numbers, [2.0, 3.0, 1.0, 2.0, 0.0]);
    }
}
