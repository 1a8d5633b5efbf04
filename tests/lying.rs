//! Cameras that lie: descriptions, lengths, channels and answers that make no
//! sense.
//!
//! Invariant: a lie costs the viewers of that camera only. It is in the log with
//! the camera's name, and the camera is called again, after a pause that grows.

mod common;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::await_some;
use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::pictures::{Packet, Pictures, packets};
use common::socket::Opening;
use common::viewer::Viewer;

const PAUSE: Duration = Duration::from_millis(5);

/// What a camera is called, what it does, and what is to be in the log.
struct Lie {
    name: &'static str,
    act: fn(&mut Link) -> io::Result<()>,
    words: &'static str,
}

/// A watched camera that goes on through everything the others do.
struct Witness {
    camera: FakeCamera,
    stop: Arc<AtomicBool>,
    seen: std::thread::JoinHandle<Vec<Packet>>,
}

/// A camera that plays until the link ends.
fn honest() -> FakeCamera {
    FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        film(link, 0)
    })
}

fn film(link: &mut Link, channel: u8) -> io::Result<()> {
    for number in 0.. {
        link.send(&picture(number, channel))?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// A picture as interleaved frames on this channel.
fn picture(number: u32, channel: u8) -> Vec<u8> {
    let mut frames = Pictures::USUAL.picture(number);
    let length = frames.len() / 4;
    for frame in frames.chunks_mut(length) {
        frame[1] = channel;
    }
    frames
}

impl Witness {
    fn watch(camera: FakeCamera, gateway: &Gateway) -> Witness {
        let mut viewer = watch(gateway, "honest");
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let seen = std::thread::spawn(move || {
            let viewer = &mut viewer; // with its control socket
            let mut seen = Vec::new();
            while !told.load(Ordering::Relaxed) {
                seen.extend(packets(&viewer.data.binary()));
            }
            seen
        });
        Witness { camera, stop, seen }
    }

    /// It lost nothing, from beginning to end.
    fn check(self) {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.seen.join().expect("its viewer was not closed");
        assert!(seen.len() > 100 && seen[0].key && seen[0].packet == 0);
        let place = |packet: &Packet| packet.picture * 4 + u32::from(packet.packet);
        assert!(
            seen.windows(2)
                .all(|two| place(&two[0]) + 1 == place(&two[1]))
        );
        assert_eq!(self.camera.links(), 1);
    }
}

/// A viewer of the camera's first track.
fn watch(gateway: &Gateway, name: &str) -> Viewer {
    let track = format!("{name}/track0");
    let mut viewer = Viewer::join_shared(gateway, &track, false, Opening::default());
    viewer.play();
    viewer
}

/// A gateway with the honest camera and these, `always` on or not.
fn gateway(lies: &[Lie], always: &str) -> (Gateway, Vec<FakeCamera>, Witness) {
    let honest = honest();
    let cameras: Vec<FakeCamera> = lies.iter().map(|lie| FakeCamera::start(lie.act)).collect();
    let mut config = Config::new().camera("honest", &[("url", &honest.url())]);
    for (lie, camera) in lies.iter().zip(&cameras) {
        let settings = [
            ("url", &*camera.url()),
            ("always", always),
            ("transport", "tcp"),
        ];
        config = config.camera(lie.name, &settings);
    }
    let gateway = config.start();
    let witness = Witness::watch(honest, &gateway);
    (gateway, cameras, witness)
}

/// Answers this to DESCRIBE.
fn describe(link: &mut Link, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
    let request = link.serve_but("DESCRIBE")?;
    link.reply(&request, "200 OK", headers, body)?;
    link.serve()
}

/// Answers these bytes to the first request.
fn say(link: &mut Link, bytes: &[u8]) -> io::Result<()> {
    link.receive()?;
    link.send(bytes)?;
    link.fall_silent()
}

/// Sends this after the answer to PLAY, again and again, and never reads.
fn repeat(link: &mut Link, bytes: &[u8]) -> io::Result<()> {
    link.serve_until("PLAY")?;
    loop {
        link.send(bytes)?;
    }
}

const REFUSED: [Lie; 12] = [
    Lie {
        name: "no-tracks",
        act: |link| describe(link, &[], b"v=0\r\ns=nothing\r\nt=0 0\r\n"),
        words: "offers nothing to play",
    },
    Lie {
        name: "no-description",
        act: |link| describe(link, &[], &[0xff; 3_000]),
        words: "offers nothing to play",
    },
    Lie {
        name: "only-metadata",
        act: |link| describe(link, &[], b"v=0\r\nm=application 0 RTP/AVP 107\r\n"),
        words: "offers nothing to play",
    },
    Lie {
        name: "long-description",
        act: |link| {
            link.serve_but("DESCRIBE")?;
            link.send(b"RTSP/1.0 200 OK\r\nContent-Length: 70000\r\n\r\nv=0")?;
            link.fall_silent()
        },
        words: "an RTSP body longer than allowed",
    },
    Lie {
        name: "no-number",
        act: |link| say(link, b"RTSP/1.0 200 OK\r\nContent-Length: 0x10\r\n\r\n"),
        words: "at byte 41: ",
    },
    Lie {
        name: "overflow",
        act: |link| {
            let length = "9".repeat(30);
            say(
                link,
                format!("RTSP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
            )
        },
        words: "at byte ",
    },
    Lie {
        name: "endless-header",
        act: |link| {
            link.receive()?;
            link.send(b"RTSP/1.0 200 OK\r\nX: ")?;
            loop {
                link.send(&[b'x'; 10_000])?;
            }
        },
        words: "an RTSP message longer than allowed",
    },
    Lie {
        name: "endless-headers",
        act: |link| {
            link.receive()?;
            link.send(b"RTSP/1.0 200 OK\r\n")?;
            loop {
                link.send(&b"Session: 1\r\n".repeat(1_000))?;
            }
        },
        words: "an RTSP message longer than allowed",
    },
    Lie {
        name: "web-server",
        act: |link| say(link, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        words: "at byte 0: ",
    },
    Lie {
        name: "garbage",
        act: |link| repeat(link, &[0; 10_000]),
        words: "what is not RTSP, at byte ",
    },
    Lie {
        name: "another-transport",
        act: |link| {
            let request = link.serve_but("SETUP")?;
            let transport = (
                "Transport",
                "RTP/AVP;multicast;destination=239.0.0.1;port=5000",
            );
            link.reply(&request, "200 OK", &[transport], b"")?;
            link.serve()
        },
        words: "does not send this stream over TCP",
    },
    Lie {
        name: "asks-and-does-not-listen",
        act: |link| repeat(link, &b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".repeat(100)),
        words: "does not read",
    },
];

#[test]
fn a_lie_is_told_of_by_name_and_the_camera_is_called_again_after_a_pause() {
    let (gateway, cameras, witness) = gateway(&REFUSED, "on");
    for (lie, camera) in REFUSED.iter().zip(&cameras) {
        gateway.await_log(&[&format!("[{}]", lie.name), lie.words]);
        await_some(lie.name, || (camera.links() >= 2).then_some(()));
    }
    for (lie, camera) in REFUSED.iter().zip(&cameras) {
        let name = format!("[{}]", lie.name);
        let log = gateway.log();
        let of = |words: &str| {
            let lines = log
                .lines()
                .filter(|it| it.contains(&name) && it.contains(words));
            lines.count()
        };
        assert!(camera.links() <= of(lie.words) + 1, "{}: {log}", lie.name);
        assert!(camera.links() <= 4, "{}: {}", lie.name, camera.links());
    }
    witness.check();
}

/// The description with this many tracks of pictures.
fn tracks(count: usize) -> Vec<u8> {
    let track = |n| format!("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t{n}\r\n");
    let tracks: String = (0..count).map(track).collect();
    format!("v=0\r\ns=x\r\n{tracks}").into_bytes()
}

/// Plays although it answered SETUP with this, on this channel.
fn set_up(link: &mut Link, transport: &str, channel: u8) -> io::Result<()> {
    let request = link.serve_but("SETUP")?;
    let headers = [("Session", "1"), ("Transport", transport)];
    link.reply(
        &request,
        "200 OK",
        &headers[..1 + usize::from(!transport.is_empty())],
        b"",
    )?;
    link.serve_until("PLAY")?;
    film(link, channel)
}

const ENDURED: [Lie; 8] = [
    Lie {
        name: "hundred-tracks",
        act: |link| {
            let request = link.serve_but("DESCRIBE")?;
            link.reply(&request, "200 OK", &[], &tracks(100))?;
            link.serve_until("PLAY")?;
            film(link, 0)
        },
        words: "plays",
    },
    Lie {
        name: "foreign-channels",
        act: |link| {
            link.serve_until("PLAY")?;
            for number in 0.. {
                for channel in [9, 77, 255] {
                    link.send(&picture(number, channel))?;
                }
                link.send(&picture(number, 0))?;
                std::thread::sleep(PAUSE);
            }
            Ok(())
        },
        words: "channel 9, which is no track's, by byte ",
    },
    Lie {
        name: "answers-nobody-asked-for",
        act: |link| {
            link.serve_until("PLAY")?;
            let answer = b"RTSP/1.0 404 Not Found\r\nCSeq: 5\r\nContent-Length: 3\r\n\r\nabc";
            for number in 0.. {
                link.send(&answer.repeat(100))?;
                link.send(&picture(number, 0))?;
                std::thread::sleep(PAUSE);
            }
            Ok(())
        },
        words: "plays",
    },
    Lie {
        name: "another-session-each-time",
        act: |link| {
            loop {
                let request = link.receive()?;
                let session = format!("{};timeout=0", request.header("CSeq").unwrap_or("?"));
                let transport = request.header("Transport").unwrap_or("?").to_owned();
                let body: &[u8] = match request.method() {
                    "DESCRIBE" => common::link::SDP,
                    _ => b"",
                };
                let headers = [("Session", &*session), ("Transport", &*transport)];
                link.reply(&request, "200 OK", &headers, body)?;
                if request.method() == "PLAY" {
                    return film(link, 0);
                }
            }
        },
        words: "plays",
    },
    Lie {
        name: "channels-beyond",
        act: |link| set_up(link, "RTP/AVP/TCP;unicast;interleaved=300-301", 0),
        words: "plays",
    },
    Lie {
        name: "one-channel-for-both",
        act: |link| set_up(link, "RTP/AVP/TCP;unicast;interleaved=5-5", 5),
        words: "plays",
    },
    Lie {
        name: "last-channel",
        act: |link| set_up(link, "RTP/AVP/TCP;interleaved=255;ssrc=zz", 255),
        words: "plays",
    },
    Lie {
        name: "no-transport",
        act: |link| set_up(link, "", 0),
        words: "plays",
    },
];

#[test]
fn what_can_be_put_up_with_is_and_a_new_viewer_gets_a_key_frame() {
    let (gateway, cameras, witness) = gateway(&ENDURED, "off");
    for (lie, camera) in ENDURED.iter().zip(&cameras) {
        for first in [true, false] {
            let mut viewer = watch(&gateway, lie.name);
            let mut seen = Vec::new();
            while seen.len() < 30 {
                let found = packets(&viewer.data.binary()).into_iter();
                seen.extend(found.filter(|packet| packet.channel == 0));
            }
            assert!(
                first || (seen[0].key && seen[0].packet == 0),
                "{}",
                lie.name
            );
        }
        gateway.await_log(&[&format!("[{}]", lie.name), lie.words]);
        assert_eq!(camera.links(), 1, "{}", lie.name);
    }
    witness.check();
}

/// Key frames of 6 MB, more than the pool holds, one after the other.
fn giants(link: &mut Link) -> io::Result<()> {
    link.serve_until("PLAY")?;
    for number in 0.. {
        for part in 0..1_500 {
            let frames = Pictures { every: 1, ssrc: 7 }.picture(number);
            let length = frames.len() / 4;
            for (frame, place) in frames.chunks(length).zip(part * 4..) {
                let mut frame = frame.to_vec();
                frame[6..8].copy_from_slice(&(number * 6_000 + place).to_be_bytes()[2..]);
                link.send(&frame)?;
            }
        }
    }
    Ok(())
}

#[test]
fn key_frames_that_no_pool_holds_take_nothing_from_others() {
    let lies = [Lie {
        name: "giants",
        act: giants,
        words: "plays",
    }];
    let (gateway, cameras, witness) = gateway(&lies, "off");
    let asleep = watch(&gateway, "giants");
    let mut awake = watch(&gateway, "giants");
    let mut bytes = 0;
    while bytes < 30_000_000 {
        let message = awake.data.binary();
        packets(&message);
        bytes += message.len();
    }
    assert_eq!(cameras[0].links(), 1);
    drop((asleep, awake));
    gateway.await_metrics("the pool to be free again", |now| {
        now.buffers_free() > now.value("camgate_pool_buffers") * 0.9
    });
    witness.check();
}
