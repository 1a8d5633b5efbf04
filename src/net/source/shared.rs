//! What a source of the configuration has beside its link and its queue.

use std::net::IpAddr;

use crate::camera::Camera;
use crate::config;
use crate::net::io::key::Key;

use super::outlet::Outlet;

/// A stream of the configuration.
#[derive(Clone)]
pub(super) struct Stream {
    pub config: config::Camera,
    /// The camera's smaller stream.
    pub sub: bool,
}

impl Stream {
    /// What viewers name it by.
    pub fn name(&self) -> String {
        match self.sub {
            true => format!("{}/sub", self.config.name),
            false => self.config.name.clone(),
        }
    }

    /// Whether two configured streams are one: its link can go on.
    pub fn is_same(&self, other: &Stream) -> bool {
        let key = |it: &Stream| (it.config.name.clone(), it.sub, it.config.transport);
        let url = |it: &Stream| it.config.stream(it.sub).cloned();
        key(self) == key(other) && url(self) == url(other)
    }
}

/// A camera of the configuration, and who watches it.
pub(super) struct Shared {
    pub stream: Stream,
    pub camera: Camera,
    /// The viewers that get its media.
    pub watchers: Vec<Outlet>,
    /// Where its host was when the link as configured stood last.
    pub home_address: Option<IpAddr>,
    /// Frames before this position were looked at.
    pub inspected_until: u64,
    /// It was said that its cache is too small.
    pub cache_warned: bool,
    /// Viewers that wait for it to play.
    pub waiting_viewers: Vec<Key>,
    /// It is being called, or has a link: all of its share of the pool is kept for it.
    pub is_active: bool,
}

impl Shared {
    /// A camera that nobody watches.
    pub fn new(stream: Stream, camera: Camera) -> Shared {
        Shared {
            stream,
            camera,
            watchers: Vec::new(),
            home_address: None,
            inspected_until: 0,
            cache_warned: false,
            waiting_viewers: Vec::new(),
            is_active: false,
        }
    }
}
