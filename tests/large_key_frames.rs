//! Key frames larger than anything that is kept, written at once by a camera on the
//! same host.
//!
//! Invariant: a viewer that takes all that comes loses none of them for others' haste.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::fake_camera::FakeCamera;
use common::gateway::{Config, Gateway};
use common::http;
use common::pictures::{fragment, frame};
use common::socket::Opening;
use common::viewer::Viewer;

/// Payload of a packet.
const PAYLOAD: usize = 1_400;
/// Pictures in a second, the first of them a key frame.
const GROUP: u32 = 10;
/// Key frames that are sent.
const KEYS: u32 = 5;

/// Interleaved frames of a picture in so many packets.
fn picture(number: u32, packets: usize, sequence: &mut u16) -> Vec<u8> {
    let kind = if number % GROUP == 0 { 5 } else { 1 };
    let mut bytes = Vec::with_capacity(packets * (PAYLOAD + 16));
    for packet in 0..packets {
        let last = packet + 1 == packets;
        *sequence = sequence.wrapping_add(1);
        let mut payload = fragment(kind, packet == 0, last).to_vec();
        payload.resize(PAYLOAD, 0);
        bytes.extend(frame(*sequence, number * 9_000, 7, last, &payload));
    }
    bytes
}

/// A camera whose key frames have `size` bytes; it stops after the last.
fn filming(size: usize) -> FakeCamera {
    FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        let mut sequence = 0;
        for number in 0..=KEYS * GROUP {
            let packets = match number % GROUP {
                0 => size / PAYLOAD,
                _ => 3,
            };
            link.send(&picture(number, packets, &mut sequence))?;
            std::thread::sleep(Duration::from_millis(1_000 / u64::from(GROUP)));
        }
        link.serve()
    })
}

/// Reads to the end of what the camera sends; how many of the key frames are whole.
fn whole_keys(viewer: &mut Viewer, size: usize) -> usize {
    let mut pictures: BTreeMap<u32, usize> = BTreeMap::new();
    while !pictures.contains_key(&(KEYS * GROUP)) {
        let message = viewer.data.binary();
        let mut rest = &message[..];
        while let Some((header, after)) = rest.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let (payload, after) = after.split_at(length);
            rest = after;
            if payload[1] != 204 {
                let time = u32::from_be_bytes(payload[4..8].try_into().unwrap());
                *pictures.entry(time / 9_000).or_default() += 1;
            }
        }
    }
    let keys = (0..KEYS).map(|key| pictures.get(&(key * GROUP)).copied());
    keys.filter(|packets| *packets == Some(size / PAYLOAD))
        .count()
}

fn watch(gateway: &Gateway, batch: bool) -> Viewer {
    let mut viewer = Viewer::join_shared(gateway, "front", batch, Opening::default());
    viewer.play();
    viewer
}

#[test]
fn who_takes_all_gets_every_large_key_frame() {
    for size in [1_500_000, 2_500_000] {
        let camera = filming(size);
        let gateway = Config::new()
            .camera("front", &[("url", &camera.url())])
            .start();
        let reading: Vec<_> = [false, true, true]
            .map(|batch| watch(&gateway, batch))
            .into_iter()
            .map(|mut viewer| std::thread::spawn(move || whole_keys(&mut viewer, size)))
            .collect();
        let whole: usize = reading.into_iter().map(|it| it.join().unwrap()).sum();
        let all = 3 * KEYS as usize;
        // A machine that is busy with more than this may take a reader off for long.
        assert!(whole * 5 >= all * 4, "{whole} of {all} of {size} bytes");
        let line = gateway.await_log(&["[front] up to", "KiB come from one key frame"]);
        let mend = "write gop_cache = 3M in [camera front] and pool = 4M or more";
        assert!(line.contains(mend) || size < 2_000_000, "{line}");
        let missed = "camgate_camera_uncached_groups_total{camera=\"front\"}";
        assert_eq!(gateway.metrics().value(missed), f64::from(KEYS));
        let list = http::get(gateway.address(), "/api/cameras").text();
        assert!(list.contains("\"cache\":1048576,\"uncached\":5"), "{list}");
    }
}
