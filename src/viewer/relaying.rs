//! Sessions whose requests go to a camera that the viewer named: what the camera says,
//! that it says nothing, and what is kept for when one of the two goes.

use std::time::{Duration, Instant};

use super::{Output, Phase, Refusal, Session, non_empty, response};
use crate::failure::Failure;
use crate::protocol::rtsp::answer::answer;
use crate::protocol::rtsp::message::{self, Start};
use crate::protocol::wsp;

/// How long a viewer's last requests may be on their way when the camera hangs up.
const PARTING: Duration = Duration::from_secs(1);

impl Session {
    /// One RTSP message from the camera, head and body.
    pub fn handle_camera(&mut self, bytes: &[u8]) {
        let Phase::Relaying(relay) = &mut self.phase else {
            return;
        };
        let message = match message::parse(bytes) {
            Ok((message, _)) => message,
            Err(error) => {
                let reason = format!("the camera's answer cannot be read: {error}");
                return self.camera_failed(&Failure::Refused(reason));
            }
        };
        match &message.start {
            Start::Request { method, .. } => {
                let answer = answer(method, &message);
                self.outputs.push_back(Output::ToCamera(answer));
            }
            Start::Response { status, reason } => {
                if let Some(seq) = relay.answered(*status, &message) {
                    let payload = response::text(*status, reason, &message);
                    self.reply(200, "OK", non_empty(&seq), &[], &payload);
                }
            }
        }
    }

    /// The camera was not read for a while, for the viewer's own slowness: its
    /// answers may be on the way.
    pub fn postpone(&mut self, now: Instant) {
        if let Phase::Relaying(relay) = &mut self.phase {
            relay.postpone(now);
        }
    }

    /// The camera sends media: requests that it leaves unanswered, as some do
    /// with keep-alives, are not waited for any longer.
    pub fn drop_overdue(&mut self, now: Instant) {
        if let Phase::Relaying(relay) = &mut self.phase {
            relay.drop_overdue(now, self.patience);
        }
    }

    /// The link to the camera is gone. Cameras hang up where they should answer, or
    /// behind a 401: what to do then depends on the request, so the viewer is told
    /// of it before its sockets close, also of one that it had not sent yet.
    pub fn camera_lost(&mut self, failure: &Failure, now: Instant) {
        match &mut self.phase {
            Phase::Relaying(relay) if relay.expects_answer() => {
                let unanswered = std::mem::take(relay).into_unanswered();
                let refusal = Refusal::from(failure);
                self.settle(unanswered, &refusal);
                let until = now + PARTING;
                self.phase = Phase::Parting { refusal, until };
            }
            _ => self.camera_failed(failure),
        }
    }

    /// Keeps the TEARDOWN that the viewer would send, with its answer to the camera's
    /// challenge: for when it goes without a word.
    pub(super) fn keep_farewell(&mut self, request: &wsp::Request<'_>) {
        let seq = request.seq();
        let Phase::Relaying(relay) = &mut self.phase else {
            return self.out_of_order("FAREWELL before INIT was answered", seq);
        };
        match relay.keep_farewell(request.payload) {
            Ok(()) => self.reply(200, "OK", seq, &[], ""),
            Err(refusal) => self.refuse(&refusal, seq),
        }
    }
}
