//! The data socket of a viewer: JOIN, then media.

use crate::net::io::connection::Role;
use crate::net::io::key::Key;
use crate::net::media::delivery::Framing;
use crate::net::server::Server;
use crate::viewer::{Join, join_reply};
use crate::websocket;

/// Why a data socket cannot join a viewer.
struct Refused {
    /// The status in the WSP reply.
    status: u16,
    reason: &'static str,
    /// The code with which the socket is closed.
    close: u16,
}

const NO_JOIN: Refused = Refused {
    status: 400,
    reason: "not a JOIN",
    close: 1002,
};
const UNKNOWN: Refused = Refused {
    status: 404,
    reason: "no such channel",
    close: 1011,
};
const JOINED: Refused = Refused {
    status: 409,
    reason: "the channel is joined already",
    close: 4009,
};

impl Server {
    pub(super) fn serve_data(&mut self, key: Key) {
        self.read_websocket(key);
        let viewer = self
            .io
            .get(key)
            .and_then(|connection| connection.role.viewer());
        match viewer {
            Some(viewer) => self.pump(key, viewer),
            None => self.io.flush(key),
        }
    }

    /// Writes to a viewer's media socket: its media if it gets some, and otherwise its
    /// outbox.
    pub(super) fn pump(&mut self, key: Key, viewer: Key) {
        let source = self.viewers.get(viewer).and_then(|found| found.source);
        let pumped = source.is_some_and(|source| self.sources.pump(&mut self.io, source, viewer));
        if !pumped {
            self.io.flush(key);
        }
    }

    /// Handles the first message of a data socket, which must be a JOIN.
    pub(super) fn join(&mut self, key: Key, text: &str) {
        let (reply, refusal) = match Join::parse(text) {
            Ok(join) => match self.attach(key, &join) {
                Ok(()) => (join_reply(200, "OK", join.seq, join.batch), None),
                Err(refusal) => {
                    let reply = join_reply(refusal.status, refusal.reason, join.seq, false);
                    (reply, Some(refusal))
                }
            },
            Err(reply) => (reply, Some(NO_JOIN)),
        };
        let Some(connection) = self.io.get_mut(key) else {
            return;
        };
        connection.out.push(websocket::text(&reply));
        if let Some(Refused { reason, close, .. }) = refusal {
            log::info!("[c{}] JOIN refused: {reason}", connection.id);
            connection.out.push(websocket::close(close, reason));
            self.io.close(key);
        }
        self.io.schedule(key);
    }

    /// Attaches a data socket to its viewer.
    fn attach(&mut self, key: Key, join: &Join<'_>) -> Result<(), Refused> {
        let viewer = self.viewers.by_channel_id(join.channel).ok_or(UNKNOWN)?;
        let found = self.viewers.get_mut(viewer).ok_or(UNKNOWN)?;
        if found.sockets.media().is_some() {
            return Err(JOINED);
        }
        found.framing = match join.batch {
            true => Framing::Batches,
            false => Framing::Messages,
        };
        if !found.session.is_serving() {
            let (framing, notices) = (found.framing, found.takes_notices());
            let source = found.source.ok_or(UNKNOWN)?;
            if !self.sources.join(source, key, framing, notices) {
                return Err(UNKNOWN);
            }
        }
        found.sockets.join(key);
        if let Some(connection) = self.io.get_mut(key)
            && let Role::Data { viewer: place, .. } = &mut connection.role
        {
            *place = Some(viewer);
            connection.place = None;
            log::debug!("[c{}] joined [c{}]", connection.id, found.id);
        }
        self.set_open_deadline(viewer, None);
        self.begin_delivery(viewer);
        Ok(())
    }

    /// The deadline of a data socket has passed.
    pub(super) fn data_expired(&mut self, key: Key, viewer: Option<Key>) {
        let Some(viewer) = viewer else {
            return self.fail_websocket(key, 1002, "no JOIN came");
        };
        match self.viewers.get(viewer) {
            Some(found) if found.ending.is_none() => {
                let due = self.viewer_deadline(viewer);
                match due.is_some_and(|due| due <= self.io.now) {
                    true => self.io.lose(key, "no RTSP request came"),
                    false => self.keep_alive(key),
                }
            }
            Some(_) => {
                self.io.close_now(key);
                self.remove_viewer(viewer);
            }
            None => self.io.close_now(key),
        }
    }
}
