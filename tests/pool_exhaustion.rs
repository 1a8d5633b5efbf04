//! A pool that is empty: whoever takes all the memory there is stops nobody else.
//!
//! Invariant: a camera of the configuration goes on, and can be called, whatever
//! viewers do.

mod common;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::fake_camera::FakeCamera;
use common::frames::Pattern;
use common::gateway::{Config, Gateway};
use common::pictures::{PACKETS, Packet, Pictures, packets};
use common::rtsp;
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, init};

fn filming(pause: Duration) -> FakeCamera {
    FakeCamera::filming(Pictures::USUAL, pause)
}

/// A camera that sends as much as it can once it was asked to play.
fn fast() -> FakeCamera {
    FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::BULK, 0..u32::MAX)
    })
}

/// Viewers of cameras of their own, as many as one address may have, all but three.
const CROWD: usize = 125;

/// Viewers who have a fast camera play, and read nothing of it.
fn crowd(gateway: &Gateway, camera: &FakeCamera) -> Vec<Viewer> {
    let crowd = (0..CROWD).map(|_| {
        let mut viewer = Viewer::join_as(gateway, camera, true, Opening::NARROW);
        viewer.play();
        viewer
    });
    crowd.collect()
}

/// Reads `count` packets of a shared camera, none of which may be missing.
fn read(viewer: &mut Viewer, count: usize) {
    read_until(viewer, |read| read >= count);
}

/// The same, until so many are enough.
fn read_until(viewer: &mut Viewer, is_enough: impl Fn(usize) -> bool) {
    let mut all: Vec<Packet> = Vec::new();
    while !is_enough(all.len()) {
        all.extend(packets(&viewer.data.binary()));
    }
    let index = |it: &Packet| it.picture * u32::from(PACKETS) + u32::from(it.packet);
    for pair in all.windows(2) {
        assert_eq!(index(&pair[0]) + 1, index(&pair[1]), "{pair:?}");
    }
}

fn watch(gateway: &Gateway, name: &str) -> Viewer {
    let mut viewer = Viewer::join_shared(gateway, name, true, Opening::default());
    viewer.play();
    viewer
}

const PAUSE: Duration = Duration::from_millis(10);

#[test]
fn viewers_who_read_nothing_do_not_stop_the_configured_cameras() {
    let cameras = [filming(PAUSE), filming(PAUSE)];
    let hose = fast();
    let gateway = Config::new()
        .camera("front", &[("url", &cameras[0].url())])
        .camera("yard", &[("url", &cameras[1].url())])
        .start();
    let mut front = watch(&gateway, "front");
    read(&mut front, 100);
    // It takes all it gets, whatever the others do meanwhile.
    let enough = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&enough);
    let front = std::thread::spawn(move || {
        read_until(&mut front, |_| told.load(Ordering::Relaxed));
        read(&mut front, 1_000);
    });
    let crowd = crowd(&gateway, &hose);
    let mut yard = watch(&gateway, "yard");
    read(&mut yard, 1_000);
    enough.store(true, Ordering::Relaxed);
    front.join().expect("every packet of the camera");
    assert_eq!(cameras.each_ref().map(FakeCamera::links), [1, 1]);
    drop(crowd);
    gateway.await_metrics("their memory", |now| now.buffers_free() > 100.0);
}

/// They had all of the memory when there was no camera yet.
#[test]
fn a_camera_that_comes_later_has_the_memory_of_those_who_do_not_read() {
    let camera = filming(PAUSE);
    let hose = fast();
    let mut gateway = Gateway::start_default();
    let crowd = crowd(&gateway, &hose);
    gateway.await_metrics("all memory taken", |now| now.buffers_free() <= 3.0);
    gateway.reload(&Config::new().camera("front", &[("url", &camera.url())]));
    gateway.await_log(&["configuration read again"]);
    let mut front = watch(&gateway, "front");
    read(&mut front, 1_000);
    // After a while they give way to each other, too: only those for the camera count.
    let log = gateway.log();
    let gone = log.matches("and [front] needs the memory").count();
    assert!((1..=40).contains(&gone), "{gone} had to go:\n{log}");
    drop(crowd);
}

/// Those who take a little now and then hold as much, and are never quite still.
#[test]
fn viewers_who_read_hardly_anything_give_way_as_well() {
    let camera = filming(PAUSE);
    let hose = fast();
    let mut gateway = Gateway::start_default();
    let crowd = crowd(&gateway, &hose);
    gateway.await_metrics("all memory taken", |now| now.buffers_free() <= 3.0);
    let reading = crowd.iter().map(|it| it.data.stream().try_clone().unwrap());
    let mut reading: Vec<_> = reading.collect();
    std::thread::spawn(move || {
        while !reading.is_empty() {
            reading.retain_mut(|stream| stream.read_exact(&mut [0; 500]).is_ok());
            std::thread::sleep(PAUSE * 10);
        }
    });
    gateway.reload(&Config::new().camera("front", &[("url", &camera.url())]));
    gateway.await_log(&["configuration read again"]);
    let mut front = watch(&gateway, "front");
    read(&mut front, 1_000);
    drop(crowd);
}

/// A viewer's control socket that has its camera play, and nobody to take the media.
fn unjoined(gateway: &Gateway, camera: &FakeCamera) -> Socket {
    let (mut control, reply) = init(gateway, "127.0.0.1", camera.port());
    assert_eq!(reply.code, 200, "{reply:?}");
    for (cseq, method) in ["1", "2"].iter().zip(["DESCRIBE", "PLAY"]) {
        let line = format!("{method} {} RTSP/1.0", camera.url());
        let request = rtsp::compose(&line, &[("CSeq", cseq)], b"");
        let request = String::from_utf8(request).unwrap();
        let length = request.len().to_string();
        let reply = control.ask("WRAP", &[("contentLength", &length)], &request);
        assert_eq!(reply.code, 200, "{reply:?}");
    }
    control
}

#[test]
fn viewers_who_never_join_do_not_stop_the_configured_cameras() {
    let camera = filming(PAUSE);
    let hose = fast();
    let gateway = Config::new()
        .limit("handshake", "300s")
        .camera("front", &[("url", &camera.url())])
        .start();
    let crowd: Vec<Socket> = (0..CROWD).map(|_| unjoined(&gateway, &hose)).collect();
    let mut front = watch(&gateway, "front");
    read(&mut front, 2_000);
    drop(crowd);
}

/// Whoever names a camera of his own gets answers, also when nothing is left for media,
/// and media when somebody has not read for long.
#[test]
fn the_last_who_comes_is_answered_and_has_his_turn() {
    let hose = fast();
    let gateway = Gateway::start_default();
    let crowd = crowd(&gateway, &hose);
    gateway.await_metrics("all memory taken", |now| now.buffers_free() <= 3.0);
    let mut last = Viewer::join(&gateway, &hose);
    last.play();
    last.expect_frames(Pattern::BULK, 0..1_000);
    drop(crowd);
}

#[test]
fn caches_share_a_pool_that_is_smaller_than_all_of_them() {
    // One key frame, and no other: the caches grow as far as they may.
    let camera = FakeCamera::filming(Pictures::ONE_KEY, PAUSE / 2);
    let hose = fast();
    let names = ["a", "b", "c", "d"];
    let url = camera.url();
    let mut config = Config::new().limit("pool", "1M").limit("backlog", "128k");
    for name in names {
        config = config.camera(name, &[("url", &url), ("gop_cache", "900k")]);
    }
    let gateway = config.start();
    let mut viewers = names.map(|name| watch(&gateway, name));
    let taken = |free: f64| 32.0 - free;
    let mut most = 0.0_f64;
    for _ in 0..20 {
        for viewer in &mut viewers {
            read(viewer, 50);
        }
        most = most.max(taken(gateway.metrics().buffers_free()));
    }
    assert!(most > 16.0, "they used {most} of 32");
    let mut direct = Viewer::join(&gateway, &hose);
    direct.play();
    direct.expect_frames(Pattern::BULK, 0..1_000);
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
        gateway.await_metrics("much of it", |now| now.frames() > 20_000.0);
    }
}
