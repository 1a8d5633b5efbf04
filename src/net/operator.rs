//! What the operator asks for: signals, reading the configuration again, and status.

mod dump;
mod exposition;
mod metrics;
mod probe;
mod process;
mod reload;
mod status;

use super::io::signals::Command;
use super::server::Server;

pub use dump::DUMP;
pub use probe::{Probe, probe};

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
