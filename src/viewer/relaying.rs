//! Sessions whose requests go to a camera that the viewer named: what happens when the
//! camera answers, stays silent or hangs up, and how the viewer prepares its farewell.

use std::time::{Duration, Instant};

use super::{Output, Phase, Refusal, Session, non_empty, response};
use crate::failure::Failure;
use crate::protocol::rtsp::answer::answer;
use crate::protocol::rtsp::message::{self, Start};
use crate::protocol::wsp;

/// How long a viewer's last requests may still be on their way when the camera has hung
/// up.
const PARTING: Duration = Duration::from_secs(1);

impl Session {
    /// Takes one RTSP message of the camera, head and body.
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

    /// Begins the patience with all answers anew. The camera was not read for a while,
    /// because the viewer was slow, so answers may wait in its link.
    pub fn postpone(&mut self, now: Instant) {
        if let Phase::Relaying(relay) = &mut self.phase {
            relay.postpone(now);
        }
    }

    /// Drops the requests whose answers are overdue, because the camera sends media and so is
    /// alive: some cameras never answer keep-alives.
    pub fn drop_overdue(&mut self, now: Instant) {
        if let Phase::Relaying(relay) = &mut self.phase {
            relay.drop_overdue(now, self.patience);
        }
    }

    /// The link to the camera is lost. Some cameras hang up where they should answer, or
    /// after a 401. What a player does then depends on its request, so all requests are
    /// refused before the viewer's sockets close, those that are still on their way included.
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
    /// challenge, in case the viewer vanishes.
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
