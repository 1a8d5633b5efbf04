//! Whatever a camera sends, at any split and at any time: its state machine goes on, and
//! nothing in it grows beyond its bounds.

use super::*;
use crate::protocol::rtsp::framer::{Event, Framer};
use proptest::prelude::*;

/// The longest message and the largest frame that the camera is shown here.
const MAX_MESSAGE: usize = 4096;
/// The number of outputs that one event may bring about.
const MOST_OUTPUTS: usize = 16;

#[derive(Clone, Debug)]
enum Happening {
    Bytes(Vec<u8>),
    /// The last request is answered as it should be.
    Answer,
    Pause(u64),
    Watch,
    Unwatch,
    Lost,
    Datagram(u8, Vec<u8>),
}

/// What a camera may say, true or not.
fn speech() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just("Session: 1;timeout=1\r\n".to_owned()),
        Just("CSeq: 1\r\n".to_owned()),
        Just("Location: rtsp://10.0.0.9/x\r\n".to_owned()),
        Just("WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", stale=true\r\n".to_owned()),
        "Transport: RTP/AVP(/TCP)?;(interleaved|server_port)=[0-9]{1,3}-[0-9]{1,3}\r\n",
        "[A-Z]{1,4}: .{0,20}\r\n",
    ];
    let body = prop_oneof![
        3 => Just(SDP.to_owned()),
        1 => Just(SDP.repeat(9)),
        1 => "(m=video 0 RTP/AVP 96\r\n|a=[a-z]{1,8}:.{0,9}\r\n){0,30}",
        2 => Just(String::new()),
    ];
    let status =
        prop_oneof![12 => Just(200_u16), 1 => Just(401), 1 => Just(461), 1 => 100..600_u16];
    let answer = (status, prop::collection::vec(header, 0..4), body);
    let answer = answer.prop_map(|(status, headers, body)| {
        let (headers, length) = (headers.concat(), body.len());
        format!("RTSP/1.0 {status} So\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    });
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        (
            any::<u8>(),
            any::<u8>(),
            prop::collection::vec(any::<u8>(), 0..40)
        )
            .prop_map(|(number, time, rest)| {
                let header = [0x80, 96, 0, number, 0, 0, 0, time, 0, 0, 0, 9];
                [&header[..], &rest].concat()
            }),
    ];
    let channel = prop_oneof![4 => 0..4_u8, 1 => any::<u8>()];
    let frame = (channel, payload).prop_map(|(channel, payload)| {
        [&[b'$', channel, 0, payload.len() as u8], &payload[..]].concat()
    });
    prop_oneof![
        6 => answer,
        4 => frame,
        1 => Just(b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => Just(Happening::Answer),
        20 => speech().prop_map(Happening::Bytes),
        2 => (0..40_000_u64).prop_map(Happening::Pause),
        1 => Just(Happening::Watch),
        1 => Just(Happening::Unwatch),
        1 => Just(Happening::Lost),
        2 => (0..6_u8, prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(channel, bytes)| Happening::Datagram(channel, bytes)),
    ]
}

/// The camera, and what its owner has: a link, and media.
struct Scene {
    camera: Camera,
    now: Instant,
    framer: Option<Framer>,
    position: u64,
    /// The method of the last request to the camera.
    asked: String,
}

/// What a camera should say to a request of this method.
fn answer(method: &str, udp: bool) -> String {
    let (headers, body) = match method {
        "DESCRIBE" => ("", SDP),
        "SETUP" if udp => (
            "Session: 1\r\nTransport: RTP/AVP;server_port=6000-6001\r\n",
            "",
        ),
        "SETUP" => ("Session: 1\r\n", ""),
        _ => ("", ""),
    };
    let length = body.len();
    format!("RTSP/1.0 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

impl Scene {
    /// Takes the bytes of a link as its owner does, in pieces of this size.
    fn take(&mut self, bytes: &[u8], size: usize) -> Result<(), TestCaseError> {
        for mut piece in bytes.chunks(size) {
            while let Some(framer) = self.framer.as_mut().filter(|_| !piece.is_empty()) {
                let Ok(step) = framer.feed(piece) else {
                    self.camera.link_lost(&Failure::Silent, self.now);
                    self.settle()?;
                    break;
                };
                let (whole, rest) = piece.split_at(step.consumed);
                match step.event {
                    Event::Message => {
                        let message = framer.message().to_vec();
                        self.camera.handle_message(&message, self.now);
                    }
                    // The end of a text is enough: what is cut off may be anything.
                    Event::Frame { channel, length } => {
                        let length = usize::from(length);
                        let start =
                            &whole[whole.len() - whole.len().min(length).min(INSPECTED_BYTES)..];
                        self.camera.frame(channel, start, length, self.position);
                        self.position += 4 + length as u64;
                        self.camera.frames_arrived(self.now);
                        self.camera.cache.grown(0, self.position);
                    }
                    Event::NeedMore | Event::Blank => {}
                }
                piece = rest;
                self.settle()?;
            }
        }
        Ok(())
    }

    /// Does what the camera wants, and checks that it is not too much.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        let mut count = 0;
        while let Some(output) = self.camera.poll_output() {
            count += 1;
            prop_assert!(count <= MOST_OUTPUTS, "it never ends");
            match output {
                Output::Connect { .. } => {
                    prop_assert!(self.framer.is_none(), "one link at a time");
                    self.framer = Some(Framer::lenient(MAX_MESSAGE));
                    self.camera.connected(self.now);
                }
                Output::Disconnect => self.framer = None,
                Output::OpenPorts { pairs } => {
                    prop_assert!((1..=MAX_TRACKS).contains(&pairs));
                    self.camera
                        .ports_opened(&[(5000, 5001); MAX_TRACKS][..pairs], self.now);
                }
                Output::Send(bytes) => {
                    prop_assert!(bytes.len() < 2 * MAX_MESSAGE);
                    let line = String::from_utf8_lossy(&bytes);
                    self.asked = line.split(' ').next().unwrap_or_default().to_owned();
                }
                Output::Release => while self.camera.released(self.now).is_some() {},
                _ => {}
            }
        }
        let camera = &self.camera;
        let tracks = camera.description.as_ref().map_or(0, |it| it.tracks.len());
        prop_assert!(tracks <= MAX_TRACKS && camera.draft.tracks.len() <= MAX_TRACKS);
        prop_assert!(camera.sender_reports.len() <= 2 * MAX_TRACKS);
        prop_assert!(camera.described().len() <= 2 * MAX_MESSAGE);
        prop_assert!(
            camera
                .cache
                .start()
                .is_none_or(|start| start <= self.position)
        );
        Ok(())
    }
}

proptest! {
    #[test]
    fn anything_may_come(
        transport in 0..3_usize,
        size in 1..300_usize,
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let transports = [config::Transport::Tcp, config::Transport::Auto, config::Transport::Udp];
        let (camera, now) = over(transports[transport]);
        let mut scene = Scene { camera, now, framer: None, position: 0, asked: String::new() };
        scene.settle()?;
        for happening in happenings {
            let now = scene.now;
            match happening {
                Happening::Bytes(bytes) => scene.take(&bytes, size)?,
                Happening::Answer => {
 let udp = scene.camera.datagrams.is_some();
 let answer = answer(&scene.asked, udp);
 scene.take(answer.as_bytes(), size)?;
},
                Happening::Pause(ms) => {
                    scene.now += Duration::from_millis(ms);
                    if scene.camera.timeout().is_some_and(|due| due <= scene.now) {
                        scene.camera.handle_timeout(scene.now);
                    }
                }
                Happening::Watch => scene.camera.watch(now),
                Happening::Unwatch => scene.camera.unwatch(now),
                Happening::Lost => scene.camera.link_lost(&Failure::Silent, now),
                Happening::Datagram(channel, bytes) => {
                    scene.camera.datagram(channel, &bytes, now);
                    while scene.camera.released(now).is_some() {}
                }
            }
            scene.settle()?;
        }
        scene.camera.status(scene.now);
    }
}
