//! Sessions that watch the gateway's own cameras: what the owner tells the RTSP
//! server, and what that wants done.

use std::rc::Rc;

use super::{Phase, Session};
use crate::camera::{Description, FirstPackets};

impl Session {
    /// The camera asked for plays; `description` is its SDP for this viewer.
    pub fn camera_ready(&mut self, camera: Rc<Description>, description: String) {
        if let Phase::Serving(server) = &mut self.phase {
            server.ready(camera, description);
            self.serve();
        }
    }

    /// The camera asked for cannot be had: an RTSP status, and why.
    pub fn camera_refused(&mut self, status: u16, reason: &str) {
        if let Phase::Serving(server) = &mut self.phase {
            server.refuse(status, reason);
            self.serve();
        }
    }

    /// The first packets that the viewer would get, which its PLAY waits for.
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
