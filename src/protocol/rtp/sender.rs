//! Which of the senders on one channel of RTP is heard: a camera may write packets of
//! a session that is gone into the one that is not.
//!
//! A new name is followed at once, for that is how a restart looks. If the name
//! before it comes again, it had never gone: the one in between is passed over
//! for as long as ours goes on.

/// So many packets in a row of a sender that is passed over say that ours is gone;
/// ends of pictures count for more: a slow camera has few packets.
const PATIENCE: u16 = 250;
const PICTURE: u16 = 20;

/// Follows the names (SSRC, RFC 3550 §5.1) on one channel.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    ours: Option<u32>,
    before: Option<u32>,
    stale: Option<u32>,
    passed: u16,
}

/// Whose a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Ours,
    /// Ours from here on.
    Another,
    /// Nobody's: to be passed over.
    Stale,
}

impl Sender {
    /// Who is heard, once a packet has come.
    pub fn name(&self) -> Option<u32> {
        self.ours
    }

    /// Whether this one is passed over.
    pub fn is_stale(&self, name: u32) -> bool {
        self.stale == Some(name)
    }

    /// The camera said that this will be ours, which makes it ours as soon as it comes,
    /// whoever was heard before. Until then anybody is: cameras say what is not so.
    pub fn expect(&mut self, name: Option<u32>) {
        self.before = name;
    }

    /// A packet under this name came; `goes_on`: it follows the last one of ours,
    /// whatever it is called; `marked`: it ends a picture.
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
        // It had not: it was only slow.
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
