//! What ends in the moment in which something else is due: each is told in its order.

use std::time::Duration;

use super::world::{World, header};
use super::{CAMERA, frame, init, join};

/// A camera may play and be lost with one and the same read, or write.
#[test]
fn who_waited_for_a_camera_is_answered_though_it_is_lost_at_once() {
    let garbage = b"RTSP/1.0 200 OK\r\nContent-Length: 9999999\r\n\r\n";
    let request = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    for (behind, hangs_up) in [(&garbage[..], false), (&request[..], true), (b"", true)] {
        let mut world = World::new("[camera front]\nurl = rtsp://10.0.0.9/s\n");
        world.put_camera(CAMERA);
        let mut viewer = world.websocket("binary");
        viewer.request("DESCRIBE rtsp://camgate/front RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        world.run();
        let mut camera = Some(world.camera(CAMERA));
        while let Some(link) = &mut camera {
            let last = link.answer(behind);
            assert!(!last.is_empty(), "PLAY comes");
            if last == "PLAY" && hangs_up {
                camera = None;
            }
            world.run();
            if last == "PLAY" {
                break;
            }
        }
        let answer = viewer.message().expect("an answer");
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("RTSP/1.0 200 "), "{answer}");
        assert!(answer.contains("H264"), "{answer}");
    }
}

/// The place of a viewer that plays nothing is another's at once, but the viewer is told.
#[test]
fn who_makes_room_for_another_is_told_so_on_both_sockets() {
    let mut world = World::new("[limits]\nviewers = 1\n");
    let (mut control, mut data, _camera) = join(&mut world, true);
    world.pass(Duration::from_secs(11));
    let mut newcomer = world.websocket_from([10, 0, 2, 1], "control");
    let reply = init(&mut world, &mut newcomer);
    assert!(reply.starts_with("WSP/1.1 200 "), "{reply}");
    assert_eq!(
        (control.close_code(), data.close_code()),
        (Some(1013), Some(1013))
    );
}

/// One burst is no stream: its viewer keeps its place as long as a camera may be silent,
/// counted from the burst.
#[test]
fn a_burst_keeps_a_place_no_longer_than_a_camera_may_be_silent() {
    for (seconds, status) in [(8, "503"), (12, "200")] {
        let mut world = World::new("[limits]\nviewers = 1\n");
        let (_control, mut data, mut camera) = join(&mut world, true);
        camera.send(&frame(0, b"burst"));
        world.run();
        assert!(data.message().is_some());
        world.pass(Duration::from_secs(seconds));
        let mut newcomer = world.websocket_from([10, 0, 2, 1], "control");
        let reply = init(&mut world, &mut newcomer);
        assert_eq!(&reply[8..11], status, "after {seconds} s: {reply}");
        assert_eq!(header(&reply, "seq"), Some("1"));
    }
}
