//! Faults of cameras that viewers name: a reset, an end, garbage, another protocol, a
//! response without end.
//!
//! Invariant: what a camera does wrong is felt by its own viewer only, who is
//! told to come back.

mod common;

use common::fake_camera::{FakeCamera, Link};
use common::frames::{Pattern, frame};
use common::gateway::Gateway;
use common::viewer::Viewer;

/// Some of it is put up with; 64 KiB are too much.
const GARBAGE: &[u8] = b"\x00\x01\x02 neither RTSP nor media\r\n";

/// A viewer whose camera does this after a few frames, and a healthy one whose
/// stream goes on meanwhile.
fn with_a_witness(trouble: fn(&mut Link) -> std::io::Result<()>, words: &[&str]) {
    let gateway = Gateway::start_default();
    let healthy = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::CAMERA, 0..50)?;
        link.serve_until("GET_PARAMETER")?;
        link.send_frames(Pattern::CAMERA, 50..100)?;
        link.serve()
    });
    let troubled = FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::CAMERA, 0..20)?;
        trouble(link)
    });
    let before = gateway.metrics();
    let mut witness = Viewer::join(&gateway, &healthy);
    witness.play();
    witness.expect_frames(Pattern::CAMERA, 0..50);
    let mut victim = Viewer::join(&gateway, &troubled);
    victim.play();
    assert_eq!(victim.data.await_close(), 1011);
    assert_eq!(victim.control.await_close(), 1011);
    gateway.await_log(words);
    assert_eq!(witness.ask("GET_PARAMETER").status(), 200);
    witness.expect_frames(Pattern::CAMERA, 50..100);
    witness.vanish();
    drop(victim);
    gateway.await_as_before(&before);
}

#[test]
fn a_reset_in_the_middle_of_a_frame_closes_its_viewer_with_1011() {
    with_a_witness(
        |link| {
            link.send(&Pattern::BULK.frame(20)[..700])?;
            link.reset()
        },
        &[],
    );
}

#[test]
fn an_end_in_the_middle_of_a_frame_closes_its_viewer_with_1011() {
    with_a_witness(
        |link| {
            link.send(&Pattern::BULK.frame(20)[..700])?;
            link.close();
            Ok(())
        },
        &[],
    );
}

#[test]
fn garbage_closes_its_viewer_with_1011_and_logs_the_offset() {
    with_a_witness(
        |link| {
            link.send(&GARBAGE.repeat(2_500))?;
            link.fall_silent()
        },
        &["[c", "at byte"],
    );
}

#[test]
fn the_offset_in_the_log_is_where_the_garbage_begins() {
    let gateway = Gateway::start_default();
    let (tell, told) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let camera = FakeCamera::start(move |link| {
        let options = link.expect("OPTIONS")?;
        let reply = Link::usual_reply(&options);
        let frames = Pattern::CAMERA.run(0..300);
        let _ = tell.lock().unwrap().send(reply.len() + frames.len());
        link.send_cut(
            &[reply, frames, GARBAGE.repeat(2_500)].concat(),
            &[99, 70_001],
        )?;
        link.fall_silent()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.ask("OPTIONS");
    viewer.expect_frames(Pattern::CAMERA, 0..300);
    assert_eq!(viewer.data.await_close(), 1011);
    let offset = format!("at byte {}", told.recv().unwrap());
    gateway.await_log(&["[c", &offset]);
}

/// What is behind stray bytes arrives, and they do not: whatever pieces the
/// gateway reads them in.
#[test]
fn stray_bytes_between_frames_are_passed_over_counted_and_told_of_once() {
    let gateway = Gateway::start_default();
    let rtp = |n: u32| {
        let mut frame = frame(0, n, 1_400);
        frame[4] = 0x80;
        frame
    };
    let camera = FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        let strays: [&[u8]; 4] = [b"\0", b"\r\n", b"\0$\0\0\x10\0", &[7; 99]];
        for n in 0..40 {
            let stray = strays[n as usize % 4];
            let request = if n == 20 { Some(link.receive()?) } else { None };
            let answer = request.map(|it| Link::usual_reply(&it)).unwrap_or_default();
            let bytes = [rtp(n), stray.to_vec(), answer].concat();
            let cut = [1_404, 1_405.min(bytes.len()), 1_408.min(bytes.len())];
            link.send_cut(&bytes, &cut)?;
        }
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    for n in 0..40 {
        if n == 20 {
            assert_eq!(viewer.ask("GET_PARAMETER").status(), 200);
        }
        assert_eq!(viewer.data.binary(), rtp(n), "frame {n}");
    }
    gateway.await_metrics("all stray bytes", |metrics| {
        metrics.value("camgate_skipped_bytes_total") == f64::from(10 * (1 + 6 + 99))
    });
    gateway.await_log(&["[c", "stray bytes"]);
    assert_eq!(gateway.log().matches("stray bytes").count(), 1);
}

#[test]
fn a_camera_that_talks_http_is_shown_out() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.receive()?;
        link.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
        link.fall_silent()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    let request = viewer.compose("OPTIONS", &[]);
    viewer.wrap(&request);
    let reply = viewer.control.reply();
    assert_eq!(reply.code, 502, "{reply:?}");
    assert_eq!(viewer.control.await_close(), 1011);
}

#[test]
fn an_answer_that_cannot_be_read_is_told_at_once_and_in_words() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        let request = link.expect("OPTIONS")?;
        let name = |n: u32| (format!("X-{n}"), "y");
        let many: Vec<_> = (0..130).map(name).collect();
        let many: Vec<_> = many
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        link.reply(&request, "200 OK", &many, b"")?;
        link.fall_silent()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    let request = viewer.compose("OPTIONS", &[]);
    let seq = viewer.wrap(&request);
    let reply = viewer.control.reply();
    assert_eq!(
        (reply.code, reply.seq()),
        (502, Some(seq.as_str())),
        "{reply:?}"
    );
    assert!(
        reply.reason.contains("header"),
        "words that say what: {reply:?}"
    );
    assert_eq!(viewer.control.await_close(), 1011);
    assert_eq!(viewer.data.await_close(), 1011);
    camera.await_end(0);
}

#[test]
fn a_response_without_end_is_not_gathered_for_ever() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.expect("OPTIONS")?;
        link.send(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nX-Endless: ")?;
        loop {
            link.send(&[b'x'; 4096])?;
        }
    });
    let before = gateway.metrics();
    let mut viewer = Viewer::join(&gateway, &camera);
    let request = viewer.compose("OPTIONS", &[]);
    viewer.wrap(&request);
    assert_eq!(viewer.data.await_close(), 1011);
    drop(viewer);
    gateway.await_as_before(&before);
}
