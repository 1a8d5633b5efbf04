//! Direct sources: a viewer names a camera, gets all that comes from it, and goes.

use std::net::IpAddr;
use std::time::Instant;

use crate::failure::Failure;
use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::media::delivery::{Delivery, Framing};
use crate::net::media::queue::Queue;

use super::outlet::Outlet;
use super::{Attempt, Direct, Event, Phase, Reader, Source, Sources};

/// A camera that a viewer named, and the viewer.
pub struct DirectRequest {
    pub viewer: Key,
    /// The viewer's number in the log.
    pub id: u64,
    /// The network that it comes from.
    pub client: Option<IpAddr>,
    pub host: String,
    pub port: u16,
    /// Until when the link must stand.
    pub connect_by: Instant,
}

impl Sources {
    /// A source for a viewer who named a camera; its link is being made. `None`: there is
    /// no room for one more.
    pub fn open_direct(&mut self, io: &mut Io, request: DirectRequest) -> Option<Key> {
        let queue = Queue::new(io.limits.backlog, self.pool.buffer_size());
        let direct = Direct {
            viewer: request.viewer,
            id: request.id,
            client: request.client,
            connect_by: request.connect_by,
            outlet: None,
        };
        let source = self.insert(Source::new(Reader::Direct(Box::new(direct)), queue, io.now))?;
        self.connect(
            io,
            Attempt { source, number: 0 },
            &request.host,
            request.port,
        );
        Some(source)
    }

    /// The viewer's data socket is there: media may flow. `false`: there is no source.
    pub fn join(&mut self, source: Key, socket: Key, framing: Framing, notices: bool) -> bool {
        let Some(source) = self.all.get_mut(source) else {
            return false;
        };
        let position = source.queue.head();
        if let Reader::Direct(direct) = &mut source.reader {
            let delivery = Delivery::new(position, framing, None);
            direct.outlet = Some(Outlet::new(direct.viewer, socket, delivery, notices));
        }
        true
    }

    /// Sends something to the camera of a direct source.
    pub fn send_to_camera(&mut self, io: &mut Io, source: Key, bytes: Vec<u8>) {
        if self.all.get(source).is_some_and(Source::is_direct) {
            self.send(io, source, bytes);
        }
    }

    /// The viewer goes: the camera that it named is told, if there is something to say.
    pub fn close_direct(&mut self, io: &mut Io, source: Key, farewell: Option<Vec<u8>>) {
        if !self.all.get(source).is_some_and(Source::is_direct) {
            return;
        }
        let link = self.link_of(source);
        match (farewell, link) {
            (Some(farewell), Some(link)) => {
                io.push(link, farewell);
                self.close_link(io, source);
            }
            _ => self.close_link_now(io, source),
        }
    }

    /// The viewer is gone, and its source with it.
    pub fn remove_direct(&mut self, io: &mut Io, source: Key) {
        if self.all.get(source).is_some_and(Source::is_direct) {
            self.close_link_now(io, source);
            self.remove_source(source);
        }
    }

    /// There is no link for a direct source, or no more.
    pub(super) fn direct_failed(&mut self, viewer: Key, source: Key, failure: &Failure) {
        if let Some(source) = self.all.get_mut(source) {
            // What it said by halves ends here, however long the source stays.
            source.link.framer = super::Framer::lenient(super::MAX_MESSAGE);
            source.link.phase = Phase::Failed;
        }
        self.events.push_back(Event::LinkFailed {
            viewer,
            failure: failure.clone(),
        });
    }
}
