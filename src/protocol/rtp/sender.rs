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
    ours: Option<u32>,
    before: Option<u32>,
    stale: Option<u32>,
    passed: u16,
}

/// Whose packet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Ours,
    /// The packet of a new sender, which is followed from here on.
    Another,
    /// The packet of a sender that is ignored.
    Stale,
}

impl Sender {
    /// The SSRC that is followed; `None` before the first packet.
    pub fn name(&self) -> Option<u32> {
        self.ours
    }

    /// Whether packets of this SSRC are ignored.
    pub fn is_stale(&self, name: u32) -> bool {
        self.stale == Some(name)
    }

    /// Announces an SSRC that the camera has named: it is followed as soon as it
    /// appears. Until then every other is followed too, because cameras announce wrong
    /// ones.
    pub fn expect(&mut self, name: Option<u32>) {
        self.before = name;
    }

    /// Takes a packet with the SSRC `name`. `goes_on`: its sequence number continues
    /// that of the current sender, whatever its SSRC; `marked`: it ends a picture.
    pub fn hear(&mut self, name: u32, goes_on: bool, marked: bool) -> Heard {
        let ours = self.ours == Some(name);
        if !ours && !goes_on && self.is_stale(name) && self.passed < PATIENCE {
            self.passed += if marked { PICTURE } else { 1 };
            return Heard::Stale;
        }
        self.passed = 0;
        if ours {
            return Heard::Ours;
        }
        let left = self.ours.replace(name);
        if goes_on || left.is_none() {
            return Heard::Ours;
        }
        let back = self.before == Some(name);
        (self.before, self.stale) = match back {
            true => (None, left),
            false => (left, None),
        };
        Heard::Another
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Heard::{Another, Ours, Stale};

    fn heard(sender: &mut Sender, names: &[u32]) -> Vec<Heard> {
        names
            .iter()
            .map(|name| sender.hear(*name, false, false))
            .collect()
    }

    #[test]
    fn a_restart_is_followed() {
        let mut sender = Sender::default();
        let expected = [Ours, Ours, Another, Ours, Another];
        assert_eq!(heard(&mut sender, &[1, 1, 2, 2, 3]), expected);
        assert_eq!(
            sender.hear(4, true, false),
            Ours,
            "another name for the same"
        );
    }

    #[test]
    fn who_comes_in_between_is_passed_over_until_ours_is_gone() {
        let mut sender = Sender::default();
        let begin = [Ours, Another, Ours, Another, Stale, Stale, Ours, Stale];
        assert_eq!(heard(&mut sender, &[1, 2, 2, 1, 2, 2, 1, 2]), begin);
        for _ in 1..PATIENCE {
            assert_eq!(sender.hear(2, false, false), Stale);
        }
        assert_eq!(heard(&mut sender, &[2, 2, 2]), [Another, Ours, Ours]);
        // The first sender was not gone, but only slow.
        assert_eq!(heard(&mut sender, &[1, 2]), [Another, Stale]);
    }

    #[test]
    fn who_was_announced_is_ours_though_another_comes_first() {
        for (names, ours) in [
            (&[9, 9, 7, 9, 7, 9][..], 7),
            (&[7, 9, 7, 9], 7),
            (&[9, 9, 9], 9),
        ] {
            let mut sender = Sender::default();
            sender.expect(Some(7));
            heard(&mut sender, names);
            assert_eq!(sender.name(), Some(ours), "{names:?}");
        }
    }

    #[test]
    fn ours_is_gone_when_half_a_second_of_the_others_pictures_came() {
        let mut sender = Sender::default();
        heard(&mut sender, &[1, 2, 1]);
        let pictures = (1..).find(|_| sender.hear(2, false, true) == Another);
        assert!((8..=15).contains(&pictures.unwrap()), "{pictures:?}");
    }
}
