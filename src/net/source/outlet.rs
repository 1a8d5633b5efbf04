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
pub struct Wanted {
    pub viewer: Key,
    /// Where its media goes.
    pub socket: Key,
    pub framing: Framing,
    /// Channels on the camera's link, and the viewer's.
    pub channels: Vec<(u8, u8)>,
    /// Up to where in the camera's media it has had the parameter sets.
    pub told: u64,
    /// Whether it is told what of its media is not live.
    pub notices: bool,
}

/// What a round of writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pumped {
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
    pub skipping: Option<Instant>,
    /// When it was too slow last, and lost pictures.
    pub slow: Option<Instant>,
    /// What it lost and was not told yet.
    pub skipped: Option<FrameCounter>,
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
            skipping: None,
            slow: None,
            skipped: None,
            ending: None,
        }
    }
}

impl Sources {
    /// Writes what a viewer has not got yet, as far as its socket takes it. `false`: it
    /// gets no media.
    pub fn pump(&mut self, io: &mut Io, source: Key, viewer: Key) -> bool {
        let outlet = self.all.get(source).and_then(|it| it.outlet(viewer));
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
        let Some((viewer, socket, pumped)) = source.pump(io, at) else {
            return;
        };
        match pumped {
            Pumped::Done => {}
            Pumped::Broken => io.lose(socket, "writing failed"),
            Pumped::Finished => self.events.push_back(Event::Finished { viewer }),
        }
    }

    /// Whether another message may be put on a viewer's socket now.
    pub fn is_between_messages(&self, source: Key, viewer: Key) -> bool {
        let source = self.all.get(source);
        let outlet = source.and_then(|it| it.outlets().get(it.outlet(viewer)?));
        outlet.is_none_or(|outlet| outlet.delivery.between_messages())
    }

    /// Whether a viewer gets media.
    pub fn has_outlet(&self, source: Key, viewer: Key) -> bool {
        let source = self.all.get(source);
        source.is_some_and(|source| source.outlet(viewer).is_some())
    }

    /// The viewer is going: [`Event::Finished`] says when its socket may be closed. What
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
    fn pump(&mut self, io: &mut Io, at: usize) -> Option<(Key, Key, Pumped)> {
        let (outlet, _) = self.outlet_mut(at)?;
        let (viewer, socket, is_ending) = (outlet.viewer, outlet.socket, outlet.ending.is_some());
        let start = outlet.delivery.position();
        let was_stuck = io.get(socket)?.stuck.is_some();
        let pumped = self.write(io, at)?;
        let (outlet, queue) = self.outlet_mut(at)?;
        let written = outlet.delivery.position() - start;
        let idle = outlet.delivery.is_idle(queue);
        io.counters.media_bytes += written;
        let (now, patience) = (io.now, io.limits.handshake);
        let connection = io.get_mut(socket)?;
        note(connection, written > 0, idle, now);
        if written > 0 && is_ending {
            connection.deadline = Some(now + patience);
        }
        // This may be the camera's turn: nobody else looks after this socket.
        if !was_stuck && connection.stuck.is_some() {
            io.renew(socket);
        }
        if written > 0 && (self.link.paused || self.link.waiting) {
            self.link.paused = false;
            self.link.held_up = Some(now);
            self.connection.inspect(|link| io.schedule(*link));
        }
        Some((viewer, socket, pumped))
    }

    fn write(&mut self, io: &mut Io, at: usize) -> Option<Pumped> {
        let (now, mut calls) = (io.now, 0);
        let pumped = loop {
            let (outlet, queue) = self.outlet_mut(at)?;
            let connection = io.get_mut(outlet.socket)?;
            if outlet.delivery.between_messages() {
                if connection.flush(now).is_err() {
                    break Pumped::Broken;
                }
                if outlet.tell_skipped(connection) {
                    continue;
                }
                let may_end = |drain: bool| !drain || outlet.delivery.is_idle(queue);
                if outlet.ending.is_some_and(may_end) {
                    break Pumped::Finished;
                }
            }
            if !connection.writable {
                break Pumped::Done;
            }
            let last = outlet.is_last();
            match outlet.delivery.write(&mut connection.stream, queue, last) {
                Ok((0, _)) => break Pumped::Done,
                Ok((_, all)) => {
                    calls += 1;
                    connection.writable = all;
                    // Another round would find nothing, but look for it.
                    if all && outlet.ending.is_none() && outlet.delivery.is_idle(queue) {
                        break Pumped::Done;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    calls += 1;
                    connection.writable = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break Pumped::Broken,
            }
        };
        io.counters.writes += calls;
        Some(pumped)
    }
}

impl Outlet {
    /// Tells the viewer what it lost; `true`: something was put into its outbox. One at a
    /// time: a viewer that takes nothing makes nothing grow.
    fn tell_skipped(&mut self, connection: &mut Connection) -> bool {
        if !connection.out.is_empty() || !self.notices || self.skipping.is_some() {
            return false;
        }
        match self.skipped.take() {
            Some(counter) => {
                self.delivery.tell(&counter, &mut connection.out);
                !connection.out.is_empty()
            }
            None => false,
        }
    }

    /// Whether nothing new is begun: the viewer is going, or waits for a key frame.
    fn is_last(&self) -> bool {
        match self.ending {
            Some(drain) => !drain,
            None => self.skipping.is_some(),
        }
    }
}

/// Notes how it is with a viewer's socket after a round of writing.
fn note(connection: &mut Connection, moved: bool, idle: bool, now: Instant) {
    if moved {
        connection.took = Some(now);
    }
    if moved || (idle && connection.out.is_empty()) {
        connection.stuck = None;
    }
    if !connection.writable {
        connection.stuck.get_or_insert(now);
    }
    // Room was made by acknowledgements: the other side lives.
    if moved
        && !connection.writable
        && let Role::Data { socket, .. } = &mut connection.role
    {
        socket.hear(now);
    }
}
