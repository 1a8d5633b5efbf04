//! A viewer: one page watching one stream, and the source it watches.

use std::net::SocketAddr;
use std::time::Instant;

use crate::camera::{Receipts, Tally};
use crate::channel::Channel;
use crate::protocol::rtsp::framer::Framer;

use super::admission::Ticket;
use super::delivery::{Delivery, Framing};
use super::flow::Flow;
use super::hold::Hold;
use super::key::Key;
use super::queue::Queue;
use super::server::Server;

/// The longest RTSP message that is read from a camera, in bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// The longest RTSP request that is read from a viewer, in bytes.
pub const MAX_REQUEST: usize = 8 * 1024;

/// A viewer's session and the keys of its sockets.
pub struct Viewer {
    pub channel: Channel,
    /// The number of its control socket in the log.
    pub id: u64,
    pub control: Option<Key>,
    pub data: Option<Key>,
    /// Its own, or that of a shared camera.
    pub source: Option<Key>,
    /// While it gets media.
    pub delivery: Option<Delivery>,
    /// Of a viewer that speaks RTSP on its data socket, and has no other: what
    /// finds its requests.
    pub requests: Option<Framer>,
    /// What is around its frames: said when its data socket came.
    pub framing: Framing,
    /// The tracks of a shared camera that it wants played: channels on the
    /// camera's link, and the viewer's.
    pub channels: Option<Vec<(u8, u8)>>,
    /// Up to where in the camera's media it has had the parameter sets, in the
    /// description or on the way.
    pub told: u64,
    /// Since when it gets no frames of a shared camera, and waits for a key frame.
    pub skipping: Option<Instant>,
    /// When it was too slow last, and lost pictures.
    pub slow: Option<Instant>,
    /// What it lost and was not told yet.
    pub skipped: Option<Tally>,
    /// Its place among the viewers, from when it has said what it wants.
    pub place: Option<Ticket>,
    /// Until when the next step of its opening must have come: INIT, then JOIN.
    open_by: Option<Instant>,
    /// When it last said something, if it speaks RTSP, or took media.
    pub alive: Instant,
    /// Why the data socket is to be closed, when it can be.
    pub ending: Option<Ending>,
}

/// The end of a data socket: it must not come inside a message.
pub struct Ending {
    pub code: u16,
    pub reason: String,
    /// Send what is at hand first.
    pub drain: bool,
}

impl Viewer {
    /// A viewer that speaks RTSP on the socket `key`.
    pub fn rtsp(channel: Channel, key: Key, id: u64, open_by: Instant) -> Viewer {
        Viewer {
            control: None,
            data: Some(key),
            requests: Some(Framer::new(MAX_REQUEST)),
            ..Viewer::new(channel, key, id, open_by)
        }
    }

    /// A viewer whose control socket is `key`, known as `id` in the log; it is to
    /// say what it wants until `open_by`.
    pub fn new(channel: Channel, key: Key, id: u64, open_by: Instant) -> Viewer {
        Viewer {
            channel,
            id,
            control: Some(key),
            requests: None,
            data: None,
            source: None,
            delivery: None,
            framing: Framing::Messages,
            channels: None,
            told: 0,
            skipping: None,
            slow: None,
            skipped: None,
            place: None,
            open_by: Some(open_by),
            alive: open_by, // its opening has a time of its own
            ending: None,
        }
    }

    /// Until when the next step of its opening must have come.
    pub fn open_by(&self) -> Option<Instant> {
        self.open_by
    }

    /// Whether it is told what of its media is not live: our own player says by
    /// JOIN that it takes batches.
    pub fn takes_notices(&self) -> bool {
        self.framing == Framing::Batches && self.requests.is_none()
    }
}

impl Server {
    /// Sets until when the next step of a viewer's opening must have come, and the
    /// timers that look after it.
    pub(super) fn expect(&mut self, viewer: Key, by: Option<Instant>) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.open_by = by;
            let sockets = [found.control, found.data];
            for key in sockets.into_iter().flatten() {
                self.renew_deadline(key);
            }
        }
    }
}

/// Whose a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// One viewer's alone: it waits for its viewer, and goes with it.
    Viewer(Key),
    /// A shared camera's: it waits for nobody.
    Camera(Key),
}

impl Owner {
    /// Whether it is one viewer's alone.
    pub fn is_viewer(self) -> bool {
        matches!(self, Owner::Viewer(_))
    }
}

/// One attempt of an owner to get a link. What is said about an earlier one is
/// said to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub owner: Owner,
    pub number: u64,
}

/// Where media comes from.
pub struct Source {
    pub owner: Owner,
    /// The viewers of a shared camera.
    pub watchers: Vec<Key>,
    /// The camera's link; `None` when it is gone and the rest is being sent.
    pub connection: Option<Key>,
    /// Its UDP ports: then the link carries no media.
    pub ports: Vec<Key>,
    /// It outlives the link of a shared camera.
    pub queue: Queue,
    /// A position up to which something was not sent yet, since when.
    unsent: (u64, Instant),
    /// How it is with the link, or was with the last one.
    pub link: Link,
}

impl Source {
    /// A source that is being connected.
    pub fn new(owner: Owner, queue: Queue, way: Way, now: Instant) -> Source {
        Source {
            owner,
            watchers: Vec::new(),
            connection: None,
            ports: Vec::new(),
            queue,
            unsent: (0, now),
            link: Link::new(way, now),
        }
    }

    /// Something was read, or sent.
    pub fn note_sent(&mut self, now: Instant) {
        if self.queue.head() >= self.unsent.0 {
            self.unsent = (self.queue.tail(), now);
        }
    }

    /// Since when something waits in the queue, if it holds anything; at most as long as
    /// the oldest of it does, however slowly it is sent.
    pub fn unsent_since(&self) -> Instant {
        self.unsent.1
    }
}

/// What is known of one link to a camera, from its first address on. The next
/// one has another: nothing that this one waited for is left to it.
pub struct Link {
    pub stage: Stage,
    pub framer: Framer,
    /// Stray bytes of the link that are counted.
    pub skipped: u64,
    /// The backlog is full: the link is not read.
    pub paused: bool,
    /// In the line of those that want a buffer.
    pub waiting: bool,
    /// It is left unread for a moment, for those who are nearly behind.
    pub hold: Hold,
    /// When the link was last left unread although there was something.
    pub held_up: Option<Instant>,
    /// When the camera's last bytes came.
    pub heard: Instant,
    /// How its frames do.
    pub flow: Flow,
    /// What a camera that one viewer named is told of what arrives.
    pub receipts: Option<Receipts>,
}

impl Link {
    /// A link that is being made; what `way` has is left to try.
    pub fn new(way: Way, now: Instant) -> Link {
        Link {
            stage: Stage::Connecting(way),
            framer: Framer::lenient(MAX_MESSAGE),
            skipped: 0,
            paused: false,
            waiting: false,
            hold: Hold::new(now),
            held_up: None,
            heard: now,
            flow: Flow::default(),
            receipts: None,
        }
    }
}

/// Where a link leads.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// As its owner named the place: words for viewers tell no other.
    pub place: String,
    /// The addresses that are left to try, the next one last.
    pub rest: Vec<SocketAddr>,
}

/// How far the link to the camera is.
pub enum Stage {
    /// Connecting: what is left to try if this address fails.
    Connecting(Way),
    /// It stands.
    Open,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn nothing_that_a_link_waited_for_is_left_to_the_next() {
        let now = Instant::now();
        let mut source = Source::new(
            Owner::Camera(Key::test(1)),
            Queue::new(0, 4096),
            Way::default(),
            now,
        );
        (source.link.paused, source.link.waiting) = (true, true);
        source.link.held_up = Some(now);
        source.link.flow.came(now);
        source.link = Link::new(Way::default(), now);
        assert!(!source.link.paused && !source.link.waiting);
        assert_eq!(source.link.held_up, None);
        assert!(!source.link.flow.goes_on(Duration::ZERO, now));
    }
}
