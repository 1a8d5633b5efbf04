//! What real audio encoders and payloaders send (captures, recorded by
//! audio-record.py) comes out as MP4 that ffmpeg decodes without a word to the
//! very samples of the source.

mod common;

use std::path::{Path, PathBuf};

use camgate_player::output::{Kind, Output};
use camgate_player::tracks::AUDIO;
use common::gateway::Gateway;
use common::media;
use common::packetiser::{MTU, Packetiser};
use proptest::prelude::*;

/// A recording.
struct Capture {
    name: &'static str,
    description: String,
    packets: Vec<Vec<u8>>,
}

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

impl Capture {
    fn load(name: &'static str) -> Self {
        let file = |kind| captures().join(format!("audio-{name}.{kind}"));
        let stream = std::fs::read(file("rtp")).unwrap();
        let mut packets = Vec::new();
        let mut rest = stream.as_slice();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (packet, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            // RTCP, which ffmpeg sends to the same port, has types from 72 on.
            if packet[1] & 0x7f < 72 || packet[1] & 0x7f >= 96 {
                packets.push(packet.to_vec());
            }
            rest = after;
        }
        Self {
            name,
            description: std::fs::read_to_string(file("sdp")).unwrap(),
            packets,
        }
    }

    fn gateway(&self) -> Gateway {
        let head = "v=0\r\ns=x\r\na=control:*\r\n";
        let media = self.description.trim();
        let mut gateway = Gateway::new(format!("{head}{media}\r\na=control:a\r\n"));
        gateway.start();
        gateway
    }

    /// Plays all packets; the MIME type and the file that come out.
    fn play(&self) -> (String, PathBuf) {
        let mut gateway = self.gateway();
        for packet in &self.packets {
            gateway.frame(0, packet);
        }
        assert_contiguous(&gateway);
        let file = write(&gateway, self.name);
        let mut types = gateway.texts(Kind::Track);
        assert_eq!(types.len(), 1);
        (types.remove(0), file)
    }

    fn source(&self, kind: &str) -> PathBuf {
        captures().join(format!("audio-{}.{kind}", self.name))
    }
}

fn fragments(gateway: &Gateway) -> impl Iterator<Item = &Output> {
    let of_track = |output: &&Output| output.kind == Kind::Fragment && output.track == AUDIO;
    gateway.outputs.iter().filter(of_track)
}

fn assert_contiguous(gateway: &Gateway) {
    let mut end = 0.0;
    for output in fragments(gateway) {
        assert!((output.time - end).abs() < 1e-6, "{end}, {}", output.time);
        end = output.time + output.duration;
    }
}

/// The last init segment and all fragments.
fn write(gateway: &Gateway, name: &str) -> PathBuf {
    let init = gateway
        .outputs
        .iter()
        .rfind(|output| output.kind == Kind::Init);
    let parts = init.into_iter().chain(fragments(gateway));
    let bytes: Vec<u8> = parts.flat_map(|output| output.data.clone()).collect();
    let file = media::scratch("audio").join(format!("{name}.mp4"));
    std::fs::write(&file, bytes).unwrap();
    file
}

/// What ffprobe says of a file's one stream.
fn probe(file: &Path, entries: &str) -> String {
    let entries = format!("stream={entries}");
    let arguments = ["-v", "warning", "-show_entries", &entries, "-of", "csv=p=0"];
    let name = file.to_str().unwrap();
    let (text, complaints) = media::run("ffprobe", &[&arguments[..], &[name]].concat());
    assert_eq!(complaints, "", "ffprobe on {name}");
    String::from_utf8(text).unwrap().trim().to_owned()
}

#[test]
fn aac_is_what_the_encoder_made() {
    // ffmpeg does not send the frames of its last, half full packet.
    for (name, unsent) in [
        ("aac-ffmpeg", 5),
        ("aac-fragments", 0),
        ("aac-gstreamer", 0),
        ("latm-ffmpeg", 0),
        ("latm-gstreamer", 0),
    ] {
        let capture = Capture::load(name);
        let (mime, file) = capture.play();
        assert_eq!(mime, "audio/mp4; codecs=\"mp4a.40.2\"", "{name}");
        let mut expected = media::checksums(&capture.source("aac"));
        expected.truncate(expected.len() - unsent);
        assert!(expected.len() > 15, "{name}");
        assert_eq!(media::judge(&file), expected, "{name}");
    }
}

/// Checksums of the packets themselves.
fn packets(file: &Path) -> Vec<String> {
    let text = media::output_of(&[], file, &["-c", "copy", "-f", "framemd5"]);
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split(',').nth(5).unwrap().trim().to_owned())
        .collect()
}

#[test]
fn opus_is_what_the_encoder_made() {
    for (name, channels, milliseconds) in [("opus-ffmpeg", 2, 20), ("opus-gstreamer", 1, 40)] {
        let capture = Capture::load(name);
        let (mime, file) = capture.play();
        assert_eq!(mime, "audio/mp4; codecs=\"opus\"");
        media::judge(&file);
        let (expected, got) = (packets(&capture.source("ogg")), packets(&file));
        assert!(got.len() > 20, "{name}");
        assert_eq!(got, expected, "{name}");
        let told = format!("opus,48000,{channels}");
        assert_eq!(probe(&file, "codec_name,sample_rate,channels"), told);
        // Decoded, it lasts what it says, but for the pre-skip.
        let decoded = media::output_of(&[], &file, &["-f", "s16le"]).len();
        let whole = got.len() * milliseconds * 48 * channels * 2;
        assert!(
            (whole - 312 * channels * 2..=whole).contains(&decoded),
            "{name}"
        );
    }
}

#[test]
fn pcm_is_the_same_bit_by_bit() {
    for (name, format, rate, channels) in [
        ("pcma", "alaw", "8000", "1"),
        ("pcmu", "mulaw", "8000", "1"),
        ("pcma-wide", "alaw", "16000", "2"),
        ("l16", "s16be", "16000", "2"),
        ("l16-gstreamer", "s16be", "8000", "1"),
    ] {
        let capture = Capture::load(name);
        let (mime, file) = capture.play();
        assert_eq!(mime, "audio/mp4; codecs=\"flac\"");
        let payloads: Vec<u8> = capture
            .packets
            .iter()
            .flat_map(|packet| packet[12..].to_vec())
            .collect();
        let raw = media::scratch("audio").join(format!("{name}.raw"));
        std::fs::write(&raw, payloads).unwrap();
        let input = ["-f", format, "-ar", rate, "-ac", channels];
        let mut expected = media::output_of(&input, &raw, &["-f", "s16le"]);
        media::judge(&file);
        let got = media::output_of(&[], &file, &["-f", "s16le"]);
        // Less than 20 ms may wait for the next packet.
        let wait = expected.len() - got.len();
        assert!(
            wait < rate.parse::<usize>().unwrap() / 50 * 2 * channels.parse::<usize>().unwrap()
        );
        expected.truncate(got.len());
        assert_eq!(got, expected, "{name}");
    }
}

/// Noise, the extremes, steps and silence: every kind of FLAC subframe, judged
/// by ffmpeg, in packets shorter and longer than a frame.
#[test]
fn any_samples_are_the_same_bit_by_bit() {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16 as i16
    };
    let mut samples: Vec<i16> = (0..3000).map(|_| random()).collect();
    samples.extend((0..3000).map(|_| random() & !0x3f));
    samples.extend((0..3000).map(|_| if random() < 0 { i16::MIN } else { i16::MAX }));
    samples.extend((0..3000).map(|index: i16| index / 100 * 8));
    samples.extend([0; 4000]);
    let source: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_be_bytes())
        .collect();
    for (map, channels, size) in [("L16/44100/2", 2, 400), ("L16/8000", 1, 2000)] {
        let head = "v=0\r\ns=x\r\na=control:*\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 ";
        let mut gateway = Gateway::new([head, map, "\r\na=control:a\r\n"].concat());
        gateway.start();
        let mut packetiser = Packetiser::new(97);
        for (index, payload) in source.chunks(size).enumerate() {
            let timestamp = index * size / 2 / channels;
            let packet = packetiser.packet(payload, timestamp as u32, false);
            gateway.frame(0, &packet);
        }
        assert_contiguous(&gateway);
        let file = write(&gateway, &format!("any-{channels}"));
        media::judge(&file);
        let got = media::output_of(&[], &file, &["-f", "s16be"]);
        assert!(source.len() - got.len() < 4000);
        assert!(source.starts_with(&got));
    }
}

/// Explicit SBR: 24 kHz in RTP and MP4, 48 kHz out of the decoder. The frames
/// are plain AAC-LC, which decoders take for SBR with nothing in it.
#[test]
fn he_aac_has_the_right_rate_and_length() {
    let directory = media::scratch("he-aac");
    let tone = "sine=frequency=440:duration=2:sample_rate=24000";
    let audio = media::encode_audio(&directory, tone, &["-b:a", "32k"]);
    // Object type 5, 24 kHz, mono, 48 kHz, object type 2.
    let description = "v=0\r\ns=x\r\na=control:*\r\nm=audio 0 RTP/AVP 97\r\n\
        a=rtpmap:97 MPEG4-GENERIC/48000/1\r\n\
        a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=2b098800\r\n\
        a=control:a\r\n";
    let mut gateway = Gateway::new(description.to_owned());
    gateway.start();
    gateway.lose();
    let mut packetiser = Packetiser::new(97);
    for (index, frame) in audio.frames.iter().enumerate() {
        // Two are lost: their place is silence.
        for packet in packetiser.aac(std::slice::from_ref(frame), index as u32 * 2048, MTU) {
            if !(10..12).contains(&index) {
                gateway.frame(0, &packet);
            }
        }
    }
    let types = gateway.texts(Kind::Track);
    assert_eq!(types, ["audio/mp4; codecs=\"mp4a.40.5\""]);
    assert_contiguous(&gateway);
    let file = write(&gateway, "he-aac");
    assert_eq!(media::judge(&file).len(), audio.frames.len());
    assert_eq!(probe(&file, "sample_rate"), "48000");
    let decoded = media::output_of(&[], &file, &["-ac", "1", "-f", "s16le"]).len();
    assert_eq!(decoded, audio.frames.len() * 2048 * 2);
    let last = fragments(&gateway).last().unwrap();
    let length = audio.frames.len() as f64 * 1024.0 / 24_000.0;
    assert!((last.time + last.duration - length).abs() < 1e-6);
}

/// The stream itself says what it is before the picture begins: the first init
/// segment is right already.
#[test]
fn sound_is_understood_before_the_picture_begins() {
    let description = "v=0\r\ns=x\r\na=control:*\r\n\
        m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n\
        m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/90000\r\na=control:a\r\n";
    let mut gateway = Gateway::new(description.to_owned());
    gateway.start();
    let (mut video, mut audio) = (Packetiser::new(96), Packetiser::new(97));
    // A StreamMuxConfig: AAC-LC, 16 kHz, mono; a frame of two bytes.
    let element = [0x20, 0x00, 0x14, 0x08, 0x1f, 0xe0, 0x13, 0x0b, 0x10];
    let first = audio.packet(&element, 0, true);
    gateway.frame(2, &first);
    let nals = [
        &[0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90][..],
        &[0x68, 0xcb, 0x83, 0xcb],
        &[0x65, 0x88, 7, 7],
    ];
    for packet in video.h264(&nals.map(<[u8]>::to_vec), 0) {
        gateway.frame(0, &packet);
    }
    gateway.now += 64.0;
    let second = audio.packet(&element, 5760, true);
    gateway.frame(2, &second);
    let of_audio = |output: &&Output| output.track == AUDIO;
    let outputs: Vec<&Output> = gateway.outputs.iter().filter(of_audio).collect();
    let kinds: Vec<Kind> = outputs.iter().map(|output| output.kind).collect();
    assert_eq!(kinds, [Kind::Track, Kind::Init, Kind::Fragment]);
    let config = [5, 2, 0x14, 0x08];
    assert!(outputs[1].data.windows(4).any(|window| window == config));
    assert!((outputs[2].time - 0.064).abs() < 1e-3);
    assert!(outputs[2].data.ends_with(b"ab"));
}

/// ffmpeg decodes what comes out after losses, without a word, and as long as
/// the source.
#[test]
fn losses_are_silence_that_decodes() {
    for name in [
        "aac-gstreamer",
        "latm-gstreamer",
        "opus-ffmpeg",
        "pcma-wide",
        "l16-gstreamer",
    ] {
        let capture = Capture::load(name);
        let mut gateway = capture.gateway();
        gateway.lose();
        let count = capture.packets.len();
        for (index, packet) in capture.packets.iter().enumerate() {
            if index % 7 != 3 && !(count / 2..count / 2 + 5).contains(&index) || index + 8 > count {
                gateway.frame(0, packet);
            }
        }
        assert_contiguous(&gateway);
        let file = write(&gateway, &format!("{name}-lost"));
        media::judge(&file);
        let (_, whole) = capture.play();
        let length = |file: &Path| media::output_of(&[], file, &["-f", "s16le"]).len() as f64;
        let ratio = length(&file) / length(&whole);
        assert!((ratio - 1.0).abs() < 0.03, "{name}: {ratio}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Packets lost, repeated, swapped, cut and changed: one timeline.
    #[test]
    fn any_network_leaves_one_timeline(
        which in 0usize..7,
        faults in proptest::collection::vec((0u32..12, any::<u16>(), any::<u8>()), 60),
    ) {
        let names = ["aac-ffmpeg", "aac-fragments", "aac-gstreamer", "latm-ffmpeg",
            "opus-gstreamer", "pcmu", "l16"];
        let capture = Capture::load(names[which]);
        let mut gateway = capture.gateway();
        let mut late = None;
        for (packet, (fault, place, value)) in capture.packets.iter().zip(faults.iter().cycle()) {
            let mut packet = packet.clone();
            let place = usize::from(*place) % packet.len();
            match fault {
                0 => continue,
                1 => gateway.frame(0, &packet),
                2 => {
                    late = Some(packet);
                    continue;
                }
                3 => packet.truncate(place),
                4 => packet[place] = *value,
                _ => {}
            }
            gateway.now += 10.0;
            gateway.frame(0, &packet);
            if let Some(packet) = late.take() {
                gateway.frame(0, &packet);
            }
        }
        let mut end = None;
        for output in fragments(&gateway) {
            let start = *end.get_or_insert(output.time);
            prop_assert!((output.time - start).abs() < 1e-6, "{}, {}", start, output.time);
            end = Some(output.time + output.duration);
        }
    }
}
