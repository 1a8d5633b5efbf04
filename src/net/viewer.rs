//! Viewers: pages and clients of RTSP, each of which watches one stream.
//!
//! [`Viewers`] is the part: it owns their sessions, knows which sockets are whose, and
//! decides who may watch ([`admission`]). What a session wants done comes out of
//! [`Viewers::next_event`]; nothing here reads or writes a socket.

pub mod admission;
mod sockets;
mod viewers;

use std::time::Instant;

use crate::viewer::Session;

use super::io::key::Key;
use super::io::places::Ticket;
use super::media::delivery::Framing;

use sockets::Sockets;
pub use viewers::{SessionEvent, Viewers};

/// A viewer's session, its sockets, and what it watches.
pub struct Viewer {
    pub session: Session,
    /// The number of its first socket in the log.
    pub id: u64,
    pub sockets: Sockets,
    /// Its own source, or that of a shared camera.
    pub source: Option<Key>,
    /// What is around its frames: said when its data socket came.
    pub framing: Framing,
    /// The tracks of a shared camera that it wants played: channels on the
    /// camera's link, and the viewer's.
    pub channels: Option<Vec<(u8, u8)>>,
    /// Up to where in the camera's media it has had the parameter sets, in the
    /// description or on the way.
    pub sets_until: u64,
    /// Its place among the viewers, from when it has said what it wants.
    place: Option<Ticket>,
    /// Until when the next step of its opening must have come: INIT, then JOIN.
    pub open_deadline: Option<Instant>,
    /// When it last said something, if it speaks RTSP.
    pub last_request: Instant,
    /// Why its sockets are to be closed, when they can be.
    pub ending: Option<Ending>,
}

/// The end of a data socket: it must not come inside a message.
#[derive(Clone, Debug)]
pub struct Ending {
    pub code: u16,
    pub reason: String,
}

impl Viewer {
    /// A viewer whose control socket is `key`, known as `id` in the log; it is to
    /// say what it wants until `open_deadline`.
    pub fn wsp(session: Session, key: Key, id: u64, open_deadline: Instant) -> Viewer {
        Viewer {
            session,
            id,
            sockets: Sockets::wsp(key),
            source: None,
            framing: Framing::Messages,
            channels: None,
            sets_until: 0,
            place: None,
            open_deadline: Some(open_deadline),
            last_request: open_deadline, // its opening has a time of its own
            ending: None,
        }
    }

    /// A viewer that speaks RTSP on the socket `key`.
    pub fn rtsp(
        session: Session,
        key: Key,
        id: u64,
        open_deadline: Instant,
        framing: Framing,
    ) -> Viewer {
        Viewer {
            sockets: Sockets::rtsp(key),
            framing,
            ..Viewer::wsp(session, key, id, open_deadline)
        }
    }

    /// Whether it is told what of its media is not live: our own player says by
    /// JOIN that it takes batches.
    pub fn takes_notices(&self) -> bool {
        self.framing == Framing::Batches && !self.sockets.is_rtsp()
    }

    /// What its session keeps of what was said, in bytes.
    pub fn held(&self) -> usize {
        self.session.held() + self.sockets.held()
    }
}
