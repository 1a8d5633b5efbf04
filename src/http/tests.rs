use super::*;
use proptest::prelude::*;

const BROWSER: &str = "GET /ws/?a=b HTTP/1.1\r\nHost: 192.168.1.2:8080\r\n\
    Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://192.168.1.2:8080\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: foo, rtsp\r\nSec-WebSocket-Protocol: control\r\n\
    Accept-Encoding: gzip, deflate, br\r\n\r\n";

fn whole(text: &str) -> Request {
    let (request, length) = parse(text.as_bytes()).unwrap().unwrap();
    assert_eq!(length, text.len());
    request
}

fn status(text: &str) -> u16 {
    parse(text.as_bytes()).unwrap_err().status
}

/// A request with one more header line.
fn with(line: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n")
}

#[test]
fn a_browser_asks_for_a_websocket() {
    let request = whole(BROWSER);
    assert_eq!(request.path, "/ws/");
    assert_eq!(request.query.as_deref(), Some("a=b"));
    assert_eq!(request.host, "192.168.1.2:8080");
    assert_eq!(request.origin.as_deref(), Some("http://192.168.1.2:8080"));
    assert!(request.accepts_gzip);
    assert!(!request.head_only);
    let upgrade = request.upgrade.unwrap();
    assert_eq!(upgrade.key, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(upgrade.protocols, ["foo", "rtsp", "control"]);
    assert_eq!(
        select(&upgrade.protocols),
        Some((Protocol::Control, "rtsp"))
    );
}

#[test]
fn every_prefix_is_incomplete_and_pipelined_bytes_are_left() {
    for end in 0..BROWSER.len() {
        assert_eq!(parse(&BROWSER.as_bytes()[..end]), Ok(None), "{end}");
    }
    let mut more = BROWSER.as_bytes().to_vec();
    more.extend_from_slice(&[0x81, 0x80, 1, 2, 3, 4]);
    assert_eq!(
        parse(&more).unwrap().unwrap(),
        (whole(BROWSER), BROWSER.len())
    );
}

#[test]
fn plain_requests() {
    let request = whole("HEAD / HTTP/1.0\n\n");
    assert!(request.head_only && request.host.is_empty() && request.upgrade.is_none());
    let request = whole("GET http://cam.local:80?x HTTP/1.1\r\nHost: other\r\n\r\n");
    assert_eq!(
        (request.path.as_str(), request.host.as_str()),
        ("/", "cam.local:80")
    );
    assert_eq!(request.query.as_deref(), Some("x"));
    assert_eq!(whole(&with("Content-Length: 0")).query, None);
    let tags = whole(&with("If-None-Match: \"a\"\r\nIf-None-Match: \"b\""));
    assert_eq!(tags.if_none_match.as_deref(), Some("\"a\", \"b\""));
}

#[test]
fn gzip_is_negotiated() {
    let accepts = |value: &str| whole(&with(&format!("Accept-Encoding: {value}"))).accepts_gzip;
    for yes in ["gzip", "br, GZIP;q=0.5", "*", "identity;q=0, *;q=0.1"] {
        assert!(accepts(yes), "{yes}");
    }
    for no in ["", "br", "gzip;q=0", "gzip; Q = 0.000, *", "*;q=0"] {
        assert!(!accepts(no), "{no}");
    }
}

#[test]
fn bad_requests_get_their_status() {
    assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
    assert_eq!(status("DESCRIBE rtsp://a/ RTSP/1.0\r\n\r\n"), 400);
    assert_eq!(status(&with("Content-Length: 3")), 400);
    assert_eq!(status(&with("Transfer-Encoding: chunked")), 400);
    assert_eq!(status(&with("Origin: a\r\nOrigin: b")), 400);
    assert_eq!(status(&with("broken line")), 400);
    let tls = parse(&[0x16, 3, 1, 2, 0, 1]).unwrap_err();
    assert!(tls.message.contains("https"), "{tls:?}");
}

#[test]
fn the_head_is_bounded() {
    let filler = |length: usize| with(&format!("X: {}", "a".repeat(length)));
    let room = MAX_HEAD - filler(0).len();
    assert!(parse(filler(room).as_bytes()).unwrap().is_some());
    assert_eq!(status(&filler(room + 1)), 431);
    assert_eq!(
        parse(&filler(room + 1).as_bytes()[..MAX_HEAD - 1]),
        Ok(None)
    );
    let lines = |count: usize| with(&vec!["X: y"; count].join("\r\n"));
    assert!(parse(lines(MAX_HEADERS - 1).as_bytes()).is_ok());
    assert_eq!(status(&lines(MAX_HEADERS)), 431);
}

#[test]
fn bad_handshakes_get_their_status() {
    let version = BROWSER.replace("Version: 13", "Version: 8");
    let answer = String::from_utf8(parse(version.as_bytes()).unwrap_err().to_bytes()).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("\r\nSec-WebSocket-Version: 13\r\n"),
        "{answer}"
    );
    assert_eq!(
        status(&BROWSER.replace("Sec-WebSocket-Version: 13\r\n", "")),
        426
    );
    assert_eq!(status(&BROWSER.replace("dGhl", "")), 400);
    assert_eq!(status(&BROWSER.replace("dGhl", "dG!l")), 400);
    assert_eq!(status(&BROWSER.replace("Sec-WebSocket-Key", "X-Key")), 400);
    let absent = |from: &str, to: &str| whole(&BROWSER.replace(from, to)).upgrade.is_none();
    assert!(absent("keep-alive, Upgrade", "keep-alive"));
    assert!(absent("WebSocket", "h2c"));
    assert!(absent("HTTP/1.1", "HTTP/1.0"));
    assert!(absent("GET", "HEAD"));
}

#[test]
fn responses() {
    let reply = String::from_utf8(switching("dGhlIHNhbXBsZSBub25jZQ==", "rtp")).unwrap();
    assert!(reply.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert!(reply.ends_with("\r\nSec-WebSocket-Protocol: rtp\r\n\r\n"));
    let head = Head {
        status: 200,
        content_type: "text/html",
        length: 5,
        extra: &[("ETag", "\"a\r\nX: y\"")],
    };
    let expected = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\
        Connection: close\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nETag: \"a  X: y\"\r\n\r\n";
    assert_eq!(String::from_utf8(head.to_bytes()).unwrap(), expected);
    let unchanged = Head {
        status: 304,
        ..head
    }
    .to_bytes();
    assert!(
        !String::from_utf8(unchanged)
            .unwrap()
            .contains("Content-Length")
    );
    let reject = reject(403, "grüße").to_bytes();
    let reject = String::from_utf8(reject).unwrap();
    assert!(reject.contains("\r\nContent-Length: 8\r\n"), "{reject}");
    assert!(reject.contains("\r\nAccess-Control-Allow-Origin: *\r\n"));
    assert!(reject.ends_with("\r\n\r\ngrüße\n"));
}

#[test]
fn unknown_subprotocols_are_passed_over() {
    let offered = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
    assert_eq!(
        select(&offered(&["x", "rtp", "control"])),
        Some((Protocol::Data, "rtp"))
    );
    assert_eq!(select(&offered(&["data"])), Some((Protocol::Data, "data")));
    assert_eq!(select(&offered(&["Control"])), None);
    assert_eq!(select(&[]), None);
}

/// Bytes that resemble a request enough to get past the first line.
fn nearly_a_request() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"GET / HTTP/1.1\r\n".to_vec()),
        Just(b"Host: a\r\n".to_vec()),
        Just(b"Upgrade: websocket\r\nConnection: upgrade\r\n".to_vec()),
        Just(b"Sec-WebSocket-Version: 13\r\n".to_vec()),
        Just(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n".to_vec()),
        Just(b"Accept-Encoding: ".to_vec()),
        Just(b"\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_at_any_split(bytes in nearly_a_request()) {
        let whole = parse(&bytes);
        for end in 0..bytes.len() {
            let prefix = parse(&bytes[..end]);
            // An error or a request found in a prefix stays the result.
            if prefix != Ok(None) {
                prop_assert_eq!(&prefix, &whole);
            }
        }
    }
}
