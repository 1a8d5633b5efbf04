//! What a viewer's session wants its owner to do.

/// What the owner is to do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// A text message for the control socket.
    Reply(String),
    /// An RTSP message for a viewer that speaks RTSP itself.
    Rtsp(Vec<u8>),
    /// The viewer wants the gateway's own cameras; the owner answers with `admitted`
    /// or `camera_failed`.
    Serve,
    /// The viewer wants a camera that it names by host and port; the owner connects,
    /// and answers with `camera_connected` or `camera_failed`.
    Connect { host: String, port: u16 },
    /// Bytes for the camera that the viewer named by host and port.
    ToCamera(Vec<u8>),
    /// The viewer wants the shared camera of this name; the owner answers with
    /// `camera_ready` or `camera_refused`.
    Watch(String),
    /// The viewer is about to play; the owner answers with `located`, which says where its
    /// media would begin.
    Locate,
    /// The viewer wants its media from now on: the channels on the camera's link, each with
    /// the viewer's own channel for it.
    Play(Vec<(u8, u8)>),
    /// The viewer wants no media for now.
    Pause,
    /// The viewer does not want the shared camera any more.
    Leave,
    /// All sockets of the viewer are to be closed with this code and reason (RFC 6455
    /// §7.4), and so is the link to a camera that is its own.
    Close { code: u16, reason: String },
}
