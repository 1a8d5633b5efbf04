//! What x264, x265 and JPEG encoders made and ffmpeg and GStreamer put into RTP
//! comes out as they sent it: ffmpeg decodes the very same frames.

mod common;

use std::path::PathBuf;

use camgate_player::output::{Kind, Output};
use camgate_player::tracks::VIDEO;
use common::capture::{Capture, mark, timestamp};
use common::fragment::{self, decode_time};
use common::gateway::Gateway;
use common::media;

/// All captures whose pictures come through bit by bit, whatever is lost.
const CLEAN: [&str; 7] = [
    "x264-slices-ffmpeg",
    "x264-pyramid-gstreamer",
    "x264-open-gop-ffmpeg",
    "x264-fields-ffmpeg",
    "x265-open-gop-gstreamer",
    "x265-slices-ffmpeg",
    "x265-main10-gstreamer",
];

/// Pictures that are renewed bit by bit: after a loss they are blurred a while.
const REFRESHED: [&str; 2] = ["x264-refresh-gstreamer", "x265-refresh-ffmpeg"];

const JPEG: [&str; 3] = [
    "jpeg-420-ffmpeg",
    "jpeg-422-gstreamer",
    "jpeg-restart-gstreamer",
];

fn all() -> impl Iterator<Item = Capture> {
    let names = CLEAN.into_iter().chain(REFRESHED).chain(JPEG);
    names.map(Capture::load)
}

fn gateway(medium: &str) -> Gateway {
    let head = "v=0\r\ns=x\r\na=control:*\r\n";
    let mut gateway = Gateway::new([head, medium].concat());
    gateway.start();
    gateway
}

/// Plays packets as they are.
fn play<'a>(medium: &str, packets: impl IntoIterator<Item = &'a Vec<u8>>) -> Gateway {
    go_on(gateway(medium), packets)
}

/// Has the session take the packets.
fn go_on<'a>(mut gateway: Gateway, packets: impl IntoIterator<Item = &'a Vec<u8>>) -> Gateway {
    let mut last = None;
    for packet in packets {
        let time = timestamp(packet);
        if last.replace(time).is_some_and(|last| last != time) {
            gateway.now += 40.0;
        }
        gateway.frame(0, packet);
    }
    // What has no marker ends when the next one begins: here, a packet of
    // nothing that anybody knows.
    if let Some(last) = last {
        let mut packet = vec![0x80, 127, 0, 0];
        packet.extend_from_slice(&last.wrapping_add(3600).to_be_bytes());
        packet.extend_from_slice(&[0; 8]);
        gateway.frame(0, &packet);
    }
    gateway
}

fn samples(gateway: &Gateway) -> Vec<Output> {
    let all = gateway.outputs.iter();
    all.flat_map(|output| match output.kind {
        Kind::Fragment => fragment::samples(output),
        Kind::Picture => vec![output.clone()],
        _ => Vec::new(),
    })
    .collect()
}

/// Everything that goes to the browser, in a file.
fn written(gateway: &Gateway, capture: &Capture, test: &str) -> PathBuf {
    let kind = if capture.is_jpeg() { "mjpeg" } else { "mp4" };
    let file = media::scratch(test).join(format!("{}.{kind}", capture.name));
    let parts = gateway.outputs.iter().filter(|output| {
        let wanted = [Kind::Init, Kind::Fragment, Kind::Picture];
        output.track == VIDEO && wanted.contains(&output.kind)
    });
    let bytes: Vec<u8> = parts.flat_map(|output| output.data.clone()).collect();
    std::fs::write(&file, bytes).unwrap();
    file
}

fn contiguous(gateway: &Gateway) {
    let mut end = None;
    for output in samples(gateway) {
        if output.kind == Kind::Picture {
            continue;
        }
        let start = decode_time(&output);
        assert!(end.is_none_or(|end| end == start), "{end:?} {start}");
        end = Some(start + (output.duration * 90_000.0).round() as u64);
    }
}

fn check(gateway: &Gateway, capture: &Capture, test: &str) {
    contiguous(gateway);
    let frames = media::judge(&written(gateway, capture, test));
    assert_eq!(frames, capture.frames, "{}", capture.name);
}

#[test]
fn every_frame_comes_through() {
    for capture in all() {
        let gateway = play(&capture.sdp, &capture.packets);
        check(&gateway, &capture, "captures");
        assert!(gateway.texts(Kind::Error).is_empty());
        assert_eq!(gateway.texts(Kind::Size).len(), 1, "{}", capture.name);
        let inits = if capture.is_jpeg() { 0 } else { 1 };
        assert_eq!(gateway.texts(Kind::Init).len(), inits, "{}", capture.name);
    }
}

#[test]
fn every_frame_is_shown_when_its_timestamp_says() {
    for capture in all() {
        let gateway = play(&capture.sdp, &capture.packets);
        let samples = samples(&gateway);
        let times = capture.timestamps();
        assert_eq!(samples.len(), times.len(), "{}", capture.name);
        for (sample, time) in samples.iter().zip(&times) {
            let expected = f64::from(time.wrapping_sub(times[0]).cast_signed()) / 90_000.0;
            let got = sample.time - samples[0].time;
            // Half a tick of rounding on either side.
            assert!(
                (got - expected).abs() < 3e-5,
                "{} {got} {expected}",
                capture.name
            );
        }
    }
}

#[test]
fn markers_are_not_needed() {
    for mut capture in all() {
        for packet in &mut capture.packets {
            mark(packet, false);
        }
        // The last one is never known to be complete, nor is its group.
        let gateway = play(&capture.sdp, &capture.packets);
        let units = samples(&gateway).len();
        let most = capture.timestamps().len() - 1;
        assert!((most - 4..=most).contains(&units), "{}", capture.name);
        contiguous(&gateway);
        let frames = media::accepted(&written(&gateway, &capture, "unmarked"));
        assert_eq!(frames.len(), units, "{}", capture.name);
        assert!(in_order(&frames, &capture.frames), "{}", capture.name);
    }
}

#[test]
fn a_marker_on_every_packet_ends_no_picture_in_the_middle_of_a_slice() {
    for name in ["x264-open-gop-ffmpeg", "x265-main10-gstreamer"] {
        let mut capture = Capture::load(name);
        for packet in &mut capture.packets {
            mark(packet, true);
        }
        let gateway = play(&capture.sdp, &capture.packets);
        check(&gateway, &capture, "marked");
    }
}

#[test]
fn markers_on_every_slice_are_found_out() {
    for name in ["x264-slices-ffmpeg", "x265-slices-ffmpeg"] {
        let mut capture = Capture::load(name);
        for packet in &mut capture.packets {
            mark(packet, true);
        }
        let mut gateway = play(&capture.sdp, &capture.packets);
        contiguous(&gateway);
        // The first picture went out cut. From the next sync sample on (number
        // 16), everything is whole; the last one has no successor.
        let samples = samples(&gateway);
        assert_eq!(samples.len(), 1 + (40 - 16 - 1), "{name}");
        assert!(samples[1].sync);
        gateway
            .outputs
            .retain(|output| !(output.kind == Kind::Fragment && output.time == 0.0));
        let frames = media::accepted(&written(&gateway, &capture, "found-out"));
        assert_eq!(frames, capture.frames[16..39], "{name}");
    }
}

/// The checksums of what is shown. ffmpeg has to be content with it, except
/// where pictures refer to some that were before the start, as they may.
fn shown(gateway: &Gateway, capture: &Capture, test: &str) -> Vec<String> {
    let file = written(gateway, capture, test);
    if capture.name.starts_with("x264-open-gop") {
        media::checksums(&file)
    } else {
        media::accepted(&file)
    }
}

#[test]
fn sets_in_band_are_enough() {
    for name in ["x264-pyramid-gstreamer", "x265-open-gop-gstreamer"] {
        let capture = Capture::load(name);
        let lines = capture.sdp.lines();
        let kept = lines.filter(|line| !line.starts_with("a=fmtp"));
        let medium: String = kept.flat_map(|line| [line, "\r\n"]).collect();
        let gateway = play(&medium, &capture.packets);
        check(&gateway, &capture, "in-band");
    }
}

#[test]
fn names_the_codec() {
    let expected = [
        ("x264-fields-ffmpeg", "video/mp4; codecs=\"avc1.640015\""),
        (
            "x265-slices-ffmpeg",
            "video/mp4; codecs=\"hvc1.1.6.L30.90\"",
        ),
        (
            "x265-main10-gstreamer",
            "video/mp4; codecs=\"hvc1.2.4.L30.90\"",
        ),
        ("jpeg-420-ffmpeg", "image/jpeg"),
    ];
    for (name, mime) in expected {
        let capture = Capture::load(name);
        let gateway = play(&capture.sdp, &capture.packets);
        assert_eq!(gateway.texts(Kind::Track), [mime]);
    }
}

#[test]
fn crops_the_picture() {
    for (name, size) in [
        ("x264-slices-ffmpeg", "182x102"),
        ("x265-main10-gstreamer", "182x102"),
        ("jpeg-422-gstreamer", "184x104"),
    ] {
        let capture = Capture::load(name);
        let gateway = play(&capture.sdp, &capture.packets);
        assert_eq!(gateway.texts(Kind::Size), [size]);
    }
}

/// Numbers that look random, the same every time.
fn scatter(seed: u32) -> impl FnMut() -> u32 {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// Whether all of `part` is in `whole`, in this order.
fn in_order(part: &[String], whole: &[String]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|frame| whole.any(|other| other == frame))
}

#[test]
fn what_is_shown_after_losses_is_whole() {
    for name in CLEAN.into_iter().chain(JPEG) {
        let capture = Capture::load(name);
        for seed in 1..3 {
            let mut next = scatter(seed);
            // One of thirty is lost, one of thirty is repeated.
            let packets = capture.packets.iter().flat_map(|packet| {
                let copies = match next() % 30 {
                    0 => 0,
                    1 => 2,
                    _ => 1,
                };
                std::iter::repeat_n(packet, copies)
            });
            let mut gateway = gateway(&capture.sdp);
            gateway.lose();
            let gateway = go_on(gateway, packets);
            contiguous(&gateway);
            if samples(&gateway).is_empty() {
                continue;
            }
            let frames = shown(&gateway, &capture, "losses");
            assert_eq!(frames.len(), samples(&gateway).len(), "{name} {seed}");
            assert!(in_order(&frames, &capture.frames), "{name} {seed}");
        }
    }
}

#[test]
fn begins_in_the_middle() {
    // x265's refreshing streams have no recovery points.
    for capture in all().filter(|capture| capture.name != "x265-refresh-ffmpeg") {
        let from = capture.packets.len() / 5;
        let gateway = play(&capture.sdp, &capture.packets[from..]);
        contiguous(&gateway);
        let samples = samples(&gateway);
        assert!(samples.len() > 4, "{} {}", capture.name, samples.len());
        assert!(samples[0].sync);
        if REFRESHED.contains(&capture.name) {
            continue;
        }
        let frames = shown(&gateway, &capture, "middle");
        let expected = &capture.frames[capture.frames.len() - samples.len()..];
        assert_eq!(frames, expected, "{}", capture.name);
    }
}
