//! The opening handshake and plain HTTP on the same port, byte by byte: what is
//! let in, what is refused, and how the refused learns why.
//!
//! Invariant: whoever is refused gets one reply and then the end of the
//! connection.

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::gateway::{Config, Gateway};
use common::http::{self, Connection, Reply, SAMPLE_ACCEPT, client_frame, upgrade};

/// Sends these bytes and reads the reply.
fn exchange(address: SocketAddr, request: &[u8]) -> (Connection, Reply) {
    let mut connection = Connection::open(address);
    connection.offer(request);
    let reply = connection.reply();
    (connection, reply)
}

/// The request must get this status, in words, and the end of the connection.
fn refused(address: SocketAddr, request: &[u8], status: u16) -> Reply {
    let (mut connection, reply) = exchange(address, request);
    let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
    assert_eq!(reply.status, status, "{shown:?} → {}", reply.text());
    assert!(
        !reply.text().trim().is_empty(),
        "no words for a person: {shown:?}"
    );
    assert!(
        connection.rest().is_empty(),
        "bytes behind the reply to {shown:?}"
    );
    reply
}

fn accepted(address: SocketAddr, request: &[u8]) -> Connection {
    let (connection, reply) = exchange(address, request);
    assert_eq!(
        reply.status,
        101,
        "{:?} → {}",
        String::from_utf8_lossy(request),
        reply.text()
    );
    connection
}

#[test]
fn each_subprotocol_is_echoed_exactly_as_offered() {
    let gateway = Gateway::start_default();
    for protocol in ["control", "rtsp", "data", "rtp"] {
        let (_open, reply) = exchange(
            gateway.address(),
            &upgrade(gateway.address(), protocol, &[]),
        );
        assert_eq!(reply.status, 101, "{protocol}: {}", reply.text());
        assert_eq!(reply.header("sec-websocket-protocol"), Some(protocol));
        assert_eq!(reply.header("sec-websocket-accept"), Some(SAMPLE_ACCEPT));
        assert!(
            reply
                .header("upgrade")
                .unwrap()
                .eq_ignore_ascii_case("websocket")
        );
        assert!(
            reply
                .header("connection")
                .unwrap()
                .eq_ignore_ascii_case("upgrade")
        );
        assert_eq!(
            reply.header("sec-websocket-extensions"),
            None,
            "nobody offered one"
        );
    }
}

#[test]
fn the_known_one_of_several_subprotocols_is_chosen() {
    let gateway = Gateway::start_default();
    for (offered, chosen) in [
        ("soap, control", "control"),
        ("rtp,chat", "rtp"),
        ("data, control", "data"),
    ] {
        let (_open, reply) = exchange(gateway.address(), &upgrade(gateway.address(), offered, &[]));
        assert_eq!(
            reply.header("sec-websocket-protocol"),
            Some(chosen),
            "{offered}"
        );
    }
}

#[test]
fn an_extension_offer_is_left_unanswered() {
    let gateway = Gateway::start_default();
    let offer = [(
        "Sec-WebSocket-Extensions",
        "permessage-deflate; client_max_window_bits",
    )];
    let (_open, reply) = exchange(
        gateway.address(),
        &upgrade(gateway.address(), "control", &offer),
    );
    assert_eq!(reply.status, 101);
    assert_eq!(reply.header("sec-websocket-extensions"), None);
}

#[test]
fn connection_is_read_as_a_list_of_tokens_in_any_case() {
    let gateway = Gateway::start_default();
    let address = gateway.address();
    for (connection, kind) in [
        ("keep-alive, Upgrade", "websocket"),
        ("Upgrade,keep-alive", "WebSocket"),
        ("UPGRADE", "WEBSOCKET"),
    ] {
        accepted(
            address,
            &upgrade(
                address,
                "control",
                &[("Connection", connection), ("Upgrade", kind)],
            ),
        );
    }
}

#[test]
fn a_frame_sent_with_the_upgrade_is_kept() {
    let gateway = Gateway::start_default();
    let wsp = b"WSP/1.1 GET_INFO\r\nproto: rtsp\r\nhost: 127.0.0.1\r\nport: 554\r\nclient: \r\nseq: 1\r\n\r\n";
    let mut bytes = upgrade(gateway.address(), "control", &[]);
    bytes.extend(client_frame(1, wsp));
    let mut connection = accepted(gateway.address(), &bytes);
    let mut start = [0; 2];
    std::io::Read::read_exact(&mut connection.stream, &mut start)
        .expect("a reply to the early frame");
    assert_eq!(start[0], 0x81, "one text frame");
}

#[test]
fn an_upgrade_may_arrive_one_byte_at_a_time() {
    let gateway = Gateway::start_default();
    let mut connection = Connection::open(gateway.address());
    for byte in upgrade(gateway.address(), "data", &[]) {
        connection.send(&[byte]);
        std::thread::sleep(Duration::from_micros(50)); // so that most bytes travel alone
    }
    assert_eq!(connection.reply().status, 101);
}

#[test]
fn plain_requests_are_served_on_the_same_port() {
    let gateway = Gateway::start_default();
    let health = http::get(gateway.address(), "/healthz");
    assert_eq!((health.status, health.text().trim()), (200, "ok"));
    let cameras = http::get(gateway.address(), "/api/cameras");
    assert_eq!((cameras.status, cameras.text().trim()), (200, "[]"));
    assert!(
        cameras
            .header("content-type")
            .unwrap()
            .starts_with("application/json")
    );
    let metrics = http::get(gateway.address(), "/metrics");
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("text/plain"),
        "{metrics:?}"
    );
    assert_eq!(gateway.metrics().viewers(), 0.0);
    refused(
        gateway.address(),
        b"GET /no/such/page HTTP/1.1\r\nHost: localhost\r\n\r\n",
        404,
    );
    refused(
        gateway.address(),
        b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        405,
    );
}

#[test]
fn a_plain_get_of_the_socket_address_says_what_to_do() {
    let gateway = Gateway::start_default();
    let reply = refused(
        gateway.address(),
        b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        426,
    );
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("*"),
        "the player reads this from any page"
    );
    assert!(
        reply
            .header("upgrade")
            .unwrap()
            .eq_ignore_ascii_case("websocket")
    );
}

#[test]
fn malformed_http_gets_400_and_the_end() {
    let gateway = Gateway::start_default();
    let address = gateway.address();
    let requests: [&[u8]; 9] = [
        b"HELLO\r\n\r\n",
        b"\r\nnonsense nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
        b"GET / RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff\xfe\xfd\xfc\x00\x01\x02\x03",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    ];
    for request in requests {
        refused(address, request, 400);
    }
    for key in ["", "tooshort", "not base64 at all!!!====="] {
        refused(
            address,
            &upgrade(address, "control", &[("Sec-WebSocket-Key", key)]),
            400,
        );
    }
}

#[test]
fn no_known_subprotocol_gets_400_naming_the_known() {
    let gateway = Gateway::start_default();
    for offered in ["", "chat", "Control", "controls, dat"] {
        let reply = refused(
            gateway.address(),
            &upgrade(gateway.address(), offered, &[]),
            400,
        );
        let text = reply.text();
        assert!(
            ["control", "data", "rtsp", "rtp"]
                .iter()
                .all(|name| text.contains(name)),
            "{text:?}"
        );
    }
}

#[test]
fn an_oversize_header_gets_431() {
    let gateway = Gateway::start_default();
    let long = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {}",
        "c".repeat(70_000)
    );
    refused(gateway.address(), long.as_bytes(), 431);
    let ended = format!("{long}\r\n\r\n");
    refused(gateway.address(), ended.as_bytes(), 431);
    let many =
        "GET / HTTP/1.1\r\nHost: localhost\r\n".to_owned() + &"X-Y: z\r\n".repeat(500) + "\r\n";
    refused(gateway.address(), many.as_bytes(), 431);
}

#[test]
fn a_slow_handshake_is_closed_at_the_deadline() {
    let gateway = Config::new().limit("handshake", "1s").start();
    let mut silent = Connection::open(gateway.address());
    let mut slow = Connection::open(gateway.address());
    let started = Instant::now();
    slow.stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let endless = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
        .iter()
        .chain(std::iter::repeat(&b'x'));
    for byte in endless {
        slow.offer(&[*byte]);
        let mut answer = [0; 512];
        match std::io::Read::read(&mut slow.stream, &mut answer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(read) if read > 0 => {} // a 408 may come first
            _ => break,
        }
        assert!(
            started.elapsed() < common::BOUND,
            "one byte now and then keeps a handshake alive"
        );
    }
    assert!(
        started.elapsed() > Duration::from_millis(700),
        "closed long before the deadline"
    );
    let words = String::from_utf8(silent.rest()).unwrap();
    assert!(
        words.is_empty() || words.starts_with("HTTP/1.1 408"),
        "{words:?}"
    );
}

#[test]
fn a_host_that_is_not_ours_gets_403_naming_the_setting() {
    let gateway = Config::new().general("hosts", "cam.example").start();
    let address = gateway.address();
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "cam.example.org",
    ] {
        let socket = refused(
            address,
            &upgrade(address, "control", &[("Host", host)]),
            403,
        );
        assert!(socket.text().contains("hosts"), "{}", socket.text());
        let page = format!("GET /api/cameras HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert!(
            refused(address, page.as_bytes(), 403)
                .text()
                .contains("hosts")
        );
    }
    for host in [
        "localhost",
        "LOCALHOST:8080",
        "10.1.2.3:80",
        "[::1]:8080",
        "nas.local",
        "nas.lan:80",
        "cam.example",
    ] {
        accepted(address, &upgrade(address, "control", &[("Host", host)]));
    }
}

#[test]
fn a_foreign_origin_gets_403_naming_the_setting() {
    let gateway = Config::new()
        .general("origins", "pages.example, http://other.example:8080")
        .start();
    let address = gateway.address();
    let own = format!("http://{address}");
    let foreign = [
        "http://evil.example",
        "null",
        "https://pages.example.evil.example",
        "http://127.0.0.1.evil.example",
    ];
    for origin in foreign {
        let socket = refused(
            address,
            &upgrade(address, "control", &[("Origin", origin)]),
            403,
        );
        assert!(socket.text().contains("origins"), "{}", socket.text());
        // The player asks by a plain GET why its socket was refused.
        let plain = format!("GET /ws/ HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\n\r\n");
        let plain = refused(address, plain.as_bytes(), 403);
        assert_eq!(plain.text(), socket.text());
        assert_eq!(plain.header("access-control-allow-origin"), Some("*"));
    }
    for origin in [
        own.as_str(),
        "https://pages.example",
        "http://other.example:8080",
        "",
    ] {
        accepted(address, &upgrade(address, "control", &[("Origin", origin)]));
    }
}

#[test]
fn another_websocket_version_gets_426_naming_ours() {
    let gateway = Gateway::start_default();
    for version in ["8", "0", "14", "thirteen", ""] {
        let request = upgrade(
            gateway.address(),
            "control",
            &[("Sec-WebSocket-Version", version)],
        );
        let reply = refused(gateway.address(), &request, 426);
        assert_eq!(reply.header("sec-websocket-version"), Some("13"));
    }
}
