//! Sound whose description, configuration and clock disagree about its rate: what
//! its clock counts in is known by the second packet, before any silence is made.

mod common;

use camgate_player::output::{Kind, Output};
use camgate_player::tracks::AUDIO;
use common::gateway::Gateway;
use common::packetiser::Packetiser;

/// Samples of a frame, by the core codec.
const FRAME: u64 = 1024;

/// A second and a half, which is less than arrivals are measured for.
const LENGTH_MS: u64 = 1500;

/// A camera whose rtpmap says `said`, whose frames have `rate`, and whose RTP clock
/// counts `clock`, Hz. Packets have `frames` each.
struct Camera {
    config: String,
    said: u64,
    rate: u64,
    clock: u64,
    frames: u64,
}

/// AAC-LC, mono.
fn plain(said: u64, rate: u64, clock: u64, frames: u64) -> Camera {
    let index = match rate {
        48_000 => 3,
        44_100 => 4,
        16_000 => 8,
        _ => panic!("{rate}"),
    };
    Camera {
        config: format!("{:04x}", 2 << 11 | index << 7 | 1 << 3),
        said,
        rate,
        clock,
        frames,
    }
}

fn gateway(camera: &Camera) -> Gateway {
    let mut gateway = Gateway::new(format!(
        "v=0\r\ns=x\r\na=control:*\r\n\
         m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n\
         m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/{}/1\r\n\
         a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config={}\r\n\
         a=control:a\r\n",
        camera.said, camera.config
    ));
    gateway.start();
    gateway
}

fn picture(video: &mut Packetiser, time: u64) -> Vec<Vec<u8>> {
    let nals = [
        &[0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90][..],
        &[0x68, 0xcb, 0x83, 0xcb],
        &[0x65, 0x88, 7, 7],
    ];
    video.h264(&nals.map(<[u8]>::to_vec), time as u32)
}

/// Frames of two bytes behind their AU headers.
fn payload(frames: u64) -> Vec<u8> {
    let mut payload = (16 * frames as u16).to_be_bytes().to_vec();
    for _ in 0..frames {
        payload.extend([0, 2 << 3]);
    }
    payload.extend(vec![7; 2 * frames as usize]);
    payload
}

/// Plays `camera` beside pictures; the fragments of sound, and when the first frame
/// was to be heard, seconds.
fn play(camera: &Camera) -> (Vec<Output>, u64) {
    let mut gateway = gateway(camera);
    let start = gateway.now;
    let (mut video, mut audio) = (Packetiser::new(96), Packetiser::new(97));
    let mut packets = 0;
    for ms in 0..LENGTH_MS {
        gateway.now = start + ms as f64;
        if ms % 40 == 0 {
            for packet in picture(&mut video, ms * 90) {
                gateway.frame(0, &packet);
            }
        }
        let frames = packets * camera.frames;
        if ms * camera.rate >= frames * FRAME * 1000 {
            let timestamp = frames * FRAME * camera.clock / camera.rate;
            let packet = audio.packet(&payload(camera.frames), timestamp as u32, true);
            gateway.frame(2, &packet);
            packets += 1;
        }
    }
    let sound = |output: &Output| output.kind == Kind::Fragment && output.track == AUDIO;
    let outputs = std::mem::take(&mut gateway.outputs).into_iter();
    (outputs.filter(sound).collect(), packets * camera.frames)
}

fn assert_plays(camera: &Camera) {
    let (fragments, frames) = play(camera);
    let case = format!(
        "rtpmap {}, frames {} ({}), clock {}, {} a packet",
        camera.said, camera.rate, camera.config, camera.clock, camera.frames
    );
    let first = fragments.first().expect(&case);
    let last = fragments.last().expect(&case);
    assert!(first.time < 0.001, "{case}: begins at {}", first.time);
    let length = last.time + last.duration - first.time;
    let expected = (frames * FRAME) as f64 / camera.rate as f64;
    assert!(
        (length - expected).abs() < 1e-6,
        "{case}: {length} s of {expected}"
    );
    // Silence would be of other bytes than the frames.
    let made = fragments.iter().map(|output| &output.data);
    assert!(
        made.into_iter().all(|data| data.ends_with(&[7, 7])),
        "{case}"
    );
}

#[test]
fn the_clock_is_known_before_silence_is_made() {
    for said in [8_000, 16_000, 48_000] {
        for rate in [16_000, 44_100, 48_000] {
            for clock in [said, rate] {
                for frames in [1, 2] {
                    assert_plays(&plain(said, rate, clock, frames));
                }
            }
        }
    }
}

#[test]
fn so_it_is_where_the_band_is_replicated() {
    // 5, 24 kHz, stereo, 48 kHz, 2, 1024.
    for said in [8_000, 24_000, 48_000] {
        for clock in [said, 24_000, 48_000] {
            assert_plays(&Camera {
                config: "2b118800".to_owned(),
                said,
                rate: 24_000,
                clock,
                frames: 1,
            });
        }
    }
}

/// Frames that are missing at the source are no other clock.
#[test]
fn a_first_step_of_two_frames_is_a_gap() {
    let camera = plain(16_000, 16_000, 16_000, 1);
    let mut gateway = gateway(&camera);
    let (mut video, mut audio) = (Packetiser::new(96), Packetiser::new(97));
    for packet in picture(&mut video, 0) {
        gateway.frame(0, &packet);
    }
    for frame in [0, 2, 3, 4] {
        let packet = audio.packet(&payload(1), frame * FRAME as u32, true);
        gateway.frame(2, &packet);
        gateway.now += 64.0;
    }
    let sound = |output: &&Output| output.kind == Kind::Fragment && output.track == AUDIO;
    let last = gateway.outputs.iter().rfind(sound).unwrap();
    assert!((last.time + last.duration - 0.256).abs() < 0.065);
}
