//! The state of the gateway in its log, which SIGUSR1 asks for.

use crate::camera::Status;
use crate::net::server::Server;
use crate::net::viewer::{Viewer, show_time};

/// The log target of the dump. Lines of this target are always written.
pub const DUMP: &str = "camgate::state";

impl Server {
    /// Writes the cameras, the viewers and the connections to the log (SIGUSR1).
    pub(super) fn dump(&mut self) {
        let (buffers, free) = self.sources.buffers();
        log::info!(target: DUMP,
            "state: {} connections, {} viewers, {} sources, {free}/{buffers} buffers free, {} ready, {} waiting for a buffer",
            self.io.len(),
            self.viewers.len(),
            self.sources.len(),
            self.io.pending().1,
            self.sources.waiting(),
        );
        for status in self.sources.statuses(&self.io) {
            log::info!(target: DUMP, "{}", camera_line(&status));
        }
        for (key, viewer) in self.viewers.iter() {
            let source = viewer.source;
            let sent = source.map_or(0, |source| self.sources.sent(source, key));
            log::info!(target: DUMP, "{}", self.viewer_line(viewer, sent));
        }
        for (_, connection) in self.io.iter() {
            log::info!(target: DUMP,
                "[c{}] {} {} readable={} writable={} outbox={}",
                connection.id,
                connection.role.name(),
                connection.peer,
                connection.readable,
                connection.writable,
                connection.out.len(),
            );
        }
    }

    /// A viewer in one line. `sent`: what it was sent since its last pause, in bytes.
    fn viewer_line(&self, viewer: &Viewer, sent: u64) -> String {
        let (id, from, kind) = (viewer.id, viewer.from, viewer.kind());
        match &viewer.watch {
            Some(watch) => {
                let extent = watch.extent(sent, self.io.now);
                format!(
                    "[c{id}] viewer {from} ({kind}) watches {}: {extent}",
                    watch.camera
                )
            }
            None => format!("[c{id}] viewer {from} ({kind}) watches nothing yet"),
        }
    }
}

/// A camera in one line.
fn camera_line(status: &Status) -> String {
    let time = show_time(std::time::Duration::from_secs(status.since));
    let mut line = format!("[{}] camera {} for {time}", status.name, status.state);
    if !status.reason.is_empty() {
        line += &format!(" ({})", status.reason);
    }
    line += &format!(", {} watching", status.viewers);
    if status.state == "live" {
        line += &format!(", {} kbit/s", status.bitrate / 1000);
    }
    if !status.codecs.is_empty() {
        line += &format!(", {}", status.codecs.join(" + "));
    }
    if let Some((width, height)) = status.size {
        line += &format!(", {width}x{height}");
    }
    line
}
