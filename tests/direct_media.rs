//! Media of cameras that viewers name: every frame arrives once, whole and in order, at
//! whatever pace the viewer reads; what does not fit waits in the camera.
//!
//! Invariant: the gateway's memory is the pool, whoever is slow.

mod common;

use common::fake_camera::{FakeCamera, Link};
use common::frames::{Checker, Pattern};
use common::gateway::{Config, Gateway};
use common::socket::Opening;
use common::viewer::Viewer;

/// A receive buffer so small that a viewer who does not read is soon felt.
const SLOW: Opening = Opening {
    origin: None,
    receive_buffer: Some(16 * 1024),
    segment: None,
    from: None,
    query: "",
};

/// Frames that no chain of kernel buffers and pools can hide: 64 MiB.
const FLOOD: u32 = 47_800;

fn read_batches(viewer: &mut Viewer, pattern: Pattern, frames: std::ops::Range<u32>) -> Checker {
    let mut checker = Checker::new(pattern, frames.start);
    while checker.next() < frames.end {
        // A wait of `BOUND` fails: nothing in the gateway may take so long to go on.
        checker.accept_several(&viewer.data.binary()).unwrap();
    }
    checker
}

#[test]
fn without_being_asked_each_message_is_exactly_one_frame() {
    let (gateway, camera) = (
        Gateway::start_default(),
        FakeCamera::playing(Pattern::CAMERA, 20_000),
    );
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    viewer.expect_frames(Pattern::CAMERA, 0..20_000);
}

#[test]
fn small_frames_too_travel_one_by_one() {
    let (gateway, camera) = (
        Gateway::start_default(),
        FakeCamera::playing(Pattern::SMALL, 30_000),
    );
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    viewer.expect_frames(Pattern::SMALL, 0..30_000);
}

#[test]
fn batches_are_whole_frames_and_nothing_is_missing_in_fifty_thousand() {
    let (gateway, camera) = (
        Gateway::start_default(),
        FakeCamera::playing(Pattern::CAMERA, 50_000),
    );
    let before = gateway.metrics();
    let mut viewer = Viewer::join_batched(&gateway, &camera);
    viewer.play();
    let checker = read_batches(&mut viewer, Pattern::CAMERA, 0..50_000);
    let (messages, bytes) = checker.totals();
    assert!(
        messages * 4 < 50_000,
        "{messages} messages: what is at hand is not sent together"
    );
    let after = gateway.metrics();
    assert_eq!(after.frames() - before.frames(), 50_000.0);
    let counted =
        after.value("camgate_media_bytes_total") - before.value("camgate_media_bytes_total");
    assert_eq!(
        counted, bytes as f64,
        "frames count, WebSocket headers do not"
    );
}

#[test]
fn batches_of_small_frames_lose_nothing() {
    let (gateway, camera) = (
        Gateway::start_default(),
        FakeCamera::playing(Pattern::SMALL, 50_000),
    );
    let mut viewer = Viewer::join_batched(&gateway, &camera);
    viewer.play();
    read_batches(&mut viewer, Pattern::SMALL, 0..50_000);
}

#[test]
fn small_pool_buffers_change_nothing_but_the_batches() {
    let gateway = Config::new()
        .limit("buffer", "4k")
        .limit("pool", "256k")
        .start();
    for (pattern, count) in [
        (Pattern::CAMERA, 3_000),
        (Pattern::EXTREMES, 120),
        (Pattern::SMALL, 5_000),
    ] {
        let camera = FakeCamera::playing(pattern, count);
        let mut single = Viewer::join(&gateway, &camera);
        single.play();
        single.expect_frames(pattern, 0..count);
        let mut batched = Viewer::join_batched(&gateway, &camera);
        batched.play();
        read_batches(&mut batched, pattern, 0..count);
    }
}

#[test]
fn a_whole_frame_does_not_wait_for_the_half_behind_it() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        let bytes = Pattern::CAMERA.run(0..3);
        let frame = bytes.len() / 3; // the first three are alike
        let halves = [frame + 9, 2 * frame + 2, bytes.len()];
        link.send(&bytes[..halves[0]])?;
        let mut requests = Vec::new();
        for cut in halves.windows(2) {
            // The viewer asks once it has what was whole so far.
            requests.push(link.receive()?);
            link.send(&bytes[cut[0]..cut[1]])?;
        }
        for request in &requests {
            link.send(&Link::usual_reply(request))?;
        }
        link.serve()
    });
    for batch in [false, true] {
        let mut viewer = Viewer::join_as(&gateway, &camera, batch, Opening::default());
        viewer.play();
        let seqs = [0, 1].map(|frame| {
            viewer.expect_frames(Pattern::CAMERA, frame..frame + 1);
            let request = viewer.compose("GET_PARAMETER", &[]);
            viewer.wrap(&request)
        });
        viewer.expect_frames(Pattern::CAMERA, 2..3);
        seqs.iter()
            .for_each(|seq| assert_eq!(viewer.response(seq).status(), 200));
    }
}

#[test]
fn a_slow_viewer_stops_the_reading_of_its_camera_and_loses_nothing() {
    for batch in [false, true] {
        let (gateway, camera) = (
            Gateway::start_default(),
            FakeCamera::playing(Pattern::BULK, FLOOD),
        );
        let mut viewer = Viewer::join_as(&gateway, &camera, batch, SLOW);
        let before = gateway.resident();
        viewer.play();
        common::await_some("the camera to find no room", || {
            (camera.stalls() > 0).then_some(())
        });
        let total = u64::from(FLOOD) * Pattern::BULK.frame(0).len() as u64;
        assert!(
            camera.sent() < total,
            "the gateway took all that nobody read"
        );
        let grown = gateway.resident().saturating_sub(before);
        assert!(grown < 12 * 1024, "{grown} KiB grown: more than the pool");
        read_batches(&mut viewer, Pattern::BULK, 0..FLOOD);
        assert_eq!(viewer.ask("GET_PARAMETER").status(), 200);
    }
}

#[test]
fn a_slow_viewer_holds_no_more_than_its_backlog() {
    let gateway = Config::new().limit("backlog", "128k").start();
    let flood = FakeCamera::playing(Pattern::BULK, u32::MAX);
    let mut viewer = Viewer::join_as(&gateway, &flood, false, SLOW);
    viewer.play();
    common::await_some("the camera to find no room", || {
        (flood.stalls() > 0).then_some(())
    });
    let metrics = gateway.metrics();
    let held = metrics.value("camgate_pool_buffers") - metrics.buffers_free();
    // 128k in buffers of 32k, of which the first and the last are partly used.
    assert!((1.0..=6.0).contains(&held), "{held} buffers");
    viewer.expect_frames(Pattern::BULK, 0..5_000);
}

#[test]
fn slow_viewers_that_hold_the_pool_do_not_stop_the_others() {
    let gateway = Config::new()
        .limit("pool", "1M")
        .limit("buffer", "32k")
        .start();
    let before = gateway.metrics();
    let flood = FakeCamera::playing(Pattern::BULK, u32::MAX);
    let mut slow: Vec<Viewer> = (0..12)
        .map(|_| Viewer::join_as(&gateway, &flood, false, SLOW))
        .collect();
    slow.iter_mut().for_each(Viewer::play);
    common::await_some("every camera link to find no room", || {
        (flood.stalls() >= 12).then_some(())
    });
    let healthy = FakeCamera::playing(Pattern::CAMERA, 2_000);
    for _ in 0..2 {
        let mut viewer = Viewer::join(&gateway, &healthy);
        viewer.play();
        viewer.expect_frames(Pattern::CAMERA, 0..2_000);
    }
    for viewer in &mut slow {
        viewer.expect_frames(Pattern::BULK, 0..3_000);
    }
    slow.into_iter().for_each(Viewer::vanish);
    gateway.await_as_before(&before);
}

/// Three who never read, and two whose queues ran full like theirs and who then
/// go on: what was held back for them must start to move again.
#[test]
fn viewers_who_paused_get_all_of_it_from_a_pool_that_others_hold() {
    let gateway = Config::new().limit("pool", "512k").start();
    let before = gateway.metrics();
    let flood = FakeCamera::playing(Pattern::BULK, u32::MAX);
    let mut dead: Vec<Viewer> = (0..3)
        .map(|_| Viewer::join_as(&gateway, &flood, false, SLOW))
        .collect();
    dead.iter_mut().for_each(Viewer::play);
    common::await_some("their cameras to find no room", || {
        (flood.stalls() >= 3).then_some(())
    });
    // 30 MiB each: no chain of kernel buffers hides that.
    let patterns = [(Pattern::CAMERA, 30_000), (Pattern::EXTREMES, 1_100)];
    let cameras = patterns.map(|(pattern, count)| FakeCamera::playing(pattern, count));
    let mut viewers = [0, 1].map(|n| Viewer::join_as(&gateway, &cameras[n], n == 1, SLOW));
    viewers.iter_mut().for_each(Viewer::play);
    common::await_some("these cameras, too, to find no room", || {
        cameras.iter().all(|c| c.stalls() > 0).then_some(())
    });
    for (viewer, (pattern, count)) in viewers.iter_mut().zip(patterns) {
        read_batches(viewer, pattern, 0..count);
        assert_eq!(viewer.ask("GET_PARAMETER").status(), 200);
    }
    viewers.into_iter().for_each(Viewer::vanish);
    dead.into_iter().for_each(Viewer::vanish);
    gateway.await_as_before(&before);
}

#[test]
fn many_viewers_at_once_each_get_their_own_stream() {
    let gateway = Config::new().limit("per_address", "64").start();
    let camera = FakeCamera::playing(Pattern::CAMERA, 1_500);
    let before = gateway.metrics();
    std::thread::scope(|scope| {
        for number in 0..32 {
            let (gateway, camera) = (&gateway, &camera);
            scope.spawn(move || {
                let mut viewer =
                    Viewer::join_as(gateway, camera, number % 2 == 1, Opening::default());
                viewer.play();
                read_batches(&mut viewer, Pattern::CAMERA, 0..1_500);
                viewer.vanish();
            });
        }
    });
    assert_eq!(gateway.metrics().frames() - before.frames(), 32.0 * 1_500.0);
    gateway.await_as_before(&before);
}

#[test]
fn the_page_is_served_while_viewers_are_slow() {
    let gateway = Config::new()
        .limit("pool", "1M")
        .limit("buffer", "32k")
        .start();
    let flood = FakeCamera::playing(Pattern::BULK, u32::MAX);
    let mut slow: Vec<Viewer> = (0..12)
        .map(|_| Viewer::join_as(&gateway, &flood, true, SLOW))
        .collect();
    slow.iter_mut().for_each(Viewer::play);
    common::await_some("every camera link to find no room", || {
        (flood.stalls() >= 12).then_some(())
    });
    assert_eq!(
        common::http::get(gateway.address(), "/healthz")
            .text()
            .trim(),
        "ok"
    );
    assert_eq!(gateway.metrics().viewers(), 12.0);
}
