//! The sockets of a viewer, which also tell the protocol that it speaks.

use crate::protocol::rtsp::framer::Framer;

use crate::net::io::key::Key;

/// The longest RTSP request that is read from a viewer, in bytes.
const MAX_REQUEST: usize = 8 * 1024;

/// A viewer's sockets, each until it closes.
pub enum Sockets {
    /// WSP: one WebSocket for requests, and another for media after its JOIN.
    Wsp {
        control: Option<Key>,
        data: Option<Key>,
    },
    /// RTSP: one socket for requests and media.
    Rtsp {
        socket: Option<Key>,
        /// The parser of its requests.
        requests: Framer,
    },
}

impl Sockets {
    /// The sockets of a WSP viewer, which has only a control socket yet.
    pub fn wsp(control: Key) -> Sockets {
        Sockets::Wsp {
            control: Some(control),
            data: None,
        }
    }

    /// The socket of an RTSP viewer.
    pub fn rtsp(socket: Key) -> Sockets {
        Sockets::Rtsp {
            socket: Some(socket),
            requests: Framer::new(MAX_REQUEST),
        }
    }

    /// Whether the viewer speaks RTSP.
    pub fn is_rtsp(&self) -> bool {
        matches!(self, Sockets::Rtsp { .. })
    }

    /// The parser of the requests, if the viewer speaks RTSP.
    pub fn requests(&mut self) -> Option<&mut Framer> {
        match self {
            Sockets::Rtsp { requests, .. } => Some(requests),
            Sockets::Wsp { .. } => None,
        }
    }

    /// Bytes of a partial request.
    pub fn held(&self) -> usize {
        match self {
            Sockets::Rtsp { requests, .. } => requests.held(),
            Sockets::Wsp { .. } => 0,
        }
    }

    /// The control socket, if the viewer speaks WSP.
    pub fn control(&self) -> Option<Key> {
        match self {
            Sockets::Wsp { control, .. } => *control,
            Sockets::Rtsp { .. } => None,
        }
    }

    /// The socket for media.
    pub fn media(&self) -> Option<Key> {
        match self {
            Sockets::Wsp { data, .. } => *data,
            Sockets::Rtsp { socket, .. } => *socket,
        }
    }

    /// All open sockets, the one for requests first.
    pub fn iter(&self) -> impl Iterator<Item = Key> {
        self.control().into_iter().chain(self.media())
    }

    /// Sets the data socket of a viewer that speaks WSP.
    pub fn join(&mut self, key: Key) {
        if let Sockets::Wsp { data, .. } = self {
            *data = Some(key);
        }
    }

    /// Takes the control socket out.
    pub fn take_control(&mut self) -> Option<Key> {
        match self {
            Sockets::Wsp { control, .. } => control.take(),
            Sockets::Rtsp { .. } => None,
        }
    }

    /// Takes the socket for media out.
    pub fn take_media(&mut self) -> Option<Key> {
        match self {
            Sockets::Wsp { data, .. } => data.take(),
            Sockets::Rtsp { socket, .. } => socket.take(),
        }
    }

    /// Removes a socket that has closed.
    pub fn remove(&mut self, key: Key) {
        if self.control() == Some(key) {
            self.take_control();
        }
        if self.media() == Some(key) {
            self.take_media();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: Key = Key::test(1);
    const MEDIA: Key = Key::test(2);

    #[test]
    fn media_goes_to_the_socket_that_joined_and_to_no_other() {
        let mut sockets = Sockets::wsp(CONTROL);
        assert_eq!((sockets.control(), sockets.media()), (Some(CONTROL), None));
        sockets.join(MEDIA);
        assert_eq!(sockets.iter().collect::<Vec<_>>(), [CONTROL, MEDIA]);
        sockets.remove(CONTROL);
        assert_eq!(sockets.iter().collect::<Vec<_>>(), [MEDIA]);
        sockets.remove(CONTROL);
        assert_eq!(sockets.take_media(), Some(MEDIA));
        assert_eq!(sockets.iter().count(), 0);
    }

    #[test]
    fn who_speaks_rtsp_has_one_socket_for_everything() {
        let mut sockets = Sockets::rtsp(MEDIA);
        assert!(sockets.is_rtsp() && sockets.control().is_none());
        sockets.join(CONTROL);
        assert_eq!(sockets.iter().collect::<Vec<_>>(), [MEDIA]);
        let requests = sockets.requests().unwrap();
        requests.feed(b"OPTIONS * RTSP/1.0\r\n").unwrap();
        assert_eq!(sockets.held(), 20);
        sockets.remove(MEDIA);
        assert_eq!(sockets.media(), None);
    }
}
