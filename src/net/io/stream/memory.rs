//! A stream whose two ends are in one process. Tests run the gateway over it without
//! sockets, at any pace they want.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::rc::Rc;

/// The capacity of each direction in bytes, like a socket's buffers.
pub const ROOM: usize = 64 * 1024;

/// One direction of a stream.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    closed: bool,
}

/// One end of a stream. When it is dropped, the other end reads to the end of what was
/// sent and then sees the close.
pub struct MemoryStream {
    local: SocketAddr,
    incoming: Rc<RefCell<Pipe>>,
    outgoing: Rc<RefCell<Pipe>>,
}

/// A new stream between these addresses.
pub fn pair(first: SocketAddr, second: SocketAddr) -> (MemoryStream, MemoryStream) {
    let (there, back) = (
        Rc::<RefCell<Pipe>>::default(),
        Rc::<RefCell<Pipe>>::default(),
    );
    let one = MemoryStream {
        local: first,
        incoming: Rc::clone(&back),
        outgoing: Rc::clone(&there),
    };
    let other = MemoryStream {
        local: second,
        incoming: there,
        outgoing: back,
    };
    (one, other)
}

impl MemoryStream {
    /// The address of this end.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Whether this end is readable, whether it is writable, and whether the peer has
    /// closed.
    pub fn readiness(&self) -> (bool, bool, bool) {
        let (incoming, outgoing) = (self.incoming.borrow(), self.outgoing.borrow());
        let readable = !incoming.bytes.is_empty() || incoming.closed;
        (readable, outgoing.bytes.len() < ROOM, incoming.closed)
    }

    /// Reads like a non-blocking socket.
    pub fn read_vectored(&mut self, room: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut pipe = self.incoming.borrow_mut();
        if pipe.bytes.is_empty() && !pipe.closed {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut count = 0;
        for piece in room {
            let here = piece.len().min(pipe.bytes.len());
            for (to, from) in piece.iter_mut().zip(pipe.bytes.drain(..here)) {
                *to = from;
            }
            count += here;
        }
        Ok(count)
    }

    /// Copies the first bytes of the next read.
    pub fn peek(&self, room: &mut [u8]) -> io::Result<usize> {
        let pipe = self.incoming.borrow();
        if pipe.bytes.is_empty() && !pipe.closed {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let copied = room.iter_mut().zip(&pipe.bytes);
        Ok(copied.map(|(to, from)| *to = *from).count())
    }

    /// Writes like a non-blocking socket.
    pub fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut pipe = self.outgoing.borrow_mut();
        if Rc::strong_count(&self.outgoing) == 1 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut count = 0;
        for piece in pieces {
            let here = piece.len().min(ROOM - pipe.bytes.len());
            pipe.bytes.extend(&piece[..here]);
            count += here;
        }
        match count {
            0 if pieces.iter().any(|piece| !piece.is_empty()) => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            _ => Ok(count),
        }
    }

    /// Closes the writing side.
    pub fn shutdown(&self) {
        self.outgoing.borrow_mut().closed = true;
    }
}

impl Drop for MemoryStream {
    fn drop(&mut self) {
        self.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> (MemoryStream, MemoryStream) {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        pair(address(1), address(2))
    }

    fn read(end: &mut MemoryStream) -> io::Result<Vec<u8>> {
        let mut room = [0; 8];
        let count = end.read_vectored(&mut [IoSliceMut::new(&mut room)])?;
        Ok(room[..count].to_vec())
    }

    #[test]
    fn what_one_end_writes_the_other_reads() {
        let (mut one, mut other) = ends();
        assert!(read(&mut other).is_err(), "nothing has come");
        let pieces = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
        assert_eq!(one.write_vectored(&pieces).unwrap(), 3);
        assert_eq!(other.readiness(), (true, true, false));
        assert_eq!(read(&mut other).unwrap(), b"abc");
        drop(one);
        assert_eq!(read(&mut other).unwrap(), b"", "it has closed");
        assert!(other.write_vectored(&pieces).is_err());
    }

    #[test]
    fn a_full_stream_takes_no_more() {
        let (mut one, other) = ends();
        let much = vec![0; ROOM + 1];
        assert_eq!(one.write_vectored(&[IoSlice::new(&much)]).unwrap(), ROOM);
        let error = one.write_vectored(&[IoSlice::new(&much)]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(other);
    }
}
