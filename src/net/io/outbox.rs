//! The outbox of a socket: replies, control frames and pages that wait to be written.
//!
//! Invariant: pieces leave whole and in order. Media never passes through an outbox,
//! except for the rest of a picture that is copied before a slow viewer is moved on.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};
use std::ops::Deref;
use std::rc::Rc;

use super::ledger::{Entry, Ledger};

/// The maximum number of pieces in one vectored write.
const SLICES: usize = 8;

/// Memory that a piece costs in addition to its bytes, so that many small ones count.
const OVERHEAD: usize = 64;

/// Bytes to be sent.
pub enum Piece {
    /// Bytes that are part of the program.
    Static(&'static [u8]),
    /// Bytes made for this socket alone.
    Owned(Vec<u8>),
    /// Bytes made once and sent to several sockets.
    Shared(Rc<Vec<u8>>),
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Piece::Static(bytes) => bytes,
            Piece::Owned(bytes) => bytes,
            Piece::Shared(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Piece {
    fn from(bytes: Vec<u8>) -> Piece {
        Piece::Owned(bytes)
    }
}

impl Piece {
    /// Memory that the piece takes for this socket alone, approximately, in bytes.
    fn cost(&self) -> usize {
        match self {
            Piece::Owned(bytes) => bytes.len() + OVERHEAD,
            Piece::Static(_) | Piece::Shared(_) => OVERHEAD,
        }
    }
}

/// Pieces waiting to be written to a socket.
pub struct Outbox {
    pieces: VecDeque<Piece>,
    /// How many bytes of the first piece have been written.
    sent: usize,
    length: usize,
    cost: Entry,
}

impl Outbox {
    /// An empty outbox whose memory is entered in the ledger.
    pub fn new(ledger: &Ledger) -> Outbox {
        Outbox {
            pieces: VecDeque::new(),
            sent: 0,
            length: 0,
            cost: ledger.entry(),
        }
    }

    /// Appends a piece.
    pub fn push(&mut self, piece: impl Into<Piece>) {
        let piece = piece.into();
        if !piece.is_empty() {
            self.length += piece.len();
            self.cost.set(self.cost.bytes() + piece.cost());
            self.pieces.push_back(piece);
        }
    }

    /// Inserts bytes before all pieces. No piece may be partly written.
    pub fn push_front(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            debug_assert_eq!(self.sent, 0);
            self.length += bytes.len();
            let piece = Piece::Owned(bytes);
            self.cost.set(self.cost.bytes() + piece.cost());
            self.pieces.push_front(piece);
        }
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Memory that the outbox takes, approximately, in bytes.
    pub fn cost(&self) -> usize {
        self.cost.bytes()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes until the outbox is empty.
    ///
    /// # Errors
    /// Those of the socket; `WouldBlock` when the rest has to wait.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while !self.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut filled = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                let start = if filled == 0 { self.sent } else { 0 };
                *slice = IoSlice::new(&piece[start..]);
                filled += 1;
            }
            match socket.write_vectored(&slices[..filled]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn advance(&mut self, written: usize) {
        self.length -= written;
        self.sent += written;
        while let Some(first) = self.pieces.front() {
            if self.sent < first.len() {
                return;
            }
            self.sent -= first.len();
            self.cost.set(self.cost.bytes() - first.cost());
            self.pieces.pop_front();
        }
    }
}
