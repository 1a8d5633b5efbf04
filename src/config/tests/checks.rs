//! Everything that is wrong is said at once, also what is wrong only together.

use super::*;

#[test]
fn every_mistake_and_every_warning_of_a_file_is_said_with_its_line() {
    let text = "listen = cam\ncolour = red\n[limits]\nviewers = 0\nno equals sign\n\
        [camera a]\nurl = http://u:hunter2@h/\nalways = perhaps\n[camera b]\n\
        [camera c d]\nurl = rtsp://h/\n[what\nx = y\n";
    let error = parse("x", text.as_bytes()).unwrap_err();
    let starts = [
        "x:1: listen = cam: the port is not a number",
        "x:4: viewers = 0: write a number",
        "x:5: there is no \"=\"",
        "x:7: url = …: ",
        "x:8: always = perhaps: write on or off",
        "x:9: [camera b] has no address",
        "x:10: [camera c d]: a camera's name is",
        "x:12: the section has no closing",
    ];
    for (mistake, start) in error.mistakes().iter().zip(starts) {
        assert!(mistake.starts_with(start), "{start}: {error}");
    }
    assert_eq!(error.mistakes().len(), starts.len(), "{error}");
    let warnings = [
        "x:2: colour: there is no such setting in [general]",
        "x:12: [what]: there is no such section, it has no effect",
    ];
    assert_eq!(error.warnings(), warnings);
    let many = parse("x", "viewers\n".repeat(9999).as_bytes()).unwrap_err();
    assert!(many.mistakes().len() < 100);
}

#[test]
fn two_listeners_cannot_have_one_port() {
    for (text, line) in [
        ("listen = 0.0.0.0:80, 127.0.0.1:80", 1),
        ("port = 8554\nrtsp_listen = 8554", 2),
        ("listen = [::]:80\nlisten = [::1]:80", 2),
    ] {
        let said = error(text);
        let start = format!("camgate.ini:{line}: ");
        assert!(said.starts_with(&start), "{said}");
        assert!(
            said.ends_with("are the same port: write another port"),
            "{said}"
        );
    }
    clean("listen = 127.0.0.1:80, 127.0.0.2:80, [::1]:80, 0.0.0.0:81\nrtsp_listen = 0, 0");
    let both = read("listen = 0.0.0.0:80, [::]:80");
    assert_eq!(both.warnings.len(), 1, "it depends on the system: {both:?}");
}

#[test]
fn origins_and_hosts_that_match_nothing_are_a_warning() {
    let vain = [
        ("origins = https://a.example/page", "without a path"),
        ("origins = a.*.example", "write a host name"),
        ("origins = ws://a.example", "write http:// or https://"),
        ("origins = a.example:http", "the port is not a number"),
        ("origins = *.10.0.0.1", "an address has no names below it"),
        ("hosts = a b", "write a host name"),
    ];
    for (text, part) in vain {
        let warnings = read(text).warnings;
        assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
        let said = &warnings[0];
        assert!(
            said.starts_with("camgate.ini:1: ") && said.contains(part),
            "{said}"
        );
    }
    clean(
        "origins = *, null, a.example, https://b.example:8443/, *.c.example, [::1]:80, \
         chrome-extension://abc\nhosts = d, *.e, 10.0.0.1, *",
    );
}

#[test]
fn a_cache_that_the_pool_cannot_hold_is_a_warning() {
    let file = |pool: &str| {
        format!("[limits]\npool = {pool}\n[camera a]\nurl = rtsp://h/\ngop_cache = 8M\n")
    };
    let said = "camgate.ini:2: pool = 4M cannot hold gop_cache = 8M of [camera a]: write \
        pool = 10M or more in [limits], or a smaller gop_cache";
    assert_eq!(read(&file("4M")).warnings, [said]);
    clean(&file("10M"));
}
