//! RTSP as its clients speak it to the gateway: over TCP, or as the bytes of a
//! WebSocket.

use std::io::{self, Read, Write};

use tungstenite::Message;

use super::rtsp::{self, Upstream};
use super::socket::Socket;

/// A WebSocket as the stream of bytes that it carries; every write is cut in
/// two messages, for their boundaries mean nothing.
pub struct Carried {
    socket: Socket,
    rest: Vec<u8>,
}

impl Carried {
    pub fn new(socket: Socket) -> Carried {
        let rest = Vec::new();
        Carried { socket, rest }
    }

    pub fn stream(&self) -> &std::net::TcpStream {
        self.socket.stream()
    }
}

impl Read for Carried {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.socket.message() {
                Ok(message) => self.rest = message.into_data().to_vec(),
                Err(tungstenite::Error::Io(error)) => return Err(error),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let count = room.len().min(self.rest.len());
        room[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

impl Write for Carried {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (first, second) = bytes.split_at(bytes.len() / 3);
        for part in [first, second] {
            self.socket.send_message(Message::binary(part.to_vec()));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends a request and reads its answer, over whatever media come before.
pub fn ask(
    stream: &mut (impl Read + Write),
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> rtsp::Message {
    let mut all = vec![("CSeq", "5")];
    all.extend_from_slice(headers);
    let line = format!("{method} rtsp://camgate/{path} RTSP/1.0");
    stream.write_all(&rtsp::compose(&line, &all, b"")).unwrap();
    loop {
        match rtsp::read_upstream(stream).unwrap() {
            Upstream::Message(answer) => return answer,
            Upstream::Frame(_) => {}
        }
    }
}
