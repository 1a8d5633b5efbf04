//! Faults of cameras of the configuration that cannot be watched: descriptions, lengths
//! and answers that make no sense.
//!
//! Invariant: a fault costs the viewers of that camera only. The log tells of it with
//! the camera's name, and the camera is called again, after a pause that grows.

mod common;

use std::io;

use common::await_some;
use common::fake_camera::Link;
use common::witness::{Fault, gateway};

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

const REFUSED: [Fault; 12] = [
    Fault {
        name: "no-tracks",
        act: |link| describe(link, &[], b"v=0\r\ns=nothing\r\nt=0 0\r\n"),
        words: "offers nothing to play",
    },
    Fault {
        name: "no-description",
        act: |link| describe(link, &[], &[0xff; 3_000]),
        words: "offers nothing to play",
    },
    Fault {
        name: "only-metadata",
        act: |link| describe(link, &[], b"v=0\r\nm=application 0 RTP/AVP 107\r\n"),
        words: "offers nothing to play",
    },
    Fault {
        name: "long-description",
        act: |link| {
            link.serve_but("DESCRIBE")?;
            link.send(b"RTSP/1.0 200 OK\r\nContent-Length: 70000\r\n\r\nv=0")?;
            link.fall_silent()
        },
        words: "an RTSP body longer than allowed",
    },
    Fault {
        name: "no-number",
        act: |link| say(link, b"RTSP/1.0 200 OK\r\nContent-Length: 0x10\r\n\r\n"),
        words: "at byte 41: ",
    },
    Fault {
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
    Fault {
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
    Fault {
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
    Fault {
        name: "web-server",
        act: |link| say(link, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        words: "at byte 0: ",
    },
    Fault {
        name: "garbage",
        act: |link| repeat(link, &[0; 10_000]),
        words: "what is not RTSP, at byte ",
    },
    Fault {
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
    Fault {
        name: "asks-and-does-not-listen",
        act: |link| repeat(link, &b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".repeat(100)),
        words: "does not read",
    },
];

#[test]
fn a_fault_is_told_of_by_name_and_the_camera_is_called_again_after_a_pause() {
    let (gateway, cameras, witness) = gateway(&REFUSED, "on");
    for (fault, camera) in REFUSED.iter().zip(&cameras) {
        gateway.await_log(&[&format!("[{}]", fault.name), fault.words]);
        await_some(fault.name, || (camera.links() >= 2).then_some(()));
    }
    for (fault, camera) in REFUSED.iter().zip(&cameras) {
        let name = format!("[{}]", fault.name);
        let log = gateway.log();
        let of = |words: &str| {
            let lines = log
                .lines()
                .filter(|it| it.contains(&name) && it.contains(words));
            lines.count()
        };
        assert!(
            camera.links() <= of(fault.words) + 1,
            "{}: {log}",
            fault.name
        );
        assert!(camera.links() <= 4, "{}: {}", fault.name, camera.links());
    }
    witness.check();
}
