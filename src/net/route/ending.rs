//! How a viewer ends: its sockets are closed with a code, its camera is informed, and
//! its place and its buffers become free.

use crate::net::io::closing::LINGER;
use crate::net::io::connection::Role;
use crate::net::io::key::Key;
use crate::net::server::Server;
use crate::net::source::Finish;
use crate::net::viewer::Ending;
use crate::websocket;

/// The close code that makes a player try again later (RFC 6455 §7.4.2, IANA).
const TRY_AGAIN: u16 = 1013;

impl Server {
    /// Ends a viewer: closes its sockets with a code, and the link of its own camera.
    pub(in crate::net) fn end_viewer(&mut self, viewer: Key, code: u16, reason: &str) {
        self.end_viewer_after(viewer, code, reason, Finish::Message);
    }

    /// Ends a viewer after it was sent what `finish` says.
    pub(super) fn end_viewer_after(
        &mut self,
        viewer: Key,
        code: u16,
        reason: &str,
        finish: Finish,
    ) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        if found.ending.is_some() {
            // The viewer is ending already and only its media socket was waited for,
            // which may have closed now.
            if found.sockets.media().is_none() {
                self.remove_viewer(viewer);
            }
            return;
        }
        log::info!("[c{}] viewer ends: {code} {reason}", found.id);
        let reason = reason.to_owned();
        found.ending = Some(Ending { code, reason });
        let control = found.sockets.take_control();
        let (data, source) = (found.sockets.media(), found.source);
        let farewell = found.session.farewell();
        if let (Some(control), Some(ending)) = (control, found.ending.clone()) {
            self.send_close(control, ending.code, &ending.reason);
        }
        self.viewers.close_channel(viewer);
        if let Some(source) = source {
            self.sources.close_direct(&mut self.io, source, farewell);
        }
        match data {
            Some(data) => self.end_data(viewer, data, source, finish),
            None => self.remove_viewer(viewer),
        }
    }

    /// Ends the media of a viewer. The close frame must not be sent inside a message.
    fn end_data(&mut self, viewer: Key, data: Key, source: Option<Key>, finish: Finish) {
        let finish = source.and_then(|source| self.sources.finish(source, viewer, finish));
        let patience = match finish {
            Some(Finish::Everything) => self.io.limits.handshake,
            _ => LINGER,
        };
        let due = self.io.now + patience;
        self.io.set_deadline(data, Some(due));
        match (source, finish) {
            (Some(source), Some(_)) => {
                self.sources.pump(&mut self.io, source, viewer);
            }
            _ => self.delivery_finished(viewer),
        }
    }

    /// Closes the media socket of a viewer that is ending and has been sent everything.
    pub(super) fn delivery_finished(&mut self, viewer: Key) {
        let Some(found) = self.viewers.get_mut(viewer) else {
            return;
        };
        if let (Some(ending), Some(data)) = (found.ending.take(), found.sockets.media())
            && let Some(connection) = self.io.get_mut(data)
        {
            if let Role::Data { .. } = connection.role {
                let close = websocket::close(ending.code, &ending.reason);
                connection.out.push(close);
            }
            self.io.close(data);
        }
        self.remove_viewer(viewer);
    }

    /// Removes a viewer, its place and its own source.
    pub(super) fn remove_viewer(&mut self, viewer: Key) {
        self.unwatch(viewer);
        let Some(found) = self.viewers.remove(viewer) else {
            return;
        };
        if let Some(source) = found.source {
            self.sources.remove_direct(&mut self.io, source);
        }
    }

    /// Ends a viewer that plays nothing, so that its place is free at once.
    pub(super) fn displace_viewer(&mut self, viewer: Key) {
        let reason = "it plays nothing, and others want to watch";
        self.end_viewer(viewer, TRY_AGAIN, reason);
        let Some(found) = self.viewers.get(viewer) else {
            return;
        };
        let (data, source) = (found.sockets.media(), found.source);
        let between = |source| self.sources.is_between_messages(source, viewer);
        if source.is_none_or(between) {
            return self.delivery_finished(viewer);
        }
        // A viewer in the middle of a message could read it byte by byte without having
        // a place.
        self.remove_viewer(viewer);
        if let Some(data) = data {
            self.io.close_now(data);
        }
    }

    /// Ends a viewer whose media and media socket were given up for others.
    pub(super) fn viewer_evicted(&mut self, viewer: Key) {
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.sockets.take_media();
        }
        let reason = "what it has not read is in the way of others";
        self.end_viewer(viewer, TRY_AGAIN, reason);
    }

    /// Stops the gateway: it accepts no more connections, and closes viewers with a
    /// code that makes them come back.
    pub(in crate::net) fn stop(&mut self) {
        log::info!("stopping");
        self.stop_deadline = Some(self.io.now + LINGER);
        self.io.stop_listening();
        let viewers: Vec<Key> = self.viewers.iter().map(|(key, _)| key).collect();
        for viewer in viewers {
            self.end_viewer(viewer, TRY_AGAIN, "the gateway is restarting");
        }
        self.sources.remove_cameras(&mut self.io);
        let others = self.io.iter();
        let others = others.filter(|(_, connection)| {
            matches!(
                connection.role,
                Role::Http { .. } | Role::Data { viewer: None, .. }
            )
        });
        let others: Vec<Key> = others.map(|(key, _)| key).collect();
        for key in others {
            self.io.close_now(key);
        }
        self.drain();
    }
}
