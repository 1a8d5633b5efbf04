//! What the operator asks for: signals, reading the configuration again, and status.

mod reload;
mod status;

use super::io::signals::Command;
use super::server::Server;

pub use status::DUMP;

impl Server {
    /// Carries out the command of a signal.
    pub(super) fn handle_signal(&mut self, command: Command) {
        match command {
            Command::Stop => self.stop(),
            Command::Reload => self.reload(),
            Command::Dump => self.dump(),
        }
    }
}
