//! The link to a camera: what it brings goes to its viewers, messages first.

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
            // Answers are on their way before the media that they are about.
            self.drain();
            self.sources.deliver(&mut self.io, source);
        }
        self.drain();
        // An answer may just have opened some.
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

    /// The time of a link has come.
    pub(super) fn link_expired(&mut self, link: Key) {
        let source = self.sources.source_of_link(&self.io, link);
        let viewer = source.and_then(|source| self.sources.viewer_of(source));
        let viewer = viewer.and_then(|viewer| self.viewers.get(viewer));
        let due = viewer.and_then(|viewer| viewer.session.timeout());
        let is_awaited = due.is_some_and(|due| due > self.io.now);
        self.sources.expire(&mut self.io, link, is_awaited);
    }
}
