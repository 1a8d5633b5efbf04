//! Shared cameras whose media comes over UDP: found by a refusal of TCP or
//! configured, in order whatever the network does, given up when it is silent.
//!
//! Invariant: viewers get whole frames in order, as from any other camera, and
//! afterwards no port is left open.

mod common;

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use camgate::protocol::rtp::notice::{Kind, Notice};
use common::fake_camera::FakeCamera;
use common::frames::HEADER;
use common::gateway::{Config, Gateway};
use common::gstreamer::Gstreamer;
use common::pictures::{PACKETS, Packet, Pictures, packets};
use common::session::{Session, set_up};
use common::socket::Opening;
use common::viewer::Viewer;

const PAUSE: Duration = Duration::from_millis(10);
const LOST: &str = "camgate_camera_lost_packets_total{camera=\"front\"}";

/// A camera that sends by `send`, a picture each time.
fn sending(
    send: impl Fn(&Session, u32, Vec<Vec<u8>>) -> io::Result<()> + Send + Sync + 'static,
) -> FakeCamera {
    FakeCamera::start(move |link| {
        let session = set_up(link)?;
        for number in 0..400 {
            send(&session, number, Pictures::USUAL.datagrams(number))?;
            std::thread::sleep(PAUSE);
        }
        link.serve()
    })
}

fn in_order(session: &Session, _: u32, packets: Vec<Vec<u8>>) -> io::Result<()> {
    packets.iter().try_for_each(|packet| session.send(packet))
}

fn gateway(camera: &FakeCamera, transport: &str) -> Gateway {
    Config::new()
        .camera("front", &[("url", &camera.url()), ("transport", transport)])
        .start()
}

fn read(viewer: &mut Viewer, count: usize) -> Vec<Packet> {
    let mut all: Vec<Packet> = Vec::new();
    while all.len() < count {
        all.extend(packets(&viewer.data.binary()));
    }
    all
}

/// The number of a packet in the stream.
fn index(packet: &Packet) -> u32 {
    packet.picture * u32::from(PACKETS) + u32::from(packet.packet)
}

fn assert_complete(got: &[Packet]) {
    assert!(got[0].key && got[0].packet == 0, "{:?}", got[0]);
    for pair in got.windows(2) {
        assert_eq!(index(&pair[0]) + 1, index(&pair[1]), "{pair:?}");
    }
}

#[test]
fn a_camera_that_refuses_tcp_is_watched_over_udp() {
    for (transport, links) in [("auto", 2), ("udp", 1)] {
        let camera = sending(in_order);
        let gateway = gateway(&camera, transport);
        let mut viewers = [Viewer::watch(&gateway), Viewer::watch(&gateway)];
        for viewer in &mut viewers {
            assert_complete(&read(viewer, 200));
        }
        assert_eq!(camera.links(), links, "{transport}");
        assert_eq!(gateway.metrics().value(LOST), 0.0);
        let setup = camera.await_request(links - 1, "SETUP");
        let proposed = setup.header("Transport").unwrap();
        assert!(
            proposed.starts_with("RTP/AVP;unicast;client_port="),
            "{proposed}"
        );
    }
}

#[test]
fn a_camera_that_is_to_use_tcp_is_not_asked_for_udp() {
    let camera = sending(in_order);
    let gateway = gateway(&camera, "tcp");
    let mut viewer = Viewer::join_shared(&gateway, "front", false, Opening::default());
    let answer = viewer.ask("DESCRIBE");
    assert_eq!(answer.status(), 502);
    assert!(
        answer.first_line.contains("over TCP"),
        "{}",
        answer.first_line
    );
}

#[test]
fn packets_come_in_order_once_and_from_the_camera_only() {
    let camera = sending(|session, _, mut packets| {
        let foreign = UdpSocket::bind("127.0.0.2:0")?;
        let another = UdpSocket::bind("127.0.0.1:0")?;
        packets.swap(1, 3);
        for packet in &packets {
            foreign.send_to(&[0x80; 500], session.to)?;
            let mut forged = packet.clone();
            forged[20..].fill(0xee);
            foreign.send_to(&forged, session.to)?;
            another.send_to(&forged, session.to)?;
            session.send(packet)?;
            session.send(packet)?;
            session.send(b"no RTP")?;
        }
        Ok(())
    });
    let gateway = gateway(&camera, "udp");
    let mut viewer = Viewer::watch(&gateway);
    assert_complete(&read(&mut viewer, 400));
    assert_eq!(gateway.metrics().value(LOST), 0.0);
}

#[test]
fn what_is_lost_is_passed_over_and_counted() {
    let camera = sending(|session, number, packets| {
        let lost = number % 10 == 5;
        let sent = packets
            .iter()
            .enumerate()
            .filter(|(n, _)| !(lost && *n == 2));
        sent.map(|(_, packet)| packet)
            .try_for_each(|packet| session.send(packet))
    });
    let gateway = gateway(&camera, "udp");
    let mut viewer = Viewer::watch(&gateway);
    let got = read(&mut viewer, 400);
    let mut lost = 0;
    for pair in got.windows(2) {
        match index(&pair[1]) - index(&pair[0]) {
            1 => {}
            2 => lost += 1,
            step => panic!("{step}: {pair:?}"),
        }
    }
    assert!(lost >= 9, "{lost}");
    assert!(gateway.metrics().value(LOST) >= f64::from(lost));
}

#[test]
fn our_player_is_told_that_gaps_are_losses() {
    let told = |gateway: &Gateway, batch| {
        let mut viewer = Viewer::join_shared(gateway, "front", batch, Opening::default());
        viewer.play();
        let message = viewer.data.binary();
        let notice = Notice::read(message.get(HEADER..).unwrap_or_default());
        (message[1], notice.map(|notice| notice.kind))
    };
    let camera = sending(in_order);
    let gateway = gateway(&camera, "udp");
    assert_eq!(told(&gateway, true), (1, Some(Kind::Lossy)));
    assert_eq!(told(&gateway, false), (0, None), "others are told nothing");
}

#[test]
fn the_camera_gets_reports() {
    let camera = FakeCamera::start(|link| {
        let session = set_up(link)?;
        let mut punched = [0; 64];
        let (length, _) = session.rtp.recv_from(&mut punched)?;
        assert_eq!((length, punched[0]), (12, 0x80));
        for number in 0..3 {
            in_order(&session, number, Pictures::USUAL.datagrams(number))?;
        }
        let report = session.report()?;
        let word = |at: usize| u32::from_be_bytes(report[at..at + 4].try_into().unwrap());
        let expected = (0x81c9_0007, 7, 0, 3 * u32::from(PACKETS) - 1);
        if (word(0), word(8), word(12), word(16)) != expected {
            return Err(io::Error::other(format!("{report:?}")));
        }
        // What the test waits for.
        link.ask("OPTIONS", &[], b"")?;
        link.serve()
    });
    let gateway = gateway(&camera, "udp");
    let _viewer = Viewer::watch(&gateway);
    camera.await_record(0, "the report", |record| {
        record
            .received
            .iter()
            .find(|it| it.status() == 200)
            .map(drop)
    });
}

#[test]
fn long_datagrams_are_taken_once_one_has_come() {
    let camera = FakeCamera::start(|link| {
        let session = set_up(link)?;
        for number in 0..400 {
            let mut packet = Pictures::USUAL.datagrams(0)[0].clone();
            packet[2..4].copy_from_slice(&(number as u16).to_be_bytes());
            packet.resize(20_000, 0);
            session.send(&packet)?;
            std::thread::sleep(PAUSE);
        }
        link.serve()
    });
    let gateway = gateway(&camera, "udp");
    let mut viewer = Viewer::watch(&gateway);
    for _ in 0..100 {
        assert_eq!(viewer.data.binary().len(), HEADER + 20_000);
    }
}

#[test]
fn silence_over_udp_makes_it_try_tcp_or_say_why() {
    let camera = FakeCamera::start(|link| match link.number() {
        0 | 1 => set_up(link).and_then(|_silent| link.serve()),
        _ => {
            link.serve_until("PLAY")?;
            for number in 0..400 {
                link.send(&Pictures::USUAL.picture(number))?;
                std::thread::sleep(PAUSE);
            }
            link.serve()
        }
    });
    let gateway = gateway(&camera, "auto");
    let mut viewer = Viewer::watch(&gateway);
    assert_complete(&read(&mut viewer, 100));
    assert_eq!(camera.links(), 3);
    assert!(camera.await_end(1).request("TEARDOWN").is_some());

    let mute = FakeCamera::start(|link| set_up(link).and_then(|_silent| link.serve()));
    let gateway = self::gateway(&mute, "udp");
    let _viewer = Viewer::watch(&gateway);
    gateway.await_log(&["[front]", "no media arrives by UDP", "firewall"]);
    assert!(mute.await_end(0).request("TEARDOWN").is_some());
}

#[test]
fn another_port_of_the_camera_is_believed_if_nothing_comes_from_the_one_announced() {
    let camera = FakeCamera::start(|link| {
        let session = set_up(link)?;
        let another = UdpSocket::bind("127.0.0.1:0")?;
        for number in 0..400 {
            for packet in Pictures::USUAL.datagrams(number) {
                another.send_to(&packet, session.to)?;
            }
            std::thread::sleep(PAUSE);
        }
        link.serve()
    });
    let gateway = gateway(&camera, "udp");
    let mut viewer = Viewer::watch(&gateway);
    for pair in read(&mut viewer, 100).windows(2) {
        assert_eq!(index(&pair[0]) + 1, index(&pair[1]), "{pair:?}");
    }
    assert_eq!(camera.links(), 1);
}

#[test]
fn where_nothing_arrives_the_words_say_what_does() {
    let elsewhere = FakeCamera::start(|link| {
        let session = set_up(link)?;
        let foreign = UdpSocket::bind("127.0.0.2:0")?;
        for number in 0..1000 {
            for packet in Pictures::USUAL.datagrams(number) {
                foreign.send_to(&packet, session.to)?;
            }
            std::thread::sleep(PAUSE);
        }
        link.serve()
    });
    let gateway = gateway(&elsewhere, "udp");
    let _viewer = Viewer::watch(&gateway);
    gateway.await_log(&[
        "[front]",
        "packets come from 127.0.0.2:",
        "instead of 127.0.0.1:",
    ]);
    let list = common::http::get(gateway.address(), "/api/cameras").text();
    assert!(
        list.contains("from another address than the camera's"),
        "{list}"
    );
    assert!(!list.contains("127.0.0."), "{list}");

    let reports = FakeCamera::start(|link| {
        let session = set_up(link)?;
        let mut to = session.to;
        to.set_port(to.port() + 1);
        for _ in 0..1000 {
            session.rtcp.send_to(&[0x80, 201, 0, 1, 0, 0, 0, 7], to)?;
            std::thread::sleep(PAUSE);
        }
        link.serve()
    });
    let gateway = self::gateway(&reports, "udp");
    let _viewer = Viewer::watch(&gateway);
    gateway.await_log(&["[front]", "no media arrives by UDP", "reports do"]);
}

#[test]
fn no_port_stays_open() {
    let camera = FakeCamera::start(|link| {
        let session = set_up(link)?;
        let count = [20, 20, 400].get(link.number()).copied();
        for number in 0..count.unwrap_or_default() {
            in_order(&session, number, Pictures::USUAL.datagrams(number))?;
            std::thread::sleep(PAUSE / 2);
        }
        // It restarts, twice.
        match link.number() {
            0 => link.reset(),
            1 => {
                link.close();
                Ok(())
            }
            _ => link.serve(),
        }
    });
    let gateway = gateway(&camera, "udp");
    let before = gateway.metrics();
    let descriptors = gateway.descriptors();
    let mut viewer = Viewer::watch(&gateway);
    read(&mut viewer, 200);
    // Two for the viewer, the link, and one pair of ports; the connection that
    // asked for the metrics may have been among those before.
    let more = gateway.descriptors() - descriptors;
    assert!((4..=5).contains(&more), "{more}");
    assert_eq!(camera.links(), 3);
    viewer.vanish();
    std::thread::sleep(Duration::from_secs(5)); // half of what it is kept
    camera.await_record(2, "TEARDOWN", |record| record.request("TEARDOWN"));
    gateway.await_as_before(&before);
    common::await_some("the ports to be closed", || {
        (gateway.descriptors() <= descriptors).then_some(())
    });
}

#[test]
fn a_real_camera_without_tcp_is_watched() {
    let Some(camera) = Gstreamer::start() else {
        eprintln!("GStreamer's RTSP server is not installed: not tried");
        return;
    };
    for transport in ["auto", "udp"] {
        let url = format!("rtsp://127.0.0.1:{}/", camera.port);
        let settings = [("url", &*url), ("transport", transport)];
        let gateway = Config::new().camera("front", &settings).start();
        let mut viewer = Viewer::watch(&gateway);
        let mut last: Option<u16> = None;
        for _ in 0..150 {
            let message = viewer.data.binary();
            if message[1] == 0 {
                let sequence = u16::from_be_bytes([message[6], message[7]]);
                assert!(last.is_none_or(|last| sequence == last.wrapping_add(1)));
                last = Some(sequence);
            }
        }
        assert!(last.is_some());
        gateway.await_metrics("nothing lost", |now| now.value(LOST) == 0.0);
    }
}
