//! WebSocket frames on an open socket: what RFC 6455 section 5 allows is
//! understood, what it forbids closes this socket with the code it names.
//!
//! Invariant: whatever one socket sends, the gateway goes on.

mod common;

use common::fake_camera::FakeCamera;
use common::gateway::Gateway;
use common::http::{Connection, client_frame, raw_frame, upgrade};
use common::socket::{Reply, Socket};
use common::viewer::Viewer;
use tungstenite::{Bytes, Message};

const GET_INFO: &str =
    "WSP/1.1 GET_INFO\r\nproto: rtsp\r\nhost: 127.0.0.1\r\nport: 554\r\nclient: \r\nseq: 1\r\n\r\n";
const MASK: Option<[u8; 4]> = Some([1, 2, 3, 4]);

/// An open socket, to be spoken by hand.
fn open(gateway: &Gateway, protocol: &str) -> Connection {
    let mut connection = Connection::open(gateway.address());
    connection.send(&upgrade(gateway.address(), protocol, &[]));
    assert_eq!(connection.reply().status, 101);
    connection
}

/// A short frame as the server must send it: unmasked.
fn server_frame(connection: &mut Connection) -> (u8, Vec<u8>) {
    use std::io::Read;
    let mut head = [0; 2];
    connection.stream.read_exact(&mut head).expect("a frame");
    let mut length = usize::from(head[1]);
    assert!(
        length <= 126,
        "an unmasked frame of no great length: {head:02x?}"
    );
    if length == 126 {
        let mut long = [0; 2];
        connection.stream.read_exact(&mut long).unwrap();
        length = usize::from(u16::from_be_bytes(long));
    }
    let mut payload = vec![0; length];
    connection.stream.read_exact(&mut payload).unwrap();
    (head[0], payload)
}

/// The socket must be closed with this code, and nothing may come after.
fn closed_with(connection: &mut Connection, what: &str, code: u16) {
    let (first, payload) = server_frame(connection);
    assert_eq!(first, 0x88, "{what}: a closing frame, not {payload:02x?}");
    assert_eq!(payload.get(..2), Some(&code.to_be_bytes()[..]), "{what}");
    connection.offer(&client_frame(8, &payload[..2]));
    assert!(
        connection.rest().is_empty(),
        "{what}: bytes behind the closing frame"
    );
}

#[test]
fn a_ping_is_answered_with_its_content() {
    let gateway = Gateway::start_default();
    for protocol in ["control", "data"] {
        let mut socket = Socket::open(gateway.address(), protocol);
        for content in [&b""[..], b"are you there", &[0xa5; 125]] {
            socket.send_message(Message::Ping(Bytes::copy_from_slice(content)));
            assert_eq!(socket.pong(), content);
        }
    }
}

#[test]
fn a_message_in_fragments_is_put_together_around_a_ping() {
    let gateway = Gateway::start_default();
    let mut connection = open(&gateway, "control");
    let (one, rest) = GET_INFO.as_bytes().split_at(9);
    let (two, three) = rest.split_at(1);
    connection.send(&raw_frame(0x01, MASK, one));
    connection.send(&client_frame(9, b"x"));
    connection.send(&raw_frame(0x00, MASK, two));
    connection.send(&raw_frame(0x00, MASK, b""));
    connection.send(&raw_frame(0x80, MASK, three));
    assert_eq!(server_frame(&mut connection), (0x8a, b"x".to_vec()));
    let (first, text) = server_frame(&mut connection);
    assert_eq!(first, 0x81);
    assert_eq!(
        Reply::parse(std::str::from_utf8(&text).unwrap())
            .unwrap()
            .code,
        200
    );
}

#[test]
fn frames_that_arrive_byte_by_byte_or_all_at_once_are_the_same() {
    let gateway = Gateway::start_default();
    let mut connection = open(&gateway, "control");
    let frame = client_frame(1, GET_INFO.as_bytes());
    for byte in &frame {
        connection.send(&[*byte]);
        std::thread::sleep(std::time::Duration::from_micros(50)); // so that most bytes travel alone
    }
    let alone = server_frame(&mut connection);
    connection.send(&frame.repeat(3));
    for _ in 0..3 {
        assert_eq!(server_frame(&mut connection), alone);
    }
}

#[test]
fn what_the_protocol_forbids_closes_with_its_code() {
    let gateway = Gateway::start_default();
    let cases: [(&str, Vec<u8>, u16); 9] = [
        ("unmasked", raw_frame(0x81, None, GET_INFO.as_bytes()), 1002),
        ("reserved bit", raw_frame(0xc1, MASK, b"x"), 1002),
        ("unknown opcode", raw_frame(0x83, MASK, b"x"), 1002),
        ("fragmented ping", raw_frame(0x09, MASK, b"x"), 1002),
        ("long ping", raw_frame(0x89, MASK, &[0; 126]), 1002),
        ("continuation of nothing", raw_frame(0x80, MASK, b"x"), 1002),
        (
            "text within text",
            [raw_frame(0x01, MASK, b"x"), raw_frame(0x81, MASK, b"x")].concat(),
            1002,
        ),
        ("not UTF-8", client_frame(1, b"WSP/1.1 \xff\xfe"), 1007),
        ("close of one byte", client_frame(8, b"x"), 1002),
    ];
    for (what, bytes, code) in cases {
        let mut connection = open(&gateway, "control");
        connection.send(&bytes);
        closed_with(&mut connection, what, code);
    }
}

#[test]
fn the_other_socket_of_the_viewer_is_closed_with_the_same_code() {
    use std::io::Write;
    let (gateway, camera) = (Gateway::start_default(), FakeCamera::answering());
    let cases: [(&str, Vec<u8>, u16); 5] = [
        ("unmasked", raw_frame(0x81, None, b"x"), 1002),
        ("unknown opcode", raw_frame(0x83, MASK, b"x"), 1002),
        ("binary", client_frame(2, b"x"), 1003),
        ("not UTF-8", client_frame(1, b"\xff\xfe"), 1007),
        ("too long", client_frame(1, &[b'x'; 60_000]), 1009),
    ];
    for (what, bytes, code) in &cases {
        for by_control in [true, false] {
            let Viewer { control, data, .. } = Viewer::join(&gateway, &camera);
            let (mut guilty, mut other) = match by_control {
                true => (control, data),
                false => (data, control),
            };
            guilty.stream().write_all(bytes).expect("the gateway reads");
            let codes = (guilty.await_close(), other.await_close());
            assert_eq!(codes, (*code, *code), "{what}, by control: {by_control}");
        }
    }
}

#[test]
fn a_message_too_long_to_be_a_request_closes_with_1009() {
    let gateway = Gateway::start_default();
    let headers: [&[u8]; 3] = [
        &[
            0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
        ],
        &[0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4],
        &[0x81, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 2, 3, 4],
    ];
    for header in headers {
        let mut connection = open(&gateway, "control");
        connection.send(header);
        closed_with(&mut connection, "oversize", 1009);
    }
    let mut connection = open(&gateway, "control");
    let mut sent = raw_frame(0x01, MASK, &[b'x'; 60_000]);
    (0..40).for_each(|_| sent.extend(raw_frame(0x00, MASK, &[b'x'; 60_000])));
    connection.offer(&sent);
    closed_with(&mut connection, "oversize in fragments", 1009);
}

#[test]
fn a_close_is_answered_and_the_connection_ends() {
    let gateway = Gateway::start_default();
    let before = gateway.metrics();
    for protocol in ["control", "data"] {
        let mut connection = open(&gateway, protocol);
        connection.send(&client_frame(8, &[0x03, 0xe8]));
        closed_with(&mut connection, protocol, 1000);
    }
    gateway.await_as_before(&before);
}

#[test]
fn binary_on_control_and_media_upstream_do_no_harm() {
    let gateway = Gateway::start_default();
    let before = gateway.metrics();
    let mut control = open(&gateway, "control");
    control.send(&client_frame(2, &[0; 300]));
    let mut data = open(&gateway, "data");
    data.send(&client_frame(2, b"$\x01\x00\x04abcd"));
    drop((control, data));
    gateway.await_as_before(&before);
}
