//! What a frame costs the gateway: no allocation, and far less than a system call each
//! way.
//!
//! The server runs in a thread of this process, so that its allocations can be
//! counted apart from everybody else's.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use camgate::config;
use camgate::net::Server;

use common::fake_camera::FakeCamera;
use common::frames::{Checker, Pattern};
use common::gateway::Gateway;
use common::socket::{Opening, Socket};
use common::viewer::{self, Viewer};

/// The system's allocator, counting what the server's thread asks of it.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IS_SERVER: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_SERVER.try_with(Cell::get).unwrap_or(false) {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Starts the server in a thread that is left to run until the process ends.
fn start() -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let text = b"listen = 127.0.0.1:0\ntargets = loopback\n";
        let config = config::parse("test.ini", text).expect("valid");
        let mut server = Server::bind(config, None).expect("a free port");
        sender.send(server.addresses()[0]).expect("somebody waits");
        IS_SERVER.set(true);
        let _ = server.run();
    });
    receiver.recv().expect("the server starts")
}

/// A viewer whose camera sends `frames` frames as fast as they are taken; what
/// the server allocated between the first tenth of them and the last.
fn allocations_while_playing(address: SocketAddr, frames: u32, batch: bool) -> u64 {
    let camera = FakeCamera::playing(Pattern::CAMERA, frames);
    let mut control = Socket::open(address, "control");
    let port = camera.port().to_string();
    let reply = control.ask("INIT", &viewer::target("127.0.0.1", &port), "");
    let channel = reply.header("channel").expect("a channel");
    let mut data = viewer::join(address, channel, batch, Opening::default());
    let url = camera.url();
    for method in ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"] {
        let request = format!("{method} {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        assert_eq!(control.ask("WRAP", &[], &request).code, 200);
    }
    let mut checker = Checker::new(Pattern::CAMERA, 0);
    let mut take_until = |number: u32| {
        while checker.next() < number {
            let message = data.binary();
            let taken = match batch {
                true => checker.accept_several(&message).map(|_| ()),
                false => checker.accept_one(&message),
            };
            taken.expect("every frame, in order");
        }
    };
    take_until(frames / 10);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    take_until(frames);
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

#[test]
fn frames_are_carried_without_allocating() {
    let address = start();
    for batch in [false, true] {
        let frames = 60_000;
        let allocations = allocations_while_playing(address, frames, batch);
        // Tables and timers may grow once more; a frame, a read or a write may not.
        assert!(
            allocations < 100,
            "{allocations} allocations for {frames} frames (batch: {batch})"
        );
    }
}

#[test]
fn a_batch_costs_one_read_and_one_write_not_a_packet() {
    let gateway = Gateway::start_default();
    for batch in [false, true] {
        let camera = FakeCamera::playing(Pattern::CAMERA, 60_000);
        let before = gateway.metrics();
        let opening = Opening::default();
        let mut viewer = Viewer::join_as(&gateway, &camera, batch, opening);
        viewer.play();
        let mut checker = Checker::new(Pattern::CAMERA, 0);
        while checker.next() < 60_000 {
            let message = viewer.data.binary();
            let taken = match batch {
                true => checker.accept_several(&message).map(|_| ()),
                false => checker.accept_one(&message),
            };
            taken.expect("every frame, in order");
        }
        let after = gateway.metrics();
        let grown = |name: &str| after.value(name) - before.value(name);
        let frames = grown("camgate_frames_total");
        let calls = grown("camgate_media_reads_total") + grown("camgate_media_writes_total");
        assert!(frames >= 60_000.0);
        // A read and a write per packet would make it two per frame.
        assert!(
            calls * 4.0 < frames,
            "{calls} reads and writes for {frames} frames (batch: {batch})"
        );
    }
}
