//! One WebSocket to the gateway, by an independent client (tungstenite over a
//! blocking stream), and WSP replies read as strictly as the players do.
//!
//! Invariant: every wait is bounded, and what arrives unexpected is shown.

use std::io;
use std::net::{SocketAddr, TcpStream};

use tungstenite::client::ClientRequestBuilder;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

use super::BOUND;

/// A WSP reply.
#[derive(Debug, Clone)]
pub struct Reply {
    pub code: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
    pub payload: String,
}

impl Reply {
    /// Reads a reply as the players do: CRLF only, a reason, a colon in every
    /// header line, lower-case keys, values cut at their first colon.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (head, payload) = text
            .split_once("\r\n\r\n")
            .ok_or("no empty line ends the header")?;
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let rest = first.strip_prefix("WSP/1.1 ").ok_or("not WSP/1.1")?;
        let (code, reason) = rest.split_once(' ').ok_or("no reason")?;
        let code = code.parse().map_err(|_| "no code")?;
        if reason.trim().is_empty() {
            return Err("an empty reason".into());
        }
        let mut headers = Vec::new();
        for line in lines {
            if line.contains('\n') {
                return Err(format!("a bare line feed in {line:?}"));
            }
            let (name, value) = line
                .split_once(':')
                .ok_or(format!("no colon in {line:?}"))?;
            if name.chars().any(|c| c.is_ascii_uppercase()) {
                return Err(format!("an upper-case key: {name:?}"));
            }
            let value = value.split(':').next().unwrap_or_default();
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Self {
            code,
            reason: reason.to_owned(),
            headers,
            payload: payload.to_owned(),
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn seq(&self) -> Option<&str> {
        self.header("seq")
    }
}

/// How a socket is opened.
#[derive(Default, Clone, Copy)]
pub struct Opening<'a> {
    /// The page's origin, if a page opens it.
    pub origin: Option<&'a str>,
    /// The size of the receive buffer: a small one makes a slow viewer soon.
    pub receive_buffer: Option<usize>,
    /// The longest TCP segment. The kernel sizes its send buffer by it: a short
    /// one keeps what is unread in the gateway instead of in the kernel.
    pub segment: Option<u32>,
    /// The address to come from, if not the usual one.
    pub from: Option<std::net::Ipv4Addr>,
    /// Behind the path of the WebSockets.
    pub query: &'a str,
}

impl Opening<'_> {
    /// Of a viewer that is soon behind: little is on the way to it at a time.
    pub const NARROW: Self = Self {
        origin: None,
        receive_buffer: Some(4096),
        segment: Some(536),
        from: None,
        query: "",
    };
}

/// An open WebSocket.
pub struct Socket {
    inner: WebSocket<TcpStream>,
    seq: u32,
}

impl Socket {
    pub fn open(address: SocketAddr, protocol: &str) -> Self {
        Self::open_as(address, protocol, Opening::default())
    }

    pub fn open_as(address: SocketAddr, protocol: &str, opening: Opening) -> Self {
        let stream = connect(address, opening);
        let url = format!("ws://{address}/ws/{}", opening.query);
        let url = url.parse().unwrap();
        let mut request = ClientRequestBuilder::new(url).with_sub_protocol(protocol);
        if let Some(origin) = opening.origin {
            request = request.with_header("Origin", origin);
        }
        let config = WebSocketConfig::default()
            .max_frame_size(None)
            .max_message_size(None);
        let (inner, _) = tungstenite::client::client_with_config(request, stream, Some(config))
            .unwrap_or_else(|error| panic!("no handshake for {protocol}: {error}"));
        Self { inner, seq: 0 }
    }

    pub fn stream(&self) -> &TcpStream {
        self.inner.get_ref()
    }

    pub fn send(&mut self, text: &str) {
        self.send_message(Message::text(text));
    }

    pub fn send_message(&mut self, message: Message) {
        self.inner.send(message).expect("the gateway reads");
    }

    /// Sends to a socket that may already be closing.
    pub fn try_send(&mut self, text: &str) -> Result<(), Error> {
        self.inner.send(Message::text(text))
    }

    /// Reads to the end, however it comes; nothing in time is no end.
    pub fn drain(&mut self) {
        loop {
            match self.inner.read() {
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    panic!("the socket stays open")
                }
                Err(_) => return,
            }
        }
    }

    /// The next message of any kind; pings and pongs are not shown.
    pub fn message(&mut self) -> Result<Message, Error> {
        loop {
            match self.inner.read()? {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return Ok(message),
            }
        }
    }

    /// The next message, which must be text.
    pub fn text(&mut self) -> String {
        match self.message() {
            Ok(Message::Text(text)) => text.to_string(),
            other => panic!("expected text, got {}", brief(&other)),
        }
    }

    /// The next message, which must be binary.
    pub fn binary(&mut self) -> Vec<u8> {
        self.try_binary()
            .unwrap_or_else(|error| panic!("expected media, got {error}"))
    }

    pub fn try_binary(&mut self) -> Result<Vec<u8>, String> {
        match self.message() {
            Ok(Message::Binary(bytes)) => Ok(bytes.to_vec()),
            other => Err(brief(&other)),
        }
    }

    /// The next pong's content.
    pub fn pong(&mut self) -> Vec<u8> {
        loop {
            match self.inner.read() {
                Ok(Message::Pong(bytes)) => return bytes.to_vec(),
                Ok(Message::Ping(_)) => {}
                other => panic!("expected a pong, got {}", brief(&other)),
            }
        }
    }

    /// The next message, which must be a WSP reply.
    pub fn reply(&mut self) -> Reply {
        let text = self.text();
        Reply::parse(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
    }

    /// Sends a WSP request under the next seq, which it gives.
    pub fn request(&mut self, command: &str, headers: &[(&str, &str)], payload: &str) -> String {
        self.seq += 1;
        let mut text = format!("WSP/1.1 {command}\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("seq: {}\r\n\r\n{payload}", self.seq));
        self.send(&text);
        self.seq.to_string()
    }

    /// Sends a WSP request and reads the reply to it.
    pub fn ask(&mut self, command: &str, headers: &[(&str, &str)], payload: &str) -> Reply {
        let seq = self.request(command, headers, payload);
        let reply = self.reply();
        assert_eq!(reply.seq(), Some(seq.as_str()), "{reply:?}");
        reply
    }

    /// Reads on, over whatever still comes, to the closing frame and then to
    /// the end of file; gives the code. A socket that just ends fails the test.
    pub fn await_close(&mut self) -> u16 {
        let code = loop {
            match self.message() {
                Ok(Message::Close(frame)) => {
                    break frame.map_or(1005, |frame| u16::from(frame.code));
                }
                Ok(_) => {}
                other => panic!("expected a closing frame, got {}", brief(&other)),
            }
        };
        loop {
            match self.inner.read() {
                Ok(_) => {}
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return code,
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return code;
                }
                Err(error) => panic!("no end of file behind close {code}: {error}"),
            }
        }
    }

    /// Closes in good order and waits for the other side to do so too.
    pub fn close(mut self) {
        let _ = self.inner.close(None);
        while self.inner.read().is_ok() {}
    }

    /// Goes away without a word, by RST.
    pub fn vanish(self) {
        let _ = socket2::SockRef::from(self.stream()).set_linger(Some(std::time::Duration::ZERO));
    }
}

pub(super) fn connect(address: SocketAddr, opening: Opening) -> TcpStream {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    if let Some(from) = opening.from {
        socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    }
    if let Some(size) = opening.receive_buffer {
        socket.set_recv_buffer_size(size).unwrap();
    }
    if let Some(size) = opening.segment {
        socket.set_tcp_mss(size).unwrap();
    }
    socket
        .connect(&address.into())
        .expect("the gateway accepts");
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    stream.set_write_timeout(Some(BOUND)).unwrap();
    stream
}

/// A message or error, short enough for a failure.
fn brief(message: &Result<Message, Error>) -> String {
    match message {
        Ok(Message::Binary(bytes)) => {
            format!(
                "{} bytes of media {:02x?}",
                bytes.len(),
                &bytes[..bytes.len().min(8)]
            )
        }
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
            "nothing in time".to_owned()
        }
        other => format!("{other:?}"),
    }
}
