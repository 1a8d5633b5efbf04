//! A viewer: one page watching one stream, and the source it watches.

use std::time::Instant;

use crate::channel::Channel;
use crate::rtsp::framer::Framer;

use super::delivery::Delivery;
use super::key::Key;
use super::queue::Queue;

/// The longest RTSP message that is read from a camera, in bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// A viewer's session and the keys of its sockets.
pub struct Viewer {
    pub channel: Channel,
    /// The number of its control socket in the log.
    pub id: u64,
    pub control: Option<Key>,
    pub data: Option<Key>,
    pub source: Option<Key>,
    pub delivery: Option<Delivery>,
    /// Until when the next step of its opening must have come: INIT, then JOIN.
    pub open_by: Option<Instant>,
    /// Since when the data socket takes nothing although there is something.
    pub stuck: Option<Instant>,
    /// Why the data socket is to be closed, when it can be.
    pub ending: Option<Ending>,
}

/// The end of a data socket: it must not come inside a message.
pub struct Ending {
    pub code: u16,
    pub reason: String,
    /// Send what is at hand first.
    pub drain: bool,
}

/// Where a direct viewer's media comes from.
pub struct Source {
    pub viewer: Key,
    /// The camera's link; `None` when it is gone and the rest is being sent.
    pub connection: Option<Key>,
    pub framer: Framer,
    /// Stray bytes of the link that are counted.
    pub skipped: u64,
    pub queue: Queue,
    /// The backlog is full: the link is not read.
    pub paused: bool,
    /// In the line of those that want a buffer.
    pub waiting: bool,
    /// When the link was last left unread although there was something.
    pub held_up: Option<Instant>,
    /// When the camera's last bytes came.
    pub heard: Instant,
    /// When its last frames did.
    pub flowed: Option<Instant>,
    /// Where the link goes; the addresses after the first are tried in turn.
    pub link: Link,
}

/// How far the link to the camera is.
pub enum Link {
    /// Connecting: the addresses that are left to try if this one fails.
    Connecting(Vec<std::net::SocketAddr>),
    /// It stands.
    Open,
}
