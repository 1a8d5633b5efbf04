//! What a viewer's session wants done.

/// What the session wants done, in order.
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
    /// The owner is to tell by `located` where the viewer's media would begin.
    Locate,
    /// The viewer wants its media from now on: channels on the camera's link, each
    /// with what the viewer calls it.
    Play(Vec<(u8, u8)>),
    /// The viewer wants no media for now.
    Pause,
    /// The viewer is done with the shared camera.
    Leave,
    /// Both of the viewer's sockets are to be closed, and the camera's link.
    Close { code: u16, reason: String },
}
