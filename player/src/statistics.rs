//! What the page may know of how well a stream arrives.

use crate::source::Follows;

/// What is counted, by its number at the boundary to JavaScript: RTP packets
/// of all tracks that were taken, and those that are missing, by their
/// sequence numbers; pictures that went out, those that came, if only in part,
/// and did not go out, and those that the gateway left out.
const TAKEN: usize = 0;
const LOST: usize = 1;
const SENT: usize = 2;
const LEFT_OUT: usize = 3;
const SKIPPED: usize = 4;

/// Counts since the session was opened.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    counts: [f64; SKIPPED + 1],
    /// The picture that packets come of, by its timestamp, and whether it has
    /// gone out.
    picture: Option<(i64, bool)>,
}

impl Statistics {
    /// A packet was taken.
    pub fn packet(&mut self, follows: Follows) {
        self.counts[TAKEN] += 1.0;
        if let Follows::AfterLoss(missing) = follows {
            self.counts[LOST] += f64::from(missing);
        }
    }

    /// A packet of the picture at `timestamp` came.
    pub fn picture(&mut self, timestamp: i64) {
        match self.picture {
            Some((last, _)) if last == timestamp => return,
            Some((_, false)) => self.counts[LEFT_OUT] += 1.0,
            _ => {}
        }
        self.picture = Some((timestamp, false));
    }

    /// The picture at `timestamp` went out.
    pub fn sent(&mut self, timestamp: i64) {
        self.counts[SENT] += 1.0;
        if let Some((last, sent)) = &mut self.picture {
            *sent |= *last == timestamp;
        }
    }

    /// The gateway left out so many pictures.
    pub fn skipped(&mut self, pictures: u32) {
        self.counts[SKIPPED] += f64::from(pictures);
    }

    /// The count with the number `which`; any other is 0.
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
        // The last picture may go out yet.
        statistics.skipped(7);
        let numbers = [0, 1, 2, 3, 4, 5].map(|which| statistics.get(which));
        assert_eq!(numbers, [2.0, 3.0, 1.0, 2.0, 7.0, 0.0]);
    }
}
