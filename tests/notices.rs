//! What the gateway tells its own player, among the media of a shared camera:
//! which of it is history, and what was left out. Others are told nothing.

mod common;

use std::time::Duration;

use camgate::protocol::rtp::notice::{Kind, Notice};
use common::fake_camera::FakeCamera;
use common::frames::HEADER;
use common::gateway::{Config, Gateway};
use common::pictures::{PACKETS, Pictures};
use common::socket::Opening;
use common::viewer::Viewer;

/// A frame that a viewer got.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Frame {
    /// The sequence number.
    Packet(u16),
    Told(Notice),
}

fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut found = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let (payload, rest) = rest.split_at(length);
        bytes = rest;
        found.push(match header[1] {
            0 => Frame::Packet(u16::from_be_bytes([payload[2], payload[3]])),
            _ => Frame::Told(Notice::read(payload).expect("a notice")),
        });
    }
    found
}

fn read(viewer: &mut Viewer, count: usize) -> Vec<Frame> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(frames(&viewer.data.binary()));
    }
    all
}

fn packets(frames: &[Frame]) -> Vec<u16> {
    let packets = frames.iter().filter_map(|frame| match frame {
        Frame::Packet(sequence) => Some(*sequence),
        Frame::Told(_) => None,
    });
    packets.collect()
}

fn gateway(camera: &FakeCamera) -> Gateway {
    Config::new()
        .limit("backlog", "128k")
        .camera("front", &[("url", &camera.url())])
        .start()
}

/// A viewer of `front` that plays; `batch`: as our own player does.
fn watch(gateway: &Gateway, batch: bool, opening: Opening) -> Viewer {
    let mut viewer = Viewer::join_shared(gateway, "front", batch, opening);
    viewer.play();
    viewer
}

/// Takes next to nothing until it is read from.
fn slow() -> Opening<'static> {
    Opening {
        receive_buffer: Some(4096),
        segment: Some(536),
        ..Opening::default()
    }
}

#[test]
fn who_comes_late_is_told_where_the_history_ends() {
    let camera = FakeCamera::filming(Pictures::ONE_KEY, Duration::from_millis(10));
    let gateway = gateway(&camera);
    let mut first = watch(&gateway, false, Opening::default());
    read(&mut first, 100);
    let got = read(&mut watch(&gateway, true, Opening::default()), 300);
    let Frame::Told(notice) = got[0] else {
        panic!("nothing was told before the media: {:?}", got[0]);
    };
    // The history began with packet 0 and picture 0, and none is missing.
    let expected = Notice {
        kind: Kind::History,
        ssrc: 7,
        sequence: notice.packets as u16 - 1,
        timestamp: (notice.pictures - 1) * 3600,
        packets: notice.packets,
        pictures: u32::from(notice.sequence / PACKETS) + 1,
    };
    assert_eq!(notice, expected);
    assert!(notice.packets >= 100, "{notice:?}");
    assert!(
        packets(&got).iter().copied().eq(0..got.len() as u16 - 1),
        "one notice, and all packets"
    );
    // Others get the same history, and no word of it.
    let others = read(&mut watch(&gateway, false, Opening::default()), 200);
    assert!(packets(&others).iter().copied().eq(0..200));
}

#[test]
fn who_begins_with_what_is_live_is_told_nothing() {
    let camera = FakeCamera::filming(Pictures::USUAL, Duration::from_millis(10));
    let settings = [("url", camera.url()), ("gop_cache", "0".to_owned())];
    let settings = settings
        .each_ref()
        .map(|(key, value)| (*key, value.as_str()));
    let gateway = Config::new().camera("front", &settings).start();
    let got = read(&mut watch(&gateway, true, Opening::default()), 200);
    assert_eq!(packets(&got).len(), got.len());
}

#[test]
fn a_slow_viewer_is_told_how_much_was_left_out_and_others_are_not() {
    let camera = FakeCamera::filming(Pictures::USUAL, Duration::from_millis(1));
    let gateway = gateway(&camera);
    let mut viewer = watch(&gateway, true, slow());
    let mut foreign = watch(&gateway, false, slow());
    let mut quick = watch(&gateway, true, Opening::default());
    let got = read(&mut quick, 4_000);
    let skips = |frame: &Frame| matches!(frame, Frame::Told(it) if it.kind == Kind::Skipped);
    assert!(!got.iter().any(skips), "the quick one lost nothing");
    let left_out = "camgate_camera_skipped_frames_total{camera=\"front\"}";
    gateway.await_metrics("frames left out", |now| now.value(left_out) > 200.0);

    let mut told = 0;
    let (mut last, mut skipped) = (None, 0);
    for frame in read(&mut viewer, 1_000) {
        match frame {
            Frame::Packet(sequence) => {
                let due = last.map(|last: u16| last.wrapping_add(1).wrapping_add(skipped));
                assert!(due.is_none_or(|due| due == sequence), "{sequence}, {due:?}");
                (last, skipped) = (Some(sequence), 0);
            }
            Frame::Told(notice) if notice.kind == Kind::Skipped => {
                check_skip(&notice, last.expect("it had some"));
                skipped = notice.packets as u16;
                told += 1;
            }
            Frame::Told(_) => {}
        }
    }
    assert!(told > 0, "something was left out");

    let got = packets(&read(&mut foreign, 400));
    assert_eq!(got.len(), 400, "it is told nothing");
    let gap = |pair: &[u16]| pair[0].wrapping_add(1) != pair[1];
    assert!(got.windows(2).any(gap), "though it lost some");
}

/// What is left out after the packet `last` is what the notice says.
fn check_skip(notice: &Notice, last: u16) {
    assert_eq!(last.wrapping_add(notice.packets as u16), notice.sequence);
    // The picture of the first of them and that of the last, and those between.
    let picture = |sequence: u16| u32::from(sequence / PACKETS);
    let first = picture(last.wrapping_add(1));
    let all = picture(notice.sequence).wrapping_sub(first) & 0x3fff;
    assert_eq!(notice.pictures, all + 1, "{notice:?}");
    let of_clock = notice.timestamp / 3600;
    assert_eq!(of_clock & 0x3fff, picture(notice.sequence));
}
