//! The shared cameras: created as configured, connected when somebody watches, and
//! disconnected when nobody does.

use std::net::IpAddr;

use crate::camera::{Camera, Output, Status};
use crate::config;
use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::media::pool::Claim;
use crate::net::media::queue::Queue;

use super::shared::{ConfiguredStream, Shared};
use super::{Attempt, Event, Reader, Source, Sources};

impl Sources {
    /// Creates the configured cameras and starts those that are always on. A stream
    /// that exists already with the same address and transport continues.
    pub fn set_cameras(&mut self, io: &mut Io, cameras: &[config::Camera]) {
        let all = cameras.iter();
        let all = all.flat_map(|camera| [false, true].map(|sub| (camera.clone(), sub)));
        let wanted: Vec<ConfiguredStream> = all
            .filter(|(camera, sub)| camera.stream(*sub).is_some())
            .map(|(config, sub)| ConfiguredStream { config, sub })
            .collect();
        let gone = self.cameras();
        let gone =
            gone.filter(|(_, shared)| !wanted.iter().any(|other| shared.stream.is_same(other)));
        let gone: Vec<Key> = gone.map(|(key, _)| key).collect();
        for key in gone {
            self.remove_camera(io, key);
        }
        for stream in wanted {
            let same = |(_, it): &(Key, &Shared)| it.stream.is_same(&stream);
            let same = self.cameras().find(same).map(|(key, _)| key);
            match same {
                Some(key) => self.change_camera(io, key, stream),
                None => self.add_camera(io, stream),
            }
        }
        for key in self.camera_keys() {
            self.set_share(key);
        }
    }

    /// Sets the claim by which the pool keeps a stream's share.
    fn set_share(&mut self, key: Key) {
        let streams = self.count_shared();
        let source = self.all.get_mut(key);
        if let Some((shared, queue)) = source.and_then(Source::shared_mut) {
            let share = self
                .pool
                .share(streams, queue.max_buffers(), !shared.is_active);
            queue.set_claim(Claim::Stream(share), &mut self.pool);
        }
    }

    fn set_active(&mut self, key: Key, is_active: bool) {
        if let Some(shared) = self.shared_mut(key) {
            shared.is_active = is_active;
            self.set_share(key);
        }
    }

    /// Updates a camera whose configuration has changed, but whose stream is the same.
    fn change_camera(&mut self, io: &Io, key: Key, stream: ConfiguredStream) {
        let kept = io.limits.backlog.max(stream.config.gop_cache);
        let size = self.pool.buffer_size();
        let source = self.all.get_mut(key);
        let Some((shared, queue)) = source.and_then(Source::shared_mut) else {
            return;
        };
        queue.set_backlog(kept, size);
        shared.stream = stream.clone();
        shared.camera.set_patience(io.limits.handshake);
        self.with_camera(key, io.now, |camera, now| {
            camera.configure(&stream.config, now);
        });
    }

    fn add_camera(&mut self, io: &Io, stream: ConfiguredStream) {
        let Some(url) = stream.config.stream(stream.sub) else {
            return;
        };
        let mut seed = [0; 8];
        let _ = getrandom::fill(&mut seed); // only jitter and client nonces come from it
        let random = u64::from_ne_bytes(seed);
        let config = &stream.config;
        let mut camera = Camera::new(stream.name(), config, url.reveal(), random, io.now);
        camera.set_patience(io.limits.handshake);
        let kept = io.limits.backlog.max(config.gop_cache);
        let queue = Queue::new(kept, self.pool.buffer_size());
        let reader = Reader::Shared(Box::new(Shared::new(stream, camera)));
        if let Some(key) = self.insert(Source::new(reader, queue, io.now)) {
            self.with_camera(key, io.now, Camera::start);
        }
    }

    /// Carries out what cameras ask for, until none asks for anything.
    pub fn drain_cameras(&mut self, io: &mut Io) {
        while let Some(key) = self.touched.pop_front() {
            while let Some(shared) = self.shared_mut(key)
                && let Some(output) = shared.camera.poll_output()
            {
                self.handle_camera_output(io, key, output);
            }
        }
    }

    fn handle_camera_output(&mut self, io: &mut Io, key: Key, output: Output) {
        match output {
            Output::Connect {
                attempt,
                host,
                port,
            } => {
                if let Some(shared) = self.shared(key) {
                    log::info!("[{}] connecting to {host}:{port}", shared.camera.name());
                }
                self.set_active(key, true);
                let (source, number) = (key, attempt);
                self.connect(io, Attempt { source, number }, &host, port);
            }
            Output::Send(bytes) => self.send(io, key, bytes),
            Output::OpenPorts { pairs } => self.open_ports(io, key, pairs),
            Output::Expect { channel, from } => self.expect_datagrams(key, channel, from),
            Output::Datagram { channel, bytes } => self.send_datagram(key, channel, &bytes),
            Output::Release => self.release_datagrams(io, key),
            Output::Disconnect => {
                self.close_link(io, key);
                self.set_active(key, false);
            }
            Output::Ready { changed } => self.camera_ready(io, key, changed),
            Output::Failed => self.camera_failed(key),
        }
    }

    /// The camera plays: those who waited for it are informed.
    fn camera_ready(&mut self, io: &Io, key: Key, changed: bool) {
        let presentation = self.presentation(key);
        let (Some(shared), Some(presentation)) = (self.shared_mut(key), presentation) else {
            return;
        };
        log::info!("[{}] plays", shared.camera.name());
        let waiting = std::mem::take(&mut shared.waiting_viewers);
        let has_keys = shared.camera.has_pictures() && shared.camera.cache.has_keys();
        if !changed && has_keys {
            // The first pictures may refer to pictures that no viewer has.
            for outlet in shared.watchers.as_mut_slice() {
                outlet.skipping_since = Some(io.now);
            }
        }
        self.events.push_back(Event::CameraReady {
            camera: key,
            presentation,
            waiting,
            changed,
        });
    }

    fn camera_failed(&mut self, key: Key) {
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        let read = source.link.framer.position();
        let Some((shared, _)) = source.shared_mut() else {
            return;
        };
        let Some(unavailable) = shared.camera.unavailable().cloned() else {
            return;
        };
        log::warn!(
            "[{}] {} ({read} bytes were read)",
            shared.camera.name(),
            unavailable.detail
        );
        let waiting = std::mem::take(&mut shared.waiting_viewers);
        self.events.push_back(Event::CameraFailed {
            waiting,
            unavailable,
        });
    }

    /// The link of a shared camera was connected to this address.
    pub(super) fn camera_connected(&mut self, io: &Io, key: Key, peer: Option<IpAddr>) {
        if let Some(shared) = self.shared_mut(key)
            && !shared.camera.is_elsewhere()
        {
            shared.home_address = peer;
        }
        self.with_camera(key, io.now, Camera::connected);
    }

    /// Removes a camera that is no longer configured, or whose stream is another now.
    fn remove_camera(&mut self, io: &mut Io, key: Key) {
        let watchers = self.all.get(key).map(Source::outlets).unwrap_or_default();
        let watchers: Vec<Key> = watchers.iter().map(|outlet| outlet.viewer).collect();
        for viewer in watchers {
            self.stop(io, key, viewer);
        }
        self.with_camera(key, io.now, Camera::leave);
        self.drain_cameras(io);
        if let Some(mut source) = self.remove_source(key) {
            source.queue.set_claim(Claim::Stream(0), &mut self.pool);
            self.events.push_back(Event::CameraRemoved { camera: key });
        }
    }

    /// Removes all cameras.
    pub fn remove_cameras(&mut self, io: &mut Io) {
        for key in self.camera_keys() {
            self.remove_camera(io, key);
        }
    }

    /// The status of all cameras, in the order of their names.
    pub fn statuses(&mut self, io: &Io) -> Vec<Status> {
        let keys = self.camera_keys().into_iter();
        let mut list: Vec<Status> = keys
            .filter_map(|key| Some(self.shared_mut(key)?.camera.status(io.now)))
            .collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }
}
