//! How a camera's link ends, and what is kept of it: nobody wants it any more, it was
//! lost, or what the camera does makes no sense.

use std::time::Instant;

use super::retry::LONGEST_PAUSE;
use super::senders::Senders;
use super::{Camera, Output, Phase, Unavailable};
use crate::failure::Failure;
use crate::protocol::rtsp::client;

impl Camera {
    /// Nobody wants it any more: the camera is told.
    pub fn leave(&mut self, now: Instant) {
        self.leave_at = None;
        // It is remembered until then that the password was refused: who comes
        // meanwhile is told so, and the camera is left alone.
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

    /// What was known of the stream holds no more.
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

    /// There is no link, or no more.
    pub fn link_lost(&mut self, failure: &Failure, now: Instant) {
        if self.hung_up(failure, now) {
            return;
        }
        self.failed(Unavailable::new(failure.status(), failure.reason()), now);
    }

    pub(super) fn failed(&mut self, unavailable: Unavailable, now: Instant) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting { .. }) {
            return;
        }
        // What played a while was well: the next attempt is made soon.
        if self.phase == Phase::Live && self.phase_since + LONGEST_PAUSE <= now {
            self.retry.reset();
        }
        if self.datagrams.is_some() {
            self.end_session();
        }
        self.lower_transport.failed();
        self.forget_stream();
        (self.target, self.redirects) = (self.url.clone(), 0);
        let until = now + self.retry.pause(unavailable.bad_password, &mut self.random);
        self.unavailable = Some(unavailable);
        self.enter(Phase::Waiting { until }, now);
        self.outputs.extend([Output::Disconnect, Output::Failed]);
    }
}
