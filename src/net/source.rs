//! Sources: where media comes from. A source is a camera's link, the media that it
//! brought, and those who read that media.
//!
//! There are two kinds of source, by their reader. A *direct* source has one viewer,
//! who named the camera; it waits for that viewer and ends with it. A *shared* source
//! belongs to a camera of the configuration; it waits for nobody, and stays while links
//! and watchers come and go. How the bytes arrive (TCP now; TLS and a tunnel would be
//! kinds of [`Stream`](super::io::stream::Stream)) makes no kind of source.
//!
//! [`Sources`] is the part of the server: it owns the pool, all queues, the UDP ports
//! and the resolver, and does by itself everything that a camera and its media need.
//! What viewers must be informed of comes out of it as [`Event`]s.

mod answers;
mod cameras;
mod connect;
mod direct;
mod event;
mod fan_out;
mod flow;
mod hold;
mod link;
mod outlet;
mod playing;
mod read;
mod receipts;
mod relief;
mod resolver;
mod shared;
mod sources;
mod udp;
mod watch;
mod watchers;

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crate::protocol::rtp::receipts::Receipts;
use crate::protocol::rtsp::framer::Framer;

use super::io::key::Key;
use super::media::queue::Queue;

pub use direct::DirectRequest;
pub use event::Event;
use flow::Flow;
use hold::Hold;
use outlet::Outlet;
pub use outlet::{Finish, PlayRequest};
pub use read::READS;
pub use resolver::Resolver;
use shared::Shared;
pub use sources::Sources;
pub use watch::Presentation;

/// The longest RTSP message that is read from a camera, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// One attempt of a source to connect. Results of an earlier attempt are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub source: Key,
    pub number: u64,
}

/// Who reads the media of a source.
enum Reader {
    /// The one viewer who named the camera.
    Direct(Box<Direct>),
    /// Everybody who watches a camera of the configuration.
    Shared(Box<Shared>),
}

/// The viewer of a direct source.
struct Direct {
    viewer: Key,
    /// The number that identifies the viewer in the log.
    id: u64,
    /// The viewer's network.
    client: Option<IpAddr>,
    /// When the link must be connected.
    connect_by: Instant,
    /// Where its media goes, once it gets some.
    outlet: Option<Outlet>,
}

/// A camera's link, the media that it brought, and who reads it.
struct Source {
    reader: Reader,
    /// The connection of the link. `None`: there is no link, and the rest of the media
    /// is being sent.
    connection: Option<Key>,
    /// The UDP ports of its media. If there are any, the link carries no media.
    ports: Vec<Key>,
    /// The media. It outlives the link.
    queue: Queue,
    /// A position, and the time at which the oldest media before it had arrived at the
    /// latest.
    unsent: (u64, Instant),
    /// The state of the current link, or of the last one.
    link: Link,
}

impl Source {
    /// A source without a link.
    fn new(reader: Reader, queue: Queue, now: Instant) -> Source {
        Source {
            reader,
            connection: None,
            ports: Vec::new(),
            queue,
            unsent: (0, now),
            link: Link::new(Candidates::default(), now),
        }
    }

    /// The name by which the log identifies it.
    fn log_name(&self) -> String {
        match &self.reader {
            Reader::Direct(direct) => format!("c{}", direct.id),
            Reader::Shared(shared) => shared.camera.name().to_owned(),
        }
    }

    /// The viewer who named the camera, if the source is direct.
    fn direct(&self) -> Option<&Direct> {
        match &self.reader {
            Reader::Direct(direct) => Some(direct),
            Reader::Shared(_) => None,
        }
    }

    /// Whether one viewer named the camera.
    fn is_direct(&self) -> bool {
        matches!(self.reader, Reader::Direct(_))
    }

    /// The configured camera, if the source is shared.
    fn shared(&self) -> Option<&Shared> {
        match &self.reader {
            Reader::Shared(shared) => Some(shared),
            Reader::Direct(_) => None,
        }
    }

    /// The configured camera and its media, if the source is shared.
    fn shared_mut(&mut self) -> Option<(&mut Shared, &mut Queue)> {
        match &mut self.reader {
            Reader::Shared(shared) => Some((shared, &mut self.queue)),
            Reader::Direct(_) => None,
        }
    }

    /// The outlets of all viewers that get its media.
    fn outlets(&self) -> &[Outlet] {
        match &self.reader {
            Reader::Direct(direct) => direct.outlet.as_slice(),
            Reader::Shared(shared) => shared.watchers.as_slice(),
        }
    }

    /// The index of a viewer's outlet in [`Source::outlets`].
    fn outlet(&self, viewer: Key) -> Option<usize> {
        match &self.reader {
            Reader::Direct(direct) => {
                let outlet = direct.outlet.as_ref();
                outlet.filter(|outlet| outlet.viewer == viewer).map(|_| 0)
            }
            Reader::Shared(shared) => shared.watchers.index(viewer),
        }
    }

    /// One of [`Source::outlets`], with the queue that it writes from.
    fn outlet_mut(&mut self, at: usize) -> Option<(&mut Outlet, &mut Queue)> {
        let outlets = match &mut self.reader {
            Reader::Direct(direct) => direct.outlet.as_mut_slice(),
            Reader::Shared(shared) => shared.watchers.as_mut_slice(),
        };
        Some((outlets.get_mut(at)?, &mut self.queue))
    }

    /// Updates `unsent` after media was read or released.
    fn update_unsent(&mut self, now: Instant) {
        if self.queue.head() >= self.unsent.0 {
            self.unsent = (self.queue.tail(), now);
        }
    }

    /// The oldest unsent media has waited since this time, or for less long.
    fn unsent_since(&self) -> Instant {
        self.unsent.1
    }
}

/// The state of one link to a camera. A new link starts with a new state, so that
/// nothing the old one waited for is left.
struct Link {
    phase: Phase,
    framer: Framer,
    /// How many stray bytes of the link have been counted.
    stray: u64,
    /// Whether it is not read because the backlog is full, or because it is held back.
    paused: bool,
    /// Whether it is in the queue of links that wait for a buffer.
    waiting: bool,
    /// Holds it back for moments, for the sake of viewers who are nearly too far
    /// behind.
    hold: Hold,
    /// When it was last not read although it may have had something.
    held_up: Option<Instant>,
    /// When the camera's last bytes arrived.
    last_received: Instant,
    /// The pace at which frames arrive.
    flow: Flow,
    /// The receiver reports to a camera that one viewer named.
    receipts: Option<Receipts>,
}

impl Link {
    /// A link that is being connected, with the remaining candidates.
    fn new(candidates: Candidates, now: Instant) -> Link {
        Link {
            phase: Phase::Connecting(candidates),
            framer: Framer::lenient(MAX_MESSAGE),
            stray: 0,
            paused: false,
            waiting: false,
            hold: Hold::new(now),
            held_up: None,
            last_received: now,
            flow: Flow::default(),
            receipts: None,
        }
    }
}

/// The addresses of a camera that remain to be tried.
#[derive(Clone, Debug, Default)]
struct Candidates {
    /// The place as it was named. Messages to viewers mention no other.
    display_name: String,
    /// The remaining addresses. The next one is the last.
    addresses: Vec<SocketAddr>,
}

/// How far a link is.
enum Phase {
    /// It is being connected. If it fails, these candidates are tried.
    Connecting(Candidates),
    /// It is or was connected.
    Open,
    /// The link of a direct source failed, and there will be no other.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn nothing_that_a_link_waited_for_is_left_to_the_next() {
        let now = Instant::now();
        let direct = Direct {
            viewer: Key::test(1),
            id: 1,
            client: None,
            connect_by: now,
            outlet: None,
        };
        let mut source = Source::new(Reader::Direct(Box::new(direct)), Queue::new(0, 4096), now);
        (source.link.paused, source.link.waiting) = (true, true);
        source.link.held_up = Some(now);
        source.link.flow.record(now);
        source.link = Link::new(Candidates::default(), now);
        assert!(!source.link.paused && !source.link.waiting);
        assert_eq!(source.link.held_up, None);
        assert!(!source.link.flow.is_ongoing(Duration::ZERO, now));
    }
}
