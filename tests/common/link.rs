//! One link to the fake camera, in the hands of its script: the steps a script
//! is made of.
//!
//! Invariant: a step either did what it says or gives the error that ends the
//! script; an error of kind `Other` is a complaint and fails the test.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::fake_camera::{Record, Shared};
use super::frames::Pattern;
use super::pictures::Pictures;
use super::rtsp::{self, Message, Upstream};

/// How long an offered frame may find no room before the link counts as stalled.
pub const STALL: Duration = Duration::from_millis(400);

/// What the camera tells of its streams: Latin-1, as a camera from Dijon might.
pub const SDP: &[u8] =
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=Fen\xeatre \xe0 l'\xe9tage\r\nt=0 0\r\n\
a=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n";

/// One connection to the camera, in the hands of its script.
pub struct Link {
    stream: Option<TcpStream>,
    number: usize,
    shared: Arc<Shared>,
    /// For requests that the camera starts.
    cseq: u32,
}

impl Link {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        stream.set_nodelay(true).unwrap();
        let mut links = shared.links.lock().unwrap();
        let number = links.len();
        links.push((Record::default(), stream.try_clone().ok()));
        drop(links);
        shared.grown.notify_all();
        Self {
            stream: Some(stream),
            number,
            shared,
            cseq: 7_000,
        }
    }

    /// Which of the camera's links this is, from 0 in order of arrival.
    pub fn number(&self) -> usize {
        self.number
    }

    pub(super) fn end(mut self, outcome: io::Result<()>) {
        self.close();
        let complaint = outcome
            .err()
            .filter(|error| error.kind() == io::ErrorKind::Other);
        if let Some(complaint) = complaint {
            let complaint = format!("link {}: {complaint}", self.number);
            self.shared.failures.lock().unwrap().push(complaint);
        }
        self.shared.note(self.number, |record| record.ended = true);
    }

    fn stream(&mut self) -> io::Result<&mut TcpStream> {
        self.stream
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// The next request or response; receiver reports are put on record.
    pub fn receive(&mut self) -> io::Result<Message> {
        loop {
            match rtsp::read_upstream(self.stream()?)? {
                Upstream::Frame(frame) => self
                    .shared
                    .note(self.number, |record| record.frames.push(frame)),
                Upstream::Message(message) => {
                    self.shared
                        .note(self.number, |record| record.received.push(message.clone()));
                    return Ok(message);
                }
            }
        }
    }

    /// The next message, which must be a request with this method.
    pub fn expect(&mut self, method: &str) -> io::Result<Message> {
        let message = self.receive()?;
        if message.method() == method {
            return Ok(message);
        }
        Err(io::Error::other(format!(
            "expected {method}, got {:?}",
            message.first_line
        )))
    }

    /// The bytes of a reply to `request`, with its CSeq.
    pub fn reply_bytes(
        request: &Message,
        status: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<u8> {
        let cseq = request.header("CSeq").unwrap_or("0");
        let mut all = vec![("CSeq", cseq)];
        all.extend_from_slice(headers);
        rtsp::compose(&format!("RTSP/1.0 {status}"), &all, body)
    }

    /// The reply a healthy camera gives to `request`.
    pub fn usual_reply(request: &Message) -> Vec<u8> {
        let session = ("Session", "12345678;timeout=60");
        match request.method() {
            "OPTIONS" => {
                let public = (
                    "Public",
                    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER",
                );
                Self::reply_bytes(request, "200 OK", &[public], b"")
            }
            "DESCRIBE" => Self::reply_bytes(
                request,
                "200 OK",
                &[("Content-Type", "application/sdp")],
                SDP,
            ),
            "SETUP" => {
                let transport = ("Transport", request.header("Transport").unwrap_or_default());
                Self::reply_bytes(request, "200 OK", &[session, transport], b"")
            }
            _ => Self::reply_bytes(request, "200 OK", &[session], b""),
        }
    }

    pub fn reply(
        &mut self,
        request: &Message,
        status: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<()> {
        self.send(&Self::reply_bytes(request, status, headers, body))
    }

    /// Answers as a healthy camera, up to and including a request with this
    /// method; gives that request.
    pub fn serve_until(&mut self, method: &str) -> io::Result<Message> {
        loop {
            let message = self.receive()?;
            if message.status() != 0 {
                continue;
            }
            self.send(&Self::usual_reply(&message))?;
            if message.method() == method {
                return Ok(message);
            }
        }
    }

    /// Answers as a healthy camera up to a request with this method, which is
    /// left to the script.
    pub fn serve_but(&mut self, method: &str) -> io::Result<Message> {
        loop {
            let request = self.receive()?;
            if request.method() == method {
                return Ok(request);
            }
            self.send(&Self::usual_reply(&request))?;
        }
    }

    /// Answers as a healthy camera until the gateway hangs up.
    pub fn serve(&mut self) -> io::Result<()> {
        loop {
            self.serve_until("TEARDOWN")?;
        }
    }

    /// Sends bytes in one piece.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream()?.write_all(bytes)
    }

    /// Sends bytes in pieces of `size`, far enough apart that the gateway sees
    /// most of them one by one.
    pub fn send_in_pieces(&mut self, bytes: &[u8], size: usize) -> io::Result<()> {
        for piece in bytes.chunks(size) {
            self.send(piece)?;
            std::thread::sleep(Duration::from_micros(30));
        }
        Ok(())
    }

    /// Sends bytes cut at the given places.
    pub fn send_cut(&mut self, bytes: &[u8], cuts: &[usize]) -> io::Result<()> {
        let mut start = 0;
        for &cut in cuts.iter().chain([&bytes.len()]) {
            self.send(&bytes[start..cut])?;
            std::thread::sleep(Duration::from_millis(2));
            start = cut;
        }
        Ok(())
    }

    /// Sends a run of frames, many in one write as a camera's kernel would
    /// merge them, and notes when there is no room for them for a while.
    pub fn send_frames(
        &mut self,
        pattern: Pattern,
        sequences: std::ops::Range<u32>,
    ) -> io::Result<()> {
        let mut batch = Vec::new();
        let end = sequences.end;
        for sequence in sequences {
            batch.extend_from_slice(&pattern.frame(sequence));
            if batch.len() >= 16_384 || sequence + 1 == end {
                self.push(&batch)?;
                batch.clear();
            }
        }
        Ok(())
    }

    /// Sends pictures, one every `pause`.
    pub fn film(
        &mut self,
        pictures: Pictures,
        numbers: impl IntoIterator<Item = u32>,
        pause: Duration,
    ) -> io::Result<()> {
        for number in numbers {
            self.send(&pictures.picture(number))?;
            std::thread::sleep(pause);
        }
        Ok(())
    }

    fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let mut stalled = false;
        self.stream()?.set_write_timeout(Some(STALL))?;
        while !bytes.is_empty() {
            match self.stream()?.write(bytes) {
                Ok(written) => {
                    bytes = &bytes[written..];
                    self.shared
                        .sent
                        .fetch_add(written as u64, Ordering::Relaxed);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    if !std::mem::replace(&mut stalled, true) {
                        self.shared.stalls.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Answers as a healthy camera while frames go out without a pause, until
    /// the gateway hangs up.
    pub fn flood_while_serving(&mut self, pattern: Pattern) -> io::Result<()> {
        let mut stream = self.stream()?.try_clone()?;
        let (replies, queued) = std::sync::mpsc::channel::<Vec<u8>>();
        let sender = std::thread::spawn(move || {
            for start in (0..).step_by(8) {
                let mut bytes = pattern.run(start..start + 8);
                queued.try_iter().for_each(|reply| bytes.extend(reply));
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        let outcome = loop {
            match self.receive() {
                Ok(request) => drop(replies.send(Self::usual_reply(&request))),
                Err(error) => break error,
            }
        };
        self.close();
        let _ = sender.join();
        Err(outcome)
    }

    /// Sends a request of the camera's own and waits for the answer to it.
    pub fn ask(
        &mut self,
        method: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Message> {
        self.cseq += 1;
        let cseq = self.cseq.to_string();
        let mut all = vec![("CSeq", cseq.as_str())];
        all.extend_from_slice(headers);
        let url = format!("rtsp://{}/stream", self.stream()?.local_addr()?);
        self.send(&rtsp::compose(
            &format!("{method} {url} RTSP/1.0"),
            &all,
            body,
        ))?;
        let answer = self.receive()?;
        if answer.status() == 0 || answer.header("CSeq") != Some(cseq.as_str()) {
            return Err(io::Error::other(format!(
                "no answer to {method} {cseq}: {answer:?}"
            )));
        }
        Ok(answer)
    }

    /// Reads, and never says anything, until the gateway hangs up.
    pub fn fall_silent(&mut self) -> io::Result<()> {
        loop {
            self.receive()?;
        }
    }

    /// Keeps the link without reading or saying anything until the test ends
    /// or the gateway resets it.
    pub fn freeze(&mut self) -> io::Result<()> {
        let mut byte = [0];
        while !self.shared.stopping.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
            self.stream()?.set_nonblocking(true)?;
            match self.stream()?.peek(&mut byte) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Closes in good order (FIN).
    pub fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.links.lock().unwrap()[self.number].1 = None;
    }

    /// Closes by RST, as a camera that lost its power and came back.
    pub fn reset(&mut self) -> io::Result<()> {
        self.shared.links.lock().unwrap()[self.number].1 = None;
        if let Some(stream) = self.stream.take() {
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        }
        Ok(())
    }
}
