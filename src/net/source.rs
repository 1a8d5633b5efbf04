//! A source: a camera's link, what it brought, and who reads that.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Instant;

use crate::protocol::rtp::receipts::Receipts;
use crate::protocol::rtsp::framer::Framer;

use super::flow::Flow;
use super::hold::Hold;
use super::key::{Key, Table};
use super::queue::Queue;
use super::shared::Shared;

/// The longest RTSP message that is read from a camera, in bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// One attempt of a source to get a link. What is said about an earlier one is
/// said to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub source: Key,
    pub number: u64,
}

/// Who reads what a source brings.
pub enum Reader {
    /// One viewer, who named the camera: the source waits for it, and goes with it.
    Viewer(Key),
    /// All who watch a camera of the configuration: the source waits for nobody, and
    /// stays while its links come and go.
    Shared(Box<Shared>),
}

/// Where media comes from.
pub struct Source {
    pub reader: Reader,
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
    /// A source without a link.
    pub fn new(reader: Reader, queue: Queue, way: Way, now: Instant) -> Source {
        Source {
            reader,
            connection: None,
            ports: Vec::new(),
            queue,
            unsent: (0, now),
            link: Link::new(way, now),
        }
    }

    /// The viewer who named the camera.
    pub fn viewer(&self) -> Option<Key> {
        match self.reader {
            Reader::Viewer(viewer) => Some(viewer),
            Reader::Shared(_) => None,
        }
    }

    /// Whether it is one viewer's alone.
    pub fn is_direct(&self) -> bool {
        matches!(self.reader, Reader::Viewer(_))
    }

    /// The camera of the configuration that it is of.
    pub fn shared(&self) -> Option<&Shared> {
        match &self.reader {
            Reader::Shared(shared) => Some(shared),
            Reader::Viewer(_) => None,
        }
    }

    /// The camera of the configuration that it is of, and its media.
    pub fn shared_mut(&mut self) -> Option<(&mut Shared, &mut Queue)> {
        match &mut self.reader {
            Reader::Shared(shared) => Some((shared, &mut self.queue)),
            Reader::Viewer(_) => None,
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

/// All sources.
#[derive(Default)]
pub struct Sources {
    all: Table<Source>,
    /// How many are of the configuration.
    cameras: usize,
}

impl Sources {
    /// What `key` names, if it is still there.
    pub fn get(&self, key: Key) -> Option<&Source> {
        self.all.get(key)
    }

    /// What `key` names, if it is still there.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut Source> {
        self.all.get_mut(key)
    }

    /// The camera of the configuration whose source `key` names.
    pub fn shared(&self, key: Key) -> Option<&Shared> {
        self.get(key)?.shared()
    }

    /// The camera of the configuration whose source `key` names.
    pub fn shared_mut(&mut self, key: Key) -> Option<&mut Shared> {
        Some(self.get_mut(key)?.shared_mut()?.0)
    }

    /// Puts a source in; `None` when the table is full.
    pub fn insert(&mut self, source: Source) -> Option<Key> {
        let is_camera = !source.is_direct();
        let inserted = self.all.insert_with(|_| Ok::<_, Infallible>(source))?;
        self.cameras += usize::from(is_camera);
        inserted.ok()
    }

    /// Takes out what `key` names.
    pub fn remove(&mut self, key: Key) -> Option<Source> {
        let source = self.all.remove(key)?;
        self.cameras -= usize::from(!source.is_direct());
        Some(source)
    }

    /// All of them, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Source)> {
        self.all.iter()
    }

    /// The cameras of the configuration, by the keys of their sources.
    pub fn iter_shared(&self) -> impl Iterator<Item = (Key, &Shared)> {
        self.iter()
            .filter_map(|(key, source)| Some((key, source.shared()?)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// How many are of the configuration.
    pub fn cameras(&self) -> usize {
        self.cameras
    }

    /// How many are of viewers who named a camera.
    pub fn direct(&self) -> usize {
        self.all.len() - self.cameras
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
            Reader::Viewer(Key::test(1)),
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
