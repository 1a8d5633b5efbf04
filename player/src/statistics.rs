//! Counts how well a stream arrives, for the page.

use crate::source::Follows;

/// The counters by their numbers at the boundary to JavaScript: RTP packets of all
/// tracks that came, and those that are missing according to their sequence numbers;
/// pictures that were sent on, pictures that came at least in part and were not sent
/// on, and pictures that the gateway left out.
const TAKEN: usize = 0;
const LOST: usize = 1;
const SENT: usize = 2;
const LEFT_OUT: usize = 3;
const SKIPPED: usize = 4;

/// The counters since the session was opened.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    counts: [f64; SKIPPED + 1],
    /// The picture that the last packets belong to, by its timestamp, and whether it
    /// was sent on.
    picture: Option<(i64, bool)>,
}

impl Statistics {
    /// Counts a packet.
    pub fn packet(&mut self, follows: Follows) {
        self.counts[TAKEN] += 1.0;
        if let Follows::AfterLoss(missing) = follows {
            self.counts[LOST] += f64::from(missing);
        }
    }

    /// Counts the picture at `timestamp`, of which a packet has come.
    pub fn picture(&mut self, timestamp: i64) {
        match self.picture {
            Some((last, _)) if last == timestamp => return,
            Some((_, false)) => self.counts[LEFT_OUT] += 1.0,
            _ => {}
        }
        self.picture = Some((timestamp, false));
    }

    /// Counts the picture at `timestamp` as sent on.
    pub fn sent(&mut self, timestamp: i64) {
        self.counts[SENT] += 1.0;
        if let Some((last, sent)) = &mut self.picture {
            *sent |= *last == timestamp;
        }
    }

    /// Counts pictures that the gateway left out.
    pub fn skipped(&mut self, pictures: u32) {
        self.counts[SKIPPED] += f64::from(pictures);
    }

    /// The counter with the number `which`; 0 for any other number.
    pub fn get(&self, which: u32) -> f64 {
        let count = self.counts.get(which as usize);
        count.copied().unwrap_or(0.0)
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
        // The last picture may still be sent on.
        statistics.skipped(7);
        let numbers = [0, 1, 2, 3, 4, 5].map(|which| statistics.get(which));
        assert_eq!(numbers, [2.0, 3.0, 1.0, 2.0, 7.0, 0.0]);
    }
}
