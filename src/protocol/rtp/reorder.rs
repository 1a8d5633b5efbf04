//! Restores the order of one source's packets, which a network may have mixed up (RFC
//! 3550 §A.1).
//!
//! A packet that comes in order is used where it is. A packet that comes early is
//! copied, and waits for the missing ones: at most [`WINDOW`] packets wait, each for at
//! most [`PATIENCE`], and then the gap is a loss. A packet that comes late or twice is
//! dropped.
//!
//! Invariant: the numbers of the packets passed on never go back, unless the sender
//! starts to count anew. Later timestamps distinguish that from packets that are late.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Header;
use super::sequence::{self, MAX_MISORDER};

/// How many packets may wait for an earlier one.
pub const WINDOW: usize = 16;
/// How long a packet may wait.
pub const PATIENCE: Duration = Duration::from_millis(50);

/// How a packet relates to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is the one that was due.
    Next,
    /// It is the first packet of a new count.
    Anew,
    /// It came early, and was copied for later.
    Early,
    /// It came late or twice, or it is too early to tell.
    Late,
}

/// A packet that came early.
#[derive(Debug)]
struct Held {
    sequence: u16,
    since: Instant,
    packet: Vec<u8>,
}

/// Puts the packets of one source in order.
#[derive(Debug)]
pub struct Reorder {
    /// The number that is due.
    expected: u16,
    /// The number that would continue a new count, after a packet that may have begun
    /// one.
    restart: Option<u16>,
    /// The latest timestamp so far.
    newest: u32,
    /// The packets that came early, the nearest to `expected` first.
    held: VecDeque<Held>,
}

impl Reorder {
    /// Starts with the source's first packet, which is due.
    pub fn new(header: &Header) -> Reorder {
        Reorder {
            expected: header.sequence,
            restart: None,
            newest: header.timestamp,
            held: VecDeque::new(),
        }
    }

    /// Takes a packet that came at `now`. [`Reorder::release`] is to be called
    /// afterwards.
    pub fn receive(&mut self, header: &Header, packet: &[u8], now: Instant) -> Order {
        let sequence = header.sequence;
        let ahead = sequence::ahead(self.expected, sequence);
        let behind = sequence::ahead(sequence, self.expected);
        let since = header.timestamp.wrapping_sub(self.newest) as i32;
        self.newest = self.newest.wrapping_add(since.max(0) as u32);
        if ahead == 0 {
            self.expected = sequence::after(sequence);
            self.restart = None;
            return Order::Next;
        }
        if behind <= MAX_MISORDER {
            // Some cameras count anew at each key picture, but a late packet is not
            // newer.
            return match since <= 0 && self.restart != Some(sequence) {
                true => Order::Late,
                false => self.back(header, behind),
            };
        }
        match sequence::is_loss(ahead) {
            true => self.hold(sequence, packet, now),
            false => self.far(header),
        }
    }

    /// Starts a new count with this packet.
    fn begin(&mut self, header: &Header) -> Order {
        *self = Reorder::new(header);
        self.expected = sequence::after(header.sequence);
        Order::Anew
    }

    /// Handles numbers that went back by `behind`. If they are within the window, this
    /// may still be a late packet, one of a picture between others, so a new count
    /// takes two packets.
    fn back(&mut self, header: &Header, behind: u16) -> Order {
        match usize::from(behind) <= WINDOW {
            true => self.far(header),
            false => self.begin(header),
        }
    }

    /// Handles a number that is far off: two such packets in a row begin a new count.
    fn far(&mut self, header: &Header) -> Order {
        if self.restart == Some(header.sequence) {
            return self.begin(header);
        }
        self.restart = Some(sequence::after(header.sequence));
        Order::Late
    }

    fn hold(&mut self, sequence: u16, packet: &[u8], now: Instant) -> Order {
        let ahead = |sequence| sequence::ahead(self.expected, sequence);
        let nearer = |held: &Held| ahead(held.sequence) < ahead(sequence);
        let place = self.held.partition_point(nearer);
        let found = self.held.get(place);
        let is_there = found.is_some_and(|held| held.sequence == sequence);
        // The window is full only if the owner does not call `release`.
        if is_there || self.held.len() >= WINDOW {
            return Order::Late;
        }
        let held = Held {
            sequence,
            since: now,
            packet: packet.to_vec(),
        };
        self.held.insert(place, held);
        Order::Early
    }

    /// The next packet that is due, or has waited long enough. To be called after every
    /// packet and at [`Reorder::due`], until there is none.
    pub fn release(&mut self, now: Instant) -> Option<Vec<u8>> {
        let first = self.held.front()?;
        let is_next = first.sequence == self.expected;
        let is_full = self.held.len() >= WINDOW;
        if !is_next && !is_full && self.due().is_none_or(|due| due > now) {
            return None;
        }
        let first = self.held.pop_front()?;
        self.expected = sequence::after(first.sequence);
        Some(first.packet)
    }

    /// When a packet will have waited long enough.
    pub fn due(&self) -> Option<Instant> {
        let since = self.held.iter().map(|held| held.since).min()?;
        Some(since + PATIENCE)
    }
}

#[cfg(test)]
mod tests;
