//! The room where the parts are joined.
//!
//! Each part does what it can by itself, and leaves behind what concerns others: lost
//! connections ([`Io::next_lost`](super::io::Io::next_lost)), events of sources
//! ([`Sources::next_event`](super::source::Sources::next_event)), and outputs of
//! sessions ([`Viewers::next_event`](super::viewer::Viewers::next_event)).
//! [`Server::drain`] handles these one after the other until none is left. No part
//! calls another except those in the rooms below, and nothing that `drain` calls here
//! calls `drain` again.
//!
//! Media does not pass through this room:
//! [`Sources::read`](super::source::Sources::read) takes it from the camera's link to
//! the viewers' sockets.

mod accept;
mod control;
mod data;
mod ending;
mod expiry;
mod http;
mod link;
mod rtsp;
mod watching;
mod websocket;

use crate::failure::Failure;
use crate::viewer::Output;

use super::io::LostConnection;
use super::io::connection::Role;
use super::io::key::Key;
use super::server::Server;
use super::source::{Event, Finish};
use super::viewer::SessionEvent;

/// The reason for closing a socket of a viewer whose other socket has closed.
const OTHER_CLOSED: &str = "the viewer's other socket closed";

impl Server {
    /// Serves the connections that are queued now. Those queued meanwhile are served
    /// after the next poll, so that none starves the others.
    pub(super) fn serve_ready(&mut self) {
        for _ in 0..self.io.pending().1 {
            let Some(key) = self.io.next_ready() else {
                return;
            };
            self.serve(key);
        }
    }

    fn serve(&mut self, key: Key) {
        let Some(connection) = self.io.get(key) else {
            return;
        };
        match connection.role {
            Role::Http { .. } => self.serve_http(key),
            Role::Control { .. } => self.serve_control(key),
            Role::Data { .. } => self.serve_data(key),
            Role::Rtsp { viewer } => self.serve_rtsp(key, viewer),
            Role::Camera { .. } => self.serve_link(key),
            Role::Closing { .. } => self.io.serve_closing(key),
        }
        self.io.invalidate_deadline(key);
        self.update_partial_input(key);
        self.io.enforce_total_limit();
        self.drain();
    }

    /// Handles what the parts have left behind, until nothing is left.
    pub(super) fn drain(&mut self) {
        loop {
            self.sources.drain_cameras(&mut self.io);
            if let Some(lost) = self.io.next_lost() {
                self.connection_lost(lost);
            } else if let Some(event) = self.sources.next_event() {
                self.handle_source_event(event);
            } else if let Some(event) = self.viewers.next_event() {
                match event {
                    SessionEvent::Output(viewer, output) => {
                        self.handle_session_output(viewer, output)
                    }
                    SessionEvent::Drained(viewer) => self.session_drained(viewer),
                }
            } else if let Some(key) = self.io.next_invalid_deadline() {
                self.recompute_deadline(key);
            } else {
                return;
            }
        }
    }

    /// Handles the loss of a connection.
    fn connection_lost(&mut self, lost: LostConnection) {
        log::debug!("[c{}] {}", lost.id, lost.reason);
        match lost.role {
            Role::Camera { source } => self.sources.link_dropped(&mut self.io, source),
            role => {
                if let Some(viewer) = role.viewer() {
                    if let Some(found) = self.viewers.get_mut(viewer) {
                        found.sockets.remove(lost.key);
                    }
                    self.end_viewer(viewer, 1000, OTHER_CLOSED);
                }
            }
        }
    }

    /// Handles an event of a source.
    fn handle_source_event(&mut self, event: Event) {
        match event {
            Event::CameraConnected { viewer } => {
                self.set_open_deadline(viewer, Some(self.io.now + self.io.limits.handshake));
                self.viewers
                    .with_session(viewer, |session| session.camera_connected());
            }
            Event::CameraMessage { viewer, bytes } => {
                self.viewers
                    .with_session(viewer, |session| session.handle_camera(&bytes));
            }
            Event::LinkFailed { viewer, failure } => self.link_failed(viewer, &failure),
            Event::ViewerEvicted { viewer } => self.viewer_evicted(viewer),
            Event::DeliveryFinished { viewer } => self.delivery_finished(viewer),
            Event::CameraReady {
                camera,
                presentation,
                waiting,
                changed,
            } => self.camera_ready(camera, &presentation, waiting, changed),
            Event::CameraFailed {
                waiting,
                unavailable,
            } => self.camera_failed(waiting, &unavailable),
            Event::CameraRemoved { camera } => self.camera_removed(camera),
        }
    }

    /// Carries out an output of a viewer's session.
    fn handle_session_output(&mut self, viewer: Key, output: Output) {
        match output {
            Output::Reply(text) => self.reply(viewer, &text),
            Output::Rtsp(bytes) => self.answer_rtsp(viewer, bytes),
            Output::Serve => self.admit_to_configured(viewer),
            Output::Watch(name) => self.watch(viewer, &name),
            Output::Locate => self.locate(viewer),
            Output::Play(channels) => self.play(viewer, channels),
            Output::Pause => self.stop_delivery(viewer),
            Output::Leave => self.unwatch(viewer),
            Output::Connect { host, port } => self.connect(viewer, host, port),
            Output::ToCamera(bytes) => {
                let source = self.viewers.get(viewer).and_then(|found| found.source);
                if let Some(source) = source {
                    self.sources.send_to_camera(&mut self.io, source, bytes);
                }
            }
            Output::Close { code, reason } => {
                self.end_viewer_after(viewer, code, &reason, Finish::Everything);
            }
        }
    }

    /// Informs a viewer's session that the link to its camera failed or closed.
    fn link_failed(&mut self, viewer: Key, failure: &Failure) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        log::info!("[c{}] no camera: {}", found.id, failure.reason());
        if found.session.is_connecting()
            && let Some(source) = found.source.take()
        {
            // The viewer may name another camera.
            self.sources.remove_direct(&mut self.io, source);
        }
        let now = self.io.now;
        self.viewers
            .with_session(viewer, |session| session.camera_lost(failure, now));
    }

    /// Updates how many bytes of partial input a connection retains.
    fn update_partial_input(&mut self, key: Key) {
        let Some(connection) = self.io.get(key) else {
            return;
        };
        let said = |viewer: Key| self.viewers.get(viewer).map_or(0, |found| found.held());
        let held = match &connection.role {
            Role::Http { head } => head.capacity(),
            Role::Control { viewer, socket } => socket.decoder.held() + said(*viewer),
            Role::Data { viewer, socket } => {
                let viewer = viewer.filter(|viewer| self.speaks_rtsp(*viewer));
                socket.decoder.held() + viewer.map_or(0, said)
            }
            Role::Rtsp { viewer } => said(*viewer),
            Role::Camera { source } => self.sources.held(*source),
            Role::Closing { .. } => 0,
        };
        self.io.set_partial_input(key, held);
    }
}
