//! Where media comes from: a camera's link, what it brought, and who reads that.
//!
//! A source is one of two kinds, by its reader. A *direct* one has one viewer, who named
//! the camera: it waits for that viewer, and goes with it. A *shared* one is of the
//! configuration: it waits for nobody, and stays while links and watchers come and go.
//! How bytes come from the camera (TCP now; TLS and a tunnel are kinds of
//! [`Stream`](super::io::stream::Stream)) makes no kind of source.
//!
//! [`Sources`] is the part: it owns the pool, all queues, the UDP ports and the look-up of
//! names, and it does by itself all that a camera and its media need. What viewers have to
//! be told of comes out as [`Event`]s.

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
pub use outlet::PlayRequest;
pub use read::READS;
pub use resolver::Resolver;
use shared::Shared;
pub use sources::Sources;
pub use watch::Presentation;

/// The longest RTSP message that is read from a camera, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// One attempt of a source to get a link. What is said about an earlier one is
/// said to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub source: Key,
    pub number: u64,
}

/// Who reads what a source brings.
enum Reader {
    /// One viewer, who named the camera.
    Direct(Box<Direct>),
    /// All who watch a camera of the configuration.
    Shared(Box<Shared>),
}

/// The viewer of a direct source.
struct Direct {
    viewer: Key,
    /// Its number in the log.
    id: u64,
    /// Its network.
    client: Option<IpAddr>,
    /// Until when the link must stand.
    connect_by: Instant,
    /// While it gets media.
    outlet: Option<Outlet>,
}

/// A camera's link, what it brought, and who reads that.
struct Source {
    reader: Reader,
    /// The camera's link; `None` when it is gone and the rest is being sent.
    connection: Option<Key>,
    /// Its UDP ports: then the link carries no media.
    ports: Vec<Key>,
    /// It outlives the link of a shared camera.
    queue: Queue,
    /// A position, and the time from which on something before it has waited.
    unsent: (u64, Instant),
    /// How it is with the link, or was with the last one.
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

    /// What the log calls it.
    fn log_name(&self) -> String {
        match &self.reader {
            Reader::Direct(direct) => format!("c{}", direct.id),
            Reader::Shared(shared) => shared.camera.name().to_owned(),
        }
    }

    /// The viewer who named the camera.
    fn direct(&self) -> Option<&Direct> {
        match &self.reader {
            Reader::Direct(direct) => Some(direct),
            Reader::Shared(_) => None,
        }
    }

    /// Whether it is one viewer's alone.
    fn is_direct(&self) -> bool {
        matches!(self.reader, Reader::Direct(_))
    }

    /// The camera of the configuration that it is of.
    fn shared(&self) -> Option<&Shared> {
        match &self.reader {
            Reader::Shared(shared) => Some(shared),
            Reader::Direct(_) => None,
        }
    }

    /// The camera of the configuration that it is of, and its media.
    fn shared_mut(&mut self) -> Option<(&mut Shared, &mut Queue)> {
        match &mut self.reader {
            Reader::Shared(shared) => Some((shared, &mut self.queue)),
            Reader::Direct(_) => None,
        }
    }

    /// The ways out of the queue, one for each viewer that gets media.
    fn outlets(&self) -> &[Outlet] {
        match &self.reader {
            Reader::Direct(direct) => direct.outlet.as_slice(),
            Reader::Shared(shared) => &shared.watchers,
        }
    }

    /// Where the outlet of a viewer stands in [`Source::outlets`].
    fn outlet(&self, viewer: Key) -> Option<usize> {
        self.outlets()
            .iter()
            .position(|outlet| outlet.viewer == viewer)
    }

    /// One of [`Source::outlets`], and the media that it writes from.
    fn outlet_mut(&mut self, at: usize) -> Option<(&mut Outlet, &mut Queue)> {
        let outlets = match &mut self.reader {
            Reader::Direct(direct) => direct.outlet.as_mut_slice(),
            Reader::Shared(shared) => &mut shared.watchers,
        };
        Some((outlets.get_mut(at)?, &mut self.queue))
    }

    /// Something was read, or sent.
    fn update_unsent(&mut self, now: Instant) {
        if self.queue.head() >= self.unsent.0 {
            self.unsent = (self.queue.tail(), now);
        }
    }

    /// How long the oldest of the queue has waited, at most: since this moment.
    fn unsent_since(&self) -> Instant {
        self.unsent.1
    }
}

/// What is known of one link to a camera, from its first address on. The next
/// one has another: nothing that this one waited for is left to it.
struct Link {
    phase: Phase,
    framer: Framer,
    /// Stray bytes of the link that are counted.
    stray: u64,
    /// The backlog is full: the link is not read.
    paused: bool,
    /// In the line of those that want a buffer.
    waiting: bool,
    /// It is left unread for a moment, for those who are nearly behind.
    hold: Hold,
    /// When the link was last left unread although there was something.
    held_up: Option<Instant>,
    /// When the camera's last bytes came.
    last_received: Instant,
    /// How its frames do.
    flow: Flow,
    /// What a camera that one viewer named is told of what arrives.
    receipts: Option<Receipts>,
}

impl Link {
    /// A link that is being made; what `candidates` has is left to try.
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

/// Where a link leads.
#[derive(Clone, Debug, Default)]
struct Candidates {
    /// As its owner named the place: words for viewers tell no other.
    display_name: String,
    /// The addresses that are left to try, the next one last.
    addresses: Vec<SocketAddr>,
}

/// How far the link to the camera is.
enum Phase {
    /// Connecting: what is left to try if this address fails.
    Connecting(Candidates),
    /// It stands, or did.
    Open,
    /// A direct source's link could not be made, and will not be.
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
