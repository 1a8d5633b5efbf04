//! One packet of a hundred does not come, over UDP.

use crate::camera::{Camera, EVEN, GROUP, Habits, SECOND};
use crate::viewer::Viewer;

/// What was lost of an hour, and what should come out because of it.
#[derive(Default)]
struct Count {
    moment: i64,
    lost: u64,
    taken: u64,
    pictures: u64,
    damaged: u64,
    /// No picture can be decoded until the next key frame.
    broken: bool,
    expected: u64,
}

impl Count {
    /// Sends the packets of one picture or sound, but for those that are lost.
    fn send_next(&mut self, camera: &mut Camera, viewer: &mut Viewer) {
        let packets = camera.next();
        let video = packets[0].channel == 0;
        let key = video && self.pictures.is_multiple_of(GROUP.cast_unsigned());
        let mut whole = true;
        for sent in packets {
            self.moment = sent.moment;
            if sent.channel % 2 == 0 && camera.random(100) == 0 {
                self.lost += 1;
                whole = false;
                continue;
            }
            if video && !whole {
                // The gap shows with this packet.
                viewer.video.must_sync = true;
            }
            self.taken += u64::from(sent.channel % 2 == 0);
            viewer.take(&sent);
        }
        if video {
            self.pictures += 1;
            self.damaged += u64::from(!whole);
            self.broken = !whole || (self.broken && !key);
            self.expected += u64::from(!self.broken);
            viewer.video.must_sync |= !whole;
        }
    }
}

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
    let mut count = Count {
        broken: true,
        ..Count::default()
    };
    while count.moment < 3600 * SECOND {
        count.send_next(&mut camera, &mut viewer);
    }
    let Count {
        lost,
        taken,
        pictures,
        damaged,
        expected,
        ..
    } = count;
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
