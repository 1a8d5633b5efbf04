//! The tests' own tools, tried against each other: a fake camera that lies or
//! a checker that nods would make every other scenario worthless.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use common::fake_camera::FakeCamera;
use common::frames::{Checker, HEADER, LARGEST, Pattern};
use common::metrics::Metrics;
use common::rtsp::{self, Upstream};
use common::socket::{Reply, Socket};

const PLAY: &[u8] = b"PLAY rtsp://x/ RTSP/1.0\r\nCSeq: 3\r\n\r\n";

fn connect(camera: &FakeCamera) -> TcpStream {
    let stream = TcpStream::connect(camera.address()).unwrap();
    stream.set_read_timeout(Some(common::BOUND)).unwrap();
    stream
}

fn read_message(stream: &mut TcpStream) -> rtsp::Message {
    match rtsp::read_upstream(stream).unwrap() {
        Upstream::Message(message) => message,
        Upstream::Frame(frame) => panic!("a frame of {} bytes", frame.len()),
    }
}

#[test]
fn the_checker_finds_loss_repetition_disorder_and_damage() {
    let run = |numbers: &[u32]| {
        numbers
            .iter()
            .flat_map(|n| Pattern::CAMERA.frame(*n))
            .collect::<Vec<u8>>()
    };
    let check = |bytes: &[u8]| Checker::new(Pattern::CAMERA, 0).accept_several(bytes);
    assert_eq!(check(&run(&[0, 1, 2, 3])), Ok(4));
    for wrong in [&[1, 2][..], &[0, 2], &[0, 0], &[1, 0]] {
        assert!(check(&run(wrong)).is_err(), "{wrong:?}");
    }
    let whole = run(&[0, 1]);
    assert!(check(&whole[..whole.len() - 1]).is_err());
    assert!(check(&[]).is_err());
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        assert!(check(&damaged).is_err(), "byte {place}");
    }
    assert!(
        Checker::new(Pattern::CAMERA, 0).accept_one(&whole).is_err(),
        "two frames are not one"
    );
}

#[test]
fn frames_of_every_pattern_tell_their_length() {
    for pattern in [
        Pattern::CAMERA,
        Pattern::BULK,
        Pattern::EXTREMES,
        Pattern::SMALL,
    ] {
        for sequence in 0..50 {
            let frame = pattern.frame(sequence);
            let length = usize::from(u16::from_be_bytes([frame[2], frame[3]]));
            assert_eq!((frame[0], frame.len()), (b'$', HEADER + length));
        }
    }
    assert_eq!(Pattern::EXTREMES.frame(0).len(), HEADER + LARGEST);
}

#[test]
fn the_camera_converses_and_sends_and_remembers() {
    let camera = FakeCamera::playing(Pattern::CAMERA, 30);
    let mut stream = connect(&camera);
    stream
        .write_all(b"DESCRIBE rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        .unwrap();
    let mut reply = vec![0; 4096];
    let read = stream.read(&mut reply).unwrap();
    assert!(
        reply[..read].windows(3).any(|three| three == b"\xeatr"),
        "Latin-1 as it stands"
    );
    stream
        .write_all(&[&common::frames::frame(1, 9, 8)[..], PLAY].concat())
        .unwrap();
    assert_eq!(read_message(&mut stream).cseq(), Some(3));
    let mut media = vec![0; Pattern::CAMERA.run(0..30).len()];
    stream.read_exact(&mut media).unwrap();
    assert_eq!(
        Checker::new(Pattern::CAMERA, 0).accept_several(&media),
        Ok(30)
    );
    drop(stream);
    let record = camera.await_end(0);
    assert_eq!(camera.sent(), media.len() as u64);
    assert_eq!(record.received.len(), 2);
    assert_eq!(record.frames, [common::frames::frame(1, 9, 8)]);
}

#[test]
fn the_camera_asks_resets_and_stalls_on_command() {
    let asking = FakeCamera::start(|link| {
        let answer = link.ask("OPTIONS", &[], b"")?;
        assert_eq!(answer.status(), 200);
        link.reset()
    });
    let mut stream = connect(&asking);
    let question = read_message(&mut stream);
    let cseq = question.header("CSeq").unwrap();
    stream
        .write_all(&rtsp::compose("RTSP/1.0 200 OK", &[("CSeq", cseq)], b""))
        .unwrap();
    let end = stream.read(&mut [0; 8]).expect_err("a reset, not an end");
    assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset);

    let flooding = FakeCamera::start(|link| link.send_frames(Pattern::BULK, 0..u32::MAX));
    let _unread = connect(&flooding);
    common::await_some("the camera to find no room", || {
        (flooding.stalls() == 1).then_some(())
    });
}

#[test]
#[should_panic(expected = "expected SETUP")]
fn a_script_that_saw_something_else_fails_its_test() {
    let camera = FakeCamera::start(|link| link.expect("SETUP").map(drop));
    connect(&camera).write_all(PLAY).unwrap();
    camera.await_end(0);
}

#[test]
fn replies_are_read_as_strictly_as_players_read_them() {
    let reply = Reply::parse("WSP/1.1 200 OK\r\nseq: 4\r\nchannel: a b\r\n\r\nRTSP").unwrap();
    assert_eq!(
        (reply.code, reply.seq(), reply.payload.as_str()),
        (200, Some("4"), "RTSP")
    );
    for wrong in [
        "WSP/1.1 200\r\nseq: 1\r\n\r\n",
        "WSP/1.1 200 OK\nseq: 1\n\n",
        "WSP/1.1 200 OK\r\nSeq: 1\r\n\r\n",
        "WSP/1.1 200 OK\r\nseq\r\n\r\n",
        "WSP/1.1 200 OK\r\nseq: 1\r\n",
        "RTSP/1.0 200 OK\r\nseq: 1\r\n\r\n",
    ] {
        assert!(Reply::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn metrics_are_read_with_their_labels() {
    let text = "# TYPE a gauge\ncamgate_connections{kind=\"http\"} 1\ncamgate_viewers 2\n";
    let metrics = Metrics::parse(text);
    assert_eq!((metrics.connections("http"), metrics.viewers()), (1.0, 2.0));
}

#[test]
fn the_websocket_client_tells_a_close_from_a_broken_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        #[allow(clippy::result_large_err)] // the library's type
        let echo = |_: &_, mut response: tungstenite::handshake::server::Response| {
            response
                .headers_mut()
                .insert("Sec-WebSocket-Protocol", "control".parse().unwrap());
            Ok(response)
        };
        let mut server = tungstenite::accept_hdr(stream, echo).unwrap();
        server
            .send(tungstenite::Message::text(
                "WSP/1.1 200 OK\r\nseq: 1\r\n\r\n",
            ))
            .unwrap();
        let frame = tungstenite::protocol::CloseFrame {
            code: 1013.into(),
            reason: "".into(),
        };
        server.close(Some(frame)).unwrap();
        while server.read().is_ok() {}
    });
    let mut socket = Socket::open(address, "control");
    assert_eq!(socket.ask("INIT", &[], "").code, 200);
    assert_eq!(socket.await_close(), 1013);
    server.join().unwrap();
}
