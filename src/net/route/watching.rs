//! Viewers of shared cameras: they name one, wait until it plays, get its media,
//! and go.

use crate::camera::Unavailable;
use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::net::source::{Playing, Wanted};
use crate::net::viewer::Viewer;

impl Server {
    /// A viewer says what it wants to see: here it takes its place, whatever kind of
    /// viewer it is.
    ///
    /// # Errors
    /// The limit that is reached, in a sentence.
    pub(super) fn admit(&mut self, viewer: Key) -> Result<(), &'static str> {
        let found = self.viewers.get(viewer);
        let socket = found.and_then(|it| it.sockets.iter().next());
        let network = socket.and_then(|it| Some(self.io.get(it)?.network()));
        let (Some(socket), Some(network)) = (socket, network) else {
            return Ok(());
        };
        let limits = self.io.limits.clone();
        let plays = |key: Key, it: &Viewer| {
            let source = it.source.filter(|_| it.ending.is_none());
            source.is_some_and(|source| self.sources.plays(&self.io, source, key, it.alive))
        };
        if let Some(idler) = self.viewers.idler(viewer, network, &limits, plays) {
            self.send_away(idler);
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
            Err(words) => return self.refuse_watch(viewer, 404, &words),
        };
        if let Err(limit) = self.admit(viewer) {
            return self.refuse_watch(viewer, 503, limit);
        }
        if let Some(found) = self.viewers.get_mut(viewer) {
            log::info!("[c{}] wants camera {name}", found.id);
            found.source = Some(camera);
            if found.sockets.media().is_some() {
                self.expect(viewer, None);
            }
        }
        if let Some(playing) = self.sources.watch(&self.io, camera, viewer) {
            self.tell_ready(viewer, playing);
        }
    }

    fn refuse_watch(&mut self, viewer: Key, status: u16, words: &str) {
        self.viewers
            .with(viewer, |it| it.camera_refused(status, words));
    }

    /// A viewer is done with its camera.
    pub(super) fn unwatch(&mut self, viewer: Key) {
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let Some(camera) = source.filter(|it| self.sources.is_shared(*it)) else {
            return;
        };
        self.stop_delivery(viewer);
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.source = None;
        }
        self.sources.unwatch(&self.io, camera, viewer);
    }

    /// A camera plays: those who waited for it are told, and those who were told of
    /// another description go.
    pub(super) fn camera_ready(&mut self, camera: Key, waiting: Vec<Key>, changed: bool) {
        if changed {
            let reason = "the camera sends something else now";
            for viewer in self.viewers.of_source(camera) {
                if !waiting.contains(&viewer) {
                    self.end_viewer(viewer, 1011, reason, false);
                }
            }
        }
        for viewer in waiting {
            if let Some(playing) = self.sources.playing(camera) {
                self.tell_ready(viewer, playing);
            }
        }
    }

    fn tell_ready(&mut self, viewer: Key, playing: Playing) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.told = playing.told;
        }
        self.viewers.with(viewer, |it| {
            it.camera_ready(playing.description, playing.text);
        });
    }

    /// A camera cannot be had.
    pub(super) fn camera_failed(&mut self, waiting: Vec<Key>, unavailable: &Unavailable) {
        for viewer in waiting {
            self.unwatch(viewer);
            self.refuse_watch(viewer, unavailable.status, &unavailable.reason);
        }
    }

    /// The configuration has a camera no more, or otherwise.
    pub(super) fn camera_removed(&mut self, camera: Key) {
        for viewer in self.viewers.of_source(camera) {
            if let Some(found) = self.viewers.get_mut(viewer) {
                found.source = None;
            }
            let reason = "the camera's configuration has changed";
            self.end_viewer(viewer, 1011, reason, false);
        }
    }

    /// A viewer asks where its media would begin.
    pub(super) fn locate(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        let (source, told) = (found.source, found.told);
        let first_packets = source.map(|source| self.sources.locate(source, told));
        let first_packets = first_packets.unwrap_or_default();
        self.viewers.with(viewer, |it| it.located(first_packets));
    }

    /// A viewer wants its media.
    pub(super) fn play(&mut self, viewer: Key, channels: Vec<(u8, u8)>) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.channels = Some(channels);
            self.begin_delivery(viewer);
        }
    }

    /// Lets media flow, if the viewer said PLAY and has a data socket.
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
        let wanted = Wanted {
            viewer,
            socket,
            framing: found.framing,
            channels: channels.clone(),
            told: found.told,
            notices: found.takes_notices(),
        };
        self.sources.play(&mut self.io, source, wanted);
    }

    /// Stops a viewer's media between two frames.
    pub(super) fn stop_delivery(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        let Some(source) = found.source.filter(|it| self.sources.is_shared(*it)) else {
            return;
        };
        if let Some(told) = self.sources.stop(&mut self.io, source, viewer) {
            found.told = told;
        }
        found.channels = None;
    }
}
