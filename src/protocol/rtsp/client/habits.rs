//! Cameras that hang up where they should answer: what is done otherwise on the
//! next connection.

use super::Client;
use super::request::Kind;
use crate::rtsp::auth::Authenticator;

/// Connections that are hung up in a row before the camera has played.
const MAX_HANG_UPS: u8 = 3;

/// What is known of a camera from connections before.
#[derive(Debug, Default)]
pub struct Habits {
    /// It hung up at OPTIONS.
    pub(super) no_options: bool,
    /// At GET_PARAMETER.
    pub(super) no_parameter: bool,
    /// At a PLAY that named a range.
    pub(super) no_range: bool,
    /// The lower transport is left to be understood: it hung up at one that was
    /// spelt out, or refused it.
    pub(super) implied_tcp: bool,
    /// It hung up at a second SETUP.
    pub(super) one_medium: bool,
    pub(super) hang_ups: u8,
    /// Its challenge, and the password.
    pub(super) authenticator: Option<Authenticator>,
}

impl Client {
    /// The camera hung up. If that was where it should have answered, then what
    /// makes a client of another connection ask in another way, or with the
    /// password that the camera had asked for.
    pub fn hung_up(&mut self) -> Option<Habits> {
        let pending = self.pending.take()?;
        let mut habits = std::mem::take(&mut self.habits);
        let known = match pending.kind {
            _ if self.rephrased => &mut false,
            Kind::Options => &mut habits.no_options,
            Kind::KeepAlive if pending.method == "OPTIONS" => &mut habits.no_options,
            Kind::KeepAlive => &mut habits.no_parameter,
            Kind::Play => &mut habits.no_range,
            Kind::Setup { .. } if !self.tracks.is_empty() => &mut habits.one_medium,
            Kind::Setup { .. } => &mut habits.implied_tcp,
            Kind::Describe => &mut !habits.authenticator.as_mut()?.presume(),
            Kind::Pause | Kind::Teardown => return None,
        };
        let new = !std::mem::replace(known, true);
        habits.hang_ups += 1;
        if let Some(authenticator) = &mut habits.authenticator {
            authenticator.accepted();
        }
        (new && habits.hang_ups <= MAX_HANG_UPS).then_some(habits)
    }
}
