//! Who comes in.

use crate::net::io::listener::ListenerKind;
use crate::net::server::Server;

/// Connections accepted in one turn, so that those there are get theirs.
const PER_TURN: usize = 64;

impl Server {
    /// Lets in who waits, as long as there are descriptors.
    pub(in crate::net) fn accept(&mut self) {
        for _ in 0..PER_TURN {
            let Some((key, kind)) = self.io.accept() else {
                break;
            };
            if kind == ListenerKind::Rtsp {
                self.rtsp_opened(key);
            }
            self.io.displace();
        }
        self.drain();
    }
}
