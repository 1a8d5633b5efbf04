use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Frame(u8, Vec<u8>),
    Message(Vec<u8>),
}

fn walk(pieces: &[&[u8]]) -> Result<Vec<Item>, Invalid> {
    walk_with(&mut Framer::new(4096), pieces)
}

fn walk_leniently(pieces: &[&[u8]]) -> Result<Vec<Item>, Invalid> {
    walk_with(&mut Framer::lenient(4096), pieces)
}

/// Feeds the pieces, and assembles the items as a caller does.
fn walk_with(framer: &mut Framer, pieces: &[&[u8]]) -> Result<Vec<Item>, Invalid> {
    let (mut items, mut media) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let step = framer.feed(rest)?;
            let (used, next) = rest.split_at(step.consumed);
            assert!(step.withdrawn <= media.len().min(4));
            media.truncate(media.len() - step.withdrawn);
            if step.media {
                media.extend_from_slice(used);
            }
            rest = next;
            match step.event {
                Event::NeedMore => {
                    assert!(rest.is_empty(), "NeedMore consumes everything");
                    break;
                }
                Event::Blank => {
                    assert!(!step.media && step.consumed > 0 && !rest.is_empty());
                }
                Event::Frame { channel, length } => {
                    let frame = std::mem::take(&mut media);
                    assert_eq!(frame.len(), usize::from(length) + FRAME_HEADER);
                    assert_eq!((frame[0], frame[1]), (DOLLAR, channel));
                    items.push(Item::Frame(channel, frame[4..].to_vec()));
                }
                Event::Message => {
                    let gathered = framer.message();
                    // Both readers agree on where a message ends.
                    match message::parse(gathered) {
                        Ok((_, length)) => assert_eq!(length, gathered.len()),
                        Err(error) => assert_ne!(error, message::Error::Incomplete),
                    }
                    items.push(Item::Message(gathered.to_vec()));
                }
            }
        }
    }
    Ok(items)
}

fn frame(channel: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![DOLLAR, channel];
    bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

mod astray;

const ANSWER: &[u8] = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 6\r\n\r\nv=0\r\n$";

#[test]
fn the_rest_of_a_body_that_counted_short_is_skipped_at_every_split() {
    let answer = b"RTSP/1.0 200 OK\nCSeq: 2\nContent-Length: 5\n\nv=0\r\n";
    let stream = [&answer[..], b"s=x\r\nm=video\n", &frame(0, b"a"), answer].concat();
    let all = [
        Item::Message(answer.to_vec()),
        Item::Frame(0, b"a".to_vec()),
        Item::Message(answer.to_vec()),
    ];
    for split in 0..=stream.len() {
        let (one, two) = stream.split_at(split);
        assert_eq!(walk(&[one, two]).unwrap(), all, "{split}");
    }
    // After an answer without a body, such a line is no RTSP.
    assert!(walk(&[b"RTSP/1.0 200 OK\r\n\r\ns=x\r\n"]).is_err());
    assert!(walk(&[b"s=x\r\n"]).is_err());
}

#[test]
fn frames_and_messages_at_every_split() {
    let mut stream = frame(0, b"abc");
    stream.extend_from_slice(ANSWER);
    stream.extend(frame(1, b""));
    stream.extend_from_slice(b"\r\n\r\n");
    stream.extend(frame(2, b"RTSP/1.0 200 OK\r\n\r\n$"));
    stream.extend_from_slice(b"OPTIONS * RTSP/1.0\nCSeq: 1\n\n");
    stream.extend(frame(255, &[7; 300]));
    let whole = walk(&[&stream]).unwrap();
    assert_eq!(whole.len(), 6);
    assert_eq!(whole[1], Item::Message(ANSWER.to_vec()));
    assert_eq!(
        whole[3],
        Item::Frame(2, b"RTSP/1.0 200 OK\r\n\r\n$".to_vec())
    );
    for at in 0..=stream.len() {
        let (a, b) = stream.split_at(at);
        assert_eq!(walk(&[a, b]).unwrap(), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(walk(&bytes).unwrap(), whole);
}

#[test]
fn the_longest_frame() {
    let bytes = frame(3, &[1; 65535]);
    assert_eq!(
        walk(&[&bytes]).unwrap(),
        vec![Item::Frame(3, vec![1; 65535])]
    );
}

#[test]
fn garbage_is_named_with_its_place() {
    let mut stream = frame(0, b"abc");
    stream.extend_from_slice(b"\r\n\x80\x80");
    let invalid = walk(&[&stream]).unwrap_err();
    assert_eq!(invalid.position, 9);
    for bad in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        b"RTSP/2.0 200 OK\r\n",
        b"SSH-2.0-dropbear\r\n",
        b"A\x00",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 5000\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        assert!(walk(&[bad]).is_err(), "{}", message::text(bad));
    }
}

#[test]
fn nothing_grows_past_the_bound_and_failure_stays() {
    let mut framer = Framer::new(64);
    framer.feed(b"RTSP/1.0 200 OK\r\n").unwrap();
    let error = loop {
        match framer.feed(b"X: 0123456789\r\n") {
            Ok(_) => assert!(framer.message.len() <= 64),
            Err(error) => break error,
        }
    };
    assert_eq!(framer.feed(b"$\0\0\0"), Err(error));
    assert_eq!(framer.message(), b"");
}

#[test]
fn a_message_is_there_until_the_next_feed() {
    let mut framer = Framer::new(64);
    assert_eq!(framer.feed(b"RTSP/1.0 200 OK\n\n$").unwrap().consumed, 17);
    assert_eq!(framer.message(), b"RTSP/1.0 200 OK\n\n");
    framer.feed(b"$").unwrap();
    assert_eq!(framer.message(), b"");
}

#[test]
fn a_buffer_of_whole_frames() {
    let mut bytes = frame(0, b"one");
    bytes.extend(frame(1, b""));
    let read: Vec<_> = frames(&bytes).collect::<Result<_, _>>().unwrap();
    let payload = &b"one"[..];
    assert_eq!(
        read[0],
        Frame {
            channel: 0,
            payload
        }
    );
    assert_eq!(read[1].payload, b"");
    for cut in [1, 3, 5, bytes.len() - 1] {
        let results: Vec<_> = frames(&bytes[..cut]).collect();
        assert!(results.last().unwrap().is_err());
    }
    assert_eq!(frames(b"RTSP/1.0").next().unwrap().unwrap_err().position, 0);
}

prop_compose! {
    fn stream()(items in prop::collection::vec(item(), 0..8)) -> Vec<u8> { items.concat() }
}

fn item() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        (any::<u8>(), payload).prop_map(|(channel, payload)| frame(channel, &payload)),
        Just(ANSWER.to_vec()),
        Just(b"\r\n".to_vec()),
        "RTSP/1.0 200 OK\r?\n((Content-Length|X| ): ?[0-9a ]{0,3}\r?\n){0,4}\r?\n"
            .prop_map(String::into_bytes),
        Just(b"PLAY rtsp://a/ RTSP/1.0\nCSeq: 3\n\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ]
}

proptest! {
    #[test]
    fn any_split_gives_the_same(bytes in stream(), a: prop::sample::Index, b: prop::sample::Index) {
        let (a, b) = (a.index(bytes.len() + 1), b.index(bytes.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let whole = walk(&[&bytes]);
        let split = walk(&[&bytes[..a], &bytes[a..b], &bytes[b..]]);
        match (whole, split) {
            (Ok(whole), Ok(split)) => prop_assert_eq!(whole, split),
            (whole, split) => prop_assert_eq!(whole.is_err(), split.is_err()),
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = walk(&[&bytes]);
        prop_assert!(frames(&bytes).count() <= bytes.len());
    }
}
