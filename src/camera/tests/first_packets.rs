//! Sender reports for the moment with which the cache begins.

use super::*;

fn report(seconds: u32, fraction: u32, timestamp: u32) -> Vec<u8> {
    let words = [0x80c8_0006, 9, seconds, fraction, timestamp, 1, 2];
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

#[test]
fn reports_are_moved_to_the_picture_that_a_viewer_begins_with() {
    let (mut camera, now) = camera(true);
    camera.start(now);
    bring_up(&mut camera, SDP, now);
    for (channel, report) in [(1, report(100, 0, 5)), (3, report(101, 1 << 31, 80_000))] {
        camera.frame(channel, &report, report.len(), 0);
    }
    // A second before the pictures' report, over the wrap of its clock.
    let mut first_packets = FirstPackets::default();
    let mut packet = vec![0x80, 96, 0, 1];
    packet.extend(5_u32.wrapping_sub(90_000).to_be_bytes());
    packet.extend([0, 0, 0, 9]);
    first_packets.frame(0, &packet);
    let moved = [
        (1, report(99, 0, 5_u32.wrapping_sub(90_000))),
        (3, report(99, 0, 60_000)),
    ];
    assert_eq!(camera.sender_reports(&first_packets), moved);
    // A camera without a wall clock.
    let none = report(0, 0, 5);
    camera.frame(1, &none, none.len(), 0);
    let kept = [(1, none), (3, report(101, 1 << 31, 80_000))];
    assert_eq!(camera.sender_reports(&first_packets), kept);
}
