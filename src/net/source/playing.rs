//! Whether a viewer really plays. One that does keeps its place when others want one.

use std::time::Instant;

use crate::net::io::Io;
use crate::net::io::key::Key;

use super::Sources;

impl Sources {
    /// Whether a viewer gets media. A viewer that takes none of it counts as playing
    /// only for a while. `last_request`: until it takes
    /// media, its own sign of life.
    pub fn is_playing(&self, io: &Io, key: Key, viewer: Key, last_request: Instant) -> bool {
        let patience = io.limits.handshake;
        let source = self.all.get(key);
        let Some((source, at)) = source.and_then(|source| Some((source, source.outlet(viewer)?)))
        else {
            return false;
        };
        let outlet = source.outlets().get(at);
        let connection = outlet.and_then(|outlet| io.get(outlet.socket));
        let blocked_since = connection.and_then(|connection| connection.blocked_since);
        if blocked_since.is_some_and(|since| since + patience <= io.now) {
            return false;
        }
        if !source.is_direct() {
            return true;
        }
        if source.connection.is_none() {
            return false;
        }
        // A viewer that had one picture and then paused does not get the patience that
        // a camera does.
        let last_media_write = connection.and_then(|connection| connection.last_media_write);
        let last_sign = last_media_write.unwrap_or(last_request);
        let flows = last_sign + patience > io.now || source.link.flow.has_pace();
        flows && self.is_flowing(io, key) || self.is_held_up(io, key)
    }
}
