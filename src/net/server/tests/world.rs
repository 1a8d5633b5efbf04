//! A gateway whose clients and cameras are ends of streams in memory.

use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::{Poll, Token, Waker};

use crate::config;
use crate::net::io::stream::memory::MemoryStream;
use crate::net::server::Server;
use crate::net::source::Resolver;
use crate::protocol::rtsp::framer::DOLLAR;

/// The gateway.
pub struct World {
    server: Server,
    clients: u16,
    _poll: Poll,
}

impl World {
    /// A gateway with this configuration and without listeners.
    pub fn new(text: &str) -> World {
        let mut config = config::parse("test", text.as_bytes()).unwrap();
        config.listen.clear();
        let (poll, own) = (Poll::new().unwrap(), Poll::new().unwrap());
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let nowhere = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let resolver = Resolver::with(waker, Arc::new(nowhere));
        World {
            server: Server::with(own, resolver, config, None).unwrap(),
            clients: 0,
            _poll: poll,
        }
    }

    /// Runs until nothing is ready.
    pub fn run(&mut self) {
        for _ in 0..10_000 {
            self.server.io.poll_memory_streams();
            if self.server.io.pending().1 == 0 {
                return;
            }
            self.server.turn();
        }
        panic!("there is no end of it");
    }

    /// Lets time pass, a tenth of a second at a time.
    pub fn pass(&mut self, time: Duration) {
        let step = Duration::from_millis(100);
        for _ in 0..time.as_millis() / step.as_millis() {
            self.server.io.now += step;
            self.server.turn();
            self.run();
        }
    }

    /// The numbers of connections, viewers and sources.
    pub fn left(&self) -> (usize, usize, usize) {
        let server = &self.server;
        (server.io.len(), server.viewers.len(), server.sources.len())
    }

    pub fn all_buffers(&self) -> usize {
        self.server.sources.buffers().0
    }

    pub fn free_buffers(&self) -> usize {
        self.server.sources.buffers().1
    }

    /// Accepts links to this address from now on.
    pub fn put_camera(&self, address: &str) {
        self.server
            .io
            .memory_network
            .listen(address.parse().unwrap());
    }

    /// The camera's end of the next link to it.
    pub fn camera(&self, address: &str) -> Camera {
        self.next_camera(address).expect("a link")
    }

    /// The same; `None`: there is no link.
    pub fn next_camera(&self, address: &str) -> Option<Camera> {
        let end = self
            .server
            .io
            .memory_network
            .accept(address.parse().unwrap())?;
        Some(Camera(end))
    }

    /// The response to a request for this path, head and body.
    pub fn get(&mut self, path: &str) -> String {
        self.clients += 1;
        let from = SocketAddr::from(([10, 0, 1, 1], self.clients));
        let (_, mut end) = self.server.io.connect(from);
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        write(&mut end, request.as_bytes());
        self.run();
        String::from_utf8(drain(&mut end)).unwrap()
    }

    /// A client that has opened a WebSocket.
    pub fn websocket(&mut self, protocol: &str) -> Client {
        self.websocket_from([10, 0, 1, 1], protocol)
    }

    /// A client at this address that has opened a WebSocket.
    pub fn websocket_from(&mut self, address: [u8; 4], protocol: &str) -> Client {
        self.clients += 1;
        let from = SocketAddr::from((address, self.clients));
        let (_, end) = self.server.io.connect(from);
        let mut client = Client {
            end,
            unread: Vec::new(),
        };
        write(
            &mut client.end,
            format!(
                "GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
            )
            .as_bytes(),
        );
        self.run();
        client.read();
        let head = client.unread.windows(4).position(|it| it == b"\r\n\r\n");
        let rest = client.unread.split_off(head.expect("a head") + 4);
        assert!(client.unread.starts_with(b"HTTP/1.1 101 "));
        client.unread = rest;
        client
    }
}

/// A client's end of a WebSocket.
pub struct Client {
    end: MemoryStream,
    unread: Vec<u8>,
}

impl Client {
    /// Sends a text message.
    pub fn say(&mut self, text: &str) {
        self.send(0x81, text.as_bytes());
    }

    /// Sends an RTSP request as a binary message.
    pub fn request(&mut self, text: &str) {
        self.send(0x82, text.as_bytes());
    }

    fn send(&mut self, first: u8, payload: &[u8]) {
        // Masked with zeros (RFC 6455 §5.3).
        let [high, low] = (payload.len() as u16).to_be_bytes();
        let head = [first, 0x80 | 126, high, low, 0, 0, 0, 0];
        write(&mut self.end, &[&head, payload].concat());
    }

    fn read(&mut self) {
        self.unread.extend(drain(&mut self.end));
    }

    /// Whether something has arrived that was not read.
    pub fn has_some(&mut self) -> bool {
        self.read();
        !self.unread.is_empty()
    }

    /// The payload of the next message, if it has arrived completely.
    pub fn message(&mut self) -> Option<Vec<u8>> {
        self.next().map(|(_, payload)| payload)
    }

    /// The next message, which is text.
    pub fn text(&mut self) -> String {
        let (kind, payload) = self.next().expect("a message");
        assert_eq!(kind, 1, "text");
        String::from_utf8(payload).unwrap()
    }

    /// The code with which the gateway closed, if that comes next.
    pub fn close_code(&mut self) -> Option<u16> {
        match self.next()? {
            (8, payload) => Some(u16::from_be_bytes([payload[0], payload[1]])),
            _ => None,
        }
    }

    /// The next message that is no ping.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let next = self.next_frame()?;
        if next.0 == 9 { self.next() } else { Some(next) }
    }

    fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        self.read();
        let (first, second) = (*self.unread.first()?, *self.unread.get(1)?);
        let (start, length) = match second {
            126 => (
                4,
                u16::from_be_bytes(self.unread.get(2..4)?.try_into().unwrap()) as usize,
            ),
            127 => (
                10,
                u64::from_be_bytes(self.unread.get(2..10)?.try_into().unwrap()) as usize,
            ),
            short => (2, usize::from(short)),
        };
        let payload = self.unread.get(start..start + length)?.to_vec();
        self.unread.drain(..start + length);
        Some((first & 0xf, payload))
    }
}

/// A camera's end of a link.
pub struct Camera(MemoryStream);

impl Camera {
    /// Everything that the gateway has sent.
    pub fn received(&mut self) -> String {
        String::from_utf8(drain(&mut self.0)).unwrap()
    }

    /// Sends all bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        write(&mut self.0, bytes);
    }

    /// Answers the request that came, whatever it is; behind the answer to PLAY comes
    /// `behind`. Returns the method; empty: no request came.
    pub fn answer(&mut self, behind: &[u8]) -> String {
        const SDP: &str = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
        let request = self.received();
        let method = request.split(' ').next().unwrap_or_default().to_owned();
        let Some(number) = header(&request, "CSeq") else {
            return method;
        };
        let (extra, body) = match &*method {
            "DESCRIBE" => (String::new(), SDP),
            "SETUP" => {
                let transport = header(&request, "Transport").expect(&request);
                (format!("Transport: {transport}\r\nSession: 1\r\n"), "")
            }
            _ => ("Session: 1\r\n".to_owned(), ""),
        };
        let answer = format!(
            "RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let behind = if method == "PLAY" { behind } else { b"" };
        self.send(&[answer.as_bytes(), behind].concat());
        method
    }

    /// Sends as many bytes as the stream takes.
    pub fn offer(&mut self, bytes: &[u8]) -> usize {
        self.0.write_vectored(&[IoSlice::new(bytes)]).unwrap_or(0)
    }
}

/// An interleaved frame (RFC 2326 §10.12).
pub fn frame(channel: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    [&[DOLLAR, channel, high, low], payload].concat()
}

/// A header of a WSP message.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = message.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn write(end: &mut MemoryStream, bytes: &[u8]) {
    let written = end.write_vectored(&[IoSlice::new(bytes)]).unwrap();
    assert_eq!(written, bytes.len(), "there is room");
}

fn drain(end: &mut MemoryStream) -> Vec<u8> {
    let (mut all, mut room) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = end.read_vectored(&mut [IoSliceMut::new(&mut room)]) {
        all.extend(&room[..count]);
    }
    all
}
