//! Shared cameras: one link, whoever watches; a picture at once; slow viewers
//! who cost nobody else anything.
//!
//! Invariant: what a viewer gets is whole frames in order, begun with a key
//! frame, and gone on with one wherever some were left out.

mod common;

use std::time::Duration;

use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::http;
use common::pictures::{PACKETS, Packet, Pictures, packets};
use common::socket::Opening;
use common::viewer::Viewer;

const PAUSE: Duration = Duration::from_millis(10);

fn gateway(camera: &FakeCamera) -> Gateway {
    Config::new()
        .camera("front", &[("url", &camera.url())])
        .start()
}

/// Reads `count` packets and checks that they follow each other, except where a
/// key frame begins. Returns them.
fn read(viewer: &mut Viewer, count: usize) -> Vec<Packet> {
    let mut all: Vec<Packet> = Vec::new();
    while all.len() < count {
        for packet in packets(&viewer.data.binary()) {
            if let Some(last) = all.last() {
                check_order(*last, packet);
            }
            all.push(packet);
        }
    }
    all
}

fn check_order(last: Packet, next: Packet) {
    let follows = match last.packet + 1 {
        PACKETS => (next.picture, next.packet) == (last.picture + 1, 0),
        packet => (next.picture, next.packet) == (last.picture, packet),
    };
    let anew = next.key && next.packet == 0 && next.picture > last.picture;
    assert!(follows || anew, "{next:?} after {last:?}");
}

#[test]
fn many_viewers_share_one_link_and_each_begins_with_a_key_frame() {
    let camera = FakeCamera::filming(Pictures::USUAL, PAUSE);
    let gateway = gateway(&camera);
    let mut viewers: Vec<Viewer> = (0..4)
        .map(|_| {
            let viewer = Viewer::watch(&gateway);
            std::thread::sleep(PAUSE * 30);
            viewer
        })
        .collect();
    for (number, viewer) in viewers.iter_mut().enumerate() {
        let got = read(viewer, 200);
        assert_eq!((got[0].packet, got[0].key), (0, true), "viewer {number}");
    }
    assert_eq!(camera.links(), 1);
    let metrics = gateway.metrics();
    assert_eq!(
        metrics.value("camgate_camera_viewers{camera=\"front\"}"),
        4.0
    );
    assert_eq!(
        metrics.value("camgate_camera_lost_packets_total{camera=\"front\"}"),
        0.0
    );
}

#[test]
fn the_camera_is_kept_a_while_and_then_left_politely() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.film(Pictures::USUAL, 0..100, Duration::ZERO)?;
        link.serve()
    });
    let gateway = gateway(&camera);
    assert_eq!(camera.links(), 0, "nobody watches");
    let before = gateway.metrics();
    for _ in 0..2 {
        let mut viewer = Viewer::watch(&gateway);
        read(&mut viewer, 40);
        viewer.vanish();
        gateway.await_metrics("no viewer", |now| now.viewers() == 0.0);
    }
    assert_eq!(camera.links(), 1, "it was kept");
    std::thread::sleep(Duration::from_secs(5)); // half of what it is kept
    assert_eq!(gateway.metrics().connections("camera"), 1.0);
    camera.await_request(0, "TEARDOWN");
    camera.await_end(0);
    gateway.await_as_before(&before);
}

#[test]
fn who_comes_late_begins_with_the_last_key_frame_without_waiting_for_the_next() {
    // There is one key frame, and there will be no other.
    let pictures = Pictures {
        every: u32::MAX,
        ssrc: 7,
    };
    let camera = FakeCamera::filming(pictures, PAUSE);
    let gateway = gateway(&camera);
    let mut first = Viewer::watch(&gateway);
    read(&mut first, 100);
    let mut late = Viewer::watch(&gateway);
    let got = read(&mut late, 150);
    assert_eq!((got[0].picture, got[0].packet, got[0].key), (0, 0, true));
    assert!(
        got.is_sorted_by_key(|packet| packet.picture),
        "nothing is left out"
    );
}

#[test]
fn who_comes_late_and_reads_slowly_keeps_what_the_cache_has() {
    let pictures = Pictures {
        every: u32::MAX,
        ssrc: 7,
    };
    let camera = FakeCamera::filming(pictures, Duration::from_millis(5));
    let gateway = Config::new()
        .limit("backlog", "128k")
        .limit("viewers", "8") // the fewer, the more the cache may have
        .camera("front", &[("url", &camera.url()), ("gop_cache", "2M")])
        .start();
    let mut first = Viewer::watch(&gateway);
    read(&mut first, 260); // twice the backlog
    let small = Opening {
        receive_buffer: Some(4096),
        segment: Some(536),
        ..Opening::default()
    };
    let mut late = Viewer::join_shared(&gateway, "front", false, small);
    late.play();
    std::thread::sleep(PAUSE * 20);
    let got = read(&mut late, 400);
    assert_eq!((got[0].picture, got[0].packet, got[0].key), (0, 0, true));
    let lost = "camgate_camera_skipped_frames_total{camera=\"front\"}";
    assert_eq!(gateway.metrics().value(lost), 0.0);
}

#[test]
fn without_a_cache_or_with_a_small_one_viewers_begin_where_the_camera_is() {
    for cache in ["0", "20k"] {
        let pictures = Pictures {
            every: u32::MAX,
            ssrc: 7,
        };
        let camera = FakeCamera::filming(pictures, PAUSE);
        let settings = [("url", camera.url()), ("gop_cache", cache.to_owned())];
        let settings = settings
            .each_ref()
            .map(|(key, value)| (*key, value.as_str()));
        let gateway = Config::new().camera("front", &settings).start();
        let mut first = Viewer::watch(&gateway);
        read(&mut first, 100);
        let mut late = Viewer::watch(&gateway);
        assert!(read(&mut late, 1)[0].picture > 0);
    }
}

#[test]
fn a_slow_viewer_loses_whole_pictures_and_nobody_else_loses_anything() {
    let camera = FakeCamera::filming(Pictures::USUAL, Duration::from_millis(3));
    let gateway = Config::new()
        .limit("backlog", "256k")
        .camera("front", &[("url", &camera.url())])
        .start();
    let mut slow = Viewer::join_shared(&gateway, "front", false, Opening::NARROW);
    slow.play();
    let mut quick = Viewer::watch(&gateway);
    let got = read(&mut quick, 4_000);
    let complete = |pair: &[Packet]| {
        pair[0].picture == pair[1].picture || pair[0].picture + 1 == pair[1].picture
    };
    assert!(
        got.windows(2).all(complete),
        "the quick one gets everything"
    );
    let skipped = "camgate_camera_skipped_frames_total{camera=\"front\"}";
    gateway.await_metrics("frames left out", |now| now.value(skipped) > 100.0);
    // In order, and gone on with key frames: that is what `read` checks.
    let mut got = Vec::new();
    for _ in 0..8 {
        got.extend(read(&mut slow, 100));
        std::thread::sleep(PAUSE * 20);
    }
    let gaps = got.windows(2).filter(|pair| !complete(pair)).count();
    assert!(gaps >= 2, "it lost some again and again: {gaps}");
    let whole = |pair: &[Packet]| complete(pair) || pair[0].packet + 1 == PACKETS;
    assert!(got.windows(2).all(whole), "but no part of a picture");
    assert_eq!(camera.links(), 1);
    assert!(
        gateway.metrics().buffers_free() > 100.0,
        "what nobody needs is not kept"
    );
}

#[test]
fn channels_are_called_what_the_viewer_calls_them() {
    let camera = FakeCamera::filming(Pictures::USUAL, PAUSE);
    let gateway = gateway(&camera);
    let mut viewer = Viewer::join_shared(&gateway, "front", true, Opening::default());
    viewer.ask("DESCRIBE");
    let setup = viewer.compose(
        "SETUP",
        &[("Transport", "RTP/AVP/TCP;unicast;interleaved=8-9")],
    );
    let answer = viewer.exchange(&setup);
    assert!(
        answer
            .header("Transport")
            .unwrap()
            .contains("interleaved=8-9"),
        "{answer:?}"
    );
    let session = answer
        .header("Session")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let play = viewer.compose("PLAY", &[("Session", &session)]);
    assert_eq!(viewer.exchange(&play).status(), 200);
    assert!(
        read(&mut viewer, 50)
            .iter()
            .all(|packet| packet.channel == 8)
    );
}

#[test]
fn a_camera_that_comes_back_goes_on_for_those_who_watch() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        if link.number() > 0 {
            return link.film(Pictures::USUAL, 1_000.., PAUSE);
        }
        link.film(Pictures::USUAL, 0..60, PAUSE)?;
        link.send(&Pictures::USUAL.picture(60)[..1_500]) // in the middle of a packet
    });
    let gateway = gateway(&camera);
    let mut viewer = Viewer::watch(&gateway);
    while read(&mut viewer, 4)
        .iter()
        .all(|packet| packet.picture < 1_000)
    {}
    assert_eq!(camera.links(), 2);
    gateway.await_log(&["[front]", "closed the connection"]);
}

/// The answer to DESCRIBE of a shared camera: status and words.
fn described(gateway: &Gateway, name: &str) -> (u16, String) {
    let mut viewer = Viewer::join_shared(gateway, name, false, Opening::default());
    let answer = viewer.ask("DESCRIBE");
    (answer.status(), answer.first_line)
}

fn refuse_everybody(link: &mut Link) -> std::io::Result<()> {
    let realm = [("WWW-Authenticate", "Digest realm=\"x\", nonce=\"y\"")];
    loop {
        let request = link.receive()?;
        link.reply(&request, "401 Unauthorized", &realm, b"")?;
    }
}

#[test]
fn why_there_is_no_picture_is_said_to_the_viewer_the_log_and_the_list() {
    let refusing = FakeCamera::start(refuse_everybody);
    let url = refusing.url().replace("rtsp://", "rtsp://admin:hunter2@");
    let nobody = "rtsp://127.0.0.1:1/";
    let gateway = Config::new()
        .camera("front", &[("url", &url)])
        .camera("yard", &[("url", nobody)])
        .start();
    let (status, words) = described(&gateway, "front");
    assert_eq!(status, 502, "{words}");
    assert!(
        words.contains("the camera refuses this user name or password"),
        "{words}"
    );
    let (status, words) = described(&gateway, "front");
    assert_eq!(status, 502, "{words}");
    assert_eq!(
        refusing.links(),
        1,
        "a refused password is not tried again at once"
    );
    let (status, words) = described(&gateway, "yard");
    assert!(
        status == 502 && words.contains("refuses connections"),
        "{words}"
    );
    let (status, words) = described(&gateway, "cellar");
    assert_eq!(status, 404);
    assert!(
        words.contains("there is no camera cellar; known are front, yard"),
        "{words}"
    );
    gateway.await_log(&["[front]", "refuses this user name or password"]);
    let list = http::get(gateway.address(), "/api/cameras").text();
    for expected in [
        "\"name\":\"front\"",
        "\"url\":\"rtsp://camgate/front\"",
        "\"state\":\"failed\",\"problem\":\"the camera refuses this user name or password\"",
    ] {
        assert!(list.contains(expected), "{list}");
    }
    for text in [list, gateway.log()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_camera_that_is_always_on_needs_no_viewer() {
    let camera = FakeCamera::filming(Pictures::USUAL, PAUSE);
    let settings = [("url", camera.url()), ("always", "on".to_owned())];
    let settings = settings
        .each_ref()
        .map(|(key, value)| (*key, value.as_str()));
    let mut gateway = Config::new().camera("front", &settings).start();
    gateway.await_metrics("media", |now| now.frames() > 100.0);
    // Without viewers nothing but the pictures since the last key frame is kept.
    let kept = f64::from(u32::from(PACKETS) * 25 * 1_016 / 32_768 + 2);
    let metrics = gateway.metrics();
    assert!(
        metrics.value("camgate_pool_buffers") - metrics.buffers_free() <= kept,
        "{metrics:?}"
    );
    gateway.signal("TERM");
    gateway.await_exit();
}
