//! Stray bytes between items, as cameras send them.

use super::*;

/// A frame whose payload begins like an RTP packet.
fn rtp(channel: u8, length: usize) -> Vec<u8> {
    let mut payload = vec![0x80, 96, 0, 7];
    payload.resize(length, 0x41);
    frame(channel, &payload)
}

fn item(channel: u8, length: usize) -> Item {
    Item::Frame(channel, rtp(channel, length)[FRAME_HEADER..].to_vec())
}

/// Walks the stream split in two at every position, and byte by byte; each walk must
/// give the `expected` items.
fn at_every_split(stream: &[u8], expected: &[Item]) {
    for split in 0..=stream.len() {
        let (one, two) = stream.split_at(split);
        let items = walk_leniently(&[one, two]).unwrap();
        assert_eq!(
            items,
            expected,
            "split at {split} of {}",
            message::text(stream)
        );
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(walk_leniently(&bytes).unwrap(), expected, "{stream:?}");
}

#[test]
fn what_is_left_of_a_frame_is_passed_over() {
    let reply = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n";
    let half = &rtp(0, 40)[17..];
    let strays: [&[u8]; 13] = [
        b"\0",
        b"\0\0\0\0\0\0",
        b"\xff\r\n\x01",
        b"x",
        b"A",
        b"RTSP",
        b"PLAY rtsp://\x01",
        b"GET_PARAMETER nonsense\r\n",
        b"RTSP/1.0 is not a status\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"v=0\r\n",
        // Some have a `$` alone, or bytes that only begin like a header.
        b"\0$\0$\x07\0\0$\0\0\x10\x41$\0\xff\xff\x80",
        half,
    ];
    for stray in strays {
        let frames = [
            rtp(0, 50),
            rtp(2, 20),
            stray.to_vec(),
            rtp(0, 30),
            rtp(2, 50),
        ]
        .concat();
        let all = [item(0, 50), item(2, 20), item(0, 30), item(2, 50)];
        at_every_split(&frames, &all);
        let answered = [&rtp(0, 50), stray, reply, &rtp(1, 20)].concat();
        let message = Item::Message(reply.to_vec());
        at_every_split(&answered, &[item(0, 50), message.clone(), item(1, 20)]);
        let begun = [&reply[..], stray, &rtp(4, 20), &rtp(2, 60)].concat();
        at_every_split(&begun, &[message, item(4, 20), item(2, 60)]);
    }
}

#[test]
fn a_length_that_is_off_costs_the_frame_behind_at_most() {
    for (off, lost) in [
        (-9_i8, false),
        (-1, false),
        (1, true),
        (2, true),
        (11, true),
    ] {
        let mut odd = rtp(0, 50);
        odd[3] = odd[3].wrapping_add_signed(off);
        let stream = [rtp(0, 60), odd, rtp(0, 40), rtp(0, 45), rtp(2, 20)].concat();
        let mut channels = Vec::new();
        for item in walk_leniently(&[&stream]).unwrap() {
            if let Item::Frame(_, payload) = item {
                channels.push(payload.len());
            }
        }
        let behind: &[usize] = if lost { &[45, 20] } else { &[40, 45, 20] };
        assert!(channels.ends_with(behind), "{off}: {channels:?}");
        assert_eq!(channels.len(), 2 + behind.len(), "{off}: {channels:?}");
    }
}

#[test]
fn requests_of_the_camera_are_found_at_a_lines_start() {
    let request = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    let stream = [&rtp(0, 20)[..], b"\x01\x02\n", request, &rtp(0, 20)].concat();
    let all = [item(0, 20), Item::Message(request.to_vec()), item(0, 20)];
    at_every_split(&stream, &all);
}

#[test]
fn a_wrong_guess_does_not_count_as_having_found_the_way() {
    // This looks like a frame, but nothing sound follows it.
    let guess = [&b"\x07"[..], &rtp(0, 20), b"\x09\x09"].concat();
    let stream = [rtp(0, 20), guess.clone(), guess, rtp(0, 20), rtp(3, 20)].concat();
    let mut framer = Framer::lenient(4096);
    let items = walk_with(&mut framer, &[&stream]).unwrap();
    assert_eq!(items.len(), 5);
    assert_eq!((framer.astray(), framer.skipped()), (Some(24), 6));
}

#[test]
fn stray_bytes_are_put_up_with_behind_an_item_only_and_not_for_ever() {
    for strict in [&b"\0"[..], b"x\x01", b"\0\0\0$\0\0\x08\x80"] {
        let context = walk_leniently(&[strict]).unwrap_err();
        assert_eq!(walk(&[strict]).unwrap_err(), context);
        let behind = [&rtp(0, 20), strict].concat();
        assert_eq!(walk(&[&behind]).unwrap_err().position, 24, "{strict:?}");
        assert_eq!(walk_leniently(&[&behind]).unwrap().len(), 1);
    }
    let padding = |count: u32| vec![0; count as usize];
    let enough = [rtp(0, 20), padding(MAX_SKIP), rtp(0, 20)].concat();
    assert_eq!(walk_leniently(&[&enough]).unwrap().len(), 2);
    let too_much = [rtp(0, 20), padding(MAX_SKIP + 9)].concat();
    for split in [0, 24, 30, 40_000, too_much.len()] {
        let (one, two) = too_much.split_at(split);
        let invalid = walk_leniently(&[one, two]).unwrap_err();
        assert_eq!(invalid.position, 24);
        assert_eq!(invalid.context, NEITHER);
    }
}

#[test]
fn a_link_may_skip_what_it_earns() {
    let run = |sound: usize, stray: usize| {
        let mut framer = Framer::lenient(4096);
        let one = [rtp(0, sound), vec![0; stray]].concat();
        let mut taken: u64 = 0;
        while taken < 20 * u64::from(MAX_SKIP) {
            walk_with(&mut framer, &[&one])?;
            taken += one.len() as u64;
        }
        Ok::<u64, Invalid>(framer.skipped())
    };
    assert!(run(1600, 150).unwrap() > u64::from(MAX_SKIP));
    assert!(run(1600, 300).is_err());
}

proptest! {
    #[test]
    fn any_split_of_anything_gives_the_same(
        bytes in stream(),
        good in prop::collection::vec((0u8..4, 8usize..60), 0..6),
        garbage in prop::collection::vec(
            prop_oneof![any::<u8>(), Just(b'$'), Just(0x80), Just(0), Just(b'R'), Just(b'\n')], 0..40),
        a: prop::sample::Index,
        b: prop::sample::Index,
    ) {
        let mut all = bytes;
        for (channel, length) in good {
            all.extend(rtp(channel, length));
            all.extend(&garbage);
        }
        let (a, b) = (a.index(all.len() + 1), b.index(all.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let whole = walk_leniently(&[&all]);
        let split = walk_leniently(&[&all[..a], &all[a..b], &all[b..]]);
        let bytes: Vec<&[u8]> = all.chunks(1).collect();
        let bytes = walk_leniently(&bytes);
        match (whole, split) {
            (Ok(whole), Ok(split)) => {
                prop_assert_eq!(&whole, &split);
                prop_assert_eq!(&whole, &bytes.unwrap());
            }
            (whole, split) => {
                prop_assert_eq!(whole.is_err(), split.is_err());
                prop_assert!(bytes.is_err());
            }
        }
    }

    /// Without stray bytes, a lenient framer gives the same items as a strict one.
    #[test]
    fn the_lenient_one_reads_what_the_strict_one_reads(
        items in prop::collection::vec(item_of_rtsp(), 0..12),
    ) {
        let bytes = items.concat();
        if let Ok(items) = walk(&[&bytes]) {
            prop_assert_eq!(walk_leniently(&[&bytes]).unwrap(), items);
        }
    }
}

fn item_of_rtsp() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        (any::<u8>(), payload).prop_map(|(channel, payload)| frame(channel, &payload)),
        Just(ANSWER[..ANSWER.len() - 1].to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"a=left over\r\n".to_vec()),
        Just(b"rtsp/1.0  404\nX: $\n\n".to_vec()),
        Just(b"SET_PARAMETER rtsp://a/ RTSP/1.0\nCSeq: 3\n\n".to_vec()),
    ]
}
