//! One connection of the load camera: it answers RTSP requests, and then sends frames,
//! either as fast as they are taken or one picture at a time.
//!
//! Invariant: a frame carries the time at which it could have been sent, not the time
//! at which there was room for it, so that waiting counts as latency.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use crate::frame::Ring;

/// The buffer for a request, in bytes.
const REQUEST: usize = 4096;
/// The description of what the camera sends.
const DESCRIPTION: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=bench\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n";

/// Frames that were released at one time.
struct Batch {
    frames: u64,
    stamp: u64,
}

/// A connection of the camera.
pub struct Camera {
    socket: TcpStream,
    request: Vec<u8>,
    /// The number at the end of the URL, set by PLAY.
    stream: Option<u32>,
    /// The next frame to send, and how much of it has been sent.
    next: u64,
    offset: usize,
    /// How many frames were released so far, and how many of these have no time.
    released: u64,
    unstamped: u64,
    batches: VecDeque<Batch>,
    /// Whether it sends a frame as soon as it plays.
    greets: bool,
    pub writable: bool,
}

impl Camera {
    pub fn new(socket: TcpStream, greets: bool) -> Camera {
        Camera {
            socket,
            greets,
            request: Vec::new(),
            stream: None,
            next: 0,
            offset: 0,
            released: 0,
            unstamped: 0,
            batches: VecDeque::new(),
            writable: false,
        }
    }

    /// The stream that PLAY asked for.
    pub fn stream(&self) -> Option<u32> {
        self.stream
    }

    /// How many frames were released so far.
    pub fn released(&self) -> u64 {
        self.released
    }

    /// Whether there is something to send, and room for it.
    pub fn can_send(&self) -> bool {
        self.writable && self.next < self.released && self.stream.is_some()
    }

    /// Releases a picture of `frames` frames at the time `now`.
    pub fn release(&mut self, frames: u64, now: u64) {
        self.released += frames;
        self.batches.push_back(Batch { frames, stamp: now });
    }

    /// Releases `frames` frames that get their time when they are written.
    pub fn release_unstamped(&mut self, frames: u64) {
        self.released += frames;
        self.unstamped += frames;
    }

    /// Writes once, frames of one batch only.
    pub fn send(&mut self, ring: &mut Ring, now: u64) -> io::Result<()> {
        let Some(stream) = self.stream else {
            return Ok(());
        };
        let contiguous = ring.contiguous(self.next);
        if self.batches.is_empty() && self.unstamped > 0 {
            let frames = self.unstamped.min(contiguous);
            self.unstamped -= frames;
            self.batches.push_back(Batch { frames, stamp: now });
        }
        let Some(&Batch { frames, stamp }) = self.batches.front() else {
            return Ok(());
        };
        let count = frames.min(contiguous);
        let bytes = &ring.stamped(stream, self.next..self.next + count, stamp)[self.offset..];
        match self.socket.write(bytes) {
            Ok(written) => {
                self.writable = written == bytes.len();
                let sent = ring.frames_in(self.next, self.offset + written);
                self.advance(sent);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes note that `frames` whole frames were sent, and `offset` bytes of the next
    /// one.
    fn advance(&mut self, (frames, offset): (u64, usize)) {
        self.next += frames;
        self.offset = offset;
        if let Some(batch) = self.batches.front_mut() {
            batch.frames -= frames;
            if batch.frames == 0 {
                self.batches.pop_front();
            }
        }
    }

    /// Reads and answers requests until WouldBlock. False if the peer has hung up.
    pub fn serve(&mut self, now: u64) -> io::Result<bool> {
        let mut buffer = [0; REQUEST];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(read) => self.request.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
            // An answer would end up within the current frame. A request comes at such
            // a time only at the end of a case.
            while self.offset == 0
                && let Some(end) = find(&self.request, b"\r\n\r\n")
            {
                let request: Vec<u8> = self.request.drain(..end + 4).collect();
                self.answer(&String::from_utf8_lossy(&request), now)?;
            }
        }
    }

    fn answer(&mut self, request: &str, now: u64) -> io::Result<()> {
        let mut words = request.split_whitespace();
        let (method, url) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let sequence = request
            .lines()
            .find_map(|line| line.strip_prefix("CSeq: "))
            .unwrap_or("0");
        let (kind, body) = match method {
            "SETUP" => ("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", ""),
            "DESCRIBE" => ("Content-Type: application/sdp\r\n", DESCRIPTION),
            _ => ("", ""),
        };
        let length = body.len();
        let answer = format!(
            "RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\nSession: 1\r\n{kind}\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.socket.write_all(answer.as_bytes())?;
        if method == "PLAY" && self.stream.is_none() {
            self.stream = url.rsplit('/').find_map(|part| part.parse().ok());
            if self.greets {
                self.release(1, now);
            }
        }
        Ok(())
    }
}

/// The position of `needle` in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}
