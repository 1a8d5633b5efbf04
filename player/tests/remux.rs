//! What real encoders make goes in as RTP and comes out as fragmented MP4 that
//! ffmpeg accepts without a word and decodes to the very same frames.

mod common;

use std::path::{Path, PathBuf};

use camgate_player::output::{Kind, Output};
use camgate_player::tracks::{AUDIO, VIDEO};
use common::gateway::Gateway;
use common::media::{self, Audio, Video};
use common::packetiser::{MTU, Packetiser};

const VIDEO_SDP: &str = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
    a=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n";

fn sdp(media: &[&str]) -> String {
    let head = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\na=control:*\r\n";
    [&[head], media].concat().concat()
}

fn audio_sdp(rate: u32, channels: u16, config: &str) -> String {
    format!(
        "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/{rate}/{channels}\r\n\
         a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;\
         indexlength=3;indexdeltalength=3;config={config}\r\na=control:trackID=1\r\n"
    )
}

/// Init segment and fragments of a track, in a file.
fn collect(gateway: &Gateway, track: u32, file: PathBuf) -> PathBuf {
    let of_track = |output: &&Output| {
        output.track == track && matches!(output.kind, Kind::Init | Kind::Fragment)
    };
    let bytes: Vec<u8> = gateway
        .outputs
        .iter()
        .filter(of_track)
        .flat_map(|output| output.data.clone())
        .collect();
    std::fs::write(&file, bytes).unwrap();
    file
}

fn fragments(gateway: &Gateway, track: u32) -> Vec<&Output> {
    let all = gateway.outputs.iter();
    all.filter(|output| output.kind == Kind::Fragment && output.track == track)
        .collect()
}

/// RTP time of presentation time 0, so that it wraps within every test.
const BASE: u32 = u32::MAX - 90_000;

fn rtp_time(pts: i64) -> u32 {
    BASE.wrapping_add(pts as u32)
}

/// Plays all units; `keep` decides which packets arrive.
fn play_video(gateway: &mut Gateway, video: &Video, mut keep: impl FnMut(usize) -> bool) {
    let mut packetiser = Packetiser::new(96);
    let mut count = 0;
    for (nals, pts) in &video.units {
        for packet in packetiser.h264(nals, rtp_time(*pts)) {
            if keep(count) {
                gateway.frame(0, &packet);
            }
            count += 1;
        }
        gateway.now += 20.0;
    }
}

fn assert_contiguous(fragments: &[&Output]) {
    for pair in fragments.windows(2) {
        let end = pair[0].time + pair[0].duration;
        assert!(
            (pair[1].time - end).abs() < 1e-9,
            "{end} then {}",
            pair[1].time
        );
    }
}

fn remux_video(name: &str, options: &[&str], sprop: bool) -> (Gateway, Video, PathBuf) {
    let directory = media::scratch(name);
    let source = "testsrc2=size=642x362:rate=25:duration=4";
    let video = media::encode_video(&directory, source, options);
    let mut description = VIDEO_SDP.to_owned();
    if sprop {
        let nals = &video.units[0].0;
        let set = |kind: u8| nals.iter().find(|nal| nal[0] & 0x1f == kind).unwrap();
        let encode = |kind| camgate_protocol::rtsp::text::to_base64(set(kind));
        let sets = format!(
            "packetization-mode=1;sprop-parameter-sets={},{}",
            encode(7),
            encode(8)
        );
        description = description.replace("packetization-mode=1", &sets);
    }
    let mut gateway = Gateway::new(sdp(&[&description]));
    gateway.start();
    play_video(&mut gateway, &video, |_| true);
    let file = collect(&gateway, VIDEO, directory.join("out.mp4"));
    (gateway, video, file)
}

fn assert_same_frames(source: &Path, file: &Path) {
    let (expected, got) = (media::checksums(source), media::judge(file));
    assert_eq!(expected.len(), got.len());
    assert_eq!(expected, got);
}

#[test]
fn a_camera_like_stream_comes_through() {
    let options = [
        "-tune",
        "zerolatency",
        "-profile:v",
        "baseline",
        "-g",
        "25",
        "-b:v",
        "3M",
    ];
    let (gateway, video, file) = remux_video("camera", &options, true);
    assert_same_frames(&video.file, &file);
    let fragments = fragments(&gateway, VIDEO);
    assert_eq!(fragments.len(), 100);
    assert_contiguous(&fragments);
    assert_eq!(fragments.iter().filter(|output| output.sync).count(), 4);
    assert!(
        fragments
            .iter()
            .all(|output| (output.duration - 0.04).abs() < 1e-9)
    );
    assert_eq!(
        gateway.texts(Kind::Track),
        ["video/mp4; codecs=\"avc1.42c01e\""]
    );
    assert_eq!(gateway.texts(Kind::Size), ["642x362"]);
    let states = ["connecting", "describing", "buffering", "playing"];
    assert_eq!(gateway.texts(Kind::State), states);
}

#[test]
fn slices_and_parameter_sets_in_band_come_through() {
    let options = ["-tune", "zerolatency", "-slices", "4", "-g", "30"];
    let (gateway, video, file) = remux_video("slices", &options, false);
    assert_same_frames(&video.file, &file);
    assert_contiguous(&fragments(&gateway, VIDEO));
    assert_eq!(gateway.texts(Kind::Init).len(), 1);
}

#[test]
fn reordered_pictures_come_through() {
    let options = ["-bf", "3", "-g", "40", "-profile:v", "high"];
    let (_, video, file) = remux_video("reordered", &options, true);
    assert_same_frames(&video.file, &file);
    let source: Vec<i64> = video.units.iter().map(|(_, pts)| *pts).collect();
    let times = media::packet_times(&file);
    let shift = times[0] - source[0];
    let expected: Vec<i64> = source.iter().map(|pts| pts + shift).collect();
    assert_eq!(times, expected);
}

#[test]
fn a_lost_packet_costs_the_rest_of_its_group_of_pictures_only() {
    let directory = media::scratch("lost");
    let options = ["-tune", "zerolatency", "-g", "25", "-b:v", "2M"];
    let source = "testsrc2=size=640x360:rate=25:duration=4";
    let video = media::encode_video(&directory, source, &options);
    let mut gateway = Gateway::new(sdp(&[VIDEO_SDP]));
    gateway.start();
    let mut lost = Vec::new();
    let mut packets = Packetiser::new(96);
    let counts: Vec<usize> = video
        .units
        .iter()
        .map(|(nals, pts)| packets.h264(nals, rtp_time(*pts)).len())
        .collect();
    // The first packet of picture 35.
    let index: usize = counts[..35].iter().sum();
    play_video(&mut gateway, &video, |packet| {
        lost.push(packet);
        packet != index
    });
    let file = collect(&gateway, VIDEO, directory.join("out.mp4"));
    let mut expected = media::checksums(&video.file);
    expected.drain(35..50);
    assert_eq!(media::judge(&file), expected);
    let fragments = fragments(&gateway, VIDEO);
    assert_contiguous(&fragments);
    let end = fragments.last().map(|output| output.time + output.duration);
    assert!((end.unwrap() - 4.0).abs() < 0.001, "{end:?}");
}

#[test]
fn a_change_of_size_makes_a_new_init_segment() {
    let (mut gateway, _, _) = remux_video("size", &["-tune", "zerolatency"], false);
    let directory = media::scratch("size-2");
    let source = "testsrc2=size=320x240:rate=25:duration=1";
    let video = media::encode_video(&directory, source, &["-tune", "zerolatency"]);
    let before = gateway.outputs.len();
    let mut packetiser = Packetiser::new(96);
    packetiser.ssrc = 9;
    for (nals, pts) in &video.units {
        for packet in packetiser.h264(nals, *pts as u32) {
            gateway.frame(0, &packet);
        }
    }
    assert_eq!(gateway.texts(Kind::Init).len(), 2);
    assert_eq!(gateway.texts(Kind::Size), ["642x362", "320x240"]);
    assert_contiguous(&fragments(&gateway, VIDEO));
    gateway.outputs.drain(..before);
    let file = collect(&gateway, VIDEO, directory.join("out.mp4"));
    assert_same_frames(&video.file, &file);
}

fn remux_audio(name: &str, audio: &Audio, rate: u32, channels: u16, per_packet: usize) {
    let directory = media::scratch(name);
    let mut gateway = Gateway::new(sdp(&[&audio_sdp(rate, channels, &audio.config)]));
    gateway.start();
    let mut packetiser = Packetiser::new(97);
    for (index, frames) in audio.frames.chunks(per_packet).enumerate() {
        let timestamp = BASE.wrapping_add((index * per_packet * 1024) as u32);
        let mtu = if per_packet == 1 { 100 } else { MTU };
        for packet in packetiser.aac(frames, timestamp, mtu) {
            gateway.frame(0, &packet);
        }
        gateway.now += 20.0;
    }
    let file = collect(&gateway, AUDIO, directory.join("out.mp4"));
    assert_same_frames(&audio.file, &file);
    assert_contiguous(&fragments(&gateway, AUDIO));
    assert_eq!(
        gateway.texts(Kind::Track),
        ["audio/mp4; codecs=\"mp4a.40.2\""]
    );
}

#[test]
fn aac_comes_through_in_fragments_and_several_to_a_packet() {
    let directory = media::scratch("aac");
    let stereo = "sine=frequency=440:duration=3:sample_rate=44100,aformat=channel_layouts=stereo";
    let audio = media::encode_audio(&directory, stereo, &["-b:a", "96k"]);
    remux_audio("aac-1", &audio, 44_100, 2, 1);
    remux_audio("aac-3", &audio, 44_100, 2, 3);
}

#[test]
fn lost_audio_is_silence_that_decodes() {
    for (layout, channels) in [("mono", 1), ("stereo", 2)] {
        let name = format!("silence-{layout}");
        let directory = media::scratch(&name);
        let source = format!(
            "sine=frequency=440:duration=2:sample_rate=16000,aformat=channel_layouts={layout}"
        );
        let audio = media::encode_audio(&directory, &source, &["-b:a", "32k"]);
        let mut gateway = Gateway::new(sdp(&[&audio_sdp(16_000, channels, &audio.config)]));
        gateway.start();
        let mut packetiser = Packetiser::new(97);
        for (index, frame) in audio.frames.iter().enumerate() {
            let timestamp = (index * 1024) as u32;
            for packet in packetiser.aac(std::slice::from_ref(frame), timestamp, MTU) {
                if !(10..20).contains(&index) {
                    gateway.frame(0, &packet);
                }
            }
        }
        let file = collect(&gateway, AUDIO, directory.join("out.mp4"));
        assert_eq!(media::judge(&file).len(), audio.frames.len());
        assert_contiguous(&fragments(&gateway, AUDIO));
    }
}

/// Sends pictures at 25 a second, and between them the sound of the same time.
fn send_interleaved(gateway: &mut Gateway, video: &media::Video, audio: &media::Audio) {
    let (mut first, mut second) = (Packetiser::new(96), Packetiser::new(97));
    let mut frames = audio.frames.iter().enumerate().peekable();
    for (index, (nals, pts)) in video.units.iter().enumerate() {
        for packet in first.h264(nals, rtp_time(*pts)) {
            gateway.frame(0, &packet);
        }
        while let Some((number, frame)) =
            frames.next_if(|(number, _)| number * 1024 <= index * 1920)
        {
            let timestamp = BASE.wrapping_add((number * 1024) as u32);
            for packet in second.aac(std::slice::from_ref(frame), timestamp, MTU) {
                gateway.frame(2, &packet);
            }
        }
        gateway.now += 40.0;
    }
}

#[test]
fn audio_and_video_share_a_timeline() {
    let directory = media::scratch("both");
    let source = "testsrc2=size=320x240:rate=25:duration=4";
    let video = media::encode_video(&directory, source, &["-tune", "zerolatency", "-g", "25"]);
    let tone = "sine=frequency=440:duration=4:sample_rate=48000";
    let audio = media::encode_audio(&directory, tone, &["-b:a", "64k"]);
    let described = audio_sdp(48_000, 1, &audio.config);
    let mut gateway = Gateway::new(sdp(&[VIDEO_SDP, &described]));
    // The stream's start is a second before the first video packet and half a
    // second before the first audio packet.
    gateway.rtp_info = format!(
        "url=rtsp://10.0.0.1/stream/trackID=0;seq=1;rtptime={},\
         url=rtsp://10.0.0.1/stream/trackID=1;seq=1;rtptime={}",
        rtp_time(-90_000),
        BASE.wrapping_sub(24_000)
    );
    gateway.start();
    send_interleaved(&mut gateway, &video, &audio);
    let kinds: Vec<Kind> = gateway.outputs.iter().map(|output| output.kind).collect();
    let first_fragment = kinds
        .iter()
        .position(|kind| *kind == Kind::Fragment)
        .unwrap();
    let last_init = kinds.iter().rposition(|kind| *kind == Kind::Init).unwrap();
    let last_track = kinds.iter().rposition(|kind| *kind == Kind::Track).unwrap();
    assert!(last_track < last_init && last_init < first_fragment);
    // Audio lies half a second earlier: its first half second is left out.
    let audio_fragments = fragments(&gateway, AUDIO);
    assert!(
        audio_fragments[0].time < 0.022,
        "{}",
        audio_fragments[0].time
    );
    let last = audio_fragments.last().unwrap();
    assert!(
        (last.time + last.duration - 3.47).abs() < 0.05,
        "{}",
        last.time
    );
    let video_fragments = fragments(&gateway, VIDEO);
    assert_eq!(video_fragments[0].time, 0.0);
    assert_contiguous(&audio_fragments);
    assert_contiguous(&video_fragments);
    media::judge(&collect(&gateway, AUDIO, directory.join("audio.mp4")));
    media::judge(&collect(&gateway, VIDEO, directory.join("video.mp4")));
}
