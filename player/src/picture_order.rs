//! Whether pictures are shown in the order sent, as far as has been seen.
//!
//! Invariant: what holds of the sets that a stream had says nothing of new ones, but
//! for a while it stays known that pictures came out of their order.

/// So many pictures in a row, with a sync sample behind them, show that a stream
/// does not reorder: where one does, it is within a few.
const ENOUGH: i32 = 8;

/// And so many are needed after one that was out of order: minutes of them.
const AFTER_DISORDER: i32 = -10_000;

/// A picture is shown at most so long before one that was sent before it, in ticks
/// of 90 kHz; what is further back is by another clock.
pub const MAX_LEAD: i64 = 180_000;

/// Follows the pictures of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order {
    /// Pictures in a row that were in order; below 0: pictures were not.
    row: i32,
    latest: i64,
}

impl Order {
    /// A picture is to be shown at `timestamp`; `anew`: it follows nothing.
    pub fn picture(&mut self, timestamp: i64, anew: bool) {
        let lead = self.latest.wrapping_sub(timestamp);
        if !anew && (1..=MAX_LEAD).contains(&lead) {
            self.row = AFTER_DISORDER;
        } else {
            self.row = self.row.wrapping_add(1);
            self.latest = timestamp;
        }
    }

    /// New sets came.
    pub fn renew(&mut self) {
        self.row = self.row.min(0);
    }

    /// Whether pictures are taken to be shown in the order sent. `declared`: the set
    /// says so itself, or implies it.
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
