//! Shared cameras: made as configured, called when somebody watches, left when
//! nobody does.
//!
//! Each is the reader of one source, which stays while its links come and go;
//! [`super::watching`] tells who watches, [`super::sharing`] how media gets to them.

use std::net::IpAddr;
use std::time::Instant;

use crate::camera::{Camera, Output, Status};
use crate::config;

use super::key::Key;
use super::pool::Claim;
use super::queue::Queue;
use super::server::Server;
use super::source::{Attempt, Reader, Source, Way};

/// A camera of the configuration, and who watches it. Its media is its source's.
pub struct Shared {
    /// What it was made of; `true`: of its smaller stream.
    config: (config::Camera, bool),
    pub camera: Camera,
    /// The viewers that get its media.
    pub watchers: Vec<Key>,
    /// Where its host was when the link as configured stood last.
    pub home: Option<IpAddr>,
    /// Frames before this position were looked at.
    pub seen: u64,
    /// It was said that its cache is too small.
    pub told: bool,
    /// Viewers that wait for it to play.
    pub awaited_by: Vec<Key>,
    /// It is being called, or has a link: all of its share of the pool is kept for it.
    called: bool,
}

impl Server {
    /// Makes the cameras as configured, and starts those that are always on.
    /// Streams that are there already, at the same address and by the same
    /// transport, go on.
    pub(super) fn set_cameras(&mut self) {
        self.listed = self.sources_json().into();
        let all = self.config.cameras.iter();
        let all = all.flat_map(|camera| [(camera.clone(), false), (camera.clone(), true)]);
        let wanted: Vec<(config::Camera, bool)> = all
            .filter(|(camera, sub)| camera.stream(*sub).is_some())
            .collect();
        let there = self.sources.iter_shared();
        let gone = there.filter(|(_, it)| !wanted.iter().any(|other| is_same(&it.config, other)));
        let gone: Vec<Key> = gone.map(|(key, _)| key).collect();
        for key in gone {
            self.remove_camera(key);
        }
        for config in wanted {
            let same = |(_, it): &(Key, &Shared)| is_same(&it.config, &config);
            let same = self.sources.iter_shared().find(same).map(|(key, _)| key);
            match same {
                Some(key) => self.change_camera(key, config),
                None => self.add_camera(config),
            }
        }
        let all: Vec<Key> = self.sources.iter_shared().map(|(key, _)| key).collect();
        for key in all {
            self.set_share(key);
        }
    }

    /// Has the pool keep a stream's share for it.
    fn set_share(&mut self, key: Key) {
        let streams = self.sources.cameras();
        let source = self.sources.get_mut(key);
        if let Some((shared, queue)) = source.and_then(Source::shared_mut) {
            let share = self.pool.share(streams, queue.most(), !shared.called);
            queue.set_claim(Claim::Stream(share), &mut self.pool);
        }
    }

    fn set_called(&mut self, key: Key, called: bool) {
        if let Some(shared) = self.sources.shared_mut(key) {
            shared.called = called;
            self.set_share(key);
        }
    }

    /// The configuration has a camera otherwise, but not where its stream is.
    fn change_camera(&mut self, key: Key, config: (config::Camera, bool)) {
        let kept = self.config.limits.backlog.max(config.0.gop_cache);
        let size = self.pool.buffer_size();
        let source = self.sources.get_mut(key);
        let Some((shared, queue)) = source.and_then(Source::shared_mut) else {
            return;
        };
        queue.set_backlog(kept, size);
        shared.config = config.clone();
        shared.camera.set_patience(self.config.limits.handshake);
        self.with_camera(key, |camera, now| camera.configure(&config.0, now));
    }

    fn add_camera(&mut self, config: (config::Camera, bool)) {
        let (camera, sub) = &config;
        let Some(url) = camera.stream(*sub) else {
            return;
        };
        let name = match sub {
            true => format!("{}/sub", camera.name),
            false => camera.name.clone(),
        };
        let mut seed = [0; 8];
        let _ = getrandom::fill(&mut seed); // only jitter and client nonces come from it
        let kept = self.config.limits.backlog.max(camera.gop_cache);
        let random = u64::from_ne_bytes(seed);
        let mut camera = Camera::new(name, camera, url.reveal(), random, self.now);
        camera.set_patience(self.config.limits.handshake);
        let queue = Queue::new(kept, self.pool.buffer_size());
        let shared = Shared {
            config,
            camera,
            watchers: Vec::new(),
            home: None,
            seen: 0,
            told: false,
            awaited_by: Vec::new(),
            called: false,
        };
        let reader = Reader::Shared(Box::new(shared));
        let source = Source::new(reader, queue, Way::default(), self.now);
        if let Some(key) = self.sources.insert(source) {
            self.with_camera(key, Camera::start);
        }
    }

    /// Has a camera do something, then does what it wants done.
    pub(super) fn with_camera(&mut self, key: Key, act: impl FnOnce(&mut Camera, Instant)) {
        if let Some(shared) = self.sources.shared_mut(key) {
            act(&mut shared.camera, self.now);
            self.run_camera(key);
        }
    }

    fn run_camera(&mut self, key: Key) {
        while let Some(shared) = self.sources.shared_mut(key)
            && let Some(output) = shared.camera.poll_output()
        {
            match output {
                Output::Connect {
                    attempt,
                    host,
                    port,
                } => {
                    log::info!("[{}] connecting to {host}:{port}", shared.camera.name());
                    self.set_called(key, true);
                    let (source, number) = (key, attempt);
                    self.connect_for(Attempt { source, number }, &host, port);
                }
                Output::Send(bytes) => self.send_to_camera(key, bytes),
                Output::OpenPorts { pairs } => self.open_ports(key, pairs),
                Output::Expect { channel, from } => self.expect_datagrams(key, channel, from),
                Output::Datagram { channel, bytes } => self.send_datagram(key, channel, &bytes),
                Output::Release => self.release_datagrams(key),
                Output::Disconnect => {
                    self.close_link(key);
                    self.set_called(key, false);
                }
                Output::Ready { changed } => self.shared_ready(key, changed),
                Output::Failed => self.shared_failed(key),
            }
        }
    }

    /// The next time at which a camera wants to be looked at.
    pub(super) fn cameras_due(&self) -> Option<Instant> {
        let due = self
            .sources
            .iter_shared()
            .filter_map(|(_, it)| it.camera.timeout());
        due.min()
    }

    pub(super) fn serve_cameras(&mut self) {
        if self.cameras_due().is_none_or(|due| due > self.now) {
            return;
        }
        let keys: Vec<Key> = self.sources.iter_shared().map(|(key, _)| key).collect();
        for key in keys {
            self.with_camera(key, Camera::handle_timeout);
        }
    }

    /// The link stands, to this address.
    pub(super) fn shared_connected(&mut self, key: Key, peer: Option<IpAddr>) {
        if let Some(shared) = self.sources.shared_mut(key)
            && !shared.camera.is_elsewhere()
        {
            shared.home = peer;
        }
        self.with_camera(key, Camera::connected);
    }

    /// Ends a camera that the configuration has no more, or has otherwise.
    fn remove_camera(&mut self, key: Key) {
        let all = self.viewers.iter();
        let watching = all.filter(|(_, viewer)| viewer.source == Some(key));
        let watching: Vec<Key> = watching.map(|(viewer, _)| viewer).collect();
        for viewer in watching {
            self.end_viewer(
                viewer,
                1011,
                "the camera's configuration has changed",
                false,
            );
            self.unwatch(viewer);
        }
        self.with_camera(key, Camera::leave);
        if let Some(mut source) = self.sources.remove(key) {
            source.queue.clear(&mut self.pool);
            source.queue.set_claim(Claim::Stream(0), &mut self.pool);
        }
    }

    /// Ends them all.
    pub(super) fn remove_cameras(&mut self) {
        let keys: Vec<Key> = self.sources.iter_shared().map(|(key, _)| key).collect();
        for key in keys {
            self.remove_camera(key);
        }
    }

    /// What can be told of all cameras, in the order of their names.
    pub(super) fn camera_statuses(&mut self) -> Vec<Status> {
        let keys: Vec<Key> = self.sources.iter_shared().map(|(key, _)| key).collect();
        let now = self.now;
        let mut list: Vec<Status> = keys
            .into_iter()
            .filter_map(|key| Some(self.sources.shared_mut(key)?.camera.status(now)))
            .collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }
}

/// Whether two configured streams are one: its link can go on.
fn is_same(a: &(config::Camera, bool), b: &(config::Camera, bool)) -> bool {
    let stream = |it: &(config::Camera, bool)| it.0.stream(it.1).cloned();
    (&a.0.name, a.1, a.0.transport) == (&b.0.name, b.1, b.0.transport) && stream(a) == stream(b)
}
