//! Parameter sets of shared cameras: the size of the pictures, as the list of
//! cameras tells it, and sets that come ahead of their picture.

mod common;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::doors::{Door, Guest, House};
use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::pictures::{Pictures, frame, packets};
use common::socket::Opening;
use common::viewer::Viewer;
use common::{await_some, http};

/// x264: baseline of 640x480, and high profile of 1920x1080.
const SMALL: [u8; 9] = [0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90];
const LARGE: &[u8] = b"\x67\x64\0\x28\xac\xd9\x40\x78\x02\x27\xe5\xc0\x44\0\0\x03\0\x04\0\0\x03\
    \0\xc8\x3c\x60\xc6\x58";

/// An interleaved frame with this unit, at the time of picture `number`.
fn unit(number: u32, unit: &[u8]) -> Vec<u8> {
    frame(0xffff, number * 3600, 7, false, unit)
}

fn gateway(camera: &FakeCamera) -> Gateway {
    Config::new()
        .camera("front", &[("url", &camera.url())])
        .start()
}

fn watch(gateway: &Gateway) -> Viewer {
    let mut viewer = Viewer::join_shared(gateway, "front", false, Opening::default());
    viewer.play();
    viewer
}

/// Waits until the list says this.
fn listed(gateway: &Gateway, words: &str) {
    await_some(words, || {
        let list = http::get(gateway.address(), "/api/cameras").text();
        list.contains(words).then_some(())
    });
}

fn describing(lines: &str) -> impl Fn(&mut Link) -> std::io::Result<()> + use<> {
    let sdp = format!("v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {lines}\r\n").into_bytes();
    move |link| {
        let request = link.serve_but("DESCRIBE")?;
        link.reply(&request, "200 OK", &[], &sdp)?;
        link.serve_until("PLAY")?;
        Ok(())
    }
}

#[test]
fn the_size_is_that_of_the_description_where_the_stream_says_none() {
    let describe = describing("H264/90000\r\na=fmtp:96 sprop-parameter-sets=Z0LAHtkAoD2Q,aMuDyw==");
    let camera = FakeCamera::start(move |link| {
        describe(link)?;
        link.send(&Pictures::USUAL.picture(0))?;
        link.serve()
    });
    let gateway = gateway(&camera);
    let _viewer = watch(&gateway);
    listed(&gateway, "\"width\":640,\"height\":480");
}

#[test]
fn a_size_that_changes_is_followed() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for number in 0.. {
            let set = if number < 40 { &SMALL[..] } else { LARGE };
            link.send(&unit(number, set))?;
            link.send(&Pictures { every: 1, ssrc: 7 }.picture(number))?;
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    });
    let gateway = gateway(&camera);
    let mut viewer = watch(&gateway);
    listed(&gateway, "\"width\":640,\"height\":480");
    listed(&gateway, "\"width\":1920,\"height\":1080");
    for _ in 0..300 {
        viewer.data.binary();
    }
    assert_eq!(camera.links(), 1);
}

#[test]
fn motion_jpeg_tells_its_size_in_every_packet() {
    let describe = describing("JPEG/90000");
    let camera = FakeCamera::start(move |link| {
        describe(link)?;
        link.send(&unit(1, &[0, 0, 0, 0, 1, 80, 160, 120, 1, 2, 3]))?;
        link.serve()
    });
    let gateway = gateway(&camera);
    let _viewer = watch(&gateway);
    listed(&gateway, "\"width\":1280,\"height\":960");
}

#[test]
fn sets_that_come_ahead_are_kept_for_their_key_frame() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        // Full of zeros, as picture 0 is: to be told apart by its number alone.
        link.send(&unit(0, &[0x67, 0, 0, 0]))?;
        std::thread::sleep(Duration::from_millis(200));
        link.film(Pictures::ONE_KEY, 0.., Duration::from_millis(10))
    });
    let gateway = gateway(&camera);
    let mut first = watch(&gateway);
    for _ in 0..40 {
        first.data.binary();
    }
    let mut late = watch(&gateway);
    let set = packets(&late.data.binary());
    assert_eq!((set[0].picture, set[0].packet, set[0].key), (0, 3, false));
    let key = packets(&late.data.binary());
    assert_eq!((key[0].picture, key[0].packet, key[0].key), (0, 0, true));
}

#[test]
fn later_viewers_are_told_the_sets_of_the_stream_not_those_described() {
    let small = "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHtkAoD2Q,aMuDyw==";
    for written in [small, "a=fmtp:96 packetization-mode=1", "a=x"] {
        let describe = describing(&format!("H264/90000\r\n{written}"));
        let camera = FakeCamera::start(move |link| {
            describe(link)?;
            // Once, ahead of everything.
            link.send(&unit(0, LARGE))?;
            for number in 0.. {
                link.send(&Pictures { every: 5, ssrc: 7 }.picture(number))?;
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        });
        let gateway = gateway(&camera);
        let _first = watch(&gateway);
        listed(&gateway, "\"width\":1920,\"height\":1080");
        let mut late = Viewer::join_shared(&gateway, "front", false, Opening::default());
        let body = String::from_utf8(late.ask("DESCRIBE").body).unwrap();
        let sets = camgate::protocol::rtsp::text::to_base64(LARGE);
        assert!(body.contains(&sets), "{body}");
        assert!(!body.contains("Z0LAHtkAoD2Q"), "{body}");
        assert_eq!(camera.links(), 1);
    }
}

/// Sends pictures, and before one of them newer sets, once `step` is 1. From then on
/// `step` counts the pictures.
fn film_with_newer_sets(link: &mut Link, step: &AtomicU32) -> std::io::Result<()> {
    for number in 0.. {
        if number % 5 == 0 && step.load(Ordering::Relaxed) == 1 {
            link.send(&unit(number, LARGE))?;
            step.store(2, Ordering::Relaxed);
        }
        link.send(&Pictures { every: 5, ssrc: 7 }.picture(number))?;
        let grown = u32::from(step.load(Ordering::Relaxed) > 1);
        step.fetch_add(grown, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Whoever was told the description before the newer sets came, which come once, and
/// plays after that: it gets them ahead of the first picture, with or without a cache.
#[test]
fn who_was_told_older_sets_gets_the_newer_ones_before_the_picture() {
    for cache in ["0", "4M"] {
        let step = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&step);
        let describe = describing(
            "H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHtkAoD2Q,aMuDyw==",
        );
        let camera = FakeCamera::start(move |link| {
            describe(link)?;
            film_with_newer_sets(link, &told)
        });
        let config = Config::new().general("gop_cache", cache);
        let house = House::new(config, camera);
        let _first = watch(&house.gateway);
        let doors = [Door::Named, Door::Plain, Door::Onvif, Door::Binary];
        let mut guests = doors.map(|door| house.enter(door, Opening::default()).unwrap());
        assert_eq!(guests[0].ask("DESCRIBE", "front", &[]), 200);
        step.store(1, Ordering::Relaxed);
        await_some("pictures behind the sets", || {
            (step.load(Ordering::Relaxed) > 12).then_some(())
        });
        listed(&house.gateway, "\"width\":1920,\"height\":1080");
        for (guest, door) in guests.iter_mut().zip(doors) {
            let transport = [("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")];
            assert_eq!(guest.ask("SETUP", "front/track0", &transport), 200);
            assert_eq!(guest.ask("PLAY", "front", &[]), 200);
            let mut media = Vec::new();
            let mut room = [0; 4_096];
            while media.len() < 1_000 {
                let count = match guest {
                    Guest::Carried(carried) => carried.read(&mut room),
                    _ => guest.stream().read(&mut room),
                };
                media.extend_from_slice(&room[..count.unwrap()]);
            }
            let set = media.windows(LARGE.len()).position(|it| it == LARGE);
            assert!(set.is_some_and(|at| at < 200), "{door:?} {cache} {set:?}");
        }
        assert_eq!(house.camera.links(), 1);
    }
}

/// What the answer to PLAY names is the first packet that comes, a set or not.
#[test]
fn the_answer_to_play_names_the_sets_that_come_first() {
    let step = Arc::new(AtomicU32::new(0));
    let told = Arc::clone(&step);
    let camera = FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        film_with_newer_sets(link, &told)
    });
    let gateway = gateway(&camera);
    let _first = watch(&gateway);
    let mut late = Viewer::join_shared(&gateway, "front", false, Opening::default());
    assert_eq!(late.ask("DESCRIBE").status(), 200);
    let setup = late.compose(
        "SETUP",
        &[("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")],
    );
    assert_eq!(late.exchange(&setup).status(), 200);
    step.store(1, Ordering::Relaxed);
    await_some("pictures behind the sets", || {
        (step.load(Ordering::Relaxed) > 12).then_some(())
    });
    let answer = late.ask("PLAY");
    let info = answer.header("RTP-Info").expect("where it begins");
    let frames = [late.data.binary(), late.data.binary()];
    assert!(frames[0].ends_with(LARGE), "{:?}", frames[0]);
    let number = |frame: &[u8]| u16::from_be_bytes([frame[6], frame[7]]);
    let [set, picture] = [number(&frames[0]), number(&frames[1])];
    assert!(info.contains(&format!("seq={set};")), "{info} {set}");
    assert_eq!(set.wrapping_add(1), picture);
    assert_eq!(frames[0][8..16], frames[1][8..16], "time and sender");
}
