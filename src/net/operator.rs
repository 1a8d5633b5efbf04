//! What the operator asks for: signals, the configuration read again, and what the gateway
//! tells about itself.

mod reload;
mod status;

use super::io::signals::Command;
use super::server::Server;

pub use status::DUMP;

impl Server {
    /// A signal came.
    pub(super) fn handle_signal(&mut self, command: Command) {
        match command {
            Command::Stop => self.stop(),
            Command::Reload => self.reload(),
            Command::Dump => self.dump(),
        }
    }
}
