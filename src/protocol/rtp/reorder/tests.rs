use super::*;
use proptest::prelude::*;

const START: u16 = 65_530;

fn header(sequence: u16, timestamp: u32) -> Header {
    Header::new(96, sequence, timestamp, 7)
}

/// A source whose first packet, with the number `first`, was taken.
fn begun(first: u16, now: Instant) -> Reorder {
    let mut reorder = Reorder::new(&header(first, 0));
    assert_eq!(feed(&mut reorder, first, now), [first]);
    reorder
}

/// Does what the owner does with one packet; returns the numbers passed on.
fn feed(reorder: &mut Reorder, sequence: u16, now: Instant) -> Vec<u16> {
    let header = header(sequence, 0);
    let mut out = Vec::new();
    let order = reorder.receive(&header, &header.bytes(), now);
    if matches!(order, Order::Next | Order::Anew) {
        out.push(sequence);
    }
    out.extend(released(reorder, now));
    out
}

fn released(reorder: &mut Reorder, now: Instant) -> Vec<u16> {
    let packets = std::iter::from_fn(|| reorder.release(now));
    let numbers = packets.map(|packet| Header::read(&packet).unwrap().sequence);
    numbers.collect()
}

/// Feeds packets, given by their distance from [`START`]; returns those passed on, in the
/// same way.
fn run(reorder: &mut Reorder, numbers: &[u16], now: Instant) -> Vec<u16> {
    let fed = numbers.iter().map(|number| START.wrapping_add(*number));
    let out: Vec<u16> = fed.flat_map(|n| feed(reorder, n, now)).collect();
    out.into_iter().map(|n| n.wrapping_sub(START)).collect()
}

#[test]
fn what_is_missing_is_waited_for_a_moment() {
    let now = Instant::now();
    let mut reorder = begun(START, now);
    assert_eq!(run(&mut reorder, &[1, 3, 5], now), [1]);
    assert_eq!(reorder.due(), Some(now + PATIENCE));
    assert!(released(&mut reorder, now + PATIENCE / 2).is_empty());
    assert_eq!(run(&mut reorder, &[2], now), [2, 3]);
    let out = released(&mut reorder, now + PATIENCE);
    assert_eq!(out, [START.wrapping_add(5)]);
    assert_eq!(reorder.due(), None);
    assert_eq!(run(&mut reorder, &[4, 5, 6], now), [6], "too late");
}

#[test]
fn a_full_window_gives_the_gap_up() {
    let now = Instant::now();
    let mut reorder = begun(START, now);
    let early: Vec<u16> = (2..2 + WINDOW as u16).collect();
    assert!(run(&mut reorder, &early[1..], now).is_empty());
    assert_eq!(run(&mut reorder, &early[..1], now), early);
}

#[test]
fn a_new_beginning_is_believed_at_the_second_packet() {
    let now = Instant::now();
    let mut reorder = begun(10, now);
    assert!(feed(&mut reorder, 20_000, now).is_empty());
    assert_eq!(feed(&mut reorder, 11, now), [11]);
    assert!(feed(&mut reorder, 20_001, now).is_empty());
    assert_eq!(feed(&mut reorder, 20_002, now), [20_002]);
}

/// Some cameras start to count anew at each key picture.
#[test]
fn numbers_that_go_back_with_later_times_are_a_new_beginning() {
    for (group, lost) in [(40_u16, 0), (20, 0), (10, 1)] {
        let now = Instant::now();
        let mut reorder = Reorder::new(&header(500, 0));
        let (mut taken, mut anew) = (0, 0);
        for picture in 0..40_u32 {
            for half in 0..2 {
                // Each picture has two packets.
                let number = (picture * 2 % u32::from(group)) as u16 + half;
                let header = header(500 + number, picture * 3_600);
                match reorder.receive(&header, &header.bytes(), now) {
                    Order::Next => taken += 1,
                    Order::Anew => anew += 1,
                    Order::Early | Order::Late => {}
                }
                // The network delivers the packet a second time, late.
                let order = reorder.receive(&header, &header.bytes(), now);
                assert_eq!(order, Order::Late);
            }
        }
        let beginnings = 80 / u32::from(group) - 1;
        assert_eq!(anew, beginnings, "{group}");
        assert_eq!(taken + anew, 80 - lost * beginnings, "{group}");
    }
}

proptest! {
    /// If no packet is further than the window from its place, all come out once and in
    /// order, even with duplicates between them.
    #[test]
    fn any_order_within_the_window(
        jitter in prop::collection::vec((0..WINDOW as u16 - 1, any::<bool>()), 1..200),
    ) {
        let now = Instant::now();
        let mut reorder = begun(START, now);
        let mut order: Vec<(u16, u16)> = jitter.iter().enumerate()
            .map(|(n, (late, _))| (n as u16 + late, n as u16)).collect();
        order.sort();
        let mut numbers = Vec::new();
        for (_, n) in order {
            numbers.push(n + 1);
            if jitter[usize::from(n)].1 {
                numbers.push(n + 1);
            }
        }
        let out = run(&mut reorder, &numbers, now);
        prop_assert_eq!(out, (1..=jitter.len() as u16).collect::<Vec<_>>());
        prop_assert_eq!(reorder.due(), None);
    }

    /// Whatever packets come at whatever time, numbers never go back and little is held.
    #[test]
    fn any_packets(steps in prop::collection::vec((0u16..90, 0u64..30), 0..200)) {
        let mut now = Instant::now();
        let first = steps.first().map_or(0, |(sequence, _)| *sequence);
        let mut reorder = Reorder::new(&header(START.wrapping_add(first), 0));
        let mut last: Option<u16> = None;
        for (sequence, pause) in steps {
            now += Duration::from_millis(pause);
            let mut out = released(&mut reorder, now);
            out.extend(feed(&mut reorder, START.wrapping_add(sequence), now));
            for number in out.into_iter().map(|n| n.wrapping_sub(START)) {
                prop_assert!(last.is_none_or(|last| last < number));
                last = Some(number);
            }
            prop_assert!(reorder.held.len() < WINDOW);
            prop_assert!(reorder.due().is_none_or(|due| due > now));
        }
    }
}
