//! `camgate check`, as an operator runs it.

mod common;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use common::fake_camera::FakeCamera;
use common::pictures::Pictures;

/// What `camgate check` says about this file.
fn check(name: &str, text: &str, more: &[&str]) -> Output {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join(format!("check-{name}-{}.ini", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_camgate"))
        .args(["check", "-c"])
        .arg(&file)
        .args(more)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    output
}

#[test]
fn every_error_and_every_warning_is_printed_at_once() {
    let text = "colour = red\nport = x\n[limits]\nviewers = 0\n";
    let output = check("wrong", text, &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for part in [
        ".ini:1: colour: there is no such setting",
        ".ini:2: port = x: the port is not a number",
        ".ini:4: viewers = 0: write a number",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn warnings_are_printed_beside_what_was_understood() {
    let text = "colour = red\norigins = https://a.example/page\n";
    let output = check("odd", text, &[]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("warning: ").count(), 2, "{said}");
    let understood = String::from_utf8(output.stdout).unwrap();
    assert!(understood.starts_with("[general]\nlisten = 0.0.0.0:8080\n"));
}

/// Each stream has its line, and each camera one link for it; nobody is served.
#[test]
fn every_camera_is_called_and_has_its_line() {
    let film = || FakeCamera::filming(Pictures::ONE_KEY, Duration::from_millis(5));
    let (front, sub) = (film(), film());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = closed.local_addr().unwrap();
    drop(closed);
    let text = format!(
        "listen = 127.0.0.1:1\n[camera front]\nurl = {}\nsub = {}\n\
         [camera yard]\nurl = rtsp://u:hunter2@{nowhere}/\n",
        front.url(),
        sub.url()
    );
    let output = check("cameras", &text, &["--cameras"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("front: plays H264"), "{lines:?}");
    assert!(lines[1].starts_with("front/sub: plays H264"), "{lines:?}");
    assert!(lines[2].starts_with("yard: ") && lines[2].contains("refuses connections"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("1 of 3 streams do not play"), "{said}");
    assert!(!said.contains("hunter2"));
    assert_eq!((front.links(), sub.links()), (1, 1));
}
