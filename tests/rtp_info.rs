//! What a viewer of a shared camera is told of where its media begins: RTP-Info in the
//! answer to PLAY names the first packet from the cache, and a sender report is for the
//! moment of that packet.

mod common;

use std::time::Duration;

use common::fake_camera::FakeCamera;
use common::gateway::Config;
use common::pictures::Pictures;
use common::socket::Opening;
use common::viewer::Viewer;

/// Ticks of RTP from one picture to the next, and how many there are in a second.
const STEP: u32 = 3600;
const RATE: u32 = 90_000;

/// A report that the camera's clock was at 1000 s when it took picture 0, told at
/// picture `number`.
fn report(number: u32) -> Vec<u8> {
    let time = u64::from(number * STEP) << 32;
    let ntp = (1000 << 32) + time / u64::from(RATE);
    let words = [
        0x80c8_0006,
        7,
        (ntp >> 32) as u32,
        ntp as u32,
        number * STEP,
        1,
        1,
    ];
    let words = words.into_iter().flat_map(u32::to_be_bytes);
    [b'$', 1, 0, 28].into_iter().chain(words).collect()
}

#[test]
fn who_comes_late_is_told_of_the_first_packet() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for number in 0.. {
            link.send(&Pictures::ONE_KEY.picture(number))?;
            link.send(&report(number))?;
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    });
    let gateway = Config::new()
        .camera("front", &[("url", &camera.url())])
        .start();
    let mut first = Viewer::watch(&gateway);
    for _ in 0..200 {
        first.data.binary();
    }
    let mut late = Viewer::join_shared(&gateway, "front", false, Opening::default());
    let answer = late.begin();
    let (told, packet) = (late.data.binary(), late.data.binary());
    assert_eq!((told[1], told[5]), (1, 200), "a report before the media");
    assert_eq!(packet[1], 0);
    let sequence = u16::from_be_bytes([packet[6], packet[7]]);
    let timestamp = u32::from_be_bytes(packet[8..12].try_into().unwrap());
    let info = answer.header("RTP-Info").expect("RTP-Info");
    let expected = format!("url=rtsp://camgate/front;seq={sequence};rtptime={timestamp}");
    assert_eq!(info, expected);
    // The first packet is that of picture 0: all of it is in the cache.
    assert_eq!(timestamp, 0);
    assert_eq!(told, report(0), "the report of that moment");
}
