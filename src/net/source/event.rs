//! Events of sources that viewers must be informed of.

use crate::camera::Unavailable;
use crate::failure::Failure;
use crate::net::io::key::Key;

use super::Presentation;

/// An event of a source. Events are handled in order.
pub enum Event {
    /// The camera that this viewer named is connected.
    CameraConnected { viewer: Key },
    /// The camera that this viewer named sent an RTSP message.
    CameraMessage { viewer: Key, bytes: Vec<u8> },
    /// Connecting to the camera that this viewer named failed, or its link closed.
    LinkFailed { viewer: Key, failure: Failure },
    /// This viewer's media was discarded and its socket closed, because others need the
    /// memory.
    ViewerEvicted { viewer: Key },
    /// Everything that was to be sent to this viewer, which is ending, was sent.
    DeliveryFinished { viewer: Key },
    /// A shared camera plays, and these viewers waited for it. `changed`: viewers with
    /// an earlier description cannot continue. The presentation is that of the moment
    /// when it began to play: by now the camera may be lost again.
    CameraReady {
        camera: Key,
        presentation: Presentation,
        waiting: Vec<Key>,
        changed: bool,
    },
    /// A shared camera is unavailable, and these viewers waited for it.
    CameraFailed {
        waiting: Vec<Key>,
        unavailable: Unavailable,
    },
    /// A shared camera was removed from the configuration, or its stream was changed.
    CameraRemoved { camera: Key },
}
