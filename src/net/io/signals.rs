//! Signals as readable events, so that nothing has to be done in a signal handler.

use std::io;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

/// What a signal commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// SIGTERM, SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
    /// SIGUSR1.
    Dump,
}

/// The signals of this process.
pub struct Signals(signal_hook_mio::v1_0::Signals);

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Signals> {
        let mut signals = signal_hook_mio::v1_0::Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
        registry.register(&mut signals, token, Interest::READABLE)?;
        Ok(Signals(signals))
    }

    /// The commands of the signals that have arrived.
    pub fn pending(&mut self) -> Vec<Command> {
        self.0
            .pending()
            .map(|signal| match signal {
                SIGHUP => Command::Reload,
                SIGUSR1 => Command::Dump,
                _ => Command::Stop,
            })
            .collect()
    }
}
