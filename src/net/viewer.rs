//! Viewers: pages and RTSP clients, each of which watches one stream.
//!
//! [`Viewers`] is the part of the server that owns their sessions, knows which sockets
//! belong to whom, and decides who may watch ([`admission`]). What a session asks for
//! comes out of [`Viewers::next_event`]; nothing here reads or writes a socket.

pub mod admission;
mod sockets;
mod viewers;
mod watch;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use crate::viewer::Session;

use super::io::key::Key;
use super::io::places::Ticket;
use super::media::delivery::Framing;

use sockets::Sockets;
pub use viewers::{SessionEvent, Viewers};
pub use watch::{Watch, show_time};

/// The kinds of viewers, as [`Viewer::kind`] names them.
pub const KINDS: [&str; 5] = [
    "wsp_opening",
    "wsp_direct",
    "wsp_shared",
    "rtsp_websocket",
    "rtsp",
];

/// Longer texts of a peer are cut to this many characters in the log.
const MAX_LOGGED: usize = 200;

/// A viewer: its session, its sockets, and what it watches.
pub struct Viewer {
    pub session: Session,
    /// The number of its first socket, which identifies the viewer in the log.
    pub id: u64,
    /// Its address.
    pub from: IpAddr,
    pub sockets: Sockets,
    /// The camera that it asked for last: the name of a shared one, or the address that
    /// it named.
    pub wanted: String,
    /// The source it watches: its own, or a shared one.
    pub source: Option<Key>,
    /// What it watches, since it gets media.
    pub watch: Option<Watch>,
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
            from: Ipv4Addr::UNSPECIFIED.into(),
            sockets: Sockets::wsp(key),
            wanted: String::new(),
            source: None,
            watch: None,
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

    /// The same at this address.
    pub fn from(self, from: IpAddr) -> Viewer {
        let from = from.to_canonical();
        Viewer { from, ..self }
    }

    /// Notes which camera it asks for, in a form that the log can have.
    pub fn want(&mut self, camera: &str) {
        self.wanted = printable(camera);
    }

    /// What it speaks, and for WSP what it watches: one of [`KINDS`].
    pub fn kind(&self) -> &'static str {
        match (self.sockets.is_rtsp(), self.framing) {
            (true, Framing::Bare) => KINDS[4],
            (true, _) => KINDS[3],
            (false, _) if self.session.is_serving() => KINDS[2],
            (false, _) if self.source.is_some() => KINDS[1],
            (false, _) => KINDS[0],
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

/// A text that a peer may have written, shortened and cleaned for the log.
pub fn printable(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(MAX_LOGGED).collect()
}
