//! What the gateway keeps beside its pool, when nobody takes what it has for them.
//!
//! Invariant: it is what the README says, within a twentieth, however many come.

mod common;

use common::gateway::{Config, Gateway};
use common::http::{Connection, client_frame, upgrade};
use common::socket::Opening;

/// KiB for all outboxes, and for each connection, as documented.
const OUTBOXES: u64 = 2 * 1024;
const CONNECTION: u64 = 8;

/// A control socket that asks for much and reads nothing.
fn greedy(gateway: &Gateway, from: u8, requests: &[u8]) -> Connection {
    let opening = Opening {
        from: Some([127, 0, 0, from].into()),
        ..Opening::NARROW
    };
    let mut connection = Connection::open_as(gateway.address(), opening);
    connection.send(&upgrade(gateway.address(), "control", &[]));
    assert_eq!(connection.reply().status, 101);
    connection.offer(requests);
    connection
}

#[test]
fn what_nobody_reads_has_one_limit_for_all() {
    const CROWD: u64 = 60;
    let gateway = Config::new().start();
    let before = gateway.metrics();
    let memory = gateway.resident();
    // Not as many for one as to be closed for it.
    let info = client_frame(1, b"WSP/1.1 GET_INFO\r\nseq: 1\r\n\r\n").repeat(1_000);
    let close = client_frame(8, b"");
    let mut crowd = Vec::new();
    let mut most = 0;
    for number in 0..CROWD {
        let requests = match number % 2 {
            0 => info.clone(),
            _ => [&info[..], &close].concat(), // it is closing, and keeps what it has
        };
        crowd.push(greedy(&gateway, 2 + number as u8 % 3, &requests));
        // An answer says that what came before was dealt with.
        gateway.metrics();
        most = most.max(gateway.resident());
    }
    let grown = most.saturating_sub(memory);
    let documented = OUTBOXES + CROWD * CONNECTION;
    let log = gateway.log();
    assert!(grown * 20 <= documented * 21, "{grown} KiB of {documented}");
    assert!(
        log.contains("the outboxes are full"),
        "too few to try it:\n{log}"
    );
    drop(crowd);
    gateway.await_as_before(&before);
}

/// A flood of one kind of line leaves room for the others, and says how many there were.
#[test]
fn what_a_client_provokes_does_not_fill_the_log() {
    let gateway = Gateway::start_default();
    let from = gateway.log_length();
    for _ in 0..400 {
        let mut connection = Connection::open(gateway.address());
        connection.send(b"GET /ws/ HTTP/1.1\r\nHost: stranger.example\r\n\r\n");
        assert_eq!(connection.reply().status, 403);
    }
    let lines = gateway.log_length() - from;
    assert!(lines < 200, "{lines} lines");
    common::await_some("how many were not logged", || {
        let mut connection = Connection::open(gateway.address());
        connection.send(b"GET /ws/ HTTP/1.1\r\nHost: stranger.example\r\n\r\n");
        assert_eq!(connection.reply().status, 403);
        std::thread::sleep(std::time::Duration::from_millis(50)); // the pace of the asking
        gateway.log().contains("more were not logged").then_some(())
    });
}
