//! The end of a camera's link, and what goes the other way on it.
//!
//! A source outlives its link: what that brought stays in the queue, and is read on.

use crate::failure::Failure;
use crate::protocol::rtsp::framer::Framer;

use super::connection::OUTBOX_LIMIT;
use super::key::Key;
use super::server::Server;
use super::source::{MAX_MESSAGE, Reader, Source};

impl Server {
    /// The link of a source.
    pub(super) fn link_of(&self, key: Key) -> Option<Key> {
        self.sources.get(key)?.connection
    }

    /// Sends something to the camera of a source.
    pub(super) fn send_to_camera(&mut self, place: Key, bytes: Vec<u8>) {
        let link = self.link_of(place);
        let Some(connection) = link.and_then(|link| self.connections.get_mut(link)) else {
            return;
        };
        connection.out.push(bytes);
        if connection.flush(self.now).is_err() {
            self.camera_closed(place);
        } else if connection.out.cost() > OUTBOX_LIMIT {
            let reason = "the camera does not read what it is told".to_owned();
            self.link_failed(place, &Failure::Refused(reason));
        }
    }

    /// The camera closed, or the link broke.
    pub(super) fn camera_closed(&mut self, place: Key) {
        let reason = "the camera closed the connection".to_owned();
        self.link_failed(place, &Failure::Refused(reason));
    }

    /// There is no link for this source, or no more: its reader is told.
    pub(super) fn link_failed(&mut self, place: Key, failure: &Failure) {
        match self.sources.get(place).map(|source| &source.reader) {
            Some(Reader::Viewer(viewer)) => self.camera_lost(*viewer, failure),
            Some(Reader::Shared(_)) => {
                self.drop_link(place);
                self.with_camera(place, |camera, now| camera.link_lost(failure, now));
            }
            None => {}
        }
    }

    /// There is no camera for this viewer, or no more: tells it.
    pub(super) fn camera_lost(&mut self, viewer: Key, failure: &Failure) {
        if let Some((place, _)) = self.direct_source(viewer) {
            self.drop_link(place);
            if let Some(source) = self.sources.get_mut(place) {
                // What it said by halves ends here, however long the source stays.
                source.link.framer = Framer::lenient(MAX_MESSAGE);
            }
        }
        if let Some(found) = self.viewers.get_mut(viewer) {
            if found.channel.is_connecting() {
                // It may name another one.
                let source = found.source.take();
                source.and_then(|source| self.sources.remove(source));
            }
            log::info!("[c{}] no camera: {}", found.id, failure.text());
            found.channel.camera_lost(failure, self.now);
            self.run_channel(viewer);
        }
    }

    /// The source of a viewer who named the camera.
    pub(super) fn direct_source(&mut self, viewer: Key) -> Option<(Key, &mut Source)> {
        let place = self.viewers.get(viewer)?.source?;
        let source = self.sources.get_mut(place)?;
        source.is_direct().then_some((place, source))
    }

    /// Takes the link from a camera's source, closes its ports, and has no name
    /// looked up for it any more.
    fn take_link(&mut self, key: Key) -> Option<Key> {
        self.resolver.forget(key);
        self.close_ports(key);
        let source = self.sources.get_mut(key)?;
        let link = source.connection.take()?;
        self.pool.settle(link);
        Some(link)
    }

    /// Drops the link; what it brought stays.
    pub(super) fn drop_link(&mut self, key: Key) {
        if let Some(link) = self.take_link(key) {
            self.drop_connection(link);
        }
    }

    /// Closes the link when what waits for the camera is out.
    pub(super) fn close_link(&mut self, key: Key) {
        if let Some(link) = self.take_link(key) {
            self.close_connection(link);
        }
        self.release(key);
    }

    /// The viewer goes: the camera that it named is told, if it has a session.
    pub(super) fn leave_camera(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        let farewell = found.channel.farewell();
        let Some((place, _)) = self.direct_source(viewer) else {
            return;
        };
        let link = self.link_of(place);
        match (
            farewell,
            link.and_then(|link| self.connections.get_mut(link)),
        ) {
            (Some(farewell), Some(connection)) => {
                connection.out.push(farewell);
                self.close_link(place);
            }
            _ => self.drop_link(place),
        }
    }
}
