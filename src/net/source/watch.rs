//! Viewers of shared cameras: they ask for one, wait until it plays, get its media, and
//! leave.

use std::rc::Rc;

use crate::camera::{Camera, Description, FirstPackets, INSPECTED_BYTES};
use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::media::delivery::Delivery;
use crate::protocol::rtp::notice::Kind;

use super::fan_out::{first_packets, push_packets};
use super::outlet::{Outlet, PlayRequest, Stopped};
use super::{Source, Sources};

/// The limit for bytes that the kernel accepts for a viewer beyond those in flight
/// (`TCP_NOTSENT_LOWAT`). Without it the kernel would take megabytes for a slow viewer:
/// seconds of video that can no longer be left out, in memory that no setting limits.
const UNSENT: u32 = 64 * 1024;
/// How many camera names are listed for a viewer who asked for an unknown one.
const SHOWN: usize = 8;

/// A camera that plays, as it is described to viewers.
#[derive(Clone)]
pub struct Presentation {
    pub description: Rc<Description>,
    /// The session description (SDP).
    pub sdp: String,
    /// The position in the camera's media up to which it includes the parameter sets.
    pub sets_until: u64,
}

impl Sources {
    /// The shared camera of this name.
    ///
    /// # Errors
    /// There is no such camera, in a sentence for a person.
    pub fn find(&self, name: &str) -> Result<Key, String> {
        let named = |it: &(Key, &super::Shared)| it.1.camera.name() == name;
        match self.cameras().find(named) {
            Some((key, _)) => Ok(key),
            None => Err(self.unknown_camera(name)),
        }
    }

    fn unknown_camera(&self, name: &str) -> String {
        let shown: String = name.chars().take(64).collect();
        let names = self.cameras().map(|(_, shared)| shared.camera.name());
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

    /// Registers a viewer who wants a shared camera. Returns the presentation if the
    /// camera plays; if not, an event tells when it does.
    pub fn watch(&mut self, io: &Io, camera: Key, viewer: Key) -> Option<Presentation> {
        let presentation = self.presentation(camera);
        if let Some(shared) = self.shared_mut(camera)
            && presentation.is_none()
        {
            shared.waiting_viewers.push(viewer);
        }
        self.with_camera(camera, io.now, Camera::watch);
        presentation
    }

    /// How a camera is described to viewers, if it plays.
    pub(super) fn presentation(&self, camera: Key) -> Option<Presentation> {
        let shared = self.shared(camera)?;
        Some(Presentation {
            description: Rc::clone(shared.camera.description()?),
            sdp: shared.camera.described(),
            sets_until: shared.inspected_until,
        })
    }

    /// Ends a viewer's interest in a shared camera. Its media was stopped before.
    pub fn unwatch(&mut self, io: &Io, camera: Key, viewer: Key) {
        if let Some(shared) = self.shared_mut(camera) {
            shared.waiting_viewers.retain(|other| *other != viewer);
        }
        self.with_camera(camera, io.now, Camera::unwatch);
    }

    /// Where the media of a viewer would begin that has the parameter sets up to
    /// `sets_until`.
    pub fn locate(&self, camera: Key, sets_until: u64) -> FirstPackets {
        let source = self.all.get(camera);
        let Some((source, shared)) = source.and_then(|source| Some((source, source.shared()?)))
        else {
            return FirstPackets::default();
        };
        let position = shared.camera.cache.start();
        let position = position.unwrap_or_else(|| source.queue.whole());
        let mut first_packets = first_packets(&source.queue, position);
        for (channel, _) in shared
            .camera
            .missed_sets(sets_until, position, &first_packets)
        {
            first_packets.precede(channel, 1);
        }
        first_packets
    }

    /// Starts the media of a shared camera for a viewer.
    pub fn play(&mut self, io: &mut Io, camera: Key, request: PlayRequest) {
        let source = self.all.get_mut(camera);
        let Some((shared, queue)) = source.and_then(Source::shared_mut) else {
            return;
        };
        let (camera, whole) = (&shared.camera, queue.whole());
        let position = camera.cache.start().unwrap_or(whole);
        let chosen = chosen(camera, &request.channels);
        let delivery = Delivery::new(position, request.framing, chosen);
        if let Some(connection) = io.get_mut(request.socket) {
            connection.stream.limit_unsent(UNSENT);
            let out = &mut connection.out;
            let first_packets = first_packets(queue, position);
            let sets = camera.missed_sets(request.sets_until, position, &first_packets);
            for (channel, report) in camera.sender_reports(&first_packets) {
                out.push(delivery.wrap(channel, &report).unwrap_or_default());
            }
            if request.notices {
                let mut history = camera.frame_counter(Kind::History);
                let sets = sets.iter();
                sets.for_each(|(channel, set)| history.frame(*channel, set));
                let count = |channel, start: &[u8], _, _| history.frame(channel, start);
                queue.for_each_frame::<INSPECTED_BYTES>(position, whole, count);
                delivery.push_notices(&history, out);
            }
            push_packets(&delivery, &sets, out);
        }
        let mut outlet = Outlet::new(request.viewer, request.socket, delivery, request.notices);
        outlet.channels = Some(request.channels);
        outlet.slow_at = request.slow_at;
        shared.watchers.push(outlet);
        io.schedule(request.socket);
    }

    /// Stops a viewer's media between two frames.
    pub fn stop(&mut self, io: &mut Io, camera: Key, viewer: Key) -> Option<Stopped> {
        let source = self.all.get_mut(camera)?;
        let (shared, queue) = source.shared_mut()?;
        let mut outlet = shared.watchers.remove(viewer)?;
        let sets_until = outlet.delivery.next_position();
        let rest = outlet.delivery.jump_to(0, 0, queue);
        if let Some(connection) = io.get_mut(outlet.socket) {
            connection.out.push_front(rest);
            if connection.out.is_empty() {
                connection.blocked_since = None;
            }
        }
        self.release(io, camera);
        Some(Stopped {
            sets_until,
            slow_at: outlet.slow_at,
        })
    }
}

/// The channels for a delivery; `None` if these are all channels of the camera,
/// unchanged.
fn chosen(camera: &Camera, channels: &[(u8, u8)]) -> Option<Vec<(u8, u8)>> {
    let tracks = camera
        .description()
        .map_or(0, |description| description.tracks.len());
    let same = channels.iter().all(|(own, name)| own == name);
    let all = same && channels.len() == tracks * 2 && !camera.has_stale_sender();
    (!all).then(|| channels.to_vec())
}
