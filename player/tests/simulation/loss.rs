//! One packet of a hundred does not come, over UDP.

use crate::camera::{Camera, EVEN, GROUP, Habits, SECOND};
use crate::viewer::Viewer;

#[test]
fn pictures_after_a_loss_wait_for_a_sync_sample() {
    let habits = Habits {
        picture: SECOND / 25,
        slices: 4,
        ..EVEN
    };
    let mut camera = Camera::new(habits, 7);
    let mut viewer = Viewer::new("");
    viewer.gateway.lose();
    let (mut lost, mut taken, mut pictures, mut damaged) = (0u64, 0u64, 0u64, 0u64);
    // What should come out, by what was lost so far.
    let (mut broken, mut expected) = (true, 0u64);
    let mut moment = 0;
    while moment < 3600 * SECOND {
        let packets = camera.next();
        let video = packets[0].channel == 0;
        let key = video && pictures.is_multiple_of(GROUP.cast_unsigned());
        let mut whole = true;
        for sent in packets {
            moment = sent.moment;
            if sent.channel % 2 == 0 && camera.random(100) == 0 {
                lost += 1;
                whole = false;
                continue;
            }
            if video && !whole {
                // The gap shows with this packet.
                viewer.video.must_sync = true;
            }
            taken += u64::from(sent.channel % 2 == 0);
            viewer.take(&sent);
        }
        if video {
            pictures += 1;
            damaged += u64::from(!whole);
            broken = !whole || (broken && !key);
            expected += u64::from(!broken);
            viewer.video.must_sync |= !whole;
        }
    }
    let session = &viewer.gateway.session;
    assert!(damaged > 3000 && lost > 3000, "{damaged} {lost}");
    assert_eq!(session.statistic(0), taken as f64);
    // What is lost last of all does not show.
    assert!((session.statistic(1) - lost as f64).abs() <= 4.0);
    // A picture that lost its last packets may go out when the next one comes,
    // but no picture after it that builds on it.
    assert_eq!(viewer.video.fragments, expected);
    assert_eq!(session.statistic(2), expected as f64);
    let dropped = session.statistic(3);
    assert!(
        (dropped - (pictures - expected) as f64).abs() < 10.0,
        "{dropped}"
    );
    // Silence stands for the sound that is missing; all in all as long as it took.
    assert!(viewer.audio.made_up > 0);
    let (video, audio) = (viewer.video.time, viewer.audio.time);
    assert!((video - audio).abs() < 1.0, "{video} {audio}");
    assert!((video - 3600.0).abs() < 1.0, "{video}");
    assert!((viewer.video.offset - viewer.audio.offset).abs() < 0.030);
}
