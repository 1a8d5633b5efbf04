//! One viewer: opens the sockets that its server expects, sends PLAY, and checks every
//! byte that comes.
//!
//! | protocol | opening |
//! |---|---|
//! | raw | TCP; RTSP PLAY |
//! | stream | one WebSocket, binary messages cut anywhere; RTSP PLAY |
//! | camgate | WSP: control and data, INIT, JOIN, then OPTIONS, DESCRIBE, SETUP, PLAY wrapped |
//!
//! Viewers of a shared camera all watch the one that the gateway knows by name.
//!
//! Invariant: a message from camgate contains whole frames, and exactly one unless JOIN
//! asked for batches.

use std::net::SocketAddr;
use std::time::Instant;

use mio::{Registry, Token};

use crate::checker::{Arrival, Checker, Seen};
use crate::frame::Ring;
use crate::link::Link;
use crate::websocket::{self, Kind, Piece};

/// The protocol that a server expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Raw,
    Stream,
    Camgate { batch: bool },
}

/// The RTSP requests of a camgate viewer, in order.
const METHODS: [&str; 4] = ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"];
/// The host in URLs of the gateway's own cameras.
const GATEWAY: &str = "camgate";
/// How many bytes a slow viewer lets wait in its socket.
const WINDOW: usize = 8192;

/// The sockets of a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Data = 0,
    Control = 1,
}

/// What a viewer needs of its surroundings.
pub struct Surroundings<'a> {
    pub registry: &'a Registry,
    pub ring: &'a Ring,
    pub server: SocketAddr,
    pub camera: SocketAddr,
    /// The gateway's name for the camera, if all viewers watch the same one.
    pub shared: Option<&'static str>,
}

/// A viewer of one stream.
pub struct Viewer {
    protocol: Protocol,
    stream: u32,
    /// The token of the data socket; the next one is that of control.
    token: usize,
    links: [Option<Link>; 2],
    /// The channel, between the answer to INIT and JOIN.
    channel: String,
    /// How many RTSP requests were sent.
    asked: usize,
    /// The session in the answer to SETUP.
    session: String,
    /// When it asked for pictures.
    pub asked_at: Option<Instant>,
    /// PLAY was answered.
    playing: bool,
    /// It reads only as many bytes as it is allowed to.
    slow: bool,
    checker: Checker,
    /// How many frames were checked when the current message began.
    frames_before: u64,
}

impl Viewer {
    /// Opens the first socket. The token of data is `token`, and that of control the
    /// next one.
    pub fn open(
        protocol: Protocol,
        stream: u32,
        token: usize,
        slow: bool,
        around: &Surroundings<'_>,
    ) -> Result<Viewer, String> {
        let mut viewer = Viewer {
            protocol,
            stream,
            token,
            links: [None, None],
            channel: String::new(),
            asked: 0,
            session: "1".into(),
            asked_at: None,
            playing: false,
            slow,
            checker: match around.shared {
                Some(_) => Checker::following(stream),
                None => Checker::new(stream),
            },
            frames_before: 0,
        };
        let upgrade = |path, name| websocket::upgrade(around.server, path, name);
        let (side, first) = match protocol {
            Protocol::Raw => (Side::Data, viewer.request("PLAY", around).into_bytes()),
            Protocol::Stream => (Side::Data, upgrade("/", "binary")),
            Protocol::Camgate { .. } => (Side::Control, upgrade("/ws/", "control")),
        };
        viewer.connect(side, &first, around)?;
        Ok(viewer)
    }

    /// The number of the next frame: all before it were received, and are correct.
    pub fn frames(&self) -> u64 {
        self.checker.frames()
    }

    /// What it has received.
    pub fn seen(&self) -> Seen {
        self.checker.seen
    }

    pub fn is_playing(&self) -> bool {
        self.playing
    }

    pub fn is_slow(&self) -> bool {
        self.slow
    }

    /// Allows a slow viewer to read this many bytes, and no more.
    pub fn allow(&mut self, bytes: usize) {
        if let (true, Some(link)) = (self.slow && self.playing, self.link(Side::Data)) {
            link.allowance = Some(bytes);
        }
    }

    /// The socket on this side, if it is open.
    pub fn link(&mut self, side: Side) -> Option<&mut Link> {
        self.links[side as usize].as_mut()
    }

    /// Reads once, and calls `arrived` with each frame.
    ///
    /// # Errors
    /// The server has hung up, or has said or delivered something wrong.
    pub fn read(
        &mut self,
        side: Side,
        buffer: &mut [u8],
        around: &Surroundings<'_>,
        arrived: impl FnMut(Arrival),
    ) -> Result<(), String> {
        let Some(link) = self.link(side) else {
            return Ok(());
        };
        let read = link.read(buffer);
        read.and_then(|read| self.take_in(side, &buffer[..read], around, arrived))
            .map_err(|what| format!("stream {}: {what}", self.stream))
    }

    fn take_in(
        &mut self,
        side: Side,
        bytes: &[u8],
        around: &Surroundings<'_>,
        mut arrived: impl FnMut(Arrival),
    ) -> Result<(), String> {
        if self.protocol == Protocol::Raw {
            return self.stream(bytes, around.ring, arrived);
        }
        if self.link(side).is_some_and(|link| !link.upgraded) {
            return self.upgrade(side, bytes, around);
        }
        let protocol = self.protocol;
        let mut rest = bytes;
        while let Some(link) = self.link(side)
            && let Some(piece) = link.messages.next(&mut rest)
        {
            match (piece.kind, protocol) {
                (Kind::Text, _) => {
                    if let Some(text) = link.text(&piece) {
                        self.reply(side, &text, around)?;
                    }
                }
                (Kind::Binary, Protocol::Stream) => {
                    self.stream(piece.payload, around.ring, &mut arrived)?;
                }
                (Kind::Binary, _) => self.media(&piece, around.ring, &mut arrived)?,
                (Kind::Control, _) => return Err("the server closed or pinged".into()),
            }
        }
        Ok(())
    }

    /// Takes media from camgate: messages of whole frames.
    fn media(
        &mut self,
        piece: &Piece<'_>,
        ring: &Ring,
        arrived: impl FnMut(Arrival),
    ) -> Result<(), String> {
        self.checker.check(piece.payload, ring, arrived)?;
        if piece.last {
            let all = self.checker.seen.frames + self.checker.seen.reports;
            let frames = all - self.frames_before;
            self.frames_before = all;
            let single = self.protocol == (Protocol::Camgate { batch: false });
            if !self.checker.is_whole() || frames == 0 || (single && frames != 1) {
                return Err(format!("a message of {frames} frames, or of a part of one"));
            }
        }
        Ok(())
    }

    /// Takes a camera's bytes as they are: the answer to PLAY, and then frames.
    fn stream(
        &mut self,
        bytes: &[u8],
        ring: &Ring,
        arrived: impl FnMut(Arrival),
    ) -> Result<(), String> {
        if self.playing {
            return self.checker.check(bytes, ring, arrived);
        }
        let head = self.link(Side::Data).and_then(|link| link.head(bytes));
        let Some((_, length)) = head else {
            return Ok(());
        };
        self.playing = true;
        self.checker.check(&bytes[length..], ring, arrived)
    }

    fn upgrade(
        &mut self,
        side: Side,
        bytes: &[u8],
        around: &Surroundings<'_>,
    ) -> Result<(), String> {
        let play = self.request("PLAY", around);
        let (protocol, channel) = (self.protocol, self.channel.clone());
        let Some(link) = self.link(side) else {
            return Ok(());
        };
        let Some((head, length)) = link.head(bytes) else {
            return Ok(());
        };
        if !head.starts_with("HTTP/1.1 101") || length != bytes.len() {
            return Err(format!("no upgrade: {head}"));
        }
        link.upgraded = true;
        match (side, protocol) {
            (Side::Control, _) => self.say(side, &init(around)),
            (Side::Data, Protocol::Camgate { batch }) => self.say(side, &join(&channel, batch)),
            (Side::Data, _) => link.send(&websocket::message(Kind::Binary, &play)),
        }
    }

    /// Takes a text message from camgate: the reply to INIT, JOIN or a WRAP.
    fn reply(&mut self, side: Side, text: &str, around: &Surroundings<'_>) -> Result<(), String> {
        if !text.starts_with("WSP/1.1 200 ") {
            return Err(format!("refused: {text}"));
        }
        if side == Side::Control && self.asked == 0 {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("channel: "))
                .ok_or("INIT without a channel")?;
            self.channel = line.to_owned();
            let upgrade = websocket::upgrade(around.server, "/ws/", "data");
            return self.connect(Side::Data, &upgrade, around);
        }
        if side == Side::Control && self.asked > 0 {
            if !text.contains("\r\n\r\nRTSP/1.0 200 ") {
                return Err(format!("refused: {text}"));
            }
            if let Some(line) = text.lines().find_map(|line| line.strip_prefix("Session: ")) {
                self.session = line.split(';').next().unwrap_or("").to_owned();
            }
        }
        self.playing |= self.asked == METHODS.len();
        if let Some(method) = METHODS.get(self.asked) {
            self.asked += 1;
            let request = self.request(method, around);
            self.asked_at = Some(Instant::now());
            let seq = self.asked + 1;
            let length = request.len();
            return self.say(
                Side::Control,
                &format!("WSP/1.1 WRAP\r\ncontentLength: {length}\r\nseq: {seq}\r\n\r\n{request}"),
            );
        }
        Ok(())
    }

    fn connect(
        &mut self,
        side: Side,
        first: &[u8],
        around: &Surroundings<'_>,
    ) -> Result<(), String> {
        let token = Token(self.token + side as usize);
        let window = (self.slow && side == Side::Data).then_some(WINDOW);
        let link = Link::open(around.registry, around.server, token, first, window);
        self.links[side as usize] = Some(link.map_err(|error| format!("connecting: {error}"))?);
        Ok(())
    }

    fn say(&mut self, side: Side, text: &str) -> Result<(), String> {
        match self.link(side) {
            Some(link) => link.send(&websocket::message(Kind::Text, text)),
            None => Ok(()),
        }
    }

    fn request(&self, method: &str, around: &Surroundings<'_>) -> String {
        let (stream, sequence) = (self.stream, self.asked);
        let url = match around.shared {
            Some(name) => format!("rtsp://{GATEWAY}/{name}"),
            None => format!("rtsp://{}/{stream}", around.camera),
        };
        let extra = match method {
            "SETUP" => "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n".into(),
            "PLAY" => format!("Session: {}\r\n", self.session),
            _ => String::new(),
        };
        format!("{method} {url} RTSP/1.0\r\nCSeq: {sequence}\r\n{extra}\r\n")
    }
}

fn init(around: &Surroundings<'_>) -> String {
    let (host, port) = match around.shared {
        Some(_) => (GATEWAY.to_owned(), 554),
        None => (around.camera.ip().to_string(), around.camera.port()),
    };
    format!(
        "WSP/1.1 INIT\r\nproto: rtsp\r\nhost: {host}\r\nport: {port}\r\nclient: \r\nseq: 1\r\n\r\n"
    )
}

fn join(channel: &str, batch: bool) -> String {
    let batch = if batch { "batch: 1\r\n" } else { "" };
    format!("WSP/1.1 JOIN\r\nchannel: {channel}\r\n{batch}seq: 1\r\n\r\n")
}
