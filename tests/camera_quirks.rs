//! Shared cameras with quirks that other clients put up with: they hang up instead of
//! answering, name a session with every answer, write addresses and descriptions as they
//! like.
//!
//! Invariant: whoever watches gets the picture, and the camera gets what it accepts.

mod common;

use std::io;
use std::time::Duration;

use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::pictures::{Pictures, packets};
use common::socket::Opening;
use common::viewer::Viewer;

/// Between two pictures.
const PAUSE: Duration = Duration::from_millis(5);

/// Plays pictures for as long as somebody is there.
fn pictures(link: &mut Link) -> io::Result<()> {
    link.film(Pictures::USUAL, 0.., PAUSE)
}

fn gateway(camera: &FakeCamera, login: &str) -> Gateway {
    let url = camera.url().replace("rtsp://", &format!("rtsp://{login}"));
    Config::new().camera("front", &[("url", &url)]).start()
}

/// Somebody watches, and sees.
fn watch(gateway: &Gateway) -> Viewer {
    // Some have more than one track.
    let mut viewer = Viewer::join_shared(gateway, "front/track0", false, Opening::default());
    viewer.play();
    let first = packets(&viewer.data.binary());
    assert!(first[0].key && first[0].packet == 0, "{first:?}");
    for _ in 0..50 {
        viewer.data.binary();
    }
    viewer
}

#[test]
fn one_that_hangs_up_at_options_is_asked_for_its_description_at_once() {
    let camera = FakeCamera::start(|link| {
        let request = link.receive()?;
        if request.method() == "OPTIONS" {
            return Ok(());
        }
        link.send(&Link::usual_reply(&request))?;
        link.serve_until("PLAY")?;
        pictures(link)
    });
    let gateway = gateway(&camera, "");
    watch(&gateway);
    assert_eq!(camera.links(), 2);
    assert_eq!(camera.record(1).received[0].method(), "DESCRIBE");
}

/// One that refuses OPTIONS, and the lower transport spelt out, and hangs up then.
#[test]
fn one_that_hangs_up_behind_a_refusal_is_asked_what_comes_next() {
    let camera = FakeCamera::start(|link| {
        loop {
            let request = link.receive()?;
            let transport = request.header("Transport").unwrap_or_default();
            if request.method() == "OPTIONS" || transport.starts_with("RTP/AVP/TCP") {
                let status = match request.method() {
                    "OPTIONS" => "400 Bad Request",
                    _ => "461 Unsupported Transport",
                };
                return link.reply(&request, status, &[], b"");
            }
            link.send(&Link::usual_reply(&request))?;
            if request.method() == "PLAY" {
                return pictures(link);
            }
        }
    });
    watch(&gateway(&camera, ""));
    assert_eq!(camera.links(), 3);
}

#[test]
fn one_that_hangs_up_behind_its_challenge_gets_the_password_on_another_link() {
    let camera = FakeCamera::start(|link| {
        let request = link.receive()?;
        if request.header("Authorization").is_none() {
            let digest = "Digest realm=\"cam\", nonce=\"n\"";
            let headers = [("WWW-Authenticate", digest)];
            return link.reply(&request, "401 Unauthorized", &headers, b"");
        }
        link.send(&Link::usual_reply(&request))?;
        link.serve_until("PLAY")?;
        pictures(link)
    });
    let gateway = gateway(&camera, "admin:secret@");
    watch(&gateway);
    assert_eq!(camera.links(), 2);
}

#[test]
fn one_that_hangs_up_at_a_keep_alive_gets_the_other_kind() {
    let camera = FakeCamera::start(|link| {
        let setup = link.serve_but("SETUP")?;
        let transport = setup.header("Transport").unwrap().to_owned();
        let headers = [("Session", "1;timeout=2"), ("Transport", &*transport)];
        link.reply(&setup, "200 OK", &headers, b"")?;
        let play = link.receive()?;
        link.reply(&play, "200 OK", &[], b"")?;
        for number in 0..100 {
            link.send(&Pictures::USUAL.picture(number))?;
        }
        let keep_alive = link.receive()?;
        if keep_alive.method() == "GET_PARAMETER" {
            return Ok(());
        }
        link.send(&Link::usual_reply(&keep_alive))?;
        link.serve()
    });
    let gateway = gateway(&camera, "");
    let _viewer = watch(&gateway);
    let kept = |record: &common::fake_camera::Record| {
        let methods = record.received.iter().map(|it| it.method().to_owned());
        let mut behind = methods.skip_while(|method| method != "PLAY").skip(1);
        behind.next()
    };
    let first = camera.await_record(0, "a keep-alive", kept);
    let second = camera.await_record(1, "a keep-alive", kept);
    assert_eq!((&*first, &*second), ("GET_PARAMETER", "OPTIONS"));
}

#[test]
fn one_that_names_another_session_with_every_answer_is_held_to_the_first() {
    let camera = FakeCamera::start(|link| {
        let mut number = 0;
        loop {
            let request = link.receive()?;
            number += 1;
            let id = format!("{number};timeout=60");
            let named = request.header("Session").unwrap_or_default().to_owned();
            let transport = request.header("Transport").unwrap_or_default().to_owned();
            let headers = [("Session", &*id), ("Transport", &*transport)];
            match request.method() {
                "SETUP" if named.is_empty() || named == "3" => {
                    link.reply(&request, "200 OK", &headers, b"")?;
                }
                "PLAY" if named == "3" => {
                    link.reply(&request, "200 OK", &headers[..1], b"")?;
                    return pictures(link);
                }
                "OPTIONS" => link.reply(&request, "200 OK", &[], b"")?,
                "DESCRIBE" => link.reply(&request, "200 OK", &[], TWO_TRACKS)?,
                _ => link.reply(&request, "454 Session Not Found", &[], b"")?,
            }
        }
    });
    let gateway = gateway(&camera, "");
    watch(&gateway);
    assert_eq!(
        camera.record(0).request("PLAY").unwrap().header("Session"),
        Some("3")
    );
}

const TWO_TRACKS: &[u8] = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
    a=control:1\r\nm=audio 0 RTP/AVP 0\r\na=control:2\r\n";

#[test]
fn one_that_writes_its_address_twice_or_in_part_is_set_up_where_it_is() {
    for [before, after] in [["rtsp://rtsp://", ""], ["", "/"], ["://", ""]] {
        let camera = FakeCamera::start(move |link| {
            let describe = link.serve_but("DESCRIBE")?;
            let (_, place) = describe.url().split_once("://").unwrap();
            let base = format!("{before}{place}{after}");
            let sdp = format!(
                "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
                 a=control:{before}{place}/track1\r\n"
            );
            let headers = [("Content-Base", &*base)];
            link.reply(&describe, "200 OK", &headers, sdp.as_bytes())?;
            let setup = link.serve_but("SETUP")?;
            if setup.url() != format!("rtsp://{place}/track1") {
                return link.reply(&setup, "404 Not Found", &[], b"");
            }
            link.send(&Link::usual_reply(&setup))?;
            link.serve_until("PLAY")?;
            pictures(link)
        });
        watch(&gateway(&camera, ""));
        assert_eq!(camera.links(), 1);
    }
}

#[test]
fn one_that_sends_on_other_channels_than_it_was_asked_for_is_seen() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for number in 0.. {
            let mut frames = Pictures::USUAL.picture(number);
            let length = frames.len() / usize::from(common::pictures::PACKETS);
            frames.chunks_mut(length).for_each(|frame| frame[1] = 6);
            link.send(&frames)?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    });
    watch(&gateway(&camera, ""));
}

/// The session that is gone is heard first, and the answer to SETUP says who is not.
#[test]
fn who_was_announced_is_watched_though_a_session_that_is_gone_is_heard_first() {
    for announced in ["00000007", "7", "00000009"] {
        let camera = FakeCamera::start(move |link| {
            let request = link.serve_but("SETUP")?;
            let transport = format!("RTP/AVP/TCP;unicast;interleaved=0-1;ssrc={announced}");
            let headers = [("Session", "1"), ("Transport", &*transport)];
            link.reply(&request, "200 OK", &headers, b"")?;
            link.serve_until("PLAY")?;
            let gone = Pictures { every: 25, ssrc: 8 };
            for number in 0.. {
                // One that names another than it has sends nothing but its own.
                if announced != "00000009" {
                    link.send(&gone.picture(number + 20_000))?;
                }
                link.send(&Pictures::USUAL.picture(number))?;
                std::thread::sleep(PAUSE);
            }
            Ok(())
        });
        let gateway = gateway(&camera, "");
        let mut viewer = watch(&gateway);
        for _ in 0..100 {
            let packets = packets(&viewer.data.binary());
            assert!(packets.iter().all(|it| it.picture < 20_000), "{packets:?}");
        }
    }
}

#[test]
fn packets_of_a_session_that_is_gone_are_kept_from_who_watches() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for number in 0.. {
            link.send(&Pictures::USUAL.picture(number))?;
            // Numbers and times of their own.
            let gone = Pictures { every: 25, ssrc: 8 };
            link.send(&gone.picture(number + 20_000))?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    });
    let gateway = gateway(&camera, "");
    let mut viewer = watch(&gateway);
    let mut last = None;
    for _ in 0..400 {
        for packet in packets(&viewer.data.binary()) {
            assert!(packet.picture < 20_000, "{packet:?}");
            let index = packet.picture * 4 + u32::from(packet.packet);
            assert!(
                last.is_none_or(|last| last + 1 == index),
                "{last:?} {packet:?}"
            );
            last = Some(index);
        }
    }
}
