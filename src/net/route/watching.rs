//! Viewers of shared cameras: they ask for one, wait until it plays, get its media, and
//! leave.

use crate::camera::Unavailable;
use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::net::source::{PlayRequest, Presentation};
use crate::net::viewer::Viewer;

impl Server {
    /// Admits a viewer that has said what it wants to watch, whatever protocol it
    /// speaks. A viewer that plays nothing may be displaced for it.
    ///
    /// # Errors
    /// The limit that is reached, in a sentence.
    pub(super) fn admit(&mut self, viewer: Key) -> Result<(), &'static str> {
        let found = self.viewers.get(viewer);
        let socket = found.and_then(|viewer| viewer.sockets.iter().next());
        let network = socket.and_then(|socket| Some(self.io.get(socket)?.network()));
        let (Some(socket), Some(network)) = (socket, network) else {
            return Ok(());
        };
        let limits = self.io.limits.clone();
        let plays = |key: Key, it: &Viewer| {
            let source = it.source.filter(|_| it.ending.is_none());
            source.is_some_and(|source| {
                self.sources
                    .is_playing(&self.io, source, key, it.last_request)
            })
        };
        if let Some(idler) = self.viewers.find_idle(viewer, network, &limits, plays) {
            self.displace_viewer(idler);
        }
        self.viewers.admit(viewer, network, &limits)?;
        if let Some(connection) = self.io.get_mut(socket) {
            connection.place = None;
        }
        Ok(())
    }

    /// A viewer asks for a camera by name.
    pub(super) fn watch(&mut self, viewer: Key, name: &str) {
        self.unwatch(viewer);
        let camera = match self.sources.find(name) {
            Ok(camera) => camera,
            Err(message) => return self.refuse_watch(viewer, 404, &message),
        };
        if let Err(limit) = self.admit(viewer) {
            return self.refuse_watch(viewer, 503, limit);
        }
        if let Some(found) = self.viewers.get_mut(viewer) {
            log::info!("[c{}] wants camera {name}", found.id);
            found.source = Some(camera);
            if found.sockets.media().is_some() {
                self.set_open_deadline(viewer, None);
            }
        }
        if let Some(presentation) = self.sources.watch(&self.io, camera, viewer) {
            self.announce_presentation(viewer, presentation);
        }
    }

    fn refuse_watch(&mut self, viewer: Key, status: u16, message: &str) {
        self.viewers
            .with_session(viewer, |session| session.camera_refused(status, message));
    }

    /// Ends a viewer's interest in its shared camera.
    pub(super) fn unwatch(&mut self, viewer: Key) {
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let Some(camera) = source.filter(|source| self.sources.is_shared(*source)) else {
            return;
        };
        self.stop_delivery(viewer);
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.source = None;
        }
        self.sources.unwatch(&self.io, camera, viewer);
    }

    /// A camera plays: those who waited for it get its presentation. If that has
    /// changed, those who have an earlier one are closed.
    pub(super) fn camera_ready(
        &mut self,
        camera: Key,
        presentation: &Presentation,
        waiting: Vec<Key>,
        changed: bool,
    ) {
        if changed {
            let reason = "the camera sends something else now";
            for viewer in self.viewers.watching(camera) {
                if !waiting.contains(&viewer) {
                    self.end_viewer(viewer, 1011, reason);
                }
            }
        }
        for viewer in waiting {
            self.announce_presentation(viewer, presentation.clone());
        }
    }

    fn announce_presentation(&mut self, viewer: Key, presentation: Presentation) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.sets_until = presentation.sets_until;
        }
        self.viewers.with_session(viewer, |session| {
            session.camera_ready(presentation.description, presentation.sdp);
        });
    }

    /// A camera is unavailable: those who waited for it are refused.
    pub(super) fn camera_failed(&mut self, waiting: Vec<Key>, unavailable: &Unavailable) {
        for viewer in waiting {
            self.unwatch(viewer);
            self.refuse_watch(viewer, unavailable.status, &unavailable.reason);
        }
    }

    /// A camera was removed or changed in the configuration: its viewers are closed.
    pub(super) fn camera_removed(&mut self, camera: Key) {
        for viewer in self.viewers.watching(camera) {
            if let Some(found) = self.viewers.get_mut(viewer) {
                found.source = None;
            }
            let reason = "the camera's configuration has changed";
            self.end_viewer(viewer, 1011, reason);
        }
    }

    /// Tells a session where its media would begin.
    pub(super) fn locate(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        let (source, sets_until) = (found.source, found.sets_until);
        let first_packets = source.map(|source| self.sources.locate(source, sets_until));
        let first_packets = first_packets.unwrap_or_default();
        self.viewers
            .with_session(viewer, |session| session.located(first_packets));
    }

    /// A viewer asks to play these channels.
    pub(super) fn play(&mut self, viewer: Key, channels: Vec<(u8, u8)>) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.channels = Some(channels);
            self.begin_delivery(viewer);
        }
    }

    /// Starts media towards a viewer, once it has asked to play and has a media socket.
    pub(super) fn begin_delivery(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        let (Some(channels), Some(source)) = (&found.channels, found.source) else {
            return;
        };
        let Some(socket) = found.sockets.media() else {
            return;
        };
        if self.sources.has_outlet(source, viewer) {
            return;
        }
        let wanted = PlayRequest {
            viewer,
            socket,
            framing: found.framing,
            channels: channels.clone(),
            sets_until: found.sets_until,
            notices: found.takes_notices(),
            slow_at: found.slow_at,
        };
        self.sources.play(&mut self.io, source, wanted);
    }

    /// Stops a viewer's media between two frames.
    pub(super) fn stop_delivery(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        let Some(source) = found
            .source
            .filter(|source| self.sources.is_shared(*source))
        else {
            return;
        };
        if let Some(stopped) = self.sources.stop(&mut self.io, source, viewer) {
            (found.sets_until, found.slow_at) = (stopped.sets_until, stopped.slow_at);
        }
        found.channels = None;
    }
}
