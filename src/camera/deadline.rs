//! When each phase of a camera ends although nothing happens: none lasts for
//! ever, but for being left alone.

use std::time::{Duration, Instant};

use super::{Camera, Output, Phase, Unavailable};
use crate::failure::Failure;
use crate::protocol::rtp::receipts::Receipts;
use crate::protocol::rtsp::client::Client;

/// How long a camera may take from the link to the first PLAY, times the patience
/// with each of its answers.
pub(super) const TALK: u32 = 6;

impl Camera {
    /// How long a link may take to come, and the camera to answer what it is
    /// asked; what makes it play may take longer
    /// ([`STARTING`](crate::protocol::rtsp::client::STARTING)).
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Whether this attempt waits for its link.
    pub fn awaits_link(&self, attempt: u64) -> bool {
        self.phase == Phase::Connecting && self.attempt == attempt
    }

    /// When the link that it waits for must stand.
    pub fn connect_by(&self) -> Instant {
        self.phase_since + self.patience
    }

    /// When [`Camera::handle_timeout`] wants to be called.
    pub fn timeout(&self) -> Option<Instant> {
        let client = self.client.as_ref().and_then(Client::timeout);
        let client = client.map(|due| self.epoch + Duration::from_millis(due));
        let phase = match self.phase {
            Phase::Idle => None,
            Phase::Connecting => Some(self.connect_by()),
            Phase::Talking => Some(self.phase_since + self.patience * TALK),
            Phase::Live => Some(self.liveness.due()),
            Phase::Waiting { until } => Some(until),
        };
        let datagrams = self.datagrams_due();
        let receipts = self.receipts_due();
        let due = [client, phase, self.leave_at, datagrams, receipts];
        due.into_iter().flatten().min()
    }

    /// The time that [`Camera::timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.leave_at.is_some_and(|due| due <= now) {
            return self.leave(now);
        }
        match self.phase {
            Phase::Waiting { until } if until <= now => return self.try_again(now),
            Phase::Connecting if self.connect_by() <= now => {
                return self.link_lost(&Failure::Silent, now);
            }
            Phase::Talking if self.phase_since + self.patience * TALK <= now => {
                let reason = "the camera answers, and does not begin to play";
                return self.failed(Unavailable::new(504, reason), now);
            }
            Phase::Live if self.liveness.due() <= now => {
                let reason = "the camera sends nothing any more";
                return self.failed(Unavailable::new(504, reason), now);
            }
            _ => {}
        }
        if !self.check_datagrams(now) {
            return;
        }
        self.check_receipts(now);
        let ms = self.ms(now);
        if let Some(client) = &mut self.client {
            client.handle_timeout(ms);
            self.run_client(&[], now);
        }
    }

    /// The pause is over.
    fn try_again(&mut self, now: Instant) {
        if self.viewers > 0 || self.always {
            return self.connect(now);
        }
        self.leave(now);
    }

    /// When its camera is to be told what arrived over TCP.
    fn receipts_due(&self) -> Option<Instant> {
        let receipts = self.receipts.as_ref().filter(|it| !it.is_empty());
        receipts
            .filter(|_| self.phase == Phase::Live)
            .map(Receipts::due)
    }

    fn check_receipts(&mut self, now: Instant) {
        if self.receipts_due().is_none_or(|due| due > now) {
            return;
        }
        let reports = self.receipts.as_mut().map(|it| it.reports(now));
        let reports = reports.filter(|reports| !reports.is_empty());
        self.outputs.extend(reports.map(Output::Send));
    }
}
