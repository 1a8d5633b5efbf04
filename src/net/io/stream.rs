//! What a connection reads from and writes to: kinds of one type, so that what is
//! carried on them need not know which it is.
//!
//! Invariant: [`Stream::read`] says by itself whether more may be had at once. Nobody
//! above it concludes that from the number of bytes: a kind that keeps bytes of its own
//! (TLS decrypts whole records) may bring few and have more.

#[cfg(test)]
pub mod memory;

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

/// Bytes that the kernel may keep of replies and pages for one socket.
const SEND_BUFFER: usize = 64 * 1024;

/// One stream of bytes in both directions.
pub enum Stream {
    Tcp(TcpStream),
    /// Two ends in one process, for tests.
    #[cfg(test)]
    Memory(memory::MemoryStream),
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes; 0 says that the other side sends no more.
    pub count: usize,
    /// There is no more for now: the next event tells when there is.
    pub drained: bool,
}

impl Stream {
    /// Registers it for both directions, edge-triggered.
    ///
    /// # Errors
    /// Those of the system.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Stream::Tcp(socket) => {
                // Small replies must not wait for the acknowledgement of the last ones.
                let _ = socket.set_nodelay(true);
                registry.register(socket, token, Interest::READABLE | Interest::WRITABLE)
            }
            #[cfg(test)]
            Stream::Memory(_) => Ok(()),
        }
    }

    /// No more events.
    pub fn deregister(&mut self, registry: &Registry) {
        match self {
            Stream::Tcp(socket) => {
                let _ = registry.deregister(socket);
            }
            #[cfg(test)]
            Stream::Memory(_) => {}
        }
    }

    /// One read into the pieces of `room`. A TCP read that leaves room says that the
    /// socket is drained (epoll(7), question 9).
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` included.
    pub fn read(&mut self, room: &mut [IoSliceMut<'_>]) -> io::Result<Received> {
        let count = match self {
            Stream::Tcp(socket) => socket.read_vectored(room)?,
            #[cfg(test)]
            Stream::Memory(end) => end.read_vectored(room)?,
        };
        let drained = count < room.iter().map(|piece| piece.len()).sum();
        Ok(Received { count, drained })
    }

    /// What the next read would bring, left where it is.
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` included.
    pub fn peek(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(socket) => socket.peek(room),
            #[cfg(test)]
            Stream::Memory(end) => end.peek(room),
        }
    }

    /// Whether a connect has come to its end; `None`: not yet.
    ///
    /// # Errors
    /// Why there is no connection. `hung_up`: the system says that there will be none.
    pub fn connected(&self, hung_up: bool) -> io::Result<Option<()>> {
        match self {
            Stream::Tcp(socket) => {
                if let Some(error) = socket.take_error()? {
                    return Err(error);
                }
                match socket.peer_addr() {
                    Ok(_) => Ok(Some(())),
                    Err(_) if !hung_up => Ok(None),
                    Err(error) => Err(error),
                }
            }
            #[cfg(test)]
            Stream::Memory(_) => Ok(Some(())),
        }
    }

    /// This side's address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local(&self) -> io::Result<SocketAddr> {
        match self {
            Stream::Tcp(socket) => socket.local_addr(),
            #[cfg(test)]
            Stream::Memory(end) => Ok(end.local()),
        }
    }

    /// Says that nothing more will be written.
    ///
    /// # Errors
    /// Those of the system.
    pub fn shutdown(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(socket) => socket.shutdown(Shutdown::Write),
            #[cfg(test)]
            Stream::Memory(end) => {
                end.shutdown();
                Ok(())
            }
        }
    }

    /// Bounds what the kernel takes beyond what it has under way
    /// (`TCP_NOTSENT_LOWAT`). Where a system cannot do this, it is as it was.
    pub fn limit_unsent(&self, bytes: u32) {
        match self {
            Stream::Tcp(socket) => {
                let _ = SockRef::from(socket).set_tcp_notsent_lowat(bytes);
            }
            #[cfg(test)]
            Stream::Memory(_) => {}
        }
    }

    /// Bounds what the kernel keeps for the reader of a socket without media. Where a
    /// system cannot do this, it is as it was.
    pub fn limit_send_buffer(&self) {
        match self {
            Stream::Tcp(socket) => {
                let _ = SockRef::from(socket).set_send_buffer_size(SEND_BUFFER);
            }
            #[cfg(test)]
            Stream::Memory(_) => {}
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(socket) => socket.write_vectored(pieces),
            #[cfg(test)]
            Stream::Memory(end) => end.write_vectored(pieces),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
