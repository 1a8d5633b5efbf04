//! Signals: how the gateway ends and what it tells while it runs.
//!
//! Invariant: viewers are told to come back, the exit code is 0, and nobody
//! who does not read can hold up the end.

mod common;

use common::fake_camera::FakeCamera;
use common::frames::Pattern;
use common::gateway::{Config, Gateway};
use common::http::Connection;
use common::socket::{Opening, Socket};
use common::viewer::{Viewer, init};

#[test]
fn a_signal_to_end_sends_viewers_1013_and_exits_with_0() {
    for signal in ["TERM", "INT"] {
        let (mut gateway, camera) = (
            Gateway::start_default(),
            FakeCamera::playing(Pattern::CAMERA, 100),
        );
        let mut viewer = Viewer::join(&gateway, &camera);
        viewer.play();
        viewer.expect_frames(Pattern::CAMERA, 0..100);
        let (mut unjoined, _) = init(&gateway, "127.0.0.1", camera.port());
        let mut fresh = Socket::open(gateway.address(), "control");
        let _half = Connection::open(gateway.address());
        gateway.signal(signal);
        let codes = [
            &mut viewer.control,
            &mut viewer.data,
            &mut unjoined,
            &mut fresh,
        ]
        .map(Socket::await_close);
        assert_eq!(
            codes, [1013; 4],
            "{signal}: codes that make players come back"
        );
        drop((viewer, unjoined, fresh));
        assert_eq!(
            gateway.await_exit().code(),
            Some(0),
            "{signal}\n{}",
            gateway.log()
        );
        assert!(
            camera.await_end(0).request("TEARDOWN").is_some(),
            "{signal}: the camera is told"
        );
    }
}

#[test]
fn a_viewer_who_does_not_read_cannot_hold_up_the_end() {
    let (mut gateway, flood) = (
        Gateway::start_default(),
        FakeCamera::playing(Pattern::BULK, u32::MAX),
    );
    let opening = Opening {
        receive_buffer: Some(8 * 1024),
        ..Opening::default()
    };
    let mut viewer = Viewer::join_as(&gateway, &flood, false, opening);
    viewer.play();
    common::await_some("the camera to find no room", || {
        (flood.stalls() > 0).then_some(())
    });
    gateway.signal("TERM");
    assert_eq!(gateway.await_exit().code(), Some(0), "{}", gateway.log());
}

#[test]
fn an_idle_gateway_ends_at_once() {
    let mut gateway = Gateway::start_default();
    gateway.signal("TERM");
    assert_eq!(gateway.await_exit().code(), Some(0), "{}", gateway.log());
}

#[test]
fn a_dump_tells_what_the_gateway_holds_and_disturbs_nobody() {
    let (mut gateway, camera) = (
        Gateway::start_default(),
        FakeCamera::playing(Pattern::CAMERA, 50),
    );
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    viewer.expect_frames(Pattern::CAMERA, 0..50);
    let line = gateway.log_length();
    gateway.signal("USR1");
    gateway.await_log_after(line, &["viewer"]);
    gateway.await_log_after(line, &["buffers"]);
    gateway.await_log_after(line, &[&camera.address().to_string()]);
    assert_eq!(viewer.ask("GET_PARAMETER").status(), 200);
}

#[test]
fn a_configuration_read_again_holds_for_newcomers_and_drops_nobody() {
    let (mut gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let mut viewer = Viewer::join(&gateway, &camera);
    gateway.reload(&Config::new().general("targets", "none"));
    gateway.await_log(&["configuration read again"]);
    assert_eq!(init(&gateway, "127.0.0.1", camera.port()).1.code, 403);
    assert_eq!(viewer.ask("OPTIONS").status(), 200);
    assert_eq!(gateway.metrics().viewers(), 1.0);
}

#[test]
fn a_configuration_with_a_mistake_changes_nothing_and_names_its_line() {
    let (mut gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    gateway.reload(&Config::new().general("targets", "somewhere"));
    gateway.await_log(&["stays as it was", ".ini:3"]);
    Viewer::join(&gateway, &camera);
}

#[test]
fn a_port_that_is_taken_is_said_so_and_ends_with_an_error() {
    let gateway = Gateway::start_default();
    let config = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("taken-{}.ini", std::process::id()));
    std::fs::write(
        &config,
        format!("[general]\nlisten = {}\n", gateway.address()),
    )
    .unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_camgate"))
        .args(["serve", "-c", config.to_str().unwrap()])
        .output()
        .unwrap();
    std::fs::remove_file(&config).unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains(&gateway.address().to_string()), "{words}");
    assert!(Config::new().start().address() != gateway.address());
}
