//! How a camera's link ends (nobody wants it any more, it was lost, or the camera does
//! what cannot be understood), and what is remembered after that.

use std::time::Instant;

use super::retry::LONGEST_PAUSE;
use super::senders::Senders;
use super::{Camera, Output, Phase, Unavailable};
use crate::failure::Failure;
use crate::protocol::rtsp::client;

impl Camera {
    /// Ends the link because nobody wants the camera any more; the camera gets a TEARDOWN.
    pub fn leave(&mut self, now: Instant) {
        self.leave_at = None;
        // That the password was refused is remembered until the pause is over: viewers who
        // come meanwhile are told, and the camera is left alone.
        if let Phase::Waiting { until } = self.phase
            && until > now
            && self.unavailable.as_ref().is_some_and(|it| it.bad_password)
        {
            return;
        }
        if let Some(mut client) = self.client.take() {
            client.teardown();
            while let Some(output) = client.poll_output() {
                if let client::Output::Send(bytes) = output {
                    self.outputs.push_back(Output::Send(bytes));
                }
            }
        }
        if self.phase != Phase::Idle {
            self.outputs.push_back(Output::Disconnect);
        }
        self.forget_stream();
        self.unavailable = None;
        self.retry.reset();
        self.lower_transport.failed();
        self.enter(Phase::Idle, now);
    }

    /// Forgets what was known of the stream, which another link may not send again.
    pub(super) fn forget_stream(&mut self) {
        self.client = None;
        self.datagrams = None;
        self.receipts = None;
        (self.pictures, self.last_packet) = (None, None);
        self.senders = Senders::default();
        self.unknown_channel = None;
        self.sender_reports.clear();
        self.cache.clear();
        self.meter.stop();
    }

    /// The link could not be made, or is lost.
    pub fn link_lost(&mut self, failure: &Failure, now: Instant) {
        if self.hung_up(failure, now) {
            return;
        }
        self.failed(Unavailable::new(failure.status(), failure.reason()), now);
    }

    /// Gives the link up and waits before the next attempt; viewers are told why.
    pub(super) fn failed(&mut self, unavailable: Unavailable, now: Instant) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting { .. }) {
            return;
        }
        // A camera that has played for a while was well, so the next attempt is made soon.
        if self.phase == Phase::Live && self.phase_since + LONGEST_PAUSE <= now {
            self.retry.reset();
        }
        if self.datagrams.is_some() {
            self.end_session();
        }
        self.lower_transport.failed();
        self.forget_stream();
        (self.current_url, self.redirects) = (self.url.clone(), 0);
        let until = now + self.retry.pause(unavailable.bad_password, &mut self.random);
        self.unavailable = Some(unavailable);
        self.enter(Phase::Waiting { until }, now);
        self.outputs.extend([Output::Disconnect, Output::Failed]);
    }
}
