//! One link of the load camera: answers RTSP requests, then sends frames, as
//! fast as they are taken or a picture at a time.
//!
//! Invariant: a frame carries the time at which it could have been sent, not
//! the time at which there was room for it; waiting counts as latency.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use crate::frame::Ring;

/// Bytes of a request.
const REQUEST: usize = 4096;
/// What the camera says that it sends.
const DESCRIPTION: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=bench\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n";

/// Frames released for sending.
struct Batch {
    frames: u64,
    stamp: u64,
}

/// A link of the camera.
pub struct Camera {
    socket: TcpStream,
    request: Vec<u8>,
    /// Set by PLAY: the number at the end of its URL.
    stream: Option<u32>,
    /// The next frame to send, and how much of it is out.
    next: u64,
    offset: usize,
    /// Frames released so far, and of these the ones without a time.
    released: u64,
    unstamped: u64,
    batches: VecDeque<Batch>,
    /// Sends a frame as soon as it plays.
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

    /// The stream that was asked for, after PLAY.
    pub fn stream(&self) -> Option<u32> {
        self.stream
    }

    /// Frames that were released for sending so far.
    pub fn released(&self) -> u64 {
        self.released
    }

    /// Whether there is something to send and room for it.
    pub fn can_send(&self) -> bool {
        self.writable && self.next < self.released && self.stream.is_some()
    }

    /// Releases a picture of `frames` frames, now.
    pub fn release(&mut self, frames: u64, now: u64) {
        self.released += frames;
        self.batches.push_back(Batch { frames, stamp: now });
    }

    /// Releases `frames` frames; each is stamped when it is written.
    pub fn release_unstamped(&mut self, frames: u64) {
        self.released += frames;
        self.unstamped += frames;
    }

    /// One write. Frames in it are of one batch.
    pub fn send(&mut self, ring: &mut Ring, now: u64) -> io::Result<()> {
        let Some(stream) = self.stream else {
            return Ok(());
        };
        let most = ring.contiguous(self.next);
        if self.batches.is_empty() && self.unstamped > 0 {
            let frames = self.unstamped.min(most);
            self.unstamped -= frames;
            self.batches.push_back(Batch { frames, stamp: now });
        }
        let Some(&Batch { frames, stamp }) = self.batches.front() else {
            return Ok(());
        };
        let count = frames.min(most);
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

    /// `frames` whole frames are out, and `offset` bytes of the one after.
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

    /// Reads requests and answers them, to WouldBlock. `false`: hung up.
    pub fn serve(&mut self, now: u64) -> io::Result<bool> {
        let mut buffer = [0; REQUEST];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(read) => self.request.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
            // An answer would fall into the frame under way: only at the end
            // of a case does anybody ask then.
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

/// Where `needle` begins in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}
