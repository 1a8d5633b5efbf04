//! Direct sources: a viewer names a camera, gets everything that comes from it, and
//! leaves.

use std::net::IpAddr;
use std::time::Instant;

use crate::failure::Failure;
use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::media::delivery::{Delivery, Framing};
use crate::net::media::queue::Queue;

use super::outlet::Outlet;
use super::{Attempt, Direct, Event, Phase, Reader, Source, Sources};

/// A viewer's request for a camera that it names.
pub struct DirectRequest {
    pub viewer: Key,
    /// The number that identifies the viewer in the log.
    pub id: u64,
    /// The viewer's network.
    pub client: Option<IpAddr>,
    pub host: String,
    pub port: u16,
    /// When the link must be connected.
    pub connect_by: Instant,
}

impl Sources {
    /// Creates a source for a viewer who named a camera, and starts to connect it.
    /// `None`: the table is full.
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

    /// Starts media towards the viewer, whose data socket has joined. `false`: the
    /// source is gone.
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

    /// Sends bytes to the camera of a direct source.
    pub fn send_to_camera(&mut self, io: &mut Io, source: Key, bytes: Vec<u8>) {
        if self.all.get(source).is_some_and(Source::is_direct) {
            self.send(io, source, bytes);
        }
    }

    /// Closes the link of a direct source whose viewer leaves, after the farewell if
    /// there is one.
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

    /// Removes a direct source, whose viewer is gone.
    pub fn remove_direct(&mut self, io: &mut Io, source: Key) {
        if self.all.get(source).is_some_and(Source::is_direct) {
            self.close_link_now(io, source);
            self.remove_source(source);
        }
    }

    /// The link of a direct source failed, or closed.
    pub(super) fn direct_failed(&mut self, viewer: Key, source: Key, failure: &Failure) {
        if let Some(source) = self.all.get_mut(source) {
            // A partial message must not stay in memory for as long as the source does.
            source.link.framer = super::Framer::lenient(super::MAX_MESSAGE);
            source.link.phase = Phase::Failed;
        }
        self.events.push_back(Event::LinkFailed {
            viewer,
            failure: failure.clone(),
        });
    }
}
