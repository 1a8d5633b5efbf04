//! Streams of bytes: what a connection reads from and writes to. All kinds of stream
//! are variants of one type, so that no other code has to know which kind it uses.
//!
//! Invariant: [`Stream::read`] itself reports whether more can be read at once. Nobody
//! concludes that from the number of bytes: a kind with a buffer of its own (TLS
//! decrypts whole records) may return few bytes and have more.

#[cfg(test)]
pub mod memory;

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

/// The size of the kernel's send buffer for a socket without media, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// One stream of bytes in both directions.
pub enum Stream {
    Tcp(TcpStream),
    /// One end of a stream within this process, for tests.
    #[cfg(test)]
    Memory(memory::MemoryStream),
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes read. 0 means that the peer sends no more.
    pub count: usize,
    /// Nothing more can be read before the next event.
    pub drained: bool,
}

impl Stream {
    /// Registers the stream for reading and writing, edge-triggered.
    ///
    /// # Errors
    /// Those of the system.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Stream::Tcp(socket) => {
                // Small replies must not wait until earlier ones were acknowledged.
                let _ = socket.set_nodelay(true);
                registry.register(socket, token, Interest::READABLE | Interest::WRITABLE)
            }
            #[cfg(test)]
            Stream::Memory(_) => Ok(()),
        }
    }

    /// Ends the events of this stream.
    pub fn deregister(&mut self, registry: &Registry) {
        match self {
            Stream::Tcp(socket) => {
                let _ = registry.deregister(socket);
            }
            #[cfg(test)]
            Stream::Memory(_) => {}
        }
    }

    /// Reads once into the slices of `room`. A TCP read that leaves room means that the
    /// socket is drained (epoll(7), question 9).
    ///
    /// # Errors
    /// Those of the socket, including `WouldBlock`.
    pub fn read(&mut self, room: &mut [IoSliceMut<'_>]) -> io::Result<Received> {
        let count = match self {
            Stream::Tcp(socket) => socket.read_vectored(room)?,
            #[cfg(test)]
            Stream::Memory(end) => end.read_vectored(room)?,
        };
        let drained = count < room.iter().map(|piece| piece.len()).sum();
        Ok(Received { count, drained })
    }

    /// Reads without removing the bytes from the stream.
    ///
    /// # Errors
    /// Those of the socket, including `WouldBlock`.
    pub fn peek(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(socket) => socket.peek(room),
            #[cfg(test)]
            Stream::Memory(end) => end.peek(room),
        }
    }

    /// The result of connecting; `false` while it is pending. `hung_up`: the system has
    /// reported that the connection is closed.
    ///
    /// # Errors
    /// Why connecting failed.
    pub fn connect_result(&self, hung_up: bool) -> io::Result<bool> {
        match self {
            Stream::Tcp(socket) => {
                if let Some(error) = socket.take_error()? {
                    return Err(error);
                }
                match socket.peer_addr() {
                    Ok(_) => Ok(true),
                    Err(_) if !hung_up => Ok(false),
                    Err(error) => Err(error),
                }
            }
            #[cfg(test)]
            Stream::Memory(_) => Ok(true),
        }
    }

    /// The address of this end.
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

    /// Closes the writing side.
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

    /// Limits the bytes that the kernel accepts beyond those in flight
    /// (`TCP_NOTSENT_LOWAT`). A system that refuses keeps its default.
    pub fn limit_unsent(&self, bytes: u32) {
        match self {
            Stream::Tcp(socket) => {
                let _ = SockRef::from(socket).set_tcp_notsent_lowat(bytes);
            }
            #[cfg(test)]
            Stream::Memory(_) => {}
        }
    }

    /// Limits the kernel's send buffer of a socket without media. A system that refuses
    /// keeps its default.
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
