//! What the operator asks for: signals, the configuration read again, and what the gateway
//! tells about itself.

mod reload;
mod status;

use super::io::signals::Order;
use super::server::Server;

pub use status::DUMP;

impl Server {
    /// A signal came.
    pub(super) fn obey(&mut self, order: Order) {
        match order {
            Order::Stop => self.stop(),
            Order::Reload => self.reload(),
            Order::Dump => self.dump(),
        }
    }
}
