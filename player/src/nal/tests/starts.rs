//! The pictures at which decoding can begin.

use super::*;

#[test]
fn a_recovery_point_is_a_start_but_for_pictures_shown_before_it() {
    let mut depacketiser = h264();
    assert!(feed(&mut depacketiser, &RECOVERY, 30, false).is_empty());
    assert_eq!(feed(&mut depacketiser, &PLAIN, 30, true)[0].1, 30);
    assert!(feed(&mut depacketiser, &PLAIN, 20, true).is_empty());
    assert_eq!(feed(&mut depacketiser, &PLAIN, 40, true).len(), 1);
    feed(&mut depacketiser, &RECOVERY, 60, false);
    assert_eq!(
        feed(&mut depacketiser, &PLAIN, 60, true),
        [(nals(&[&RECOVERY, &PLAIN]), 60, true)]
    );
    assert_eq!(feed(&mut depacketiser, &PLAIN, 50, true).len(), 1);
}

#[test]
fn a_gradual_refresh_is_a_start_when_there_is_no_better() {
    let mut depacketiser = h264();
    let mut refresh = |time| {
        assert!(feed(&mut depacketiser, &REFRESH, time, false).is_empty());
        feed(&mut depacketiser, &PLAIN, time, true)
    };
    assert!(refresh(10).is_empty());
    assert_eq!(refresh(20), [(nals(&[&RECOVERY, &PLAIN]), 20, true)]);
    assert_eq!(refresh(30), [(nals(&[&PLAIN]), 30, false)]);
    depacketiser.lose();
    assert!(feed(&mut depacketiser, &PLAIN, 40, true).is_empty());
    feed(&mut depacketiser, &REFRESH, 50, false);
    assert_eq!(feed(&mut depacketiser, &PLAIN, 50, true).len(), 1);
}

#[test]
fn intra_slices_behind_parameter_sets_are_a_start() {
    // The first and another slice of an I picture that is no IDR picture.
    let first = [0x61, 0x88, 0x84];
    let more = [0x61, 0x42, 0x22];
    let mut depacketiser = h264();
    assert!(feed(&mut depacketiser, &first, 10, true).is_empty());
    // The parameter sets may have a timestamp of their own.
    assert!(feed(&mut depacketiser, &SEQUENCE, 19, false).is_empty());
    assert!(feed(&mut depacketiser, &PICTURE, 19, true).is_empty());
    assert!(feed(&mut depacketiser, &first, 20, false).is_empty());
    let units = feed(&mut depacketiser, &more, 20, true);
    assert_eq!(units, [(nals(&[&RECOVERY, &first, &more]), 20, true)]);
    // This picture is shown before it, and may refer to missing ones.
    assert!(feed(&mut depacketiser, &PLAIN, 15, true).is_empty());
    // In one picture, a slice refers to other pictures. In the next one, none does, but no
    // parameter sets come before it.
    assert!(feed(&mut depacketiser, &PICTURE, 30, false).is_empty());
    assert!(feed(&mut depacketiser, &first, 30, false).is_empty());
    assert!(!feed(&mut depacketiser, &[0x61, 0x5a, 0xe2], 30, true)[0].2);
    assert!(!feed(&mut depacketiser, &first, 40, true)[0].2);
}

#[test]
fn pictures_that_lead_the_first_one_are_left_out() {
    // A CRA picture, or one of each kind of BLA, precedes RASL, RADL and trailing ones.
    for kind in [21, 16, 17, 18] {
        let mut depacketiser = h265(false);
        assert_eq!(feed(&mut depacketiser, &slice(kind, 1), 40, true).len(), 1);
        assert!(feed(&mut depacketiser, &slice(9, 2), 20, true).is_empty());
        assert_eq!(feed(&mut depacketiser, &slice(7, 3), 30, true).len(), 1);
        assert_eq!(feed(&mut depacketiser, &slice(1, 4), 50, true).len(), 1);
        let units = feed(&mut depacketiser, &slice(kind, 5), 80, true);
        assert!(units[0].2);
        assert_eq!(feed(&mut depacketiser, &slice(8, 6), 70, true).len(), 1);
    }
}
