//! A viewer: one page, or client of RTSP, that watches one stream.

use std::time::Instant;

use crate::camera::Tally;
use crate::viewer::Session;

use super::admission::Ticket;
use super::delivery::{Delivery, Framing};
use super::key::Key;
use super::server::Server;
use super::sockets::Sockets;

/// A viewer's session and the keys of its sockets.
pub struct Viewer {
    pub channel: Session,
    /// The number of its control socket in the log.
    pub id: u64,
    pub sockets: Sockets,
    /// Its own, or that of a shared camera.
    pub source: Option<Key>,
    /// While it gets media.
    pub delivery: Option<Delivery>,
    /// What is around its frames: said when its data socket came.
    pub framing: Framing,
    /// The tracks of a shared camera that it wants played: channels on the
    /// camera's link, and the viewer's.
    pub channels: Option<Vec<(u8, u8)>>,
    /// Up to where in the camera's media it has had the parameter sets, in the
    /// description or on the way.
    pub told: u64,
    /// Since when it gets no frames of a shared camera, and waits for a key frame.
    pub skipping: Option<Instant>,
    /// When it was too slow last, and lost pictures.
    pub slow: Option<Instant>,
    /// What it lost and was not told yet.
    pub skipped: Option<Tally>,
    /// Its place among the viewers, from when it has said what it wants.
    pub place: Option<Ticket>,
    /// Until when the next step of its opening must have come: INIT, then JOIN.
    open_by: Option<Instant>,
    /// When it last said something, if it speaks RTSP, or took media.
    pub alive: Instant,
    /// Why the data socket is to be closed, when it can be.
    pub ending: Option<Ending>,
}

/// The end of a data socket: it must not come inside a message.
pub struct Ending {
    pub code: u16,
    pub reason: String,
    /// Send what is at hand first.
    pub drain: bool,
}

impl Viewer {
    /// A viewer that speaks RTSP on the socket `key`.
    pub fn rtsp(channel: Session, key: Key, id: u64, open_by: Instant) -> Viewer {
        Viewer {
            sockets: Sockets::rtsp(key),
            ..Viewer::new(channel, key, id, open_by)
        }
    }

    /// A viewer whose control socket is `key`, known as `id` in the log; it is to
    /// say what it wants until `open_by`.
    pub fn new(channel: Session, key: Key, id: u64, open_by: Instant) -> Viewer {
        Viewer {
            channel,
            id,
            sockets: Sockets::wsp(key),
            source: None,
            delivery: None,
            framing: Framing::Messages,
            channels: None,
            told: 0,
            skipping: None,
            slow: None,
            skipped: None,
            place: None,
            open_by: Some(open_by),
            alive: open_by, // its opening has a time of its own
            ending: None,
        }
    }

    /// Until when the next step of its opening must have come.
    pub fn open_by(&self) -> Option<Instant> {
        self.open_by
    }

    /// Whether it is told what of its media is not live: our own player says by
    /// JOIN that it takes batches.
    pub fn takes_notices(&self) -> bool {
        self.framing == Framing::Batches && !self.sockets.is_rtsp()
    }
}

impl Server {
    /// Sets until when the next step of a viewer's opening must have come, and the
    /// timers that look after it.
    pub(super) fn expect(&mut self, viewer: Key, by: Option<Instant>) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.open_by = by;
            let sockets: Vec<Key> = found.sockets.iter().collect();
            for key in sockets {
                self.renew_deadline(key);
            }
        }
    }
}
