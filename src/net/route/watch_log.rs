//! Who watches what, in the log: one line when a viewer begins, and one when it stops.

use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::net::viewer::Watch;

impl Server {
    /// A viewer gets media. Only the first time of a stream counts, not the end of a
    /// pause.
    pub(super) fn started_watching(&mut self, viewer: Key) {
        let now = self.io.now;
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        if found.watch.is_none() {
            let camera = found.wanted.clone();
            log::info!("[c{}] {} watches {camera}", found.id, found.from);
            found.watch = Some(Watch {
                camera,
                since: now,
                sent: 0,
            });
        }
    }

    /// Counts media that a viewer was sent by an outlet that is gone, or will be.
    pub(super) fn add_sent(&mut self, viewer: Key, sent: u64) {
        let found = self.viewers.get_mut(viewer);
        if let Some(watch) = found.and_then(|found| found.watch.as_mut()) {
            watch.sent += sent;
        }
    }

    /// A viewer gets no more media of the stream that it watches, if it watches one.
    pub(super) fn stopped_watching(&mut self, viewer: Key) {
        let now = self.io.now;
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        if let Some(watch) = found.watch.take() {
            log::info!(
                "[c{}] {} stopped watching {} after {}",
                found.id,
                found.from,
                watch.camera,
                watch.extent(0, now)
            );
        }
    }
}
