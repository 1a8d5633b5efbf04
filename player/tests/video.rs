//! Video however it is cut into packets, described and disturbed.

mod common;

use std::sync::LazyLock;

use camgate_player::output::{Kind, Output};
use common::capture::Capture;
use common::fragment::{self, decode_time, nals};
use common::gateway::Gateway;
use common::packetiser::Packetiser;
use proptest::prelude::*;

/// A stream as its encoder made it: NAL units and RTP time of each picture.
struct Stream {
    codec: &'static str,
    sdp: String,
    capture: Capture,
    pictures: Vec<(Vec<Vec<u8>>, u32)>,
    /// What comes out of the capture as it was made.
    fragments: Vec<Output>,
}

fn gateway(medium: &str) -> Gateway {
    let head = "v=0\r\ns=x\r\na=control:*\r\n";
    let mut gateway = Gateway::new([head, medium].concat());
    gateway.start();
    gateway
}

/// A fragment for each picture, however they came.
fn fragments(gateway: &Gateway) -> Vec<Output> {
    let all = gateway.outputs.iter();
    let fragments = all.filter(|output| output.kind == Kind::Fragment);
    fragments.flat_map(fragment::samples).collect()
}

impl Stream {
    fn load(name: &'static str) -> Self {
        let capture = Capture::load(name);
        let mut gateway = gateway(&capture.sdp);
        for packet in &capture.packets {
            gateway.frame(0, packet);
        }
        let fragments = fragments(&gateway);
        let pictures = fragments.iter().map(|fragment| nals(&fragment.data));
        Self {
            codec: &name[..4],
            sdp: capture.sdp.clone(),
            pictures: pictures.zip(capture.timestamps()).collect(),
            fragments,
            capture,
        }
    }

    /// Its packets, each payload at most `size` bytes.
    fn packets(&self, size: usize, gather: usize, numbered: bool) -> Vec<Vec<u8>> {
        let mut packetiser = Packetiser::new(96);
        let pictures = self.pictures.iter();
        let packets = pictures.flat_map(|(nals, time)| match self.codec {
            "x264" => packetiser.h264_in(nals, *time, size, gather),
            _ => packetiser.h265(nals, *time, size, gather, numbered),
        });
        packets.collect()
    }
}

static STREAMS: LazyLock<[Stream; 4]> = LazyLock::new(|| {
    [
        "x264-slices-ffmpeg",
        "x264-pyramid-gstreamer",
        "x265-slices-ffmpeg",
        "x265-open-gop-gstreamer",
    ]
    .map(Stream::load)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn packets_of_any_size_make_the_same_fragments(
        index in 0..STREAMS.len(),
        size in 20usize..1400,
        gather in 1usize..6,
        numbered in any::<bool>(),
    ) {
        let stream = &STREAMS[index];
        let medium = if numbered && stream.codec == "x265" {
            stream.sdp.replace("a=fmtp:96 ", "a=fmtp:96 sprop-max-don-diff=1;")
        } else {
            stream.sdp.clone()
        };
        let mut gateway = gateway(&medium);
        for packet in stream.packets(size, gather, numbered) {
            gateway.frame(0, &packet);
        }
        prop_assert!(fragments(&gateway) == stream.fragments);
    }

    #[test]
    fn whatever_happens_to_packets_fragments_are_contiguous_and_begin_with_a_sync_sample(
        index in 0..STREAMS.len(),
        size in 100usize..1400,
        fates in proptest::collection::vec((0u8..40, any::<prop::sample::Index>(), any::<u8>()), 1..200),
    ) {
        let stream = &STREAMS[index];
        let mut gateway = gateway(&stream.sdp);
        let mut late = None;
        let packets = stream.packets(size, 3, false);
        for (packet, fate) in packets.into_iter().zip(fates.iter().cycle()) {
            let mut packet = packet;
            let (fate, at, value) = fate;
            match fate {
                0 => continue,
                1 => {
                    late = Some(packet);
                    continue;
                }
                2 => gateway.frame(0, &packet),
                3 => {
                    let at = at.index(packet.len().min(24));
                    packet[at] = *value;
                }
                4 => packet.truncate(at.index(packet.len())),
                _ => {}
            }
            gateway.frame(0, &packet);
            if let Some(packet) = late.take() {
                gateway.frame(0, &packet);
            }
            gateway.now += 10.0;
        }
        let mut end = None;
        for output in fragments(&gateway) {
            prop_assert!(output.sync || end.is_some());
            prop_assert!(end.is_none_or(|end| end == decode_time(&output)));
            end = Some(decode_time(&output) + (output.duration * 90_000.0).round() as u64);
        }
    }
}

#[test]
fn a_broken_description_leaves_the_sets_to_the_stream() {
    let damages = [
        ("=Z2Q", "=?Z2Q"),
        ("sprop-parameter-sets=", "sprop-parameter-sets=,AAAA,"),
        ("sprop-sps=Q", "sprop-sps=*"),
    ];
    // These two carry their sets in band as well.
    for stream in [&STREAMS[1], &STREAMS[3]] {
        for (from, to) in damages {
            let mut gateway = gateway(&stream.sdp.replace(from, to));
            for packet in &stream.capture.packets {
                gateway.frame(0, packet);
            }
            assert!(fragments(&gateway) == stream.fragments, "{from}");
        }
    }
}

#[test]
fn a_codec_that_changes_is_announced_before_its_init_segment() {
    // The same payload type goes on with other parameter sets.
    let (first, second) = (&STREAMS[0], &STREAMS[1].capture);
    let mut gateway = gateway(&first.sdp);
    for packet in first.packets(1000, 2, false) {
        gateway.frame(0, &packet);
    }
    for packet in &second.packets {
        gateway.frame(0, packet);
    }
    let kinds: Vec<Kind> = gateway.outputs.iter().map(|output| output.kind).collect();
    let last_init = kinds.iter().rposition(|kind| *kind == Kind::Init).unwrap();
    assert_eq!(gateway.texts(Kind::Init).len(), 2);
    assert_eq!(kinds[last_init + 1], Kind::Fragment);
    assert!(gateway.outputs[last_init + 1].sync);
    assert_eq!(fragments(&gateway).len(), 80);
}
