//! The link to a camera. Messages that it brings are handled before the media behind
//! them.

use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::net::source::READS;

impl Server {
    pub(super) fn serve_link(&mut self, link: Key) {
        let source = self.sources.prepare_link(&mut self.io, link);
        self.drain();
        let Some(source) = source else {
            return;
        };
        let mut reads = READS;
        while self.sources.read(&mut self.io, link, source, &mut reads) {
            // Replies must be sent before the media that they announce.
            self.drain();
            self.sources.deliver(&mut self.io, source);
        }
        self.drain();
        // A camera's answer may have had UDP ports opened just now.
        if self.sources.has_ports(source) {
            let mut reads = READS;
            while self
                .sources
                .read_messages(&mut self.io, link, source, &mut reads)
            {
                self.drain();
            }
            self.drain();
            self.sources.read_ports(&mut self.io, link, source);
        }
    }

    /// The deadline of a link has passed.
    pub(super) fn link_expired(&mut self, link: Key) {
        let source = self.sources.source_of_link(&self.io, link);
        let viewer = source.and_then(|source| self.sources.viewer_of(source));
        let viewer = viewer.and_then(|viewer| self.viewers.get(viewer));
        let due = viewer.and_then(|viewer| viewer.session.timeout());
        let is_awaited = due.is_some_and(|due| due > self.io.now);
        self.sources.expire(&mut self.io, link, is_awaited);
    }
}
