//! Sessions that watch the gateway's own cameras: the owner's calls reach the RTSP server,
//! and its outputs the owner.

use std::rc::Rc;

use super::{Phase, Session};
use crate::camera::{Description, FirstPackets};

impl Session {
    /// The camera that the viewer wants plays; `description` is its SDP for this viewer.
    pub fn camera_ready(&mut self, camera: Rc<Description>, description: String) {
        if let Phase::Serving(server) = &mut self.phase {
            server.ready(camera, description);
            self.serve();
        }
    }

    /// The camera that the viewer wants cannot be had; an RTSP status and a reason say why.
    pub fn camera_refused(&mut self, status: u16, reason: &str) {
        if let Phase::Serving(server) = &mut self.phase {
            server.refuse(status, reason);
            self.serve();
        }
    }

    /// These are the first packets that the viewer would get; its PLAY waits to be told.
    pub fn located(&mut self, first_packets: FirstPackets) {
        if let Phase::Serving(server) = &mut self.phase {
            server.located(first_packets);
            self.serve();
        }
    }

    /// Passes on what the RTSP server wants done.
    pub(super) fn serve(&mut self) {
        if let Phase::Serving(server) = &mut self.phase {
            while let Some(output) = server.poll_output() {
                self.outputs.push_back(output);
            }
        }
    }
}
