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
    pub home: Option<IpAddr>,
    /// Frames before this position were looked at.
    pub seen: u64,
    /// It was said that its cache is too small.
    pub told: bool,
    /// Viewers that wait for it to play.
    pub awaited_by: Vec<Key>,
    /// It is being called, or has a link: all of its share of the pool is kept for it.
    pub called: bool,
}

impl Shared {
    /// A camera that nobody watches.
    pub fn new(stream: Stream, camera: Camera) -> Shared {
        Shared {
            stream,
            camera,
            watchers: Vec::new(),
            home: None,
            seen: 0,
            told: false,
            awaited_by: Vec::new(),
            called: false,
        }
    }
}
