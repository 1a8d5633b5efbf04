//! Memory that many want: whoever takes all there is stops nobody else.
//!
//! Invariant: a camera of the configuration goes on, and can be called, whatever
//! viewers do.

mod common;

use std::io;
use std::time::Duration;

use common::fake_camera::{FakeCamera, Link};
use common::gateway::Config;
use common::pictures::Pictures;
use common::socket::Opening;
use common::viewer::Viewer;

/// Sends pictures until the link ends, one every `pause`.
fn film(link: &mut Link, pause: Duration) -> io::Result<()> {
    link.serve_until("PLAY")?;
    for number in 0.. {
        link.send(&Pictures::USUAL.picture(number))?;
        std::thread::sleep(pause);
    }
    Ok(())
}

/// A camera that does so.
fn filming(pause: Duration) -> FakeCamera {
    FakeCamera::start(move |link| film(link, pause))
}

/// Two buffers hold the whole backlog, and a viewer who reads nothing wants both.
#[test]
fn a_backlog_of_one_buffer_does_not_stop_a_shared_camera() {
    for size in ["128k", "256k"] {
        let camera = filming(Duration::ZERO);
        let gateway = Config::new()
            .limit("buffer", size)
            .limit("backlog", size)
            .camera("front", &[("url", &camera.url()), ("gop_cache", "0")])
            .start();
        let mut slow = Viewer::join_shared(&gateway, "front", false, Opening::NARROW);
        slow.play();
        gateway.await_metrics("much of it", |now| now.frames() > 200_000.0);
    }
}
