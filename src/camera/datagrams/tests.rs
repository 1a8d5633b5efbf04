use super::*;
use proptest::prelude::*;

const START: u16 = 65_530;

fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend(ssrc.to_be_bytes());
    packet
}

fn session(now: Instant) -> Datagrams {
    let mut session = Datagrams::new(5, now);
    session.add(0, 1, 90_000, None);
    session.add(2, 3, 8_000, None);
    session
}

/// What the owner does with one datagram; gives the numbers handed on.
fn feed(session: &mut Datagrams, sequence: u16, ssrc: u32, now: Instant) -> Vec<u16> {
    let packet = packet(sequence, ssrc);
    let mut out = Vec::new();
    if session.receive(0, &packet, now) == Verdict::Take {
        out.push(sequence);
    }
    out.extend(released(session, now));
    out
}

fn released(session: &mut Datagrams, now: Instant) -> Vec<u16> {
    let mut out = Vec::new();
    while let Some((channel, packet)) = session.release(now) {
        assert_eq!(channel, 0);
        out.push(Header::read(&packet).unwrap().sequence);
    }
    out
}

fn run(session: &mut Datagrams, numbers: &[u16], now: Instant) -> Vec<u16> {
    let fed = numbers.iter().map(|number| START.wrapping_add(*number));
    let out: Vec<u16> = fed.flat_map(|n| feed(session, n, 7, now)).collect();
    out.into_iter().map(|n| n.wrapping_sub(START)).collect()
}

#[test]
fn what_is_missing_is_waited_for_a_moment() {
    let now = Instant::now();
    let mut session = session(now);
    assert_eq!(run(&mut session, &[0, 1, 3, 5], now), [0, 1]);
    assert_eq!(session.due(), Some(now + PATIENCE));
    assert!(released(&mut session, now + PATIENCE / 2).is_empty());
    assert_eq!(run(&mut session, &[2], now), [2, 3]);
    let out = released(&mut session, now + PATIENCE);
    assert_eq!(out, [START.wrapping_add(5)]);
    assert_eq!(session.due(), None);
    assert_eq!(run(&mut session, &[4, 5, 6], now), [6], "too late");
}

#[test]
fn a_full_window_gives_the_gap_up() {
    let now = Instant::now();
    let mut session = session(now);
    let early: Vec<u16> = (2..2 + WINDOW as u16).collect();
    run(&mut session, &[0], now);
    assert!(run(&mut session, &early[1..], now).is_empty());
    assert_eq!(run(&mut session, &early[..1], now), early);
}

#[test]
fn a_new_beginning_is_believed_at_the_second_packet() {
    let now = Instant::now();
    let mut session = session(now);
    assert_eq!(feed(&mut session, 10, 7, now), [10]);
    assert!(feed(&mut session, 20_000, 7, now).is_empty());
    assert_eq!(feed(&mut session, 11, 7, now), [11]);
    assert!(feed(&mut session, 20_001, 7, now).is_empty());
    assert_eq!(feed(&mut session, 20_002, 7, now), [20_002]);
    // Another source begins at once.
    assert_eq!(feed(&mut session, 3, 8, now), [3]);
}

/// Some cameras number their packets anew at each key picture.
#[test]
fn numbers_that_go_back_with_later_times_are_a_new_beginning() {
    for (group, lost) in [(40_u16, 0), (20, 0), (10, 1)] {
        let now = Instant::now();
        let mut session = session(now);
        let mut taken = 0;
        for picture in 0..40_u32 {
            for half in 0..2 {
                // Two packets to a picture.
                let number = (picture * 2 % u32::from(group)) as u16 + half;
                let mut packet = packet(500 + number, 7);
                packet[4..8].copy_from_slice(&(picture * 3_600).to_be_bytes());
                taken += u32::from(session.receive(0, &packet, now) == Verdict::Take);
                // Once more, late: the network did that.
                assert_eq!(session.receive(0, &packet, now), Verdict::Drop);
            }
        }
        let beginnings = 80 / u32::from(group) - 1;
        assert_eq!(taken, 80 - lost * beginnings, "{group}");
    }
}

#[test]
fn a_source_that_proved_as_announced_is_the_only_one() {
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
    /// Any permutation in which nothing is further than the window from its
    /// place, duplicates in between: everything comes out once, in order.
    #[test]
    fn any_order_within_the_window(
        jitter in prop::collection::vec((0..WINDOW as u16 - 1, any::<bool>()), 1..200),
    ) {
        let now = Instant::now();
        let mut session = session(now);
        let mut order: Vec<(u16, u16)> = jitter.iter().enumerate()
            .map(|(n, (late, _))| (n as u16 + late, n as u16)).collect();
        order.sort();
        let mut numbers = vec![0];
        for (_, n) in order {
            numbers.push(n + 1);
            if jitter[usize::from(n)].1 {
                numbers.push(n + 1);
            }
        }
        let out = run(&mut session, &numbers, now);
        prop_assert_eq!(out, (0..=jitter.len() as u16).collect::<Vec<_>>());
        prop_assert_eq!(session.due(), None);
    }

    /// Any datagrams at any time: numbers never go back, little is held.
    #[test]
    fn any_datagrams(steps in prop::collection::vec((0u16..90, 0u64..30), 0..200)) {
        let mut now = Instant::now();
        let mut session = session(now);
        let mut last: Option<u16> = None;
        for (sequence, pause) in steps {
            now += Duration::from_millis(pause);
            let mut out = released(&mut session, now);
            out.extend(feed(&mut session, START.wrapping_add(sequence), 7, now));
            for number in out.into_iter().map(|n| n.wrapping_sub(START)) {
                prop_assert!(last.is_none_or(|last| last < number));
                last = Some(number);
            }
            prop_assert!(session.tracks[0].held.len() < WINDOW);
            prop_assert!(session.due().is_none_or(|due| due > now));
        }
    }

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
