use super::*;
use proptest::prelude::*;

const DESCRIBED: &[u8] = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\
    Content-Type: application/sdp\r\nContent-Base: rtsp://10.0.0.1/live/\r\n\
    Content-Length: 5\r\n\r\nv=0\r\n";

fn read(bytes: &[u8]) -> Message<'_> {
    parse(bytes).unwrap().0
}

#[test]
fn a_response() {
    let (message, length) = parse(DESCRIBED).unwrap();
    assert_eq!(length, DESCRIBED.len());
    assert_eq!(message.status(), Some(200));
    assert_eq!(message.cseq(), Some(2));
    assert_eq!(
        message.header("content-BASE"),
        Some("rtsp://10.0.0.1/live/")
    );
    assert_eq!(message.body, b"v=0\r\n");
}

#[test]
fn every_prefix_is_incomplete() {
    for end in 0..DESCRIBED.len() {
        assert_eq!(parse(&DESCRIBED[..end]), Err(Error::Incomplete), "{end}");
    }
}

#[test]
fn a_request_with_line_feeds_and_blank_lines_before() {
    let bytes = b"\r\n\nSETUP rtsp://a/b c RTSP/1.0\nCSeq: 7\n\n$";
    let (message, length) = parse(bytes).unwrap();
    let (method, uri) = ("SETUP", "rtsp://a/b c");
    assert_eq!(message.start, Start::Request { method, uri });
    assert_eq!(length, bytes.len() - 1);
}

#[test]
fn sloppy_status_lines() {
    for (line, want) in [
        ("RTSP/1.0  404   Not Found ", "Not Found"),
        ("RTSP/1.0\t404", ""),
        ("rtsp/1.1 404 ", ""),
    ] {
        let bytes = [line, "\r\n\r\n"].concat();
        let Start::Response { status, reason } = read(bytes.as_bytes()).start else {
            panic!("{line}");
        };
        assert_eq!((status, &*reason), (404, want));
    }
}

#[test]
fn what_is_not_rtsp_is_invalid_at_once() {
    for bad in [
        "RTSP/2.0 200 OK\r\n",
        "RTSP/1.0 20 OK\r\n",
        "RTSP/1.0 0200 OK\r\n",
        "GET / HTTP/1.1\r\n",
        "HTTP/1.1 200 OK\r\n",
        "OPTIONS RTSP/1.0\r\n",
        "OPT:IONS * RTSP/1.0\r\n",
        "\u{1}\r\n",
        "RTSP/1.\r\n",
    ] {
        assert!(
            matches!(parse(bad.as_bytes()), Err(Error::Invalid(_))),
            "{bad:?}"
        );
    }
    let many = [
        "OPTIONS * RTSP/1.0\r\n",
        &"a: b\r\n".repeat(MAX_HEADERS),
        "\r\n",
    ]
    .concat();
    assert!(matches!(parse(many.as_bytes()), Err(Error::Invalid(_))));
}

#[test]
fn folded_repeated_and_latin1_headers() {
    let bytes =
        b"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a\",\r\n\t nonce=\"b\"\r\n\
        www-authenticate: Basic realm=\"K\xfcche\"\r\njunk\r\n\r\n";
    let message = read(bytes);
    let values = message.headers("WWW-Authenticate");
    assert_eq!(
        values,
        ["Digest realm=\"a\", nonce=\"b\"", "Basic realm=\"Küche\""]
    );
    assert_eq!(message.all().count(), 2);
}

#[test]
fn sessions() {
    for (value, want) in [
        ("12345678", Some(("12345678", None))),
        ("ab;timeout=60", Some(("ab", Some(60)))),
        ("ab ; Timeout = 30 ;x", Some(("ab", Some(30)))),
        ("ab,timeout=60", Some(("ab", Some(60)))),
        ("ab;timeout=x", Some(("ab", None))),
        (";timeout=60", None),
    ] {
        let bytes = ["RTSP/1.0 200 OK\r\nSession: ", value, "\r\n\r\n"].concat();
        assert_eq!(read(bytes.as_bytes()).session(), want, "{value}");
    }
}

#[test]
fn built_messages_read_back() {
    let bytes = Builder::request("ANNOUNCE", "rtsp://a/")
        .header("CSeq", "1")
        .header("X", "a\r\nSession: 9")
        .body("text/parameters", b"a: b")
        .build();
    let message = read(&bytes);
    assert_eq!(message.session(), None);
    assert_eq!(message.body, b"a: b");
    let answer = Builder::response(454, "").build();
    assert_eq!(answer, b"RTSP/1.0 454 Session Not Found\r\n\r\n");
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_header_text(mut tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = b"RTSP/1.0 200 OK\r\n".to_vec();
        bytes.append(&mut tail);
        if let Ok((message, length)) = parse(&bytes) {
            prop_assert!(length <= bytes.len());
            prop_assert!(!matches!(parse(&bytes[..length]), Err(Error::Incomplete)));
            let _ = (message.cseq(), message.session());
        }
    }

    #[test]
    fn a_whole_message_reads_the_same_before_anything(tail in prop::collection::vec(any::<u8>(), 0..20)) {
        let bytes = [DESCRIBED, &tail].concat();
        prop_assert_eq!(parse(&bytes), parse(DESCRIBED));
    }
}
