//! The floor: the least work that a process between a camera and a viewer can do.
//!
//! It has one thread, `mio`, and one TCP connection to the camera for each one
//! accepted. It reads up to 64 KiB, writes them, and so on. It does no framing, checks
//! nothing and has no limits. If the reader of a direction is slow, the rest of one
//! read is kept, and nothing more is read until that is written.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// How many bytes are read at once.
const READ: usize = 64 * 1024;
/// How many times one end is read before it is the turn of others: the fewer times
/// round the loop, the lower the floor.
const TURN: usize = 8;
const LISTENER: Token = Token(0);

/// One end of a pair, and what it has not taken yet.
struct End {
    socket: TcpStream,
    readable: bool,
    /// It is in the queue for a turn.
    queued: bool,
    /// What was read from the other end and not yet written here.
    rest: Vec<u8>,
}

struct Relay {
    poll: Poll,
    camera: SocketAddr,
    listener: TcpListener,
    /// Ends `2n` and `2n + 1` are a pair.
    ends: Vec<Option<End>>,
    /// The ends that have something to read.
    ready: VecDeque<usize>,
    buffer: Vec<u8>,
}

/// Relays between `listen` and `camera` until it is killed.
pub fn run(listen: SocketAddr, camera: SocketAddr) -> io::Result<()> {
    let mut relay = Relay {
        poll: Poll::new()?,
        camera,
        listener: TcpListener::bind(listen)?,
        ends: Vec::new(),
        ready: VecDeque::new(),
        buffer: vec![0; READ],
    };
    let registry = relay.poll.registry();
    registry.register(&mut relay.listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    loop {
        let timeout = (!relay.ready.is_empty()).then_some(Duration::ZERO);
        relay.poll.poll(&mut events, timeout)?;
        for event in &events {
            match event.token() {
                LISTENER => relay.accept()?,
                Token(token) => relay.note(token - 1, event),
            }
        }
        // Every end that is in the queue now has one turn; others become ready
        // meanwhile.
        for _ in 0..relay.ready.len() {
            if let Some(end) = relay.ready.pop_front() {
                relay.turn(end);
            }
        }
    }
}

impl Relay {
    fn accept(&mut self) -> io::Result<()> {
        while let Ok((viewer, _)) = self.listener.accept() {
            for mut socket in [viewer, TcpStream::connect(self.camera)?] {
                socket.set_nodelay(true)?;
                let token = Token(self.ends.len() + 1);
                let both = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(&mut socket, token, both)?;
                self.ends.push(Some(End {
                    socket,
                    readable: false,
                    queued: false,
                    rest: Vec::new(),
                }));
            }
        }
        Ok(())
    }

    fn note(&mut self, index: usize, event: &Event) {
        let Some(Some(end)) = self.ends.get_mut(index) else {
            return;
        };
        let other_waits = event.is_writable() && !end.rest.is_empty();
        if event.is_readable() {
            end.readable = true;
            self.queue(index);
        }
        if other_waits {
            self.queue(index ^ 1);
        }
    }

    fn queue(&mut self, index: usize) {
        if let Some(end) = &mut self.ends[index]
            && !std::mem::replace(&mut end.queued, true)
        {
            self.ready.push_back(index);
        }
    }

    /// Takes one turn from `index` to its other end: one write of what was left, or one
    /// read and one write.
    fn turn(&mut self, index: usize) {
        if self.copy(index).is_err() {
            self.ends[index] = None;
            self.ends[index ^ 1] = None;
        }
    }

    fn copy(&mut self, index: usize) -> io::Result<()> {
        let (first, second) = self.ends.split_at_mut(index | 1);
        let (low, high) = (&mut first[index & !1], &mut second[0]);
        let (from, to) = match index & 1 {
            0 => (low, high),
            _ => (high, low),
        };
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(());
        };
        from.queued = false;
        if !to.rest.is_empty() {
            let rest = std::mem::take(&mut to.rest);
            to.write(&rest)?;
        }
        for _ in 0..TURN {
            if !from.readable || !to.rest.is_empty() {
                return Ok(());
            }
            from.pass(to, &mut self.buffer)?;
        }
        self.queue(index);
        Ok(())
    }
}

impl End {
    /// One read, and one write of what was read.
    fn pass(&mut self, to: &mut End, buffer: &mut [u8]) -> io::Result<()> {
        match self.socket.read(buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                // A short read means the same as WouldBlock.
                self.readable = read == buffer.len();
                to.write(&buffer[..read])
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes once, and keeps the rest.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = match self.socket.write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.rest.extend_from_slice(&bytes[written..]);
        Ok(())
    }
}
