use super::*;
use proptest::prelude::*;

const LIMIT: usize = 300;
const MASK: [u8; 4] = [0x11, 0x82, 0x33, 0xf4];

/// A frame as a client sends it.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; 10];
    let length = super::header(Kind::Text, payload.len(), &mut header);
    let mut frame = header[..length].to_vec();
    frame[0] = first;
    frame[1] |= 0x80;
    frame.extend_from_slice(&MASK);
    let start = frame.len();
    frame.extend_from_slice(payload);
    unmask(&mut frame[start..], MASK);
    frame
}

/// All results of the decoder for `bytes`, fed in the given pieces.
fn events(bytes: &[u8], cuts: &[usize]) -> (Vec<Event>, Option<Error>) {
    let mut decoder = Decoder::new(LIMIT);
    let mut events = Vec::new();
    let mut bytes = bytes.to_vec();
    let mut start = 0;
    let ends = cuts.iter().map(|cut| cut % (bytes.len() + 1));
    let mut ends: Vec<usize> = ends.chain([bytes.len()]).collect();
    ends.sort_unstable();
    for end in ends {
        while start < end {
            match decoder.decode(&mut bytes[start..end]) {
                Ok((consumed, event)) => {
                    start += consumed;
                    assert!(event.is_some() || start == end, "takes all or says why");
                    events.extend(event);
                }
                Err(error) => {
                    assert_eq!(decoder.decode(&mut []), Err(error), "stays an error");
                    return (events, Some(error));
                }
            }
            assert!(decoder.message.len() <= LIMIT);
        }
    }
    (events, None)
}

fn whole(frames: &[Vec<u8>]) -> (Vec<Event>, Option<Error>) {
    events(&frames.concat(), &[])
}

fn payload(bytes: &[u8]) -> Payload {
    let mut payload = Payload::new();
    payload.extend(bytes);
    payload
}

#[test]
fn messages_and_control_frames() {
    let (events, error) = whole(&[
        masked(0x81, "grüße".as_bytes()),
        masked(0x82, &[7; 200]),
        masked(0x82, &[]),
        masked(0x89, b"are you there"),
        masked(0x8a, b""),
        masked(0x88, &[]),
        b"ignored".to_vec(),
    ]);
    let expected = vec![
        Event::Text("grüße".into()),
        Event::Binary(vec![7; 200]),
        Event::Binary(vec![]),
        Event::Ping(payload(b"are you there")),
        Event::Pong,
        Event::Close { code: None },
    ];
    assert_eq!((events, error), (expected, None));
}

#[test]
fn fragments_with_a_ping_between() {
    // The two bytes of an "ü" in two frames.
    let (events, error) = whole(&[
        masked(0x01, &[0xc3]),
        masked(0x89, b"!"),
        masked(0x00, &[]),
        masked(0x80, &[0xbc]),
        masked(0x81, b"x"),
    ]);
    let expected = vec![
        Event::Ping(payload(b"!")),
        Event::Text("ü".into()),
        Event::Text("x".into()),
    ];
    assert_eq!((events, error), (expected, None));
}

#[test]
fn violations_get_their_code() {
    let code = |frames: &[Vec<u8>]| whole(frames).1.map(|error| error.code);
    let unmasked = text("a");
    assert_eq!(code(&[unmasked]), Some(1002));
    for first in [0xc1, 0xa1, 0x91, 0x83, 0x8b, 0x80, 0x00, 0x09, 0x08] {
        assert_eq!(code(&[masked(first, b"")]), Some(1002), "{first:#x}");
    }
    assert_eq!(code(&[masked(0x89, &[0; 126])]), Some(1002));
    assert_eq!(code(&[masked(0x01, b"a"), masked(0x81, b"b")]), Some(1002));
    assert_eq!(code(&[masked(0x81, &[0xff])]), Some(1007));
    assert_eq!(code(&[masked(0x88, &[3])]), Some(1002));
    assert_eq!(code(&[masked(0x88, &1005_u16.to_be_bytes())]), Some(1002));
    assert_eq!(code(&[masked(0x88, &[0, 0])]), Some(1002));
    assert_eq!(code(&[masked(0x88, &[0x03, 0xe8, 0xff])]), Some(1007));
}

#[test]
fn messages_are_bounded() {
    let code = |frames: &[Vec<u8>]| whole(frames).1.map(|error| error.code);
    assert_eq!(code(&[masked(0x82, &[0; LIMIT])]), None);
    assert_eq!(code(&[masked(0x82, &[0; LIMIT + 1])]), Some(1009));
    let halves = [masked(0x02, &[0; LIMIT]), masked(0x80, &[0; 1])];
    assert_eq!(code(&halves), Some(1009));
    // The length is announced only: the frame is refused before a byte of it is stored.
    let mut huge = vec![0x82, 0xff];
    huge.extend([0xff; 8]);
    huge.extend(MASK);
    assert_eq!(code(&[huge]), Some(1009));
}

#[test]
fn a_close_has_its_code() {
    let mut with_reason = 1001_u16.to_be_bytes().to_vec();
    with_reason.extend_from_slice(b"bye");
    let (events, error) = whole(&[masked(0x88, &with_reason)]);
    assert_eq!(
        (events, error),
        (vec![Event::Close { code: Some(1001) }], None)
    );
}

#[test]
fn headers() {
    let header = |kind, length| {
        let mut out = [0; 10];
        let used = super::header(kind, length, &mut out);
        out[..used].to_vec()
    };
    assert_eq!(header(Kind::Binary, 125), [0x82, 125]);
    assert_eq!(header(Kind::Binary, 126), [0x82, 126, 0, 126]);
    assert_eq!(header(Kind::Binary, 65535), [0x82, 126, 255, 255]);
    assert_eq!(
        header(Kind::Binary, 65536),
        [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]
    );
    assert_eq!(header(Kind::Text, 0), [0x81, 0]);
    assert_eq!(ping(), [0x89, 0]);
    assert_eq!(pong(b"ab"), [0x8a, 2, b'a', b'b']);
    assert_eq!(pong(&[0; 200]).len(), 127);
    assert_eq!(text("é"), [0x81, 2, 0xc3, 0xa9]);
}

#[test]
fn close_reasons_are_cut_on_a_character() {
    assert_eq!(close(1013, ""), [0x88, 2, 0x03, 0xf5]);
    let long = close(1011, &"é".repeat(100));
    assert_eq!((long.len(), long[1]), (126, 124));
    assert!(std::str::from_utf8(&long[4..]).is_ok());
}

/// Valid and invalid frames, and other bytes between them.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let first = prop::sample::select(vec![0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88]);
    let frame = (first, prop::collection::vec(any::<u8>(), 0..140));
    let ascii = prop::collection::vec(0_u8..0x80, 0..20);
    let piece = prop_oneof![
        6 => frame.prop_map(|(first, payload)| masked(first, &payload)),
        6 => ascii.prop_map(|text| masked(0x81, &text)),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_at_any_split(
        bytes in frames(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let expected = events(&bytes, &[]);
        prop_assert_eq!(events(&bytes, &cuts), expected.clone());
        let every_byte: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(events(&bytes, &every_byte), expected);
    }
}
