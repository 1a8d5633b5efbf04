//! What the gateway says of a shared camera's media: what was left out is no
//! loss, and where the history ends is said before the first fragment.

mod common;

use camgate_player::output::Kind;
use camgate_protocol::rtp::notice::{self, Notice};
use common::gateway::Gateway;
use common::packetiser::Packetiser;

const SDP: &str = "v=0\r\ns=x\r\na=control:*\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n";

/// Pictures in a group.
const GROUP: u32 = 25;
/// The timestamp of the first picture: those of the others wrap.
const START: u32 = u32::MAX - 9000;

/// The packets of `count` pictures, each with its timestamp.
fn stream(count: u32) -> Vec<(u32, Vec<u8>)> {
    let mut video = Packetiser::new(96);
    let mut packets = Vec::new();
    for picture in 0..count {
        let mut nals = vec![[vec![0x41, 0x9a], vec![7; 3000]].concat()];
        if picture % GROUP == 0 {
            nals = vec![
                vec![0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90],
                vec![0x68, 0xcb, 0x83, 0xcb],
                [vec![0x65, 0x88], vec![7; 4000]].concat(),
            ];
        }
        let timestamp = START.wrapping_add(picture * 3600);
        let all = video.h264(&nals, timestamp);
        packets.extend(all.into_iter().map(|packet| (picture, packet)));
    }
    packets
}

/// The notice about all of `packets`.
fn about(kind: notice::Kind, packets: &[(u32, Vec<u8>)]) -> [u8; notice::LENGTH] {
    let ((first, _), (last, packet)) = (packets.first().unwrap(), packets.last().unwrap());
    let notice = Notice {
        kind,
        ssrc: 1,
        sequence: u16::from_be_bytes([packet[2], packet[3]]),
        timestamp: START.wrapping_add(last * 3600),
        packets: packets.len() as u32,
        pictures: last - first + 1,
    };
    notice.write()
}

/// A session that plays, and gets these packets at their time.
fn play(gateway: &mut Gateway, packets: &[(u32, Vec<u8>)]) {
    for (picture, packet) in packets {
        gateway.now = 1000.0 + f64::from(*picture) * 40.0;
        gateway.frame(0, packet);
    }
}

fn started() -> Gateway {
    let mut gateway = Gateway::new(SDP.to_owned());
    gateway.start();
    gateway
}

#[test]
fn the_edge_is_named_before_what_is_history() {
    let packets = stream(20);
    let mut gateway = started();
    gateway.frame(1, &about(notice::Kind::History, &packets));
    play(&mut gateway, &packets);
    let edge = gateway.outputs.iter().position(|it| it.kind == Kind::Edge);
    let fragment = gateway
        .outputs
        .iter()
        .position(|it| it.kind == Kind::Fragment);
    assert!(edge < fragment && edge.is_some(), "{edge:?} {fragment:?}");
    let edge = &gateway.outputs[edge.unwrap()];
    assert!((edge.time - 19.0 * 0.04).abs() < 0.001, "{}", edge.time);
    let edges = gateway.outputs.iter().filter(|it| it.kind == Kind::Edge);
    assert_eq!(edges.count(), 1);
}

#[test]
fn what_was_left_out_is_skipped_and_not_lost_however_much_it_is() {
    // The second is more packets than a gap may have.
    for left_out in [2 * GROUP, 60 * GROUP] {
        let packets = stream(left_out + 3 * GROUP);
        let at = |picture: u32| packets.partition_point(|(number, _)| *number < picture);
        let (from, to) = (at(GROUP / 2), at(GROUP + left_out));
        let mut gateway = started();
        play(&mut gateway, &packets[..from]);
        gateway.frame(1, &about(notice::Kind::Skipped, &packets[from..to]));
        play(&mut gateway, &packets[to..]);
        let counted = [0, 1, 4].map(|which| gateway.session.statistic(which));
        let received = (packets.len() - (to - from)) as f64;
        let skipped = f64::from(GROUP + left_out - GROUP / 2);
        assert_eq!(counted, [received, 0.0, skipped], "{left_out}");
        // All of it goes on: nothing waits for a key frame more.
        let sent = gateway.session.statistic(2);
        let came = f64::from(GROUP / 2 + 2 * GROUP);
        assert!(sent >= came - 2.0, "{sent} of {came}");
    }
}
