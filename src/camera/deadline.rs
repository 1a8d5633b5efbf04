//! When a phase of a camera ends although nothing happens.
//!
//! Invariant: every phase has an end but [`Phase::Idle`], in which nobody wants the camera.

use std::time::{Duration, Instant};

use super::{Camera, Output, Phase, Unavailable};
use crate::failure::Failure;
use crate::protocol::rtp::receipts::Receipts;
use crate::protocol::rtsp::client::Client;

/// A camera may take this many times the patience for one answer until it has granted
/// PLAY.
pub(super) const TALKING: u32 = 6;

impl Camera {
    /// Sets how long the camera may take to accept a link, and to answer a request. It may
    /// take longer for the requests that make it play
    /// ([`STARTING`](crate::protocol::rtsp::client::STARTING)).
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Whether the camera still waits for the link of this attempt.
    pub fn awaits_link(&self, attempt: u64) -> bool {
        self.phase == Phase::Connecting && self.attempt == attempt
    }

    /// When the link that the camera waits for must stand.
    pub fn connect_by(&self) -> Instant {
        self.phase_since + self.patience
    }

    /// When [`Camera::handle_timeout`] is to be called.
    pub fn timeout(&self) -> Option<Instant> {
        let client = self.client.as_ref().and_then(Client::timeout);
        let client = client.map(|due| self.epoch + Duration::from_millis(due));
        let phase = match self.phase {
            Phase::Idle => None,
            Phase::Connecting => Some(self.connect_by()),
            Phase::Talking => Some(self.phase_since + self.patience * TALKING),
            Phase::Live => Some(self.liveness.due()),
            Phase::Waiting { until } => Some(until),
        };
        let datagrams = self.datagrams_due();
        let receipts = self.receipts_due();
        let due = [client, phase, self.leave_at, datagrams, receipts];
        due.into_iter().flatten().min()
    }

    /// Does what is due now; to be called when the time of [`Camera::timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.leave_at.is_some_and(|due| due <= now) {
            return self.leave(now);
        }
        match self.phase {
            Phase::Waiting { until } if until <= now => return self.try_again(now),
            Phase::Connecting if self.connect_by() <= now => {
                return self.link_lost(&Failure::Silent, now);
            }
            Phase::Talking if self.phase_since + self.patience * TALKING <= now => {
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

    /// Connects again after a pause, or leaves the camera alone if nobody wants it.
    fn try_again(&mut self, now: Instant) {
        if self.viewers > 0 || self.always {
            return self.connect(now);
        }
        self.leave(now);
    }

    /// When the camera is to get receiver reports on the media that came over TCP.
    fn receipts_due(&self) -> Option<Instant> {
        let receipts = self.receipts.as_ref().filter(|it| !it.is_empty());
        receipts
            .filter(|_| self.phase == Phase::Live)
            .map(Receipts::due)
    }

    /// Sends the receiver reports that are due.
    fn check_receipts(&mut self, now: Instant) {
        if self.receipts_due().is_none_or(|due| due > now) {
            return;
        }
        let reports = self.receipts.as_mut().map(|it| it.reports(now));
        let reports = reports.filter(|reports| !reports.is_empty());
        self.outputs.extend(reports.map(Output::Send));
    }
}
