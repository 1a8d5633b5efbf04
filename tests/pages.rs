//! Pages and data on the gateway's port: who may read them, and what they cost
//! and how long they take when the other side is slow.
//!
//! Invariant: a slow reader gets all of it, and many of them cost no more
//! memory than one. A gateway that was built without its player has only a
//! short page to show for it.

mod common;

use std::io::Read;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use common::gateway::{Config, Gateway};
use common::http::{self, Connection, get_as, request};
use common::socket::Opening;

/// Small buffers at both ends, as on a poor line: what is not read stays in the
/// gateway.
const POOR_LINE: Opening = Opening {
    origin: None,
    receive_buffer: Some(4 * 1024),
    segment: Some(256),
    from: None,
    query: "",
};

/// KiB that a gateway may grow by for a crowd that does not read.
const LITTLE: u64 = 4 * 1024;

/// The longest file that is built in, and its content.
fn longest(gateway: &Gateway) -> (&'static str, Vec<u8>) {
    let paths = ["/camgate.wasm", "/camgate.js", "/"];
    let files = paths.map(|path| (path, http::get(gateway.address(), path)));
    let found = files.into_iter().filter(|(_, reply)| reply.status == 200);
    let (path, reply) = found.max_by_key(|(_, reply)| reply.body.len()).unwrap();
    (path, reply.body)
}

/// Reads to the end, as steadily as it takes to be done in about this time.
fn read_slowly(connection: &mut Connection, length: usize, time: Duration) -> Vec<u8> {
    const STEPS: u32 = 60;
    let mut all = Vec::new();
    let mut piece = vec![0; length / STEPS as usize + 1];
    let started = Instant::now();
    for step in 1.. {
        match connection
            .stream
            .read(&mut piece)
            .expect("the gateway goes on")
        {
            0 => return all,
            count => all.extend_from_slice(&piece[..count]),
        }
        // The pace of the reader, at which the test looks.
        let due = started + time * step.min(STEPS) / STEPS;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    unreachable!()
}

#[test]
fn a_slow_reader_gets_the_whole_file_however_long_it_takes() {
    let gateway = Gateway::start_default();
    let (path, content) = longest(&gateway);
    // All longer than a connection that is closing may linger: one goes on
    // steadily, one begins late (what is on its way meanwhile is little).
    let [late, end] = [2_500, 3_500].map(Duration::from_millis);
    let readers = [(Duration::ZERO, end), (late, end - late)];
    std::thread::scope(|scope| {
        for ((late, time), half_closed) in readers.iter().flat_map(|r| [(r, false), (r, true)]) {
            let (gateway, content) = (&gateway, &content);
            scope.spawn(move || {
                let mut connection = Connection::open_as(gateway.address(), POOR_LINE);
                connection.send(&request(gateway.address(), path, None));
                if half_closed {
                    connection.stream.shutdown(Shutdown::Write).unwrap();
                }
                std::thread::sleep(*late);
                let all = read_slowly(&mut connection, content.len(), *time);
                assert!(
                    all.ends_with(content),
                    "{} bytes for a file of {}, {late:?} late, half closed: {half_closed}",
                    all.len(),
                    content.len(),
                );
            });
        }
    });
}

#[test]
fn a_crowd_that_does_not_read_costs_one_copy_of_the_file() {
    let gateway = Gateway::start_default();
    let (path, content) = longest(&gateway);
    let before = gateway.metrics();
    let memory = gateway.resident();
    let mut crowd: Vec<Connection> = (0..100)
        .map(|_| Connection::open_as(gateway.address(), POOR_LINE))
        .collect();
    for connection in &mut crowd {
        connection.send(&request(gateway.address(), path, None));
    }
    for connection in &mut crowd {
        let mut first = [0];
        connection.stream.read_exact(&mut first).expect("an answer");
    }
    let grown = gateway.resident().saturating_sub(memory);
    assert!(
        grown < LITTLE,
        "{grown} KiB for {} who do not read {} bytes",
        crowd.len(),
        content.len(),
    );
    let all = crowd[50].rest();
    assert!(all.ends_with(&content), "{} bytes", all.len());
    drop(crowd);
    gateway.await_as_before(&before);
}

#[test]
fn only_pages_that_may_use_the_gateway_may_read_its_data() {
    let gateway = Config::new()
        .general("origins", "pages.example, http://other.example:8080")
        .start();
    let own = format!("http://{}", gateway.address());
    let neighbour = "http://127.0.0.1:1".to_owned(); // the same host: its pages may
    let cases = [
        (Some(own.as_str()), true),
        (Some(neighbour.as_str()), true),
        (Some("https://pages.example"), true),
        (Some("http://other.example:8080"), true),
        (Some("http://other.example:8081"), false),
        (Some("http://evil.example"), false),
        (Some("http://pages.example.evil.example"), false),
        (Some("null"), false),
        (None, false),
    ];
    for path in ["/api/cameras", "/metrics", "/healthz"] {
        for (origin, allowed) in cases {
            let opening = Opening {
                origin,
                ..Opening::default()
            };
            let reply = get_as(gateway.address(), path, opening);
            let wanted = origin.filter(|_| allowed);
            let granted = reply.header("access-control-allow-origin");
            assert_eq!((reply.status, granted), (200, wanted), "{path} {origin:?}");
            let vary = reply.header("vary").unwrap_or_default();
            assert!(
                vary.contains("Origin"),
                "no cache may mix them up: {vary:?}"
            );
        }
    }
}

/// The value of a directive of a content security policy.
fn directive<'a>(policy: &'a str, name: &str) -> Option<&'a str> {
    let mut all = policy.split(';').filter_map(|it| it.trim().split_once(' '));
    all.find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// One path of each kind.
const PATHS: [&str; 12] = [
    "/",
    "/watch",
    "/test",
    "/camgate.js",
    "/streamedian.js",
    "/player.js",
    "/camgate.wasm",
    "/api/cameras",
    "/metrics",
    "/healthz",
    "/none",
    "/ws/",
];

/// A hidden frame of `/watch` would let any page use the gateway as its visitor.
#[test]
fn strangers_may_frame_nothing_and_load_only_what_is_made_for_them() {
    let gateway = Config::new()
        .general("origins", "pages.example, https://other.example:8443")
        .start();
    let get = |path: &str| http::get(gateway.address(), path);
    let own = "'self' http://localhost:* https://localhost:* http://127.0.0.1:* \
               https://127.0.0.1:* http://pages.example:* https://pages.example:* \
               https://other.example:8443";
    for path in PATHS {
        let reply = get(path);
        let policy = reply.header("content-security-policy").unwrap_or_default();
        let framers = if reply.status == 200 { own } else { "'none'" };
        let ancestors = directive(policy, "frame-ancestors");
        assert_eq!(ancestors, Some(framers), "{path}: {policy}");
        let sniffing = reply.header("x-content-type-options");
        assert_eq!(sniffing, Some("nosniff"), "{path}");
        let referrer = reply.header("referrer-policy");
        assert_eq!(referrer, Some("no-referrer"), "{path}");
        let kind = reply.header("content-type").unwrap_or_default();
        let forms = kind.starts_with("text/html").then_some("'self'");
        assert_eq!(directive(policy, "form-action"), forms, "{path}");
        let resource = reply.header("cross-origin-resource-policy");
        match path {
            _ if reply.status != 200 => {}
            "/api/cameras" | "/metrics" | "/healthz" => assert_eq!(resource, Some("same-origin")),
            _ => {
                assert_eq!(resource, Some("cross-origin"), "{path}");
                assert_eq!(
                    reply.header("access-control-allow-origin"),
                    Some("*"),
                    "{path}"
                );
            }
        }
    }
}
