//! Accepting clients.

use crate::net::io::listener::ListenerKind;
use crate::net::server::Server;

/// The number of connections accepted in one turn, so that existing ones are served,
/// too.
const PER_TURN: usize = 64;

impl Server {
    /// Accepts clients that are waiting, as long as there are descriptors.
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
