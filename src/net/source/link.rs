//! Sending to a camera, and the end of its link.
//!
//! A source outlives its link: media that has arrived stays in the queue and is sent.

use crate::failure::Failure;
use crate::net::io::Io;
use crate::net::io::connection::OUTBOX_LIMIT;
use crate::net::io::key::Key;

use super::{Reader, Sources};

impl Sources {
    /// The key of a source's link.
    pub fn link_of(&self, source: Key) -> Option<Key> {
        self.all.get(source)?.connection
    }

    /// Sends bytes to the camera of a source.
    pub(super) fn send(&mut self, io: &mut Io, source: Key, bytes: Vec<u8>) {
        let (link, now) = (self.link_of(source), io.now);
        let Some(connection) = link.and_then(|link| io.get_mut(link)) else {
            return;
        };
        connection.out.push(bytes);
        if connection.flush(now).is_err() {
            self.link_closed(io, source);
        } else if connection.out.cost() > OUTBOX_LIMIT {
            let reason = "the camera does not read what it is told".to_owned();
            self.fail_link(io, source, &Failure::Refused(reason));
        }
    }

    /// The camera closed the link, or it broke.
    pub(super) fn link_closed(&mut self, io: &mut Io, source: Key) {
        let reason = "the camera closed the connection".to_owned();
        self.fail_link(io, source, &Failure::Refused(reason));
    }

    /// The link was closed because of the memory that it took.
    pub fn link_dropped(&mut self, io: &mut Io, source: Key) {
        let reason = "there is no memory left for what the camera says or is told";
        self.fail_link(io, source, &Failure::Refused(reason.to_owned()));
    }

    /// Closes the link and informs the reader of the source.
    pub(super) fn fail_link(&mut self, io: &mut Io, source: Key, failure: &Failure) {
        self.close_link_now(io, source);
        match self.all.get(source).map(|source| &source.reader) {
            Some(Reader::Direct(direct)) => {
                let viewer = direct.viewer;
                self.direct_failed(viewer, source, failure);
            }
            Some(Reader::Shared(_)) => {
                self.with_camera(source, io.now, |camera, now| camera.link_lost(failure, now));
            }
            None => {}
        }
    }

    /// Takes the link from a source, closes its ports, and cancels name resolution for
    /// it.
    fn detach_link(&mut self, io: &mut Io, source: Key) -> Option<Key> {
        self.resolver.forget(source);
        self.close_ports(io, source);
        let link = self.all.get_mut(source)?.connection.take()?;
        self.pool.release_reserve(link);
        Some(link)
    }

    /// Closes the link at once. Media that has arrived stays.
    pub(super) fn close_link_now(&mut self, io: &mut Io, source: Key) {
        if let Some(link) = self.detach_link(io, source) {
            io.close_now(link);
        }
    }

    /// Closes the link after what waits for the camera was sent.
    pub(super) fn close_link(&mut self, io: &mut Io, source: Key) {
        if let Some(link) = self.detach_link(io, source) {
            io.close(link);
        }
        self.release(io, source);
    }
}
