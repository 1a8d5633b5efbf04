//! Cameras that hang up instead of answering: what the next connection does
//! differently.
//!
//! Such a camera does not say what it disliked, so the habit is learnt from the request
//! that was in flight.

use super::Client;
use super::request::Kind;
use crate::rtsp::auth::Authenticator;

/// How many times in a row a camera may hang up before it has played.
const MAX_HANG_UPS: u8 = 3;

/// What is known of a camera from earlier connections.
#[derive(Debug, Default)]
pub struct Habits {
    /// It hung up on OPTIONS.
    pub(super) no_options: bool,
    /// It hung up on GET_PARAMETER.
    pub(super) no_parameter: bool,
    /// It hung up on a PLAY that named a range.
    pub(super) no_range: bool,
    /// It hung up on `RTP/AVP/TCP` or refused it, so that SETUP leaves out the `/TCP`.
    pub(super) implied_tcp: bool,
    /// It hung up on a second SETUP.
    pub(super) one_medium: bool,
    pub(super) hang_ups: u8,
    /// The credentials, and the camera's challenge.
    pub(super) authenticator: Option<Authenticator>,
}

impl Client {
    /// To be called when the camera has hung up. If it should have answered instead,
    /// returns the habits for a client on a new connection, which then asks in another
    /// form or sends the password that was asked for. `None` if there is nothing new to
    /// try.
    pub fn hung_up(&mut self) -> Option<Habits> {
        let pending = self.pending.take()?;
        let mut habits = std::mem::take(&mut self.habits);
        let known = match pending.kind {
            _ if self.rephrased => &mut false,
            Kind::Options => &mut habits.no_options,
            Kind::KeepAlive if pending.method == "OPTIONS" => &mut habits.no_options,
            Kind::KeepAlive => &mut habits.no_parameter,
            Kind::Play => &mut habits.no_range,
            Kind::Setup { .. } if !self.media.is_empty() => &mut habits.one_medium,
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
