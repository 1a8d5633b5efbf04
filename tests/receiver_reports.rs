//! Receiver reports: what cameras are told of media that arrives over TCP. Many end a
//! session that nobody reports on. The gateway reports, whoever watches.

mod common;

use std::io;
use std::time::{Duration, Instant};

use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::pictures::{PACKETS, Pictures, packets};
use common::socket::Opening;
use common::viewer::Viewer;

/// How long the camera sends: reports come every five seconds.
const LONG: Duration = Duration::from_secs(8);
/// The middle of the NTP time that the camera's reports name.
const MIDDLE: u32 = 0x2222_3333;

/// Pictures with a report behind each; then it reads what it was told.
fn sending(link: &mut Link) -> io::Result<()> {
    link.serve_until("PLAY")?;
    let mut report = vec![b'$', 1, 0, 28, 0x80, 200, 0, 6, 0, 0, 0, 7];
    for word in [0x1111_2222, 0x3333_4444, 0, 0, 0] {
        report.extend(u32::to_be_bytes(word));
    }
    let begun = Instant::now();
    for number in 0.. {
        link.send(&[Pictures::USUAL.picture(number), report.clone()].concat())?;
        if begun.elapsed() >= LONG {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    link.serve()
}

/// Reads the media until the camera's last, or enough of it.
fn read(viewer: &mut Viewer) {
    let begun = Instant::now();
    while begun.elapsed() < LONG - Duration::from_secs(1) {
        packets_of_media(&viewer.data.binary());
    }
}

/// Those of pictures, and not of reports.
fn packets_of_media(message: &[u8]) -> usize {
    match message.get(5) {
        Some(200) => 0,
        _ => packets(message).len(),
    }
}

fn check(camera: &FakeCamera, link: usize, sender: bool) {
    let frame = camera.await_record(link, "a report", |record| record.frames.first().cloned());
    let words: Vec<u32> = frame
        .chunks_exact(4)
        .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
        .collect();
    assert_eq!(words[0], u32::from_be_bytes([b'$', 1, 0, 52]), "{frame:x?}");
    assert_eq!(words[1], 0x81c9_0007, "a receiver report");
    assert_ne!(words[2], 7, "it has a name of its own");
    assert_eq!(words[3..5], [7, 0], "of this source nothing is lost");
    assert!(words[5] > u32::from(PACKETS), "the highest number");
    let known = words[7] == MIDDLE;
    assert!(known || !sender && words[7] == 0, "{:x?}", &words[6..9]);
    assert_eq!(words[9], 0x81ca_0004, "who it is");
}

fn gateway(camera: &FakeCamera) -> Gateway {
    Config::new()
        .camera("front", &[("url", &camera.url()), ("transport", "tcp")])
        .start()
}

#[test]
fn a_shared_camera_is_told_what_arrives() {
    let camera = FakeCamera::start(sending);
    let gateway = gateway(&camera);
    let mut viewer = Viewer::join_shared(&gateway, "front", false, Opening::default());
    viewer.play();
    read(&mut viewer);
    check(&camera, 0, true);
}

#[test]
fn so_is_a_camera_that_a_viewer_named() {
    let camera = FakeCamera::start(sending);
    let gateway = gateway(&camera);
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    read(&mut viewer);
    check(&camera, 0, false);
}
