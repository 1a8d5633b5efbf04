//! The session as a client sees it, with a clock that the tests set.

mod media;
mod requests;

use super::super::output::MAX_BACKLOG;
use super::*;
use crate::protocol::rtsp::framer::{Frame, frames};
use std::sync::LazyLock;

static CLIP: LazyLock<Arc<Clip<'static>>> =
    LazyLock::new(|| Arc::new(Clip::embedded().expect("the embedded clip")));

const URI: &str = "rtsp://127.0.0.1:8554/";
const TCP: &str = "Transport: RTP/AVP/TCP;unicast;interleaved=";

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A session with its client.
struct Client {
    session: Session,
    id: String,
}

/// The messages and packets that have arrived.
#[derive(Debug, Default)]
struct Received {
    answers: Vec<String>,
    packets: Vec<Packet>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Packet {
    channel: u8,
    sequence: u16,
    time: u32,
    marker: bool,
    payload: Vec<u8>,
}

impl Client {
    fn new(now: Duration) -> Self {
        let session = Session::new(Arc::clone(&CLIP), 7, 0x1_0000_0000, now);
        Client {
            session,
            id: String::new(),
        }
    }

    fn ask(&mut self, now: Duration, line: &str, headers: &str) -> String {
        let session = match self.id.as_str() {
            "" => String::new(),
            id => format!("Session: {id}\r\n"),
        };
        let request = format!("{line} RTSP/1.0\r\nCSeq: 5\r\n{session}{headers}\r\n");
        self.session.receive(request.as_bytes(), now);
        let mut received = self.take();
        assert_eq!(received.answers.len(), 1, "{received:?}");
        received.answers.remove(0)
    }

    fn set_up(&mut self, now: Duration, track: u8) {
        let channels = format!("{TCP}{}-{}\r\n", track * 2, track * 2 + 1);
        let answer = self.ask(now, &format!("SETUP {URI}trackID={track}"), &channels);
        assert!(answer.starts_with("RTSP/1.0 200 OK\r\n"), "{answer}");
        self.id = header(&answer, "Session").split(';').next().unwrap().into();
    }

    /// Sets up both tracks and sends PLAY; returns what came back.
    fn play(&mut self, now: Duration) -> Received {
        self.set_up(now, 0);
        self.set_up(now, 1);
        let play = format!(
            "PLAY {URI} RTSP/1.0\r\nCSeq: 9\r\nSession: {}\r\n\r\n",
            self.id
        );
        self.session.receive(play.as_bytes(), now);
        self.take()
    }

    fn at(&mut self, now: Duration) -> Received {
        self.session.handle_timeout(now);
        self.take()
    }

    fn take(&mut self) -> Received {
        let bytes = self.session.output().to_vec();
        self.session.sent(bytes.len());
        split(&bytes)
    }
}

fn split(bytes: &[u8]) -> Received {
    let (mut received, mut rest) = (Received::default(), bytes);
    let mut framer = Framer::new(8192);
    while !rest.is_empty() {
        let step = framer.feed(rest).unwrap();
        let (item, after) = rest.split_at(step.consumed);
        match step.event {
            Event::Message => {
                let answer = String::from_utf8(framer.message().to_vec()).unwrap();
                received.answers.push(answer);
            }
            Event::Frame { .. } => {
                let frame = frames(item).next().unwrap().unwrap();
                received.packets.extend(packet(frame));
            }
            Event::NeedMore | Event::Blank => {}
        }
        rest = after;
    }
    received
}

/// The RTP packet in a frame; `None` for RTCP.
fn packet(frame: Frame<'_>) -> Option<Packet> {
    let bytes = frame.payload;
    (frame.channel % 2 == 0).then(|| Packet {
        channel: frame.channel,
        sequence: u16::from_be_bytes([bytes[2], bytes[3]]),
        time: u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        marker: bytes[1] & 0x80 != 0,
        payload: bytes[12..].to_vec(),
    })
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(key, _)| *key == name);
    found.unwrap_or_else(|| panic!("{name} in {answer}")).1
}

fn status(answer: &str) -> u16 {
    answer[9..12].parse().unwrap()
}
