//! What a shared source has in addition to its link and its queue.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::camera::Camera;
use crate::config;
use crate::net::io::key::Key;

use super::watchers::Watchers;

/// A camera that keeps failing for the same reason is in the log this often.
const REPORT_INTERVAL: Duration = Duration::from_secs(600);

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
    /// The failure that is in the log, and since when; `None` when it has played since.
    pub reported_failure: Option<(String, Instant)>,
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
            reported_failure: None,
            waiting_viewers: Vec::new(),
            is_active: false,
        }
    }

    /// Whether a failure belongs into the log: the first one, one for another reason,
    /// and one of many after a while.
    pub fn should_report(&mut self, reason: &str, now: Instant) -> bool {
        let known = self.reported_failure.as_ref();
        let is_known = known.is_some_and(|(known, since)| {
            known == reason && now.saturating_duration_since(*since) < REPORT_INTERVAL
        });
        if !is_known {
            self.reported_failure = Some((reason.to_owned(), now));
        }
        !is_known
    }

    /// The level of log lines about an attempt to connect: one after a failure that is
    /// in the log says nothing new.
    pub fn attempt_level(&self) -> log::Level {
        match self.reported_failure {
            Some(_) => log::Level::Debug,
            None => log::Level::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_reported_once_in_a_while_and_when_it_changes() {
        let config = config::Camera::named("front").unwrap();
        let now = Instant::now();
        let camera = Camera::new("front".to_owned(), &config, "rtsp://h/", 1, now);
        let mut shared = Shared::new(ConfiguredStream { config, sub: false }, camera);
        assert_eq!(shared.attempt_level(), log::Level::Info);
        let mut reported = Vec::new();
        for minute in 0..25 {
            let reason = if minute < 23 { "silent" } else { "refused" };
            if shared.should_report(reason, now + Duration::from_secs(60 * minute)) {
                reported.push(minute);
            }
        }
        assert_eq!(reported, [0, 10, 20, 23]);
        assert_eq!(shared.attempt_level(), log::Level::Debug);
    }
}
