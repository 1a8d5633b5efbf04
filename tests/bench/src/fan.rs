//! The floor for shared cameras: the least work that a process between one camera and
//! many viewers can do.
//!
//! It has one thread, `mio`, and one connection to the camera, which the first viewer
//! causes. It reads up to 64 KiB into the same buffers again and again, and writes
//! these bytes to every viewer in one vectored write. It does no framing, keeps nothing
//! for later viewers and skips nothing. So viewers must come while the camera is
//! silent, and for a viewer who does not take a write completely, the rest is kept
//! until there is room.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::camera::find;

/// The size of a buffer, and the buffers of one read, which are those of the gateway.
const BUFFER: usize = 32 * 1024;
const BUFFERS: usize = 2;
const LISTENER: Token = Token(0);
const CAMERA: Token = Token(1);
const VIEWERS: usize = 2;
const PLAY: &str = "PLAY rtsp://camera/0 RTSP/1.0\r\nCSeq: 1\r\n\r\n";
const ANSWER: &[u8] = b"RTSP/1.0 200 OK\r\nCSeq: 0\r\n\r\n";

struct Viewer {
    socket: TcpStream,
    /// It has sent PLAY.
    playing: bool,
    /// What it has not taken yet.
    rest: Vec<u8>,
}

struct Fan {
    poll: Poll,
    address: SocketAddr,
    listener: TcpListener,
    camera: Option<TcpStream>,
    /// The camera's answer to PLAY is past.
    started: bool,
    viewers: Vec<Option<Viewer>>,
    buffers: [Vec<u8>; BUFFERS],
}

/// Serves the camera at `camera` to everyone who connects to `listen`, until it is
/// killed.
pub fn run(listen: SocketAddr, camera: SocketAddr) -> io::Result<()> {
    let mut fan = Fan {
        poll: Poll::new()?,
        address: camera,
        listener: TcpListener::bind(listen)?,
        camera: None,
        started: false,
        viewers: Vec::new(),
        buffers: [vec![0; BUFFER], vec![0; BUFFER]],
    };
    let registry = fan.poll.registry();
    registry.register(&mut fan.listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    loop {
        fan.poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                LISTENER => fan.accept()?,
                CAMERA => fan.pass_on()?,
                Token(token) => fan.serve(token - VIEWERS),
            }
        }
    }
}

impl Fan {
    fn accept(&mut self) -> io::Result<()> {
        while let Ok((mut socket, _)) = self.listener.accept() {
            socket.set_nodelay(true)?;
            let token = Token(VIEWERS + self.viewers.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut socket, token, both)?;
            self.viewers.push(Some(Viewer {
                socket,
                playing: false,
                rest: Vec::new(),
            }));
            if self.camera.is_none() {
                self.camera = Some(self.call()?);
            }
        }
        Ok(())
    }

    fn call(&self) -> io::Result<TcpStream> {
        let mut socket = std::net::TcpStream::connect(self.address)?;
        socket.write_all(PLAY.as_bytes())?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        let registry = self.poll.registry();
        registry.register(&mut socket, CAMERA, Interest::READABLE)?;
        Ok(socket)
    }

    /// Reads what is there, and writes it to all viewers.
    fn pass_on(&mut self) -> io::Result<()> {
        let Some(camera) = &mut self.camera else {
            return Ok(());
        };
        loop {
            let mut room = self.buffers.each_mut().map(|b| IoSliceMut::new(b));
            let read = match camera.read_vectored(&mut room) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let first = read.min(BUFFER);
            let mut pieces = [&self.buffers[0][..first], &self.buffers[1][..read - first]];
            if !self.started {
                // The answer comes alone, because the camera waits for its viewers.
                let end = find(pieces[0], b"\r\n\r\n").ok_or(ErrorKind::InvalidData)?;
                pieces[0] = &pieces[0][end + 4..];
                self.started = true;
            }
            for viewer in &mut self.viewers {
                if viewer.as_mut().is_some_and(|v| v.write(pieces).is_err()) {
                    *viewer = None;
                }
            }
            // A short read means the same as WouldBlock.
            if read < BUFFERS * BUFFER {
                return Ok(());
            }
        }
    }

    fn serve(&mut self, index: usize) {
        if let Some(viewer) = self.viewers.get_mut(index)
            && viewer.as_mut().is_some_and(|v| v.serve().is_err())
        {
            *viewer = None;
        }
    }
}

impl Viewer {
    /// Answers its PLAY, and writes what it could not take before.
    fn serve(&mut self) -> io::Result<()> {
        if !self.playing {
            match self.socket.read(&mut [0; 1024]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {
                    self.playing = true;
                    self.socket.write_all(ANSWER)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            self.write([&rest, &[]])?;
        }
        Ok(())
    }

    /// Writes once, and keeps the rest.
    fn write(&mut self, pieces: [&[u8]; BUFFERS]) -> io::Result<()> {
        let slices = pieces.map(IoSlice::new);
        let mut written = match (self.playing, self.rest.is_empty()) {
            (false, _) => return Ok(()),
            (true, false) => 0,
            (true, true) => match self.socket.write_vectored(&slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                other => other?,
            },
        };
        for piece in pieces {
            let out = written.min(piece.len());
            self.rest.extend_from_slice(&piece[out..]);
            written -= out;
        }
        Ok(())
    }
}
