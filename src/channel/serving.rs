//! Channels of the gateway's own cameras: what the service wants, and is told.

use std::rc::Rc;

use super::{Channel, Output, State, some};
use crate::camera::{Description, Starts, Wish};
use crate::protocol::rtsp::message;

impl Channel {
    /// The camera asked for plays; `description` is its SDP for this viewer.
    pub fn camera_ready(&mut self, camera: Rc<Description>, description: String) {
        if let State::Serving(service) = &mut self.state {
            service.ready(camera, description);
            self.serve();
        }
    }

    /// The camera asked for cannot be had: an RTSP status, and why.
    pub fn camera_refused(&mut self, status: u16, words: &str) {
        if let State::Serving(service) = &mut self.state {
            service.refuse(status, words);
            self.serve();
        }
    }

    /// Where media would begin for it.
    pub fn located(&mut self, starts: Starts) {
        if let State::Serving(service) = &mut self.state {
            service.located(starts);
            self.serve();
        }
    }

    /// Passes on what the service of the gateway's own cameras wants.
    pub(super) fn serve(&mut self) {
        while let State::Serving(service) = &mut self.state
            && let Some(wish) = service.poll_wish()
        {
            let output = match wish {
                Wish::Answer { bytes, .. } if self.bare => Output::Rtsp(bytes),
                Wish::Answer { tag, bytes } => {
                    let text = message::text(&bytes);
                    self.reply(200, "OK", some(&tag), &[], &text);
                    continue;
                }
                Wish::Watch(name) => Output::Watch(name),
                Wish::Locate => Output::Locate,
                Wish::Play(channels) => Output::Play(channels),
                Wish::Pause => Output::Pause,
                Wish::Leave => Output::Leave,
            };
            self.outputs.push_back(output);
        }
    }
}
