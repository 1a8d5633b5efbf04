use super::*;
use proptest::prelude::*;

fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
    Header::new(96, sequence, 0, ssrc).bytes().to_vec()
}

fn session(now: Instant) -> Datagrams {
    let mut session = Datagrams::new(5, now);
    session.add(0, 1, 90_000, None);
    session.add(2, 3, 8_000, None);
    session
}

/// Takes one datagram as the owner does; returns the sequence numbers that are forwarded.
fn feed(session: &mut Datagrams, sequence: u16, ssrc: u32, now: Instant) -> Vec<u16> {
    let packet = packet(sequence, ssrc);
    let mut out = Vec::new();
    if session.receive(0, &packet, now) == Verdict::Take {
        out.push(sequence);
    }
    while let Some((channel, packet)) = session.release(now) {
        assert_eq!(channel, 0);
        out.push(Header::read(&packet).unwrap().sequence);
    }
    out
}

#[test]
fn what_comes_early_is_held_and_another_sender_begins_at_once() {
    let now = Instant::now();
    let mut session = session(now);
    assert_eq!(feed(&mut session, 10, 7, now), [10]);
    assert_eq!(session.receive(0, &packet(12, 7), now), Verdict::Hold);
    assert_eq!(session.receive(0, &packet(12, 7), now), Verdict::Drop);
    assert!(session.due().is_some_and(|due| due > now));
    assert_eq!(feed(&mut session, 11, 7, now), [11, 12]);
    assert_eq!(session.due(), None);
    assert_eq!(feed(&mut session, 3, 8, now), [3]);
}

/// A report counts from the packet with which the sequence numbers last began anew.
#[test]
fn numbers_that_begin_anew_are_counted_anew() {
    let now = Instant::now();
    let mut session = session(now);
    for sequence in [10, 11, 20_000, 20_001, 20_002] {
        feed(&mut session, sequence, 7, now);
    }
    let (_, report) = session.reports(now)[0];
    let number = |at: usize| u32::from_be_bytes(report[at..at + 4].try_into().unwrap());
    assert_eq!(
        (number(12), number(16)),
        (0, 20_002),
        "lost, and the highest"
    );
}

#[test]
fn a_sender_that_proved_as_announced_is_the_only_one() {
    let now = Instant::now();
    let mut session = Datagrams::new(5, now);
    session.add(0, 1, 90_000, Some(7));
    assert_eq!(feed(&mut session, 1, 9, now), [1], "it announced another");
    assert_eq!(feed(&mut session, 5, 7, now), [5]);
    assert!(feed(&mut session, 2, 9, now).is_empty());
    assert_eq!(feed(&mut session, 6, 7, now), [6]);
}

#[test]
fn reports_are_of_the_tracks_that_were_heard() {
    let now = Instant::now();
    let mut session = session(now);
    assert!(session.reports(now).is_empty() && !session.has_arrived());
    feed(&mut session, 1, 7, now);
    let reports = session.reports(now);
    assert_eq!(reports.len(), 1);
    assert_eq!((reports[0].0, &reports[0].1[8..12]), (1, &[0, 0, 0, 7][..]));
    assert_eq!(session.next_report(), now + REPORT_INTERVAL);
    assert_eq!(session.receive(1, &[0x80, 200, 0, 0], now), Verdict::Take);
    for foreign in [&b""[..], &[0; 40], &[0x80; 11]] {
        assert_eq!(session.receive(0, foreign, now), Verdict::Drop);
        assert_eq!(session.receive(9, foreign, now), Verdict::Drop);
    }
}

proptest! {
    #[test]
    fn any_bytes(channel in 0u8..5, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let now = Instant::now();
        let mut session = session(now);
        for end in 0..=bytes.len() {
            let _ = session.receive(channel, &bytes[..end], now);
            let _ = session.release(now);
        }
        session.reports(now);
    }
}
