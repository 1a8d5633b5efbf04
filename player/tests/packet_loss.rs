//! Packets lost, repeated, late and made up: what comes out is still one
//! contiguous timeline that begins with a sync sample, and nothing panics.

mod common;

use camgate_player::output::{Kind, MAX_OUTPUTS, Output};
use camgate_player::tracks::{AUDIO, VIDEO};
use common::gateway::Gateway;
use common::packetiser::{MTU, Packetiser};
use proptest::prelude::*;

const SDP: &str = "v=0\r\ns=x\r\na=control:*\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n\
    m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/1\r\n\
    a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=118c\r\n\
    a=control:a\r\n";

/// Eight seconds of a stream at 25 pictures a second, each packet with its
/// channel and the time at which it is sent.
fn stream(start: u32) -> Vec<(u8, Vec<u8>, f64)> {
    let (mut video, mut audio) = (Packetiser::new(96), Packetiser::new(97));
    let mut packets = Vec::new();
    for picture in 0..200u32 {
        let mut nals = Vec::new();
        if picture % 25 == 0 {
            nals.push(vec![0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90]);
            nals.push(vec![0x68, 0xcb, 0x83, 0xcb]);
            nals.push([vec![0x65, 0x88], vec![7; 4000]].concat());
        } else {
            nals.push([vec![0x41, 0x9a], vec![7; 900]].concat());
        }
        let now = 1000.0 + f64::from(picture) * 40.0;
        let timestamp = start.wrapping_add(picture * 3600);
        for packet in video.h264(&nals, timestamp) {
            packets.push((0, packet, now));
        }
        for part in 0..2 {
            let timestamp = start.wrapping_add((picture * 2 + part) * 960);
            for packet in audio.aac(&[vec![1; 200]], timestamp, MTU) {
                packets.push((2, packet, now));
            }
        }
    }
    packets
}

/// Where the fragment is decoded: its `tfdt`.
fn decoded(output: &Output) -> u64 {
    let at = output.data.windows(4).position(|w| w == b"tfdt").unwrap() + 8;
    u64::from_be_bytes(output.data[at..at + 8].try_into().unwrap())
}

fn contiguous(gateway: &Gateway, track: u32) -> Result<(), TestCaseError> {
    let mut last: Option<&Output> = None;
    for output in &gateway.outputs {
        if output.kind != Kind::Fragment || output.track != track {
            continue;
        }
        match last {
            None => prop_assert!(output.sync),
            Some(last) => {
                let scale = if track == VIDEO { 90_000.0 } else { 48_000.0 };
                let end = decoded(last) + (last.duration * scale).round() as u64;
                prop_assert_eq!(decoded(output), end);
            }
        }
        last = Some(output);
    }
    Ok(())
}

fn end(gateway: &Gateway, track: u32) -> f64 {
    let all = gateway.outputs.iter();
    let mut of_track = all.filter(|output| output.kind == Kind::Fragment && output.track == track);
    of_track
        .next_back()
        .map_or(0.0, |output| output.time + output.duration)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn loss_repetition_and_delay(
        start in any::<u32>(),
        fates in proptest::collection::vec(0u8..60, 1..500),
    ) {
        let mut gateway = Gateway::new(SDP.to_owned());
        gateway.start();
        let mut late = None;
        for ((channel, packet, now), fate) in stream(start).into_iter().zip(fates.iter().cycle()) {
            gateway.now = now;
            match fate {
                0 => continue,
                1 => {
                    late = Some((channel, packet));
                    continue;
                }
                2 => gateway.frame(channel, &packet),
                _ => {}
            }
            gateway.frame(channel, &packet);
            if let Some((channel, packet)) = late.take() {
                gateway.frame(channel, &packet);
            }
        }
        contiguous(&gateway, VIDEO)?;
        contiguous(&gateway, AUDIO)?;
        prop_assert!(gateway.texts(Kind::Error).is_empty());
    }

    #[test]
    fn made_up_packets(
        start in any::<u32>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..40),
    ) {
        let mut gateway = Gateway::new(SDP.to_owned());
        gateway.start();
        let mut packets = stream(start);
        for (packet, byte, value) in damage {
            let packet = &mut packets[packet.index(200)].1;
            let at = byte.index(packet.len().min(40));
            packet[at] = value;
        }
        for (channel, packet, now) in packets {
            gateway.now = now;
            gateway.frame(channel, &packet);
        }
        contiguous(&gateway, VIDEO)?;
        contiguous(&gateway, AUDIO)?;
    }
}

#[test]
fn both_tracks_keep_together_over_the_wrap() {
    let mut gateway = Gateway::new(SDP.to_owned());
    gateway.start();
    for (channel, packet, now) in stream(u32::MAX - 100_000) {
        gateway.now = now;
        gateway.frame(channel, &packet);
    }
    // By arrival alone, as good as that is: every other audio frame comes 20 ms
    // before its time.
    let (video, audio) = (end(&gateway, VIDEO), end(&gateway, AUDIO));
    assert!((video - 8.0).abs() < 0.021, "{video}");
    assert!((audio - 8.0).abs() < 0.021, "{audio}");
}

#[test]
fn a_clip_that_starts_over_goes_on_where_it_was() {
    let mut gateway = Gateway::new(SDP.to_owned());
    gateway.start();
    for round in 0..3 {
        for (channel, packet, now) in stream(5) {
            gateway.now = now + 8000.0 * f64::from(round);
            gateway.frame(channel, &packet);
        }
    }
    let (video, audio) = (end(&gateway, VIDEO), end(&gateway, AUDIO));
    assert!((23.9..24.1).contains(&video), "{video}");
    assert!((audio - video).abs() < 0.1, "{audio} {video}");
}

#[test]
fn one_message_cannot_fill_the_queue_with_init_segments() {
    let mut gateway = Gateway::new(SDP.to_owned());
    gateway.start();
    let mut video = Packetiser::new(96);
    let mut message = Vec::new();
    for picture in 0..6_000u32 {
        let level = 30 + picture as u8 % 2;
        let nals = vec![
            vec![0x67, 0x42, 0xc0, level, 0xd9, 0x00, 0xa0, 0x3d, 0x90],
            vec![0x68, 0xcb, 0x83, 0xcb],
            vec![0x65, 0x88, 0x84, 0x00],
        ];
        for packet in video.h264(&nals, picture * 3600) {
            message.extend([b'$', 0, 0, packet.len() as u8]);
            message.extend(packet);
        }
    }
    gateway.session.media(&message, gateway.now);
    let waiting = std::iter::from_fn(|| gateway.session.poll_output()).count();
    assert!(waiting <= MAX_OUTPUTS + 3, "{waiting}");
    // It goes on with the next sync sample.
    gateway.session.media(&message, gateway.now);
    gateway.pump();
    assert!(gateway.texts(Kind::Error).is_empty());
    let first = gateway.outputs.iter().find(|output| output.track == VIDEO);
    assert_eq!(first.map(|output| output.kind), Some(Kind::Track));
}

#[test]
fn sound_that_leaps_in_every_packet_is_not_filled_up_for_ever() {
    let mut gateway = Gateway::new(SDP.to_owned());
    gateway.start();
    let mut audio = Packetiser::new(97);
    for packet in stream(0).into_iter().take(6) {
        gateway.frame(packet.0, &packet.1);
    }
    let before = end(&gateway, AUDIO);
    audio.sequence = audio.sequence.wrapping_add(30_000);
    for packet in 0..3_000u32 {
        gateway.now += 20.0;
        let timestamp = packet.wrapping_mul(48_000 * 19 / 10);
        for packet in audio.aac(&[vec![1; 20]], timestamp, MTU) {
            gateway.frame(2, &packet);
        }
    }
    // A minute passed, and a minute more may be silence.
    let grown = end(&gateway, AUDIO) - before;
    assert!((60.0..190.0).contains(&grown), "{grown}");
}
