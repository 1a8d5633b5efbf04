use super::*;
use proptest::prelude::*;

fn parts(url: &str) -> (Option<String>, Option<String>, String, u16, String) {
    let url = Url::parse(url).unwrap();
    (url.user, url.password, url.host, url.port, url.path)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn ordinary_urls() {
    let none = || (None, None);
    for (url, host, port, path) in [
        ("rtsp://10.0.0.1/live", "10.0.0.1", 554, "/live"),
        (" RTSP://cam:8554 ", "cam", 8554, ""),
        ("rtsps://cam/", "cam", 322, "/"),
        ("rtsp://cam:/a?b=c/d@e", "cam", 554, "/a?b=c/d@e"),
        ("rtsp://cam?b", "cam", 554, "?b"),
        (
            "rtsp://[fe80::1%25eth0]:554/a b",
            "fe80::1%25eth0",
            554,
            "/a%20b",
        ),
        ("rtsp://[::1]/", "::1", 554, "/"),
        ("rtsp://@cam/", "cam", 554, "/"),
    ] {
        let (user, password) = none();
        assert_eq!(
            parts(url),
            (user, password, host.into(), port, path.into()),
            "{url}"
        );
    }
}

#[test]
fn credentials_escaped_or_not() {
    for (url, user, password) in [
        ("rtsp://admin:secret@cam/1", some("admin"), some("secret")),
        ("rtsp://admin:p%40ss%3A@cam/1", some("admin"), some("p@ss:")),
        ("rtsp://admin:p@ss:@cam/1", some("admin"), some("p@ss:")),
        ("rtsp://admin:a/b?c#d@cam/1", some("admin"), some("a/b?c#d")),
        (
            "rtsp://admin:p@ss:w/rd@cam/1",
            some("admin"),
            some("p@ss:w/rd"),
        ),
        (
            "rtsp://admin:[x]\\\"#;&+=@cam/1",
            some("admin"),
            some("[x]\\\"#;&+="),
        ),
        ("rtsp://a%2Fb:%25%3A%20@cam/1", some("a/b"), some("%: ")),
        ("rtsp://us@er:pa ss@cam/1", some("us@er"), some("pa ss")),
        ("rtsp://admin:100%@cam/1", some("admin"), some("100%")),
        ("rtsp://admin:%+1%zz@cam/1", some("admin"), some("%+1%zz")),
        (
            "rtsp://admin:k\u{fc}che@cam/1",
            some("admin"),
            some("k\u{fc}che"),
        ),
        ("rtsp://admin:@cam/1", some("admin"), some("")),
        ("rtsp://admin@cam/1", some("admin"), None),
    ] {
        let want = (user, password, "cam".into(), 554, "/1".into());
        assert_eq!(parts(url), want, "{url}");
    }
}

#[test]
fn credentials_run_over_a_slash_up_to_a_numeric_address() {
    for (url, password, host, path) in [
        (
            "rtsp://u:p@ss/word@10.0.0.1:554/1",
            "p@ss/word",
            "10.0.0.1",
            "/1",
        ),
        ("rtsp://u:p@ss?w@rd/x@[::1]/1", "p@ss?w@rd/x", "::1", "/1"),
        // The path of a camera may have an @, too.
        ("rtsp://u:p@cam/1@2", "p", "cam", "/1@2"),
        (
            "rtsp://u:p@10.0.0.1/1@10.0.0.2/3",
            "p",
            "10.0.0.1",
            "/1@10.0.0.2/3",
        ),
    ] {
        let url = Url::parse(url).unwrap();
        let found = (url.password.as_deref(), &*url.host, &*url.path);
        assert_eq!(found, (Some(password), host, path));
    }
}

/// A URL, and the password, host, port and path that it is read as.
type Read<'a> = (&'a str, Option<&'a str>, &'a str, u16, &'a str);
const PASSWORDS_LIKE_PORTS: &[Read] = &[
    (
        "rtsp://admin:12/34@10.0.0.1/x",
        Some("12/34"),
        "10.0.0.1",
        554,
        "/x",
    ),
    ("rtsp://admin:12/34@cam/x", Some("12/34"), "cam", 554, "/x"),
    (
        "rtsp://admin:12/34@cam.lan:8554",
        Some("12/34"),
        "cam.lan",
        8554,
        "",
    ),
    (
        "rtsp://admin:12/3@4/5@cam/x",
        Some("12/3"),
        "4",
        554,
        "/5@cam/x",
    ),
    (
        "rtsp://admin:12/3@4/5@10.0.0.1/x",
        Some("12/3@4/5"),
        "10.0.0.1",
        554,
        "/x",
    ),
    (
        "rtsp://admin:12?34@[::1]/x",
        Some("12?34"),
        "::1",
        554,
        "/x",
    ),
    (
        "rtsp://admin:554/1@10.0.0.1/x",
        Some("554/1"),
        "10.0.0.1",
        554,
        "/x",
    ),
    ("rtsp://admin:12#34@cam/x", Some("12#34"), "cam", 554, "/x"),
    ("rtsp://admin:12:34@cam/x", Some("12:34"), "cam", 554, "/x"),
    (
        "rtsp://admin:12%2F34@cam/x@y",
        Some("12/34"),
        "cam",
        554,
        "/x@y",
    ),
    ("rtsp://admin:1%/2@cam/x", Some("1%/2"), "cam", 554, "/x"),
    // There is an @ in the path, and what is before it cannot be a user, or hardly.
    (
        "rtsp://10.0.0.1:554/live@main",
        None,
        "10.0.0.1",
        554,
        "/live@main",
    ),
    (
        "rtsp://10.0.0.1:99/a@10.0.0.2/b",
        None,
        "10.0.0.1",
        99,
        "/a@10.0.0.2/b",
    ),
    ("rtsp://cam.lan:99/a@b/c", None, "cam.lan", 99, "/a@b/c"),
    ("rtsp://[::1]:99/a@b/c", None, "::1", 99, "/a@b/c"),
    ("rtsp://cam:8554/live@main", None, "cam", 8554, "/live@main"),
    (
        "rtsp://cam:554/a?user=x@y.z/b",
        None,
        "cam",
        554,
        "/a?user=x@y.z/b",
    ),
    ("rtsp://cam/a@b/c", None, "cam", 554, "/a@b/c"),
    ("rtsp://cam:99/a?b@", None, "cam", 99, "/a?b@"),
    ("rtsp://cam:99/a?b", None, "cam", 99, "/a?b"),
];

#[test]
fn a_password_of_digits_and_a_slash_is_no_port_and_path() {
    for &(url, password, host, port, path) in PASSWORDS_LIKE_PORTS {
        let found = Url::parse(url).unwrap();
        let user = found.user.as_deref();
        assert_eq!(user, password.map(|_| "admin"), "{url}");
        assert_eq!(found.password.as_deref(), password, "{url}");
        let place = (&*found.host, found.port, &*found.path);
        assert_eq!(place, (host, port, path), "{url}");
    }
}

#[test]
fn controls_at_our_host() {
    let url = Url::parse("rtsp://u:p@h:99/a/b?c=/d").unwrap();
    for (control, want) in [
        ("x", "rtsp://h:99/a/b/x?c=/d"),
        ("/x y", "rtsp://h:99/a/b/x%20y?c=/d"),
        ("*", "rtsp://h:99/a/b?c=/d"),
        ("rtsp://o/p?q", "rtsp://h:99/p?q"),
        ("rtsp://o", "rtsp://h:99"),
    ] {
        assert_eq!(url.relocated(control), want, "{control}");
    }
}

#[test]
fn references_lead_somewhere_or_nowhere() {
    for (base, reference, there) in [
        ("rtsp://u:p@h:99/a/b?c/d", "/x", Some("rtsp://h:99/x")),
        (
            "rtsp://u:p@h:99/a/b?c/d",
            "x y",
            Some("rtsp://h:99/a/x%20y"),
        ),
        ("rtsp://h", "x?y:z", Some("rtsp://h/x?y:z")),
        ("rtsp://h/a", " RTSPS://o/x ", Some("rtsps://o/x")),
        ("rtsp://h/a", "http://o/x", None),
        ("rtsp://h/a", "//o/x", None),
        ("rtsp://h/a", "", None),
        ("rtsp://h/a", "rtsp://", None),
    ] {
        let url = Url::parse(base).unwrap().refer(reference);
        assert!(url.as_ref().is_none_or(|url| url.user.is_none()));
        let url = url.map(|url| url.without_credentials());
        assert_eq!(url.as_deref(), there, "{base} {reference}");
    }
}

#[test]
fn what_is_no_url() {
    for url in [
        "",
        "cam",
        "http://cam/",
        "rtsp:///live",
        "rtsp://",
        "rtsp://cam:0/",
        "rtsp://cam:65536/",
        "rtsp://cam:+5/",
        "rtsp://ca m/",
        "rtsp://[::1/",
        "rtsp://[cam]/",
        "rtsp://[::1]x/",
        "rtsp://a:b:c/",
        "rtsp://user:pass/word",
    ] {
        assert!(Url::parse(url).is_err(), "{url}");
    }
}

#[test]
fn no_credentials_get_out() {
    let url = Url::parse("rtsp://admin:secret@[::1]:8554/a?b").unwrap();
    assert_eq!(url.without_credentials(), "rtsp://[::1]:8554/a?b");
    assert!(!format!("{url:?}").contains("secret"));
    let url = Url::parse("rtsps://u@cam:322/x").unwrap();
    assert_eq!(url.without_credentials(), "rtsps://cam/x");
    assert_eq!(url.authority(), "cam");
}

#[test]
fn controls_join_as_cameras_expect() {
    for (base, control, want) in [
        ("rtsp://h/test/", "stream=0", "rtsp://h/test/stream=0"),
        ("rtsp://h/test", "trackID=1", "rtsp://h/test/trackID=1"),
        ("rtsp://h/test", "*", "rtsp://h/test"),
        ("rtsp://h/test", "", "rtsp://h/test"),
        ("rtsp://h/test/", "rtsp://other/x", "rtsp://other/x"),
        (
            "rtsp://h/a?channel=1&subtype=0",
            "trackID=0",
            "rtsp://h/a?channel=1&subtype=0/trackID=0",
        ),
        (
            "rtsp://h/a?channel=1/",
            "trackID=0",
            "rtsp://h/a?channel=1/trackID=0",
        ),
        ("rtsp://h/a", "?ctype=video", "rtsp://h/a?ctype=video"),
        ("rtsp://h/a/", "/track1", "rtsp://h/a/track1"),
        ("rtsp://h/a", "/a/track1", "rtsp://h/a/track1"),
        ("rtsp://h/", "/a/track1", "rtsp://h/a/track1"),
        ("rtsp://h", "a", "rtsp://h/a"),
        ("rtsp://h", "a b", "rtsp://h/a%20b"),
    ] {
        assert_eq!(join(base, control), want, "{base} + {control}");
    }
}

proptest! {
    #[test]
    fn any_text(text in "(rtsps?://)?[a-z0-9@:/?%.\\[\\] \u{fc}]{0,40}", control in "(?s).{0,20}") {
        if let Ok(url) = Url::parse(&text) {
            let plain = url.without_credentials();
            let again = Url::parse(&plain).unwrap();
            prop_assert_eq!((&again.host, again.port, &again.path), (&url.host, url.port, &url.path));
            prop_assert!(!join(&plain, &control).contains(['\r', '\n', ' ']));
            prop_assert!(!url.relocated(&control).contains(['\r', '\n', ' ']));
            if let Some(there) = url.refer(&control) {
                prop_assert!(!there.without_credentials().contains(['\r', '\n', ' ']));
            }
        }
        let _ = join(&text, &control);
    }

    #[test]
    fn any_password(password in "[ -~]{1,20}") {
        let coded: String = password.bytes().map(|b| format!("%{b:02x}")).collect();
        let url = Url::parse(&format!("rtsp://u:{coded}@cam:1/x")).unwrap();
        prop_assert_eq!(url.password, Some(password));
    }
}

#[test]
fn schemes_that_are_doubled_or_missing() {
    for doubled in ["rtsp://rtsp://cam/1", "rtsp://RTSP://rtsp://cam/1"] {
        assert_eq!(
            Url::parse(doubled).unwrap().without_credentials(),
            "rtsp://cam/1"
        );
    }
    for (base, control, joined) in [
        (
            "rtsp://cam/1/",
            "rtsp://rtsp://cam/1/track1",
            "rtsp://cam/1/track1",
        ),
        ("rtsp://cam/1/", "rtsp://rtsps://h/t", "rtsps://h/t"),
        ("rtsp://cam/1/", "://cam/1/track1", "rtsp://cam/1/track1"),
        (
            "rtsp://cam:8554/1/",
            "CAM:8554/1/track1",
            "rtsp://CAM:8554/1/track1",
        ),
        ("rtsp://cam/1/", "cam/1/track1", "rtsp://cam/1/track1"),
        ("rtsp://[::1]:9/1/", "[::1]:9/1/t", "rtsp://[::1]:9/1/t"),
        ("rtsp://cam/1/", "cams/1", "rtsp://cam/1/cams/1"),
        ("rtsp://cam/1/", "track1.sdp/2", "rtsp://cam/1/track1.sdp/2"),
    ] {
        assert_eq!(join(base, control), joined, "{control}");
    }
}
