//! Viewers of shared cameras: they name one, wait until it plays, get its media,
//! and go.

use crate::camera::{Camera, LOOK, Starts};
use crate::failure::Failure;
use crate::protocol::rtp::notice::Kind;

use super::delivery::Delivery;
use super::key::Key;
use super::outbox::Outbox;
use super::queue::Queue;
use super::server::Server;
use super::shared::Shared;
use super::source::{Reader, Source};

/// Bytes that the kernel may hold for a viewer beyond what it has under way to it
/// (`TCP_NOTSENT_LOWAT`). Without a limit of its own it takes megabytes for one who
/// reads slowly, seconds of video that can be left out no more, in memory that no
/// setting counts.
const UNSENT: u32 = 64 * 1024;

impl Server {
    /// A viewer's INIT names the gateway's own cameras.
    pub(super) fn serve_own(&mut self, viewer: Key) {
        let admitted = self.admit(viewer);
        if let Some(found) = self.viewers.get_mut(viewer) {
            match admitted {
                Ok(()) => found.channel.admitted(),
                Err(limit) => found
                    .channel
                    .camera_failed(&Failure::Limit(limit.to_owned())),
            }
        }
    }

    /// A viewer asks for a camera by name.
    pub(super) fn watch(&mut self, viewer: Key, name: &str) {
        self.unwatch(viewer);
        let named = |(_, shared): &(Key, &Shared)| shared.camera.name() == name;
        let Some((key, shared)) = self.sources.iter_shared().find(named) else {
            let words = self.unknown_camera(name);
            return self.refuse_watch(viewer, 404, &words);
        };
        let plays = shared.camera.description().is_some();
        if let Err(limit) = self.admit(viewer) {
            return self.refuse_watch(viewer, 503, limit);
        }
        if let Some(found) = self.viewers.get_mut(viewer) {
            log::info!("[c{}] wants camera {name}", found.id);
            found.source = Some(key);
            if found.sockets.media().is_some() {
                self.expect(viewer, None);
            }
        }
        if let Some(shared) = self.sources.shared_mut(key)
            && !plays
        {
            shared.awaited_by.push(viewer);
        }
        self.with_camera(key, Camera::watch);
        if plays {
            self.tell_ready(key, viewer);
        }
    }

    fn refuse_watch(&mut self, viewer: Key, status: u16, words: &str) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.channel.camera_refused(status, words);
            self.run_channel(viewer);
        }
    }

    fn unknown_camera(&self, name: &str) -> String {
        const SHOWN: usize = 8;
        let shown: String = name.chars().take(64).collect();
        let names = self
            .sources
            .iter_shared()
            .map(|(_, shared)| shared.camera.name());
        let names: Vec<&str> = names.filter(|name| !name.contains('/')).collect();
        let (list, more) = match names.split_at_checked(SHOWN) {
            Some((list, rest)) if !rest.is_empty() => (list, " and others"),
            _ => (&names[..], ""),
        };
        match list.is_empty() {
            true => format!("there is no camera {shown}, none is configured"),
            false => format!(
                "there is no camera {shown}; known are {}{more}",
                list.join(", ")
            ),
        }
    }

    /// A viewer is done with its camera.
    pub(super) fn unwatch(&mut self, viewer: Key) {
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let Some(key) = source.filter(|source| self.sources.shared(*source).is_some()) else {
            return;
        };
        self.stop_delivery(viewer);
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.source = None;
            found.channels = None;
        }
        if let Some(shared) = self.sources.shared_mut(key) {
            shared.awaited_by.retain(|other| *other != viewer);
        }
        self.with_camera(key, Camera::unwatch);
    }

    /// It plays: who waited for it is told.
    pub(super) fn shared_ready(&mut self, key: Key, changed: bool) {
        let Some(shared) = self.sources.shared_mut(key) else {
            return;
        };
        log::info!("[{}] plays", shared.camera.name());
        let waiting = std::mem::take(&mut shared.awaited_by);
        let has_keys = shared.camera.has_pictures() && shared.camera.cache.has_keys();
        if changed {
            let reason = "the camera sends something else now";
            let told = self
                .viewers
                .iter()
                .filter(|(viewer, found)| found.source == Some(key) && !waiting.contains(viewer));
            let told: Vec<Key> = told.map(|(viewer, _)| viewer).collect();
            for viewer in told {
                self.end_viewer(viewer, 1011, reason, false);
            }
        } else if has_keys {
            // What comes first may build on pictures that nobody saw.
            for viewer in self.playing(key) {
                if let Some(found) = self.viewers.get_mut(viewer) {
                    found.skipping = Some(self.now);
                }
            }
        }
        for viewer in waiting {
            self.tell_ready(key, viewer);
        }
    }

    fn tell_ready(&mut self, key: Key, viewer: Key) {
        let Some(shared) = self.sources.shared(key) else {
            return;
        };
        if let Some(description) = shared.camera.description().cloned()
            && let Some(found) = self.viewers.get_mut(viewer)
        {
            found.told = shared.seen;
            found
                .channel
                .camera_ready(description, shared.camera.described());
            self.run_channel(viewer);
        }
    }

    pub(super) fn shared_failed(&mut self, key: Key) {
        let Some(source) = self.sources.get_mut(key) else {
            return;
        };
        let read = source.link.framer.position();
        let Some((shared, _)) = source.shared_mut() else {
            return;
        };
        let Some(trouble) = shared.camera.trouble().cloned() else {
            return;
        };
        log::warn!(
            "[{}] {} ({read} bytes were read)",
            shared.camera.name(),
            trouble.detail
        );
        for viewer in std::mem::take(&mut shared.awaited_by) {
            self.unwatch(viewer);
            if let Some(found) = self.viewers.get_mut(viewer) {
                found.channel.camera_refused(trouble.status, &trouble.words);
                self.run_channel(viewer);
            }
        }
    }

    /// A viewer asks where its media would begin.
    pub(super) fn locate(&mut self, viewer: Key) {
        let place = self.viewers.get(viewer).and_then(|found| found.source);
        let source = place.and_then(|place| self.sources.get(place));
        let told = self.viewers.get(viewer).map_or(0, |found| found.told);
        let starts = source.map_or_else(Starts::default, |source| match &source.reader {
            Reader::Shared(shared) => {
                let camera = &shared.camera;
                let position = camera.cache.start();
                let position = position.unwrap_or_else(|| source.queue.whole());
                let mut starts = starts(&source.queue, position);
                for (channel, _) in camera.missed_sets(told, position, &starts) {
                    starts.precede(channel, 1);
                }
                starts
            }
            Reader::Viewer(_) => Starts::default(),
        });
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.channel.located(starts);
            self.run_channel(viewer);
        }
    }

    /// A viewer wants its media.
    pub(super) fn play(&mut self, viewer: Key, channels: Vec<(u8, u8)>) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.channels = Some(channels);
            self.begin_delivery(viewer);
        }
    }

    /// Lets media flow, if the viewer said PLAY and has a data socket.
    pub(super) fn begin_delivery(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        let (Some(channels), None) = (&found.channels, &found.delivery) else {
            return;
        };
        let Some(data) = found.sockets.media() else {
            return;
        };
        let Some(place) = found.source else { return };
        let source = self.sources.get_mut(place);
        let Some((shared, queue)) = source.and_then(Source::shared_mut) else {
            return;
        };
        let (camera, whole) = (&shared.camera, queue.whole());
        let position = camera.cache.start().unwrap_or(whole);
        let delivery = Delivery::new(position, found.framing, chosen(camera, channels));
        if let Some(connection) = self.connections.get_mut(data) {
            // Where a system cannot do this, it is as it was.
            let _ = socket2::SockRef::from(&connection.socket).set_tcp_notsent_lowat(UNSENT);
            let starts = starts(queue, position);
            let sets = camera.missed_sets(found.told, position, &starts);
            for (channel, report) in camera.reports(&starts) {
                connection
                    .out
                    .push(delivery.wrap(channel, &report).unwrap_or_default());
            }
            if found.takes_notices() {
                let mut history = camera.tally(Kind::History);
                let sets = sets.iter();
                sets.for_each(|(channel, set)| history.frame(*channel, set));
                let count = |channel, start: &[u8], _, _| history.frame(channel, start);
                queue.frames::<LOOK>(position, whole, count);
                delivery.tell(&history, &mut connection.out);
            }
            precede(&delivery, &sets, &mut connection.out);
        }
        found.delivery = Some(delivery);
        (found.skipping, found.skipped) = (None, None);
        shared.watchers.push(viewer);
        self.schedule(data);
    }

    /// Stops a viewer's media between two frames.
    pub(super) fn stop_delivery(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        let Some(key) = found.source else {
            return;
        };
        let source = self.sources.get_mut(key);
        let Some((shared, queue)) = source.and_then(Source::shared_mut) else {
            return;
        };
        shared.watchers.retain(|other| *other != viewer);
        if let Some(mut delivery) = found.delivery.take() {
            found.told = delivery.next_position();
            let rest = delivery.jump(0, 0, queue);
            let data = found.sockets.media();
            if let Some(connection) = data.and_then(|data| self.connections.get_mut(data)) {
                connection.out.push_front(rest);
                if connection.out.is_empty() {
                    connection.stuck = None;
                }
            }
        }
        found.channels = None;
        self.release(key);
    }
}

/// The first packets from a position on that are there.
pub(super) fn starts(queue: &Queue, position: u64) -> Starts {
    let mut starts = Starts::default();
    let look = |channel, start: &[u8], _, _| starts.frame(channel, start);
    queue.frames::<LOOK>(position, queue.whole(), look);
    starts
}

/// Puts packets, with their channels, before what is next for a viewer.
pub(super) fn precede(delivery: &Delivery, packets: &[(u8, Vec<u8>)], out: &mut Outbox) {
    for (channel, packet) in packets {
        out.push(delivery.wrap(*channel, packet).unwrap_or_default());
    }
}

/// The channels for a delivery; `None` if they are all of the camera's, as they
/// are.
fn chosen(camera: &Camera, channels: &[(u8, u8)]) -> Option<Vec<(u8, u8)>> {
    let tracks = camera.description().map_or(0, |it| it.tracks.len());
    let same = channels.iter().all(|(own, name)| own == name);
    let all = same && channels.len() == tracks * 2 && !camera.is_mixed();
    (!all).then(|| channels.to_vec())
}
