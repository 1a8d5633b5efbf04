use proptest::prelude::*;

use super::*;
use crate::payload::given;

fn audio() -> Audio {
    // AAC-LC, 48 kHz, mono: a frame lasts 21.333 ms.
    open("96\r\na=rtpmap:96 MPEG4-GENERIC/48000")
}

fn open(lines: &str) -> Audio {
    let mut audio = Audio::open(2, &given::media(lines)).unwrap();
    let mut queue = Queue::default();
    audio.announce(&mut queue);
    audio.send_init(&mut queue);
    audio
}

/// Adds the frame number `index` of a packet whose first one plays at `time_us`.
fn add(audio: &mut Audio, time_us: i64, index: i64) {
    let time = audio.ticks(time_us).saturating_add(index * 1024);
    audio.add(b"x", 1024, time);
}

fn count(audio: &Audio) -> usize {
    audio.samples.len()
}

#[test]
fn frames_last_what_they_play() {
    let mut audio = audio();
    for frame in 0..100 {
        // The timestamps are whole milliseconds, and slightly wrong.
        add(&mut audio, frame * 1024 / 48 * 1000 + frame % 7 * 1000, 0);
    }
    assert_eq!(count(&audio), 100);
    assert!(audio.samples.iter().all(|sample| sample.duration == 1024));
}

#[test]
fn missing_frames_are_silence() {
    let mut audio = audio();
    add(&mut audio, 0, 0);
    audio.lose();
    add(&mut audio, 3 * 64_000 / 3, 0);
    assert_eq!(count(&audio), 4);
    assert_eq!(audio.data, b"x\0\0\0\x07\0\0\0\x07x");
    assert_eq!(audio.end, Some(4096));
}

#[test]
fn frames_that_come_too_many_are_left_out() {
    let mut audio = audio();
    for index in 0..20 {
        add(&mut audio, 0, index);
    }
    add(&mut audio, 20_000, 0);
    assert_eq!(count(&audio), 20);
    add(&mut audio, 20 * 64_000 / 3, 0);
    assert_eq!(count(&audio), 21);
}

#[test]
fn starts_at_zero_or_later() {
    let mut audio = audio();
    add(&mut audio, -1_000, 0);
    assert_eq!(count(&audio), 0);
    add(&mut audio, 20_333, 0);
    let mut queue = Queue::default();
    assert!(audio.flush(&mut queue));
    let output = queue.pop().unwrap();
    assert!((output.time - 0.020_333).abs() < 0.000_02);
    assert!((output.duration - 1024.0 / 48_000.0).abs() < 1e-9);
}

fn push(audio: &mut Audio, payload: &[u8], time_us: i64, queue: &mut Queue) -> Vec<Output> {
    let packet = given::packet(payload, true);
    audio.push(&packet, time_us, Some(time_us), time_us, queue);
    std::iter::from_fn(|| queue.pop()).collect()
}

#[test]
fn a_new_format_has_a_new_init_segment() {
    let mut audio = audio();
    let mut queue = Queue::default();
    assert_eq!(
        push(&mut audio, b"\x00\x10\x00\x08x", 0, &mut queue).len(),
        1
    );
    // This ADTS header says LC, 24 kHz, mono. The track continues where it was.
    let adts = [0xff, 0xf1, 0x58, 0x40, 0x01, 0x1f, 0xfc, 1];
    let outputs = push(&mut audio, &adts, 64_000 / 3, &mut queue);
    let kinds: Vec<Kind> = outputs.iter().map(|output| output.kind).collect();
    assert_eq!(kinds, [Kind::Init, Kind::Fragment]);
    assert!((outputs[1].time - 1024.0 / 48_000.0).abs() < 1e-9);
    assert!((outputs[1].duration - 1024.0 / 24_000.0).abs() < 1e-9);
    assert_eq!(audio.end_us(), 64_000);
}

#[test]
fn every_codec_has_silence() {
    let generic = "97\r\na=fmtp:97 config=1190\r\na=rtpmap:97 MPEG4-GENERIC/48000/2";
    for (lines, packet, samples) in [
        ("0", &[0xff; 160][..], 160),
        ("10", &[1; 3528], 882),
        ("96\r\na=rtpmap:96 opus/48000/2", &[31 << 3], 960),
        (
            "96\r\na=rtpmap:96 MP4A-LATM/48000\r\na=fmtp:96 cpresent=0",
            &[1, 7],
            1024,
        ),
        // There is one header of 16 bits, and a frame of one byte.
        (generic, &[0, 16, 0, 1 << 3, 1], 1024),
    ] {
        let mut audio = open(lines);
        let mut queue = Queue::default();
        assert_eq!(push(&mut audio, packet, 0, &mut queue).len(), 1, "{lines}");
        audio.lose();
        let outputs = push(&mut audio, packet, 500_000, &mut queue);
        let length = 0.5 + f64::from(samples) / f64::from(audio.format.rate);
        let end = outputs[0].time + outputs[0].duration;
        assert!((end - length).abs() < 0.012, "{lines}: {end}, not {length}");
    }
}

proptest! {
    #[test]
    fn any_times_are_contiguous(
        times in proptest::collection::vec((any::<i64>(), 0i64..64, any::<bool>()), 1..30),
    ) {
        let mut audio = audio();
        let mut queue = Queue::default();
        let mut end: Option<f64> = None;
        for (time, index, loss) in times {
            if loss {
                audio.lose();
            }
            add(&mut audio, time, index);
            audio.flush(&mut queue);
            while let Some(output) = queue.pop() {
                if let Some(end) = end {
                    prop_assert!((output.time - end).abs() <= end.abs() * 1e-9 + 1e-6);
                }
                end = Some(output.time + output.duration);
            }
        }
    }
}

/// The encoding and codec of an `m=` section.
fn codec(lines: &str) -> Option<String> {
    payload_of(&given::media(lines)).map(|(_, format)| format.codec)
}

#[test]
fn knows_codecs_by_name_and_by_number() {
    for (lines, expected) in [
        ("0", Some("flac")),
        ("8", Some("flac")),
        ("10", Some("flac")),
        ("11", Some("flac")),
        ("96\r\na=rtpmap:96 pcmu/16000", Some("flac")),
        ("96\r\na=rtpmap:96 L16/48000/2", Some("flac")),
        ("96\r\na=rtpmap:96 opus/48000/2", Some("opus")),
        ("96\r\na=rtpmap:96 mpeg4-generic/16000", Some("mp4a.40.2")),
        ("96\r\na=rtpmap:96 MP4A-LATM/90000", Some("mp4a.40.2")),
        ("96\r\na=rtpmap:96 MPA/48000/2", Some("mp4a.40.2")),
        ("8\r\na=rtpmap:8 G711A/8000", Some("flac")),
        ("96\r\na=rtpmap:96 G726-32/8000", None),
        ("96", None),
        ("14", None),
        ("9", None),
        ("", None),
    ] {
        assert_eq!(codec(lines).as_deref(), expected, "{lines}");
    }
}
