//! Whether pictures are shown in the order in which they are sent, as far as has been
//! observed.
//!
//! Invariant: what was observed with one set of parameters says nothing about new ones,
//! except that disorder is remembered for a while.

/// After this many consecutive pictures in order, including a sync sample, a stream is
/// known not to reorder. A stream that does reorder shows it within a few pictures.
const ENOUGH: i32 = 8;

/// The starting value after a picture out of order, so that minutes of order are
/// needed.
const AFTER_DISORDER: i32 = -10_000;

/// How long before an earlier sent picture one may be shown, in ticks of 90 kHz. If it
/// is longer, the clock was set.
pub const MAX_LEAD: i64 = 180_000;

/// Observes the pictures of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order {
    /// How many consecutive pictures were in order; negative after some that were not.
    row: i32,
    latest: i64,
}

impl Order {
    /// Takes the timestamp of the next picture; `anew`: it continues nothing.
    pub fn picture(&mut self, timestamp: i64, anew: bool) {
        let lead = self.latest.wrapping_sub(timestamp);
        if !anew && (1..=MAX_LEAD).contains(&lead) {
            self.row = AFTER_DISORDER;
        } else {
            self.row = self.row.wrapping_add(1);
            self.latest = timestamp;
        }
    }

    /// Notes that new parameter sets have come.
    pub fn renew(&mut self) {
        self.row = self.row.min(0);
    }

    /// Whether pictures are assumed to be shown in the order sent. `declared`: the
    /// parameter set says or implies it.
    pub fn is_kept(&self, declared: bool) -> bool {
        self.row >= if declared { 0 } else { ENOUGH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures at these times, in units of 40 ms.
    fn feed(order: &mut Order, times: impl IntoIterator<Item = i64>) {
        for time in times {
            order.picture(time * 3600, false);
        }
    }

    #[test]
    fn a_row_of_pictures_in_order_tells() {
        let mut order = Order::default();
        feed(&mut order, 0..7);
        assert!(!order.is_kept(false) && order.is_kept(true));
        feed(&mut order, [6]);
        assert!(order.is_kept(false), "two of one time are fields");
        order.renew();
        assert!(!order.is_kept(false) && order.is_kept(true));
    }

    #[test]
    fn a_picture_out_of_order_tells_for_long() {
        let mut order = Order::default();
        feed(&mut order, (0..20).chain([22, 21]));
        assert!(!order.is_kept(true));
        feed(&mut order, 23..5_000);
        order.renew();
        assert!(!order.is_kept(true));
        feed(&mut order, 5_000..10_100);
        assert!(order.is_kept(false));
    }

    #[test]
    fn another_clock_tells_nothing() {
        let mut order = Order::default();
        feed(&mut order, 1_000..1_005);
        feed(&mut order, 0..5);
        order.picture(0, true);
        feed(&mut order, [-70, -69]);
        assert!(order.is_kept(false));
    }
}
