use std::time::Duration;

use mio::Poll;

use super::stream::memory::MemoryStream;
use super::*;

fn io() -> Io {
    let poll = Poll::new().unwrap();
    let listeners = Listeners::bind(&[], &[], poll.registry()).unwrap();
    let limits = Limits {
        handshakes: 4,
        ..Limits::default()
    };
    Io::new(poll, listeners, limits)
}

fn from(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], 1000))
}

fn connect(io: &mut Io, number: u8) -> (Key, MemoryStream) {
    let connected = io.connect(from(number));
    io.poll_memory_streams();
    connected
}

#[test]
fn who_says_nothing_makes_room_and_whoever_it_was_is_told() {
    let mut io = io();
    let kept: Vec<_> = [1, 1, 1, 2, 3].map(|from| connect(&mut io, from)).into();
    io.displace();
    let lost = io.next_lost().unwrap();
    assert_eq!((lost.key, io.len()), (kept[0].0, 4), "the first of most");
    assert!(io.next_lost().is_none() && io.get(lost.key).is_none());
}

#[test]
fn an_outbox_without_a_reader_ends_its_connection() {
    let mut io = io();
    let (key, _client) = connect(&mut io, 1);
    for _ in 0..OUTBOX_LIMIT / 1024 + 80 {
        io.push(key, vec![0; 1024]);
        io.flush(key);
        io.enforce_outbox_limit(key);
    }
    assert_eq!(io.next_lost().map(|lost| lost.reason), Some("outbox full"));
    assert_eq!(io.buffered_bytes(), 0);
}

#[test]
fn all_outboxes_together_have_a_limit_for_who_has_most() {
    let mut io = io();
    let all: Vec<_> = (0..16).map(|n| connect(&mut io, n / 12)).collect();
    for _ in 0..200 {
        for (key, _) in &all {
            io.push(*key, vec![0; 1024]);
        }
        io.enforce_total_limit();
    }
    assert!(io.buffered_bytes() <= 2 << 20);
    while let Some(lost) = io.next_lost() {
        let index = all.iter().position(|(key, _)| *key == lost.key).unwrap();
        assert!(index < 12, "the network that has most");
    }
}

#[test]
fn a_deadline_that_was_moved_on_is_not_met() {
    let mut io = io();
    let (key, _client) = connect(&mut io, 1);
    let (start, second) = (io.now, Duration::from_secs(1));
    io.set_deadline(key, Some(start + second * 60));
    io.now = start + io.limits.handshake;
    assert_eq!(io.next_expired(), None);
    io.now = start + second * 60;
    assert_eq!(io.next_expired(), Some(key));
    assert_eq!(io.next_expired(), None);
}

#[test]
fn an_invalid_deadline_is_computed_once_and_only_for_who_is_there() {
    let mut io = io();
    let (kept, _client) = connect(&mut io, 1);
    let (closed, _other) = connect(&mut io, 2);
    for key in [closed, kept, closed, kept] {
        io.invalidate_deadline(key);
    }
    io.close_now(closed);
    assert_eq!(io.next_invalid_deadline(), Some(kept));
    assert_eq!(io.next_invalid_deadline(), None);
    io.invalidate_deadline(kept);
    assert_eq!(io.next_invalid_deadline(), Some(kept), "again");
}

#[test]
fn last_words_are_out_before_a_connection_closes() {
    let mut io = io();
    let (key, mut client) = connect(&mut io, 1);
    io.push(key, b"bye".to_vec());
    io.close(key);
    io.serve_closing(key);
    let mut room = [0; 8];
    assert_eq!(client.peek(&mut room).unwrap(), 3);
    assert!(io.get(key).is_some(), "the other side closes first");
    client
        .read_vectored(&mut [std::io::IoSliceMut::new(&mut room)])
        .unwrap();
    drop(client);
    io.poll_memory_streams();
    io.serve_closing(key);
    assert_eq!(io.len(), 0);
}
