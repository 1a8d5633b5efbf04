//! What a shared source has in addition to its link and its queue.

use std::net::IpAddr;

use crate::camera::Camera;
use crate::config;
use crate::net::io::key::Key;

use super::watchers::Watchers;

/// One stream of a configured camera.
#[derive(Clone)]
pub(super) struct ConfiguredStream {
    pub config: config::Camera,
    /// Whether it is the camera's smaller stream.
    pub sub: bool,
}

impl ConfiguredStream {
    /// The name by which viewers ask for it.
    pub fn name(&self) -> String {
        match self.sub {
            true => format!("{}/sub", self.config.name),
            false => self.config.name.clone(),
        }
    }

    /// Whether two configured streams are the same, so that a link can continue.
    pub fn is_same(&self, other: &ConfiguredStream) -> bool {
        let key = |it: &ConfiguredStream| (it.config.name.clone(), it.sub, it.config.transport);
        let url = |it: &ConfiguredStream| it.config.stream(it.sub).cloned();
        key(self) == key(other) && url(self) == url(other)
    }
}

/// A configured camera, and the viewers who watch it.
pub(super) struct Shared {
    pub stream: ConfiguredStream,
    pub camera: Camera,
    /// The viewers that get its media.
    pub watchers: Watchers,
    /// The address of its host when the configured URL was last connected to.
    pub home_address: Option<IpAddr>,
    /// The position before which the camera has inspected all frames.
    pub inspected_until: u64,
    /// Whether the log has said that its cache is too small.
    pub cache_warned: bool,
    /// Viewers who wait until it plays.
    pub waiting_viewers: Vec<Key>,
    /// Whether it is connected or being connected. If so, the pool keeps its whole
    /// share.
    pub is_active: bool,
}

impl Shared {
    /// A camera that nobody watches.
    pub fn new(stream: ConfiguredStream, camera: Camera) -> Shared {
        Shared {
            stream,
            camera,
            watchers: Watchers::default(),
            home_address: None,
            inspected_until: 0,
            cache_warned: false,
            waiting_viewers: Vec::new(),
            is_active: false,
        }
    }
}
