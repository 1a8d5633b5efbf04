//! What happened to sources that viewers have to be told of.

use crate::camera::Unavailable;
use crate::failure::Failure;
use crate::net::io::key::Key;

/// What happened, in order.
pub enum Event {
    /// The camera that this viewer named is connected.
    CameraConnected { viewer: Key },
    /// The camera that this viewer named sent an RTSP message.
    CameraMessage { viewer: Key, bytes: Vec<u8> },
    /// There is no link to the camera that this viewer named, or no more.
    LinkFailed { viewer: Key, failure: Failure },
    /// This viewer's media is given up, and its socket gone: others need the memory.
    ViewerEvicted { viewer: Key },
    /// All that this viewer, who is going, was to get is out.
    DeliveryFinished { viewer: Key },
    /// A shared camera plays: these waited for it. `changed`: those who were told of
    /// another description cannot go on.
    CameraReady {
        camera: Key,
        waiting: Vec<Key>,
        changed: bool,
    },
    /// A shared camera cannot be had: these waited for it.
    CameraFailed {
        waiting: Vec<Key>,
        unavailable: Unavailable,
    },
    /// The configuration has a shared camera no more, or otherwise.
    CameraRemoved { camera: Key },
}
