//! `camgate check`, as an operator runs it.

use std::path::PathBuf;
use std::process::{Command, Output};

/// What `camgate check` says about this file.
fn check(name: &str, text: &str) -> Output {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join(format!("check-{name}-{}.ini", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_camgate"))
        .args(["check", "-c"])
        .arg(&file)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    output
}

#[test]
fn every_error_and_every_warning_is_printed_at_once() {
    let text = "colour = red\nport = x\n[limits]\nviewers = 0\n";
    let output = check("wrong", text);
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
    let output = check("odd", "colour = red\norigins = https://a.example/page\n");
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("warning: ").count(), 2, "{said}");
    let understood = String::from_utf8(output.stdout).unwrap();
    assert!(understood.starts_with("[general]\nlisten = 0.0.0.0:8080\n"));
}
