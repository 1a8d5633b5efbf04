//! Decides which sender counts when several share one RTP channel: a camera may write
//! packets of an old session into a new one.
//!
//! A new SSRC is followed at once, because that is how a restart looks. But if the SSRC
//! before it comes again, that sender was never gone: then the new one is ignored for
//! as long as the old one goes on.

/// After this many consecutive packets of an ignored sender, the current one is taken
/// to be gone. The end of a picture counts for more than one, because a slow camera
/// sends few packets.
const PATIENCE: u16 = 250;
const PICTURE: u16 = 20;

/// Follows the senders (SSRC, RFC 3550 §5.1) on one channel.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    current: Option<u32>,
    before: Option<u32>,
    stale: Option<u32>,
    passed: u16,
}

/// Which sender a packet is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The packet of the sender that is followed.
    Current,
    /// The packet of a new sender, which is followed from here on.
    New,
    /// The packet of a sender that is ignored.
    Stale,
}

impl Sender {
    /// The SSRC that is followed; `None` before the first packet.
    pub fn ssrc(&self) -> Option<u32> {
        self.current
    }

    /// Whether packets of this SSRC are ignored.
    pub fn is_stale(&self, ssrc: u32) -> bool {
        self.stale == Some(ssrc)
    }

    /// Announces an SSRC that the camera has named: it is followed as soon as it
    /// appears. Until then every other is followed too, because cameras announce wrong
    /// ones.
    pub fn expect(&mut self, ssrc: Option<u32>) {
        self.before = ssrc;
    }

    /// Takes a packet with the SSRC `ssrc`. `goes_on`: its sequence number continues
    /// that of the current sender, whatever its SSRC; `marked`: it ends a picture.
    pub fn receive(&mut self, ssrc: u32, goes_on: bool, marked: bool) -> Origin {
        let is_current = self.current == Some(ssrc);
        if !is_current && !goes_on && self.is_stale(ssrc) && self.passed < PATIENCE {
            self.passed += if marked { PICTURE } else { 1 };
            return Origin::Stale;
        }
        self.passed = 0;
        if is_current {
            return Origin::Current;
        }
        let left = self.current.replace(ssrc);
        if goes_on || left.is_none() {
            return Origin::Current;
        }
        let back = self.before == Some(ssrc);
        (self.before, self.stale) = match back {
            true => (None, left),
            false => (left, None),
        };
        Origin::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Origin::{Current, New, Stale};

    fn origins(sender: &mut Sender, ssrcs: &[u32]) -> Vec<Origin> {
        ssrcs
            .iter()
            .map(|ssrc| sender.receive(*ssrc, false, false))
            .collect()
    }

    #[test]
    fn a_restart_is_followed() {
        let mut sender = Sender::default();
        let expected = [Current, Current, New, Current, New];
        assert_eq!(origins(&mut sender, &[1, 1, 2, 2, 3]), expected);
        assert_eq!(
            sender.receive(4, true, false),
            Current,
            "another name for the same"
        );
    }

    #[test]
    fn who_comes_in_between_is_passed_over_until_ours_is_gone() {
        let mut sender = Sender::default();
        let begin = [Current, New, Current, New, Stale, Stale, Current, Stale];
        assert_eq!(origins(&mut sender, &[1, 2, 2, 1, 2, 2, 1, 2]), begin);
        for _ in 1..PATIENCE {
            assert_eq!(sender.receive(2, false, false), Stale);
        }
        assert_eq!(origins(&mut sender, &[2, 2, 2]), [New, Current, Current]);
        // The first sender was not gone, but only slow.
        assert_eq!(origins(&mut sender, &[1, 2]), [New, Stale]);
    }

    #[test]
    fn who_was_announced_is_ours_though_another_comes_first() {
        for (ssrcs, ours) in [
            (&[9, 9, 7, 9, 7, 9][..], 7),
            (&[7, 9, 7, 9], 7),
            (&[9, 9, 9], 9),
        ] {
            let mut sender = Sender::default();
            sender.expect(Some(7));
            origins(&mut sender, ssrcs);
            assert_eq!(sender.ssrc(), Some(ours), "{ssrcs:?}");
        }
    }

    #[test]
    fn ours_is_gone_when_half_a_second_of_the_others_pictures_came() {
        let mut sender = Sender::default();
        origins(&mut sender, &[1, 2, 1]);
        let pictures = (1..).find(|_| sender.receive(2, false, true) == New);
        assert!((8..=15).contains(&pictures.unwrap()), "{pictures:?}");
    }
}
