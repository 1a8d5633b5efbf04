//! A viewer's outlet from a source: its socket, its position in the queue, and what was
//! left out for it.

use std::io;
use std::time::Instant;

use crate::camera::FrameCounter;
use crate::net::io::Io;
use crate::net::io::connection::{Connection, Role};
use crate::net::io::key::Key;
use crate::net::media::delivery::{Delivery, Framing};

use super::{Event, Source, Sources};

/// The request of a viewer to play a shared camera.
pub struct PlayRequest {
    pub viewer: Key,
    /// The socket for its media.
    pub socket: Key,
    pub framing: Framing,
    /// The channels on the camera's link, each with the viewer's number for it.
    pub channels: Vec<(u8, u8)>,
    /// The position in the camera's media up to which the viewer has the parameter
    /// sets.
    pub sets_until: u64,
    /// Whether the viewer takes notices about media that is not live.
    pub notices: bool,
    /// When the viewer was last moved on for being too slow, before it paused.
    pub slow_at: Option<Instant>,
}

/// What remains of a viewer's media that was stopped.
pub struct Stopped {
    /// The position in the camera's media up to which the viewer has the parameter
    /// sets.
    pub sets_until: u64,
    /// When the viewer was last moved on for being too slow.
    pub slow_at: Option<Instant>,
}

/// The result of writing to a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PumpOutcome {
    /// Everything there was, or everything that the socket takes, was written.
    Done,
    /// The viewer is ending, and its socket may be closed now.
    Finished,
    /// The socket is broken.
    Broken,
}

/// What a viewer that is ending is still sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The rest of the current message.
    Message,
    /// Everything that its source has.
    Everything,
}

/// One viewer that gets media.
pub(super) struct Outlet {
    pub viewer: Key,
    pub socket: Key,
    pub delivery: Delivery,
    notices: bool,
    /// The channels it asked for, by the camera's and the viewer's numbers; `None`: all
    /// channels, unchanged.
    pub channels: Option<Vec<(u8, u8)>>,
    /// Since when it gets no frames, until the next key frame of a shared camera.
    pub skipping_since: Option<Instant>,
    /// When it was last moved on for being too slow.
    pub slow_at: Option<Instant>,
    /// Frames that were left out and of which the viewer has not been notified.
    pub skipped_frames: Option<FrameCounter>,
    /// Set when the viewer is ending.
    ending: Option<Finish>,
}

impl Outlet {
    /// The outlet of a viewer that begins where `delivery` does.
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
    /// Writes what a viewer has not been sent yet, as far as its socket takes it.
    /// `false`: it gets no media.
    pub fn pump(&mut self, io: &mut Io, source: Key, viewer: Key) -> bool {
        let outlet = self
            .all
            .get(source)
            .and_then(|source| source.outlet(viewer));
        let Some(at) = outlet else {
            return false;
        };
        self.pump_at(io, source, at);
        // A shared camera's media is released when its next media was passed on.
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

    /// Whether another message may be written to a viewer's socket now.
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

    /// Ends a viewer's media: [`Event::DeliveryFinished`] tells when its socket may be
    /// closed. `finish` is what the viewer asks for; the media of a shared camera never
    /// ends, and a slow viewer is never sent all of it, so of that it gets no more than
    /// the current message. Returns what it gets; `None`: it gets no media.
    pub fn finish(&mut self, source: Key, viewer: Key, finish: Finish) -> Option<Finish> {
        let source = self.all.get_mut(source)?;
        let finish = match source.is_direct() {
            true => finish,
            false => Finish::Message,
        };
        let at = source.outlet(viewer)?;
        let (outlet, _) = source.outlet_mut(at)?;
        outlet.ending.get_or_insert(finish);
        Some(finish)
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
        // This may run while the camera is being served, when nothing else updates the
        // deadline of this socket.
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
                let may_end = match outlet.ending {
                    None => false,
                    Some(Finish::Message) => true,
                    Some(Finish::Everything) => outlet.delivery.is_idle(queue),
                };
                if may_end {
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
                    // Another round would find nothing to write.
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
    /// Notifies the viewer of frames that were left out. `true`: something was put into
    /// its outbox. That happens only when the outbox is empty, so it does not grow.
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

    /// Whether no new message may begin, because the viewer is ending or waits for a
    /// key frame.
    fn finishes_only(&self) -> bool {
        match self.ending {
            Some(finish) => finish == Finish::Message,
            None => self.skipping_since.is_some(),
        }
    }
}

/// Records in a viewer's connection what came of writing to it.
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
    // The socket has room because the peer acknowledged bytes, so the peer is alive.
    if moved
        && !connection.writable
        && let Role::Data { socket, .. } = &mut connection.role
    {
        socket.mark_alive(now);
    }
}
