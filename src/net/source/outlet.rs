//! A viewer's way out of a source: its socket, where it is in the queue, and what it
//! lost.

use std::io;
use std::time::Instant;

use crate::camera::FrameCounter;
use crate::net::io::Io;
use crate::net::io::connection::{Connection, Role};
use crate::net::io::key::Key;
use crate::net::media::delivery::{Delivery, Framing};

use super::{Event, Source, Sources};

/// What a viewer of a shared camera wants, when it says PLAY.
pub struct PlayRequest {
    pub viewer: Key,
    /// Where its media goes.
    pub socket: Key,
    pub framing: Framing,
    /// Channels on the camera's link, and the viewer's.
    pub channels: Vec<(u8, u8)>,
    /// Up to where in the camera's media it has had the parameter sets.
    pub sets_until: u64,
    /// Whether it is told what of its media is not live.
    pub notices: bool,
}

/// What a round of writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PumpOutcome {
    /// All that was there, or all that the socket takes, is written.
    Done,
    /// The viewer is going, and its socket may be closed now.
    Finished,
    /// The socket is broken.
    Broken,
}

/// One viewer that gets media.
pub(super) struct Outlet {
    pub viewer: Key,
    pub socket: Key,
    pub delivery: Delivery,
    notices: bool,
    /// All channels that it wants, by the camera's and its own number; `None`: as the
    /// camera sends them.
    pub channels: Option<Vec<(u8, u8)>>,
    /// It gets no frames of a shared camera from this moment on, until a key frame.
    pub skipping_since: Option<Instant>,
    /// When it was too slow last, and lost pictures.
    pub slow_at: Option<Instant>,
    /// What it lost and was not told yet.
    pub skipped_frames: Option<FrameCounter>,
    /// The viewer is going; `true`: after all that is at hand.
    ending: Option<bool>,
}

impl Outlet {
    /// For a viewer that begins where `delivery` is.
    pub fn new(viewer: Key, socket: Key, delivery: Delivery, notices: bool) -> Outlet {
        Outlet {
            viewer,
            socket,
            delivery,
            notices,
            channels: None,
            skipping_since: None,
            slow_at: None,
            skipped_frames: None,
            ending: None,
        }
    }
}

impl Sources {
    /// Writes what a viewer has not got yet, as far as its socket takes it. `false`: it
    /// gets no media.
    pub fn pump(&mut self, io: &mut Io, source: Key, viewer: Key) -> bool {
        let outlet = self
            .all
            .get(source)
            .and_then(|source| source.outlet(viewer));
        let Some(at) = outlet else {
            return false;
        };
        self.pump_at(io, source, at);
        // Of a shared camera that is done when its next media has gone to all.
        if self.all.get(source).is_some_and(Source::is_direct) {
            self.release(io, source);
        }
        true
    }

    pub(super) fn pump_at(&mut self, io: &mut Io, key: Key, at: usize) {
        let Some(source) = self.all.get_mut(key) else {
            return;
        };
        let Some((viewer, socket, outcome)) = source.pump(io, at) else {
            return;
        };
        match outcome {
            PumpOutcome::Done => {}
            PumpOutcome::Broken => io.lose(socket, "writing failed"),
            PumpOutcome::Finished => self.events.push_back(Event::DeliveryFinished { viewer }),
        }
    }

    /// Whether another message may be put on a viewer's socket now.
    pub fn is_between_messages(&self, source: Key, viewer: Key) -> bool {
        let source = self.all.get(source);
        let outlet = source.and_then(|source| source.outlets().get(source.outlet(viewer)?));
        outlet.is_none_or(|outlet| outlet.delivery.between_messages())
    }

    /// Whether a viewer gets media.
    pub fn has_outlet(&self, source: Key, viewer: Key) -> bool {
        let source = self.all.get(source);
        source.is_some_and(|source| source.outlet(viewer).is_some())
    }

    /// The viewer is going: [`Event::DeliveryFinished`] says when its socket may be closed. What
    /// a direct source has for it is sent before if `drain`; what a shared camera sends
    /// has no end, and a slow viewer never has all of it. `None`: it gets no media.
    pub fn finish(&mut self, source: Key, viewer: Key, drain: bool) -> Option<bool> {
        let source = self.all.get_mut(source)?;
        let drain = drain && source.is_direct();
        let at = source.outlet(viewer)?;
        let (outlet, _) = source.outlet_mut(at)?;
        outlet.ending.get_or_insert(drain);
        Some(drain)
    }
}

impl Source {
    fn pump(&mut self, io: &mut Io, at: usize) -> Option<(Key, Key, PumpOutcome)> {
        let (outlet, _) = self.outlet_mut(at)?;
        let (viewer, socket, is_ending) = (outlet.viewer, outlet.socket, outlet.ending.is_some());
        let start = outlet.delivery.position();
        let was_blocked = io.get(socket)?.blocked_since.is_some();
        let outcome = self.write(io, at)?;
        let (outlet, queue) = self.outlet_mut(at)?;
        let written = outlet.delivery.position() - start;
        let idle = outlet.delivery.is_idle(queue);
        io.counters.media_bytes += written;
        let (now, patience) = (io.now, io.limits.handshake);
        let connection = io.get_mut(socket)?;
        record_progress(connection, written > 0, idle, now);
        if written > 0 && is_ending {
            connection.deadline = Some(now + patience);
        }
        // This may be the camera's turn: nobody else looks after this socket.
        if !was_blocked && connection.blocked_since.is_some() {
            io.invalidate_deadline(socket);
        }
        if written > 0 && (self.link.paused || self.link.waiting) {
            self.link.paused = false;
            self.link.held_up = Some(now);
            self.connection.inspect(|link| io.schedule(*link));
        }
        Some((viewer, socket, outcome))
    }

    fn write(&mut self, io: &mut Io, at: usize) -> Option<PumpOutcome> {
        let (now, mut calls) = (io.now, 0);
        let outcome = loop {
            let (outlet, queue) = self.outlet_mut(at)?;
            let connection = io.get_mut(outlet.socket)?;
            if outlet.delivery.between_messages() {
                if connection.flush(now).is_err() {
                    break PumpOutcome::Broken;
                }
                if outlet.push_skip_notices(connection) {
                    continue;
                }
                let may_end = |drain: bool| !drain || outlet.delivery.is_idle(queue);
                if outlet.ending.is_some_and(may_end) {
                    break PumpOutcome::Finished;
                }
            }
            if !connection.writable {
                break PumpOutcome::Done;
            }
            let (stream, finish_only) = (&mut connection.stream, outlet.finishes_only());
            match outlet.delivery.write(stream, queue, finish_only) {
                Ok((0, _)) => break PumpOutcome::Done,
                Ok((_, all)) => {
                    calls += 1;
                    connection.writable = all;
                    // Another round would find nothing, but look for it.
                    if all && outlet.ending.is_none() && outlet.delivery.is_idle(queue) {
                        break PumpOutcome::Done;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    calls += 1;
                    connection.writable = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break PumpOutcome::Broken,
            }
        };
        io.counters.writes += calls;
        Some(outcome)
    }
}

impl Outlet {
    /// Tells the viewer what it lost; `true`: something was put into its outbox. One at a
    /// time: a viewer that takes nothing makes nothing grow.
    fn push_skip_notices(&mut self, connection: &mut Connection) -> bool {
        if !connection.out.is_empty() || !self.notices || self.skipping_since.is_some() {
            return false;
        }
        match self.skipped_frames.take() {
            Some(counter) => {
                self.delivery.push_notices(&counter, &mut connection.out);
                !connection.out.is_empty()
            }
            None => false,
        }
    }

    /// Whether nothing new is begun: the viewer is going, or waits for a key frame.
    fn finishes_only(&self) -> bool {
        match self.ending {
            Some(drain) => !drain,
            None => self.skipping_since.is_some(),
        }
    }
}

/// Notes how it is with a viewer's socket after a round of writing.
fn record_progress(connection: &mut Connection, moved: bool, idle: bool, now: Instant) {
    if moved {
        connection.last_media_write = Some(now);
    }
    if moved || (idle && connection.out.is_empty()) {
        connection.blocked_since = None;
    }
    if !connection.writable {
        connection.blocked_since.get_or_insert(now);
    }
    // Room was made by acknowledgements: the other side lives.
    if moved
        && !connection.writable
        && let Role::Data { socket, .. } = &mut connection.role
    {
        socket.mark_alive(now);
    }
}
