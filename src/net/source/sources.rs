//! The part of the server that owns all sources, the pool, and what they wait for.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

use crate::access::Policy;
use crate::camera::Camera;
use crate::net::io::Io;
use crate::net::io::connection::{Connection, Role};
use crate::net::io::key::{Key, KeyQueue, Table};
use crate::net::media::pool::Pool;

use super::resolver::Resolver;
use super::shared::Shared;
use super::udp::port::Port;
use super::{Event, Phase, Reader, Source};

/// All sources, the pool, the UDP ports and the resolver.
pub struct Sources {
    pub(super) all: Table<Source>,
    /// The keys of the shared sources in the order of the table. Each turn of the loop
    /// asks every camera for its timeout, and must not look at each direct source, too.
    shared_keys: Vec<Key>,
    pub(super) pool: Pool,
    /// The UDP ports of all cameras.
    pub(super) ports: Table<Port>,
    pub(super) resolver: Resolver,
    pub(super) policy: Rc<Policy>,
    /// Links that wait for a buffer.
    pub(super) waiting: KeyQueue,
    /// When somebody may have to give way to a link that still waits then.
    pub(super) relief_due: Option<Instant>,
    /// Sources whose cameras may have outputs.
    pub(super) touched: VecDeque<Key>,
    pub(super) events: VecDeque<Event>,
}

impl Sources {
    /// Starts without sources.
    pub fn new(pool: Pool, resolver: Resolver, policy: Rc<Policy>) -> Sources {
        Sources {
            all: Table::new(),
            shared_keys: Vec::new(),
            pool,
            ports: Table::new(),
            resolver,
            policy,
            waiting: KeyQueue::new(),
            relief_due: None,
            touched: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Replaces the policy for the cameras that viewers may name and redirects may lead
    /// to.
    pub fn set_policy(&mut self, policy: Rc<Policy>) {
        self.policy = policy;
    }

    /// The next event that viewers must be informed of.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The number of sources.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The number of buffers in the pool, and how many of them are free.
    pub fn buffers(&self) -> (usize, usize) {
        (self.pool.total(), self.pool.free())
    }

    /// The number of links that wait for a buffer.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a source is shared.
    pub fn is_shared(&self, source: Key) -> bool {
        self.shared(source).is_some()
    }

    /// When [`Sources::handle_timeouts`] has to be called.
    pub fn due(&self) -> Option<Instant> {
        let cameras = self
            .cameras()
            .filter_map(|(_, shared)| shared.camera.timeout());
        let others = [self.resolver.due(), self.relief_due];
        cameras.chain(others.into_iter().flatten()).min()
    }

    /// Handles name resolutions, the timeouts of cameras, and links that wait.
    pub fn handle_timeouts(&mut self, io: &mut Io) {
        self.handle_resolutions(io);
        let due = self
            .cameras()
            .filter_map(|(_, shared)| shared.camera.timeout());
        if due.min().is_some_and(|due| due <= io.now) {
            for key in self.camera_keys() {
                self.with_camera(key, io.now, Camera::handle_timeout);
            }
        }
        self.relieve_waiting(io);
    }

    /// Serves the links again that can have a buffer now, in turn, if buffers were put
    /// back.
    pub fn wake_waiting(&mut self, io: &mut Io) {
        if !self.pool.take_returned() {
            return;
        }
        for _ in 0..self.waiting.len() {
            let Some(key) = self.waiting.pop_front() else {
                return;
            };
            let found = self
                .source_of_link(io, key)
                .and_then(|source| self.all.get_mut(source));
            match found {
                Some(source) if !source.queue.has_room(&self.pool, key) => {
                    self.waiting.push_back(key);
                }
                Some(source) => {
                    source.link.waiting = false;
                    io.schedule(key);
                }
                None => {}
            }
        }
    }

    /// The source of a camera's link.
    pub fn source_of_link(&self, io: &Io, link: Key) -> Option<Key> {
        match io.get(link)?.role {
            Role::Camera { source } => self.all.get(source).map(|_| source),
            _ => None,
        }
    }

    /// Bytes of a partial message from a camera that a viewer named. Configured cameras
    /// do not count, because the operator chose them.
    pub fn held(&self, source: Key) -> usize {
        match self.all.get(source) {
            Some(source) if source.is_direct() => source.link.framer.held(),
            _ => 0,
        }
    }

    /// When to look at a link even if no event arrives.
    pub fn deadline(&self, io: &Io, source: Key, connection: &Connection) -> Option<Instant> {
        let source = self.all.get(source);
        let Some(source) = source.filter(|source| matches!(source.link.phase, Phase::Open)) else {
            return connection.deadline;
        };
        match source.reader {
            Reader::Direct(_) => Some(source.link.last_received + io.limits.idle),
            // A shared camera knows by itself how long it may be silent.
            Reader::Shared(_) => None,
        }
    }

    /// Inserts a source; `None`: the table is full.
    pub(super) fn insert(&mut self, source: Source) -> Option<Key> {
        let is_shared = !source.is_direct();
        let inserted = self.all.insert_with(|_| Ok::<_, Infallible>(source))?;
        let key = inserted.ok()?;
        if is_shared {
            let at = self.shared_keys.partition_point(|other| *other < key);
            self.shared_keys.insert(at, key);
        }
        Some(key)
    }

    /// Removes a source and puts its buffers back.
    pub(super) fn remove_source(&mut self, key: Key) -> Option<Source> {
        let mut source = self.all.remove(key)?;
        self.shared_keys.retain(|other| *other != key);
        source.queue.clear(&mut self.pool);
        Some(source)
    }

    /// How many sources are shared.
    pub(super) fn count_shared(&self) -> usize {
        self.shared_keys.len()
    }

    /// Tells the pool how many direct sources there are.
    pub(super) fn count_direct(&mut self) {
        self.pool
            .set_direct(self.all.len() - self.shared_keys.len());
    }

    /// The configured camera of a source, if that is shared.
    pub(super) fn shared(&self, key: Key) -> Option<&Shared> {
        self.all.get(key)?.shared()
    }

    /// The configured camera of a source, if that is shared.
    pub(super) fn shared_mut(&mut self, key: Key) -> Option<&mut Shared> {
        Some(self.all.get_mut(key)?.shared_mut()?.0)
    }

    /// All configured cameras, with the keys of their sources.
    pub(super) fn cameras(&self) -> impl Iterator<Item = (Key, &Shared)> {
        let keys = self.shared_keys.iter();
        keys.filter_map(|key| Some((*key, self.shared(*key)?)))
    }

    /// The keys of all shared sources.
    pub(super) fn camera_keys(&self) -> Vec<Key> {
        self.shared_keys.clone()
    }

    /// Calls `act` for a camera. The outputs of the camera then wait for
    /// [`Sources::drain_cameras`].
    pub(super) fn with_camera(
        &mut self,
        key: Key,
        now: Instant,
        act: impl FnOnce(&mut Camera, Instant),
    ) {
        if let Some(shared) = self.shared_mut(key) {
            act(&mut shared.camera, now);
            self.touched.push_back(key);
        }
    }
}
