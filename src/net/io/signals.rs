//! Signals as readable events: nothing is done in a signal handler.

use std::io;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// SIGTERM, SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
    /// SIGUSR1.
    Dump,
}

/// The process' signals.
pub struct Signals(signal_hook_mio::v1_0::Signals);

impl Signals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Signals> {
        let mut signals = signal_hook_mio::v1_0::Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
        registry.register(&mut signals, token, Interest::READABLE)?;
        Ok(Signals(signals))
    }

    /// Those that came.
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
