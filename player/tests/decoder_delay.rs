//! Decoders hold no picture back that need not wait: parameter sets that say nothing
//! of reordering, or more than there is, are put right, and the pictures stay the
//! same, bit by bit.

mod common;

use camgate_player::output::Kind;
use camgate_protocol::codec::h265;
use common::capture::Capture;
use common::fragment;
use common::gateway::Gateway;
use common::media::{self, Video};
use common::packetiser::Packetiser;
use common::sps::{self, Sps};

/// Four groups of twelve pictures that could be reordered, and are not.
const IN_ORDER: &str = "bframes=3:b-adapt=1:keyint=12:scenecut=0:log-level=error:open-gop=0";

/// Three groups whose pictures are.
const REORDERED: [&str; 2] = ["-x264-params", "bframes=2:b-adapt=0:keyint=12:scenecut=0"];

fn encode(test: &str, codec: &str, options: &[&str]) -> Video {
    let source = "testsrc2=size=320x180:rate=25:duration=1.92";
    media::encode(&media::scratch(test), source, codec, options)
}

fn h264_in_order(test: &str) -> Video {
    let parameters = [IN_ORDER, ":b-bias=-100:ref=3"].concat();
    encode(test, "h264", &["-x264-params", &parameters])
}

/// What is sent has sets that `change` has changed.
fn changed(mut video: Video, change: &dyn Fn(&[u8]) -> Vec<u8>) -> Video {
    let nals = video.units.iter_mut().flat_map(|(nals, _)| nals);
    for nal in nals.filter(|nal| nal[0] == 0x67) {
        *nal = change(nal);
    }
    video
}

fn gateway(codec: &str) -> Gateway {
    let head = "v=0\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n";
    let map = ["a=rtpmap:96 ", codec, "/90000\r\na=control:v\r\n"].concat();
    let mut gateway = Gateway::new([head, &map].concat());
    gateway.start();
    gateway
}

fn play(codec: &str, video: &Video) -> Gateway {
    let mut gateway = gateway(codec);
    let mut packetiser = Packetiser::new(96);
    for (nals, time) in &video.units {
        let time = *time as u32;
        let packets = match codec {
            "H264" => packetiser.h264(nals, time),
            _ => packetiser.h265(nals, time, 1400, 4, false),
        };
        for packet in packets {
            gateway.frame(0, &packet);
        }
    }
    assert!(gateway.texts(Kind::Error).is_empty());
    gateway
}

/// The init segments, and how many fragments come before each.
fn inits(gateway: &Gateway) -> Vec<(Vec<u8>, usize)> {
    let outputs = gateway.outputs.iter();
    let mut fragments = 0;
    let mut inits = Vec::new();
    for output in outputs {
        match output.kind {
            Kind::Init => inits.push((output.data.clone(), fragments)),
            Kind::Fragment => fragments += 1,
            _ => {}
        }
    }
    inits
}

/// How many pictures Chromium's hardware decoders hold by each init segment, and
/// how many fragments come before it.
fn held(gateway: &Gateway) -> Vec<(u32, usize)> {
    let inits = inits(gateway).into_iter();
    inits
        .map(|(init, before)| {
            let sps = Sps::read(&sps::of(&init));
            assert!(sps.is_sound());
            (sps.held(), before)
        })
        .collect()
}

/// ffmpeg decodes the same of what comes out as of the source. It knows of one init
/// segment only: what each one describes is a file of its own.
fn assert_same_pictures(gateway: &Gateway, video: &Video) {
    let mut files: Vec<Vec<u8>> = Vec::new();
    for output in &gateway.outputs {
        match output.kind {
            Kind::Init => files.push(output.data.clone()),
            Kind::Fragment => files.last_mut().unwrap().extend(&output.data),
            _ => {}
        }
    }
    let frames = files.into_iter().enumerate().flat_map(|(index, bytes)| {
        let file = video.file.with_file_name(format!("out{index}.mp4"));
        std::fs::write(&file, bytes).unwrap();
        media::judge(&file)
    });
    assert_eq!(frames.collect::<Vec<_>>(), media::checksums(&video.file));
}

#[test]
fn a_group_in_order_shows_that_nothing_need_be_held() {
    let video = changed(h264_in_order("delay-in-order"), &sps::bare);
    let gateway = play("H264", &video);
    assert_eq!(held(&gateway), [(9, 0), (0, 12)]);
    assert_same_pictures(&gateway, &video);
}

#[test]
fn so_it_does_where_the_set_says_more() {
    let video = h264_in_order("delay-says-more");
    let gateway = play("H264", &video);
    assert_eq!(held(&gateway), [(2, 0), (0, 12)]);
    assert_same_pictures(&gateway, &video);
}

#[test]
fn what_cannot_reorder_is_known_from_the_start() {
    for (test, options) in [
        ("delay-baseline", &["-profile:v", "baseline"][..]),
        ("delay-no-b", &["-bf", "0", "-profile:v", "high"]),
        ("delay-intra", &["-g", "1", "-profile:v", "high"]),
    ] {
        let video = changed(encode(test, "h264", options), &sps::bare);
        let gateway = play("H264", &video);
        assert_eq!(held(&gateway), [(0, 0)], "{test}");
        assert_same_pictures(&gateway, &video);
    }
}

#[test]
fn pictures_that_are_reordered_keep_their_sets() {
    for (test, change) in [
        (
            "delay-b",
            &(|nal: &[u8]| nal.to_vec()) as &dyn Fn(&[u8]) -> Vec<u8>,
        ),
        ("delay-b-bare", &sps::bare),
    ] {
        let video = changed(encode(test, "h264", &REORDERED), change);
        let nals = video.units.iter().flat_map(|(nals, _)| nals);
        let sent = nals.clone().find(|nal| nal[0] == 0x67).unwrap();
        let inits = inits(&play("H264", &video));
        let given: Vec<_> = inits.iter().map(|(init, _)| sps::of(init)).collect();
        assert_eq!(given, std::slice::from_ref(sent), "{test}");
    }
}

#[test]
fn a_picture_out_of_order_undoes_it_at_the_next_sync_sample() {
    let mut video = changed(h264_in_order("delay-undone"), &sps::bare);
    let time = video.units[30].1;
    video.units[30].1 = video.units[31].1;
    video.units[31].1 = time;
    let held = held(&play("H264", &video));
    let pictures: Vec<u32> = held.iter().map(|(pictures, _)| *pictures).collect();
    assert_eq!(pictures, [9, 0, 9]);
}

#[test]
fn a_new_set_begins_anew() {
    let video = h264_in_order("delay-new-set");
    let mut changed_twice = changed(h264_in_order("delay-new-set"), &sps::bare);
    let second = video.units.len() - 24;
    changed_twice.units[second..].clone_from_slice(&video.units[second..]);
    let gateway = play("H264", &changed_twice);
    assert_eq!(held(&gateway), [(9, 0), (0, 12), (2, 24), (0, 36)]);
    assert_same_pictures(&gateway, &changed_twice);
}

#[test]
fn sets_in_the_middle_of_a_group_are_put_right_too() {
    let source = encode(
        "delay-middle",
        "h264",
        &["-bf", "0", "-profile:v", "high", "-g", "12"],
    );
    let whole = source.units[0]
        .0
        .iter()
        .find(|nal| nal[0] == 0x67)
        .unwrap()
        .clone();
    let mut video = source;
    // The set with a VUI, then that without, in the middle of a group.
    video.units[6].0.insert(0, sps::bare(&whole));
    let gateway = play("H264", &video);
    let fragments = gateway
        .outputs
        .iter()
        .filter(|output| output.kind == Kind::Fragment);
    let nals = fragments.flat_map(|output| fragment::nals(&output.data));
    let sets: Vec<_> = nals.filter(|nal| nal[0] == 0x67).collect();
    assert_eq!(sets.len(), 1);
    assert_eq!(Sps::read(&sets[0]).held(), 0);
    assert_same_pictures(&gateway, &video);
}

#[test]
fn h265_that_says_more_than_there_is_is_put_right() {
    let parameters = [IN_ORDER, ":bframe-bias=-90"].concat();
    let video = encode("delay-h265", "hevc", &["-x265-params", &parameters]);
    let gateway = play("H265", &video);
    let given: Vec<(u8, usize)> = inits(&gateway)
        .into_iter()
        .map(|(init, before)| (h265::Sps::parse(&hvcc(&init)).unwrap().reorder, before))
        .collect();
    assert_eq!(given, [(2, 0), (0, 12)]);
    assert_same_pictures(&gateway, &video);
}

/// The sequence parameter set in an init segment of H.265: behind the video
/// parameter set.
fn hvcc(init: &[u8]) -> Vec<u8> {
    let at = init.windows(4).position(|four| four == b"hvcC").unwrap() + 4 + 23;
    let length = |at: usize| usize::from(u16::from_be_bytes([init[at], init[at + 1]]));
    let sequence = at + 5 + length(at + 3);
    init[sequence + 5..][..length(sequence + 3)].to_vec()
}

#[test]
fn captures_come_out_with_what_they_use() {
    for (name, expected) in [
        ("x264-slices-ffmpeg", 0),
        ("x264-refresh-gstreamer", 0),
        ("x264-pyramid-gstreamer", 2),
        ("x264-open-gop-ffmpeg", 2),
        ("x264-fields-ffmpeg", 2),
    ] {
        let capture = Capture::load(name);
        let head = "v=0\r\ns=x\r\na=control:*\r\n";
        let mut gateway = Gateway::new([head, &capture.sdp].concat());
        gateway.start();
        for packet in &capture.packets {
            gateway.frame(0, packet);
        }
        assert_eq!(held(&gateway), [(expected, 0)], "{name}");
    }
}
