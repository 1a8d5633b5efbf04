//! Viewers: pages and RTSP clients, each of which watches one stream.
//!
//! [`Viewers`] is the part of the server that owns their sessions, knows which sockets
//! belong to whom, and decides who may watch ([`admission`]). What a session asks for
//! comes out of [`Viewers::next_event`]; nothing here reads or writes a socket.

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

/// A viewer: its session, its sockets, and what it watches.
pub struct Viewer {
    pub session: Session,
    /// The number of its first socket, which identifies the viewer in the log.
    pub id: u64,
    pub sockets: Sockets,
    /// The source it watches: its own, or a shared one.
    pub source: Option<Key>,
    /// What surrounds its frames on the wire, known when its media socket is.
    pub framing: Framing,
    /// The tracks of a shared camera that it plays: the channels on the camera's link,
    /// each with the viewer's number for it.
    pub channels: Option<Vec<(u8, u8)>>,
    /// The position in the camera's media up to which it has the parameter sets, from
    /// the description or from the media.
    pub sets_until: u64,
    /// When it was last moved on for being too slow, if it has paused since.
    pub slow_at: Option<Instant>,
    /// Its place among the viewers. It takes one when it says what it wants to watch.
    place: Option<Ticket>,
    /// When the next step of its opening must have happened: INIT, the connection,
    /// JOIN.
    pub open_deadline: Option<Instant>,
    /// When it last sent something, if it speaks RTSP.
    pub last_request: Instant,
    /// Why its sockets will be closed, once they can be.
    pub ending: Option<Ending>,
}

/// The close frame of a viewer that is ending. It must not be sent inside a message.
#[derive(Clone, Debug)]
pub struct Ending {
    pub code: u16,
    pub reason: String,
}

impl Viewer {
    /// A viewer that speaks WSP, whose control socket is `key` and whose number in the
    /// log is `id`. It must send INIT by `open_deadline`.
    pub fn wsp(session: Session, key: Key, id: u64, open_deadline: Instant) -> Viewer {
        Viewer {
            session,
            id,
            sockets: Sockets::wsp(key),
            source: None,
            framing: Framing::Messages,
            channels: None,
            sets_until: 0,
            slow_at: None,
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

    /// Whether it takes notices about media that is not live. Our own player does, and
    /// is recognized by the batches that its JOIN asks for.
    pub fn takes_notices(&self) -> bool {
        self.framing == Framing::Batches && !self.sockets.is_rtsp()
    }

    /// Bytes that its session and its parser retain of what it has sent.
    pub fn held(&self) -> usize {
        self.session.held() + self.sockets.held()
    }
}
