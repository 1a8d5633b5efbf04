use super::*;

fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet<'static> {
    Packet {
        marker: false,
        payload_type: 96,
        sequence,
        timestamp,
        ssrc,
        extension: &[],
        payload: &[],
    }
}

#[test]
fn another_payload_type_counts_if_it_alone_comes_steadily() {
    let mut source = Source::new(97);
    for sequence in 1..4 {
        assert_eq!(source.take(&packet(1, sequence, 1)), None);
    }
    assert!(source.is_silent());
    assert_eq!(source.take(&packet(1, 4, 1)), Some((Follows::Directly, 1)));
    assert_eq!(source.take(&packet(1, 5, 1)), Some((Follows::Directly, 1)));
    // A packet of the announced type comes after all.
    let announced = Packet {
        payload_type: 97,
        ..packet(1, 6, 1)
    };
    assert_eq!(source.take(&announced), Some((Follows::Directly, 1)));
    for sequence in 7..20 {
        assert_eq!(source.take(&packet(1, sequence, 1)), None);
    }
}

#[test]
fn payload_types_in_turn_are_none_of_ours() {
    let mut source = Source::new(97);
    for sequence in 1..20 {
        let other = Packet {
            payload_type: 100 + (sequence % 2) as u8,
            ..packet(1, sequence, 1)
        };
        assert_eq!(source.take(&other), None);
    }
}

/// Takes a picture, one of which comes every ten ticks, with packets of these numbers.
/// Returns how many of them follow a loss.
fn losses(source: &mut Source, picture: u32, sequences: &[u16]) -> usize {
    let last = sequences.len() - 1;
    let mut lost = 0;
    for (index, sequence) in sequences.iter().enumerate() {
        let packet = Packet {
            marker: index == last,
            ..packet(1, *sequence, picture * 10)
        };
        let (follows, _) = source.take(&packet).unwrap();
        lost += usize::from(follows != Follows::Directly);
    }
    lost
}

/// A source whose numbers were in order, from 0 to 99, for 50 pictures.
fn trusted() -> Source {
    let mut source = Source::new(96);
    for picture in 0..50 {
        let number = picture as u16 * 2;
        assert_eq!(losses(&mut source, picture, &[number, number + 1]), 0);
    }
    source
}

#[test]
fn a_gap_in_numbers_that_were_in_order_is_a_loss() {
    // Packets are missing within a picture, at its end, and as a whole picture.
    assert_eq!(losses(&mut trusted(), 50, &[100, 102]), 1);
    let mut source = trusted();
    source.take(&packet(1, 100, 500));
    assert_eq!(losses(&mut source, 51, &[102, 103]), 1);
    assert_eq!(losses(&mut trusted(), 51, &[102, 103]), 1);
    // There are many losses, one after the other.
    let mut source = trusted();
    for picture in 50..54 {
        let number = picture as u16 * 3;
        assert_eq!(losses(&mut source, picture, &[number, number + 2]), 1);
    }
}

#[test]
fn a_gap_before_the_picture_that_is_due_is_none() {
    assert_eq!(losses(&mut trusted(), 50, &[101, 102]), 0);
}

#[test]
fn numbers_that_never_were_in_order_are_not_believed() {
    let habits: [fn(u16) -> [u16; 3]; 6] = [
        |picture| [picture * 4, picture * 4 + 1, picture * 4 + 2],
        |picture| [picture * 5, picture * 5 + 2, picture * 5 + 3],
        |picture| [picture % 25 * 3, picture % 25 * 3 + 1, picture % 25 * 3 + 2],
        |_| [0; 3],
        |picture| [picture.wrapping_mul(7919), 3, picture],
        |picture| [picture * 9, picture * 9 + 1, picture * 9 + 3],
    ];
    for (number, habit) in habits.into_iter().enumerate() {
        let mut source = Source::new(96);
        for picture in 0..1000 {
            // Every other picture is missing as a whole.
            let (time, numbers) = (picture + picture / 2, habit(picture as u16));
            assert_eq!(
                losses(&mut source, time, &numbers),
                0,
                "{number}: {picture}"
            );
        }
    }
}

#[test]
fn numbers_that_go_back_lose_nothing() {
    for back in [1, 8, 20, 100, 3000, 30_000, 60_000] {
        let (mut source, first) = (trusted(), 100u16.wrapping_sub(back));
        let numbers = [first, first.wrapping_add(1)];
        assert_eq!(losses(&mut source, 50, &numbers), 0, "{back}");
    }
}

#[test]
fn over_udp_every_gap_is_a_loss() {
    let mut source = Source::new(96);
    source.expect_losses();
    assert_eq!(losses(&mut source, 0, &[1, 2]), 0);
    assert_eq!(losses(&mut source, 1, &[4, 6]), 2);
    assert_eq!(losses(&mut source, 2, &[40_000, 40_001]), 1);
    let none = Some((Follows::AfterLoss(0), 30));
    assert_eq!(
        source.take(&packet(1, 7, 30)),
        none,
        "nobody knows how many"
    );
}

#[test]
fn a_new_source_is_a_new_beginning() {
    let mut source = Source::new(96);
    assert_eq!(source.unwrapped(1, 5), None);
    assert_eq!(source.take(&packet(1, 1, 5)), Some((Follows::Directly, 5)));
    assert_eq!(source.take(&packet(2, 3, 7)), Some((Follows::Anew, 7)));
    assert_eq!(source.take(&packet(2, 4, 8)), Some((Follows::Directly, 8)));
}

#[test]
fn packets_of_a_session_that_is_gone_are_passed_over() {
    let mut source = Source::new(96);
    let mut taken = Vec::new();
    for step in 0..20 {
        for packet in [packet(1, step, 5), packet(2, 900 + step, 7_000_000)] {
            taken.extend(
                source
                    .take(&packet)
                    .map(|(follows, _)| (packet.ssrc, follows)),
            );
        }
    }
    assert_eq!(
        taken[..3],
        [
            (1, Follows::Directly),
            (2, Follows::Anew),
            (1, Follows::Anew)
        ]
    );
    assert_eq!(taken[3..], [(1, Follows::Directly); 18]);
    assert_eq!(source.unwrapped(2, 5), None, "nor are its reports ours");
}

#[test]
fn a_new_name_alone_is_none() {
    let mut source = Source::new(96);
    source.take(&packet(1, 65535, 5));
    assert_eq!(source.take(&packet(2, 0, 8)), Some((Follows::Directly, 8)));
    let far = packet(3, 1, 0x8000_0000);
    assert!(matches!(source.take(&far), Some((Follows::Anew, _))));
}

#[test]
fn counting_anew_after_a_pause_loses_nothing() {
    let mut source = trusted();
    source.expect_losses();
    source.pause();
    assert_eq!(losses(&mut source, 50, &[40_000, 40_001]), 0);
}

#[test]
fn what_was_skipped_is_not_lost_however_much_it_is() {
    let mut source = Source::new(96);
    source.take(&packet(1, 65_000, 5));
    source.skip();
    let none = Some((Follows::AfterLoss(0), 6));
    assert_eq!(source.take(&packet(1, 10_000, 6)), none);
    let next = Some((Follows::Directly, 6));
    assert_eq!(source.take(&packet(1, 10_001, 6)), next);
}

#[test]
fn reports_under_a_wrong_name_count_if_their_time_fits() {
    let mut source = Source::new(96);
    source.take(&packet(1, 1, 5));
    assert_eq!(source.unwrapped(1, 0x7000_0000), Some(0x7000_0000));
    assert_eq!(source.unwrapped(0, 4), Some(4));
    assert_eq!(source.unwrapped(0, 0x7000_0000), None);
}
