//! What happened to sources that viewers have to be told of.

use crate::camera::Unavailable;
use crate::failure::Failure;
use crate::net::io::key::Key;

/// What happened, in order.
pub enum Event {
    /// The camera that this viewer named is connected.
    Connected { viewer: Key },
    /// The camera that this viewer named sent an RTSP message.
    Message { viewer: Key, bytes: Vec<u8> },
    /// There is no link to the camera that this viewer named, or no more.
    Lost { viewer: Key, failure: Failure },
    /// This viewer's media is given up, and its socket gone: others need the memory.
    Evicted { viewer: Key },
    /// All that this viewer, who is going, was to get is out.
    Finished { viewer: Key },
    /// A shared camera plays: these waited for it. `changed`: those who were told of
    /// another description cannot go on.
    Ready {
        camera: Key,
        waiting: Vec<Key>,
        changed: bool,
    },
    /// A shared camera cannot be had: these waited for it.
    Failed {
        waiting: Vec<Key>,
        unavailable: Unavailable,
    },
    /// The configuration has a shared camera no more, or otherwise.
    Removed { camera: Key },
}
