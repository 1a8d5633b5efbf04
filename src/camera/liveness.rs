//! Whether a camera that plays is alive: when its last sign of life came, and when the
//! next one is overdue.
//!
//! The frames of one read are inspected first ([`Liveness::media`], [`Liveness::report`])
//! and then noted together ([`Liveness::note`]), so that the clock is read once for all.

use std::time::{Duration, Instant};

use super::pace::Pace;

/// The signs of life of one camera.
#[derive(Debug)]
pub(super) struct Liveness {
    /// When the last sign of life was noted.
    last_sign: Instant,
    /// Whether a sign of life has come that is not noted yet.
    fresh: bool,
    /// The track and the RTP time of the last media packet; `None` before the first
    /// one of a link.
    last_media: Option<(usize, u32)>,
    /// Whether media with another RTP time has come that is not noted yet.
    new_picture: bool,
    pace: Pace,
}

impl Liveness {
    /// The state of a camera that has not played yet.
    pub(super) fn new(now: Instant) -> Liveness {
        Liveness {
            last_sign: now,
            fresh: false,
            last_media: None,
            new_picture: false,
            pace: Pace::default(),
        }
    }

    /// Begins with another link, which plays from now on.
    pub(super) fn restart(&mut self, now: Instant) {
        (self.last_sign, self.last_media, self.new_picture) = (now, None, false);
        self.pace.restart();
    }

    /// Takes a media packet with this RTP time.
    pub(super) fn media(&mut self, track: usize, timestamp: u32) {
        let media = Some((track, timestamp));
        self.new_picture |= self.last_media != media;
        self.last_media = media;
        self.fresh = true;
    }

    /// Takes a sender report.
    pub(super) fn report(&mut self) {
        self.fresh = true;
    }

    /// Notes that everything taken since the last call came at the time `now`; `false` if
    /// there was nothing.
    pub(super) fn note(&mut self, now: Instant) -> bool {
        if !std::mem::take(&mut self.fresh) {
            return false;
        }
        self.last_sign = now;
        if std::mem::take(&mut self.new_picture) {
            self.pace.media(now);
        }
        true
    }

    /// When the last sign of life was noted.
    pub(super) fn last_sign(&self) -> Instant {
        self.last_sign
    }

    /// When the next sign of life must have come.
    pub(super) fn due(&self) -> Instant {
        self.last_sign + self.patience()
    }

    /// How long the camera may be silent, which depends on how often it sends pictures.
    pub(super) fn patience(&self) -> Duration {
        self.pace.patience()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::pace::{SECOND_PICTURE, SILENCE};

    #[test]
    fn reports_are_signs_of_life_and_no_pictures() {
        let now = Instant::now();
        let mut liveness = Liveness::new(now);
        let later = now + SILENCE / 2;
        assert!(!liveness.note(later), "nothing came");
        assert_eq!(liveness.due(), now + SILENCE);
        liveness.report();
        assert!(liveness.note(later));
        assert_eq!(liveness.due(), later + SILENCE);
        liveness.media(0, 7);
        assert!(liveness.note(later));
        assert_eq!(liveness.due(), later + SECOND_PICTURE);
    }

    #[test]
    fn packets_of_one_moment_are_one_picture() {
        let now = Instant::now();
        let mut liveness = Liveness::new(now);
        for second in 0..3 {
            let now = now + SILENCE / 15 * second;
            liveness.media(0, 7);
            assert!(liveness.note(now));
            assert_eq!(liveness.due(), now + SECOND_PICTURE, "{second}");
        }
        let now = now + SILENCE / 5;
        liveness.media(1, 7);
        assert!(liveness.note(now));
        assert_eq!(liveness.due(), now + SILENCE, "another track");
        liveness.restart(now);
        assert!(!liveness.note(now));
    }
}
