//! Faults of cameras of the configuration that can be watched all the same: channels,
//! sessions, sizes and answers that make no sense.
//!
//! Invariant: a fault costs the viewers of that camera only.

mod common;

use std::io;

use common::fake_camera::Link;
use common::pictures::{Pictures, packets};
use common::witness::{Fault, PAUSE, film, gateway, picture, watch};

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

const TOLERATED: [Fault; 8] = [
    Fault {
        name: "hundred-tracks",
        act: |link| {
            let request = link.serve_but("DESCRIBE")?;
            link.reply(&request, "200 OK", &[], &tracks(100))?;
            link.serve_until("PLAY")?;
            film(link, 0)
        },
        words: "plays",
    },
    Fault {
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
        words: ", which is no track's, by byte ",
    },
    Fault {
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
    Fault {
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
    Fault {
        name: "channels-beyond",
        act: |link| set_up(link, "RTP/AVP/TCP;unicast;interleaved=300-301", 0),
        words: "plays",
    },
    Fault {
        name: "one-channel-for-both",
        act: |link| set_up(link, "RTP/AVP/TCP;unicast;interleaved=5-5", 5),
        words: "plays",
    },
    Fault {
        name: "last-channel",
        act: |link| set_up(link, "RTP/AVP/TCP;interleaved=255;ssrc=zz", 255),
        words: "plays",
    },
    Fault {
        name: "no-transport",
        act: |link| set_up(link, "", 0),
        words: "plays",
    },
];

#[test]
fn what_can_be_put_up_with_is_and_a_new_viewer_gets_a_key_frame() {
    let (gateway, cameras, witness) = gateway(&TOLERATED, "off");
    for (fault, camera) in TOLERATED.iter().zip(&cameras) {
        for first in [true, false] {
            let mut viewer = watch(&gateway, fault.name);
            let mut seen = Vec::new();
            while seen.len() < 30 {
                let found = packets(&viewer.data.binary()).into_iter();
                seen.extend(found.filter(|packet| packet.channel == 0));
            }
            assert!(
                first || (seen[0].key && seen[0].packet == 0),
                "{}",
                fault.name
            );
        }
        gateway.await_log(&[&format!("[{}]", fault.name), fault.words]);
        assert_eq!(camera.links(), 1, "{}", fault.name);
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
    let faults = [Fault {
        name: "giants",
        act: giants,
        words: "plays",
    }];
    let (gateway, cameras, witness) = gateway(&faults, "off");
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
