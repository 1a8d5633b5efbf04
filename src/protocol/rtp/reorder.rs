//! Packets of one source put in order that a network may have mixed up (RFC 3550
//! §A.1).
//!
//! A packet that comes in order is taken where it lies. One that comes early is copied
//! and waits for what is missing: up to [`WINDOW`] packets do, each for at most
//! [`PATIENCE`]; then the gap is loss. What comes late or twice is dropped.
//!
//! Invariant: the numbers handed on never go back, unless the sender counts anew, which
//! later times tell from packets that are late.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Header;
use super::sequence::{self, MAX_MISORDER};

/// Packets that wait for an earlier one.
pub const WINDOW: usize = 16;
/// How long they do.
pub const PATIENCE: Duration = Duration::from_millis(50);

/// How a packet stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is the one that is due.
    Next,
    /// It is the first of numbers that begin anew.
    Anew,
    /// It came early, and was copied for later.
    Early,
    /// It came late or twice, or there is no telling yet.
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
    /// The number with which a new beginning would go on, after a packet that may have
    /// been one.
    restart: Option<u16>,
    /// The latest timestamp of what has come.
    newest: u32,
    /// The packets that came early, the nearest to `expected` first.
    held: VecDeque<Held>,
}

impl Reorder {
    /// The source begins with the packet of this header, which is due.
    pub fn new(header: &Header) -> Reorder {
        Reorder {
            expected: header.sequence,
            restart: None,
            newest: header.timestamp,
            held: VecDeque::new(),
        }
    }

    /// A packet came at `now`. Then [`Reorder::release`] is to be asked.
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
            // Some cameras number anew at each key picture: what is late is not newer.
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

    /// The numbers begin anew with this packet.
    fn begin(&mut self, header: &Header) -> Order {
        *self = Reorder::new(header);
        self.expected = sequence::after(header.sequence);
        Order::Anew
    }

    /// The numbers went back by `behind`. So near that the packet may be late after
    /// all, one of a picture between others, it takes two in a row.
    fn back(&mut self, header: &Header, behind: u16) -> Order {
        match usize::from(behind) <= WINDOW {
            true => self.far(header),
            false => self.begin(header),
        }
    }

    /// Two packets in a row from far off are a new beginning.
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
        // A full window means that nobody asks for what is released.
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

    /// The next packet whose turn it is, or that has waited long enough; to be asked
    /// until there is none, after every packet and at [`Reorder::due`].
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

    /// When a packet has waited long enough.
    pub fn due(&self) -> Option<Instant> {
        let since = self.held.iter().map(|held| held.since).min()?;
        Some(since + PATIENCE)
    }
}

#[cfg(test)]
mod tests;
