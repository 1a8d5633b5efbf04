//! One socket of a viewer's: TCP, or a WebSocket on it.

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
    /// There may be something to read.
    pub readable: bool,
    /// How many bytes of it may be read by now, if not all.
    pub allowance: Option<usize>,
    /// The WebSocket is open.
    pub upgraded: bool,
    /// What was received of a text that is not whole.
    text: Vec<u8>,
    pub messages: Reader,
}

impl Link {
    /// Connects and says `first`; `window` bounds what waits unread.
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

    /// Sends a small message; the socket has room for it.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let sent = self.socket.write_all(bytes);
        sent.map_err(|error| format!("sending: {error}"))
    }

    /// Whether a read may bring something.
    pub fn can_read(&self) -> bool {
        self.readable && self.allowance != Some(0)
    }

    /// One read.
    ///
    /// # Errors
    /// The socket's own; and an end that nobody expects.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, String> {
        let most = self.allowance.unwrap_or(buffer.len()).min(buffer.len());
        let read = match self.socket.read(&mut buffer[..most]) {
            Ok(0) => return Err("the server hung up".into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(format!("receiving: {error}")),
        };
        // A short read says what WouldBlock would say.
        self.readable = read == most;
        self.allowance = self.allowance.map(|bytes| bytes - read);
        Ok(read)
    }

    /// Gathers a head (HTTP or RTSP) up to its empty line; once that is there,
    /// the head and how many of `bytes` belong to it.
    pub fn head(&mut self, bytes: &[u8]) -> Option<(String, usize)> {
        let before = self.text.len();
        self.text.extend_from_slice(bytes);
        let end = find(&self.text, b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.text[..end]).into_owned();
        self.text.clear();
        Some((head, end - before))
    }

    /// Gathers a text message; the whole, once it is there.
    pub fn text(&mut self, piece: &Piece<'_>) -> Option<String> {
        self.text.extend_from_slice(piece.payload);
        piece.last.then(|| {
            let text = String::from_utf8_lossy(&self.text).into_owned();
            self.text.clear();
            text
        })
    }
}
