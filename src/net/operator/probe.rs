//! Connecting to every configured camera without serving anybody, for
//! `camgate check --cameras`.

use std::io;
use std::time::{Duration, Instant};

use mio::Events;

use crate::camera::Status;
use crate::config::{Camera, Config};
use crate::net::server::Server;

/// How often the cameras are looked at while they are awaited.
const STEP: Duration = Duration::from_millis(200);
/// A camera has this many times `handshake` to begin to play, as a running gateway
/// gives it.
const PATIENCE: u32 = 7;
/// How long a stream that plays is awaited whose pictures have no size yet, in seconds.
const SIZE_PATIENCE: u64 = 2;

/// What became of one stream of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whether it plays.
    pub plays: bool,
    /// Its name, and what it sends or why it does not play.
    pub line: String,
}

/// Connects to all streams of the configured cameras at once, and tells what became of
/// each, in the order of their names.
///
/// # Errors
/// The system has no epoll, or polling fails.
pub fn probe(config: &Config) -> io::Result<Vec<Probe>> {
    let mut server = Server::bind(alone(config), None)?;
    let until = Instant::now() + config.limits.handshake * PATIENCE;
    let mut events = Events::with_capacity(64);
    loop {
        let timeout = server.timeout().map_or(STEP, |timeout| timeout.min(STEP));
        server.step(&mut events, Some(timeout))?;
        let statuses = server.sources.statuses(&server.io);
        let is_over = until <= server.io.now || server.stop_deadline.is_some();
        if is_over || statuses.iter().all(is_settled) {
            return Ok(statuses.iter().map(Probe::of).collect());
        }
    }
}

/// The configuration with no listener, and with each stream as a camera of its own that
/// plays although nobody watches.
fn alone(config: &Config) -> Config {
    let mut alone = config.clone();
    alone.listen.clear();
    alone.rtsp_listen.clear();
    alone.cameras.clear();
    for camera in &config.cameras {
        let main = Camera {
            sub: None,
            always: true,
            ..camera.clone()
        };
        let sub = camera.sub.clone().map(|url| Camera {
            name: format!("{}/sub", camera.name),
            url,
            ..main.clone()
        });
        alone
            .cameras
            .extend([Some(main), sub].into_iter().flatten());
    }
    alone
}

/// Whether there is nothing more to be learnt of a stream.
fn is_settled(status: &Status) -> bool {
    match status.lasting_state() {
        "live" => status.size.is_some() || status.since >= SIZE_PATIENCE,
        state => state == "failed",
    }
}

impl Probe {
    fn of(status: &Status) -> Probe {
        let plays = status.state == "live";
        let mut line = match (plays, status.reason.as_str()) {
            (true, _) => format!("{}: plays {}", status.name, status.codecs.join(" + ")),
            (false, "") => format!("{}: it did not begin to play in time", status.name),
            (false, reason) => format!("{}: {reason}", status.name),
        };
        if let Some((width, height)) = status.size.filter(|_| plays) {
            line += &format!(", {width}x{height}");
        }
        Probe { plays, line }
    }
}
