//! One socket of a viewer: TCP, or a WebSocket over TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

use crate::camera::find;
use crate::websocket::{Piece, Reader};

/// A connected socket.
pub struct Link {
    socket: TcpStream,
    /// Whether there may be something to read.
    pub readable: bool,
    /// How many bytes may be read at present; all if `None`.
    pub allowance: Option<usize>,
    /// Whether the WebSocket is open.
    pub upgraded: bool,
    /// The part of a text message that has come.
    text: Vec<u8>,
    pub messages: Reader,
}

impl Link {
    /// Connects and sends `first`; `window` limits how many bytes wait unread.
    pub fn open(
        registry: &Registry,
        server: SocketAddr,
        token: Token,
        first: &[u8],
        window: Option<usize>,
    ) -> io::Result<Link> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(bytes) = window {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect(&server.into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket.into());
        socket.write_all(first)?;
        registry.register(&mut socket, token, Interest::READABLE)?;
        Ok(Link {
            socket,
            readable: false,
            allowance: None,
            upgraded: false,
            text: Vec::new(),
            messages: Reader::default(),
        })
    }

    /// Sends a small message, for which the socket has room.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let sent = self.socket.write_all(bytes);
        sent.map_err(|error| format!("sending: {error}"))
    }

    /// Whether a read may return something.
    pub fn can_read(&self) -> bool {
        self.readable && self.allowance != Some(0)
    }

    /// Reads once.
    ///
    /// # Errors
    /// An error of the socket, or an unexpected end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, String> {
        let limit = self.allowance.unwrap_or(buffer.len()).min(buffer.len());
        let read = match self.socket.read(&mut buffer[..limit]) {
            Ok(0) => return Err("the server hung up".into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(format!("receiving: {error}")),
        };
        // A short read means the same as WouldBlock.
        self.readable = read == limit;
        self.allowance = self.allowance.map(|bytes| bytes - read);
        Ok(read)
    }

    /// Gathers a head (HTTP or RTSP) up to its empty line. Once that is there, returns
    /// the head, and how many of `bytes` belong to it.
    pub fn head(&mut self, bytes: &[u8]) -> Option<(String, usize)> {
        let before = self.text.len();
        self.text.extend_from_slice(bytes);
        let end = find(&self.text, b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.text[..end]).into_owned();
        self.text.clear();
        Some((head, end - before))
    }

    /// Gathers a text message; returns it once it is complete.
    pub fn text(&mut self, piece: &Piece<'_>) -> Option<String> {
        self.text.extend_from_slice(piece.payload);
        piece.last.then(|| {
            let text = String::from_utf8_lossy(&self.text).into_owned();
            self.text.clear();
            text
        })
    }
}
