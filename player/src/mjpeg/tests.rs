use proptest::prelude::*;

use super::*;

fn packet(payload: &[u8], marker: bool) -> Packet<'_> {
    Packet {
        marker,
        payload_type: 26,
        sequence: 0,
        timestamp: 0,
        ssrc: 0,
        extension: &[],
        payload,
    }
}

/// A payload of a picture of 64x48: offset, type and Q, then `rest`.
fn payload(offset: u8, kind: u8, quality: u8, rest: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, offset, kind, quality, 8, 6], rest].concat()
}

fn feed(
    depacketiser: &mut Depacketiser,
    payload: &[u8],
    time: i64,
    marker: bool,
) -> Vec<(Vec<u8>, i64)> {
    feed_with(depacketiser, &[], payload, time, marker)
}

fn feed_with(
    depacketiser: &mut Depacketiser,
    extension: &[u8],
    payload: &[u8],
    time: i64,
    marker: bool,
) -> Vec<(Vec<u8>, i64)> {
    let copy = |unit: AccessUnit| (unit.data.to_vec(), unit.timestamp);
    let mut pictures = Vec::new();
    pictures.extend(depacketiser.finish_before(time).map(copy));
    let packet = Packet {
        extension,
        ..packet(payload, marker)
    };
    let pushed = depacketiser.push(&packet, time);
    pictures.extend(pushed.map(copy));
    pictures
}

/// The contents of the segments with this marker.
fn segments(picture: &[u8], marker: u8) -> Vec<&[u8]> {
    let mut rest = &picture[2..];
    let mut found = Vec::new();
    loop {
        let length = usize::from(u16::from_be_bytes([rest[2], rest[3]])) + 2;
        if rest[1] == marker {
            found.push(&rest[4..length]);
        }
        if rest[1] == 0xda {
            return found;
        }
        rest = &rest[length..];
    }
}

#[test]
fn a_picture_in_fragments_has_its_headers_again() {
    let mut depacketiser = Depacketiser::new(None);
    assert!(feed(&mut depacketiser, &payload(0, 1, 50, b"abcd"), 10, false).is_empty());
    let units = feed(&mut depacketiser, &payload(4, 1, 50, b"ef"), 10, true);
    let [(picture, 10)] = &units[..] else {
        panic!("{units:?}")
    };
    assert!(picture.starts_with(&[0xff, 0xd8]));
    assert!(picture.ends_with(b"abcdef\xff\xd9"));
    let frame = [8, 0, 48, 0, 64, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    assert_eq!(segments(picture, 0xc0), [&frame[..]]);
    let tables = segments(picture, 0xdb);
    assert_eq!(tables[0][..5], [0, 16, 11, 12, 14]);
    assert_eq!(tables[1][..5], [1, 17, 18, 18, 24]);
    assert_eq!(segments(picture, 0xc4).len(), 4);
    assert!(segments(picture, 0xdd).is_empty());
}

#[test]
fn factors_scale_the_tables() {
    for (quality, first) in [(0, 255), (1, 255), (25, 32), (75, 8), (99, 1)] {
        let mut depacketiser = Depacketiser::new(None);
        let units = feed(&mut depacketiser, &payload(0, 0, quality, b"x"), 10, true);
        assert_eq!(segments(&units[0].0, 0xdb)[0][1], first, "{quality}");
        assert_eq!(segments(&units[0].0, 0xc0)[0][7], 0x21);
    }
}

#[test]
fn restart_intervals_are_told() {
    let mut depacketiser = Depacketiser::new(None);
    let rest = [0, 12, 0xff, 0xff, b'x'];
    let units = feed(&mut depacketiser, &payload(0, 65, 50, &rest), 10, true);
    assert_eq!(segments(&units[0].0, 0xdd), [&[0, 12][..]]);
    assert!(units[0].0.ends_with(b"x\xff\xd9"));
}

#[test]
fn tables_in_band_stay_for_their_number() {
    let mut depacketiser = Depacketiser::new(None);
    let none = [0, 0, 0, 0, b'x'];
    assert!(feed(&mut depacketiser, &payload(0, 1, 200, &none), 5, true).is_empty());
    // The second table has values of two bytes.
    let with = [&[0, 2, 0, 192][..], &[3; 64], &[4; 128], b"x"].concat();
    let first = feed(&mut depacketiser, &payload(0, 1, 200, &with), 10, true);
    let tables = segments(&first[0].0, 0xdb);
    assert_eq!((tables[0].len(), tables[0][0]), (65, 0));
    assert_eq!((tables[1].len(), tables[1][0]), (129, 0x11));
    let second = feed(&mut depacketiser, &payload(0, 1, 200, &none), 20, true);
    assert_eq!(first[0].0, second[0].0);
    assert!(feed(&mut depacketiser, &payload(0, 1, 201, &none), 30, true).is_empty());
    // One table is used for all components.
    let one = [&[0, 0, 0, 64][..], &[5; 64], b"x"].concat();
    let third = feed(&mut depacketiser, &payload(0, 1, 255, &one), 40, true);
    assert_eq!(
        segments(&third[0].0, 0xdb)[1],
        [&[1], &[5; 64][..]].concat()
    );
}

#[test]
fn what_is_cut_or_missing_costs_its_picture_only() {
    let mut depacketiser = Depacketiser::new(None);
    assert!(feed(&mut depacketiser, &payload(4, 1, 50, b"x"), 10, true).is_empty());
    feed(&mut depacketiser, &payload(0, 1, 50, b"ab"), 20, false);
    assert!(feed(&mut depacketiser, &payload(4, 1, 50, b"ef"), 20, true).is_empty());
    feed(&mut depacketiser, &payload(0, 1, 50, b"ab"), 30, false);
    depacketiser.lose();
    assert!(feed(&mut depacketiser, &payload(2, 1, 50, b"cd"), 30, true).is_empty());
    let first = depacketiser
        .push(&packet(&payload(0, 1, 50, b"ab"), true), 40)
        .unwrap();
    assert!(first.after_loss && first.sync);
    assert_eq!(
        first.format.map(|format| (format.width, format.height)),
        Some((64, 48))
    );
    let second = depacketiser
        .push(&packet(&payload(0, 1, 50, b"ab"), true), 50)
        .unwrap();
    assert!(!second.after_loss && second.format.is_none());
}

#[test]
fn without_markers_the_next_timestamp_ends_a_picture() {
    let mut depacketiser = Depacketiser::new(None);
    assert!(feed(&mut depacketiser, &payload(0, 1, 50, b"ab"), 10, false).is_empty());
    let units = feed(&mut depacketiser, &payload(0, 1, 50, b"cd"), 20, false);
    assert_eq!(units.len(), 1);
    assert!(units[0].0.ends_with(b"ab\xff\xd9"));
}

#[test]
fn large_pictures_have_the_size_of_the_description() {
    let mut large = payload(0, 1, 50, b"ab");
    large[6..8].fill(0);
    assert!(feed(&mut Depacketiser::new(None), &large, 10, true).is_empty());
    let units = feed(&mut Depacketiser::new(Some((2592, 1944))), &large, 10, true);
    assert_eq!(
        segments(&units[0].0, 0xc0)[0][1..5],
        [0x07, 0x98, 0x0a, 0x20]
    );
}

/// A header extension of this kind.
fn extension(kind: u8, segments: &[&[u8]]) -> Vec<u8> {
    [&[0xff, kind, 0, 0], &segments.concat()[..]].concat()
}

const FRAME: &[u8] = &[
    0xff, 0xc0, 0, 17, 8, 0x07, 0x98, 0x0a, 0x20, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
];

#[test]
fn the_extension_tells_the_size_of_large_pictures() {
    let mut depacketiser = Depacketiser::new(None);
    let mut large = payload(0, 1, 50, b"ab");
    large[6..8].fill(0);
    let extended = extension(0xd8, &[FRAME, &[0xff]]);
    let units = feed_with(&mut depacketiser, &extended, &large, 10, true);
    assert_eq!(segments(&units[0].0, 0xc0), [&FRAME[4..]]);
    assert!(units[0].0.ends_with(b"ab\xff\xd9"));
    // A packet without an extension belongs to a picture with the headers of the last one.
    let empty = extension(0xd8, &[]);
    let units = feed_with(&mut depacketiser, &empty, &large, 20, true);
    assert_eq!(segments(&units[0].0, 0xc0), [&FRAME[4..]]);
    // Extensions of other kinds are ignored.
    let other = [&[0xab, 0xac, 0, 0], FRAME].concat();
    assert!(feed_with(&mut Depacketiser::new(None), &other, &large, 10, true).is_empty());
}

#[test]
fn the_extension_is_preferred_to_what_is_made() {
    let tables: &[u8] = &[0xff, 0xdb, 0, 5, 0, 1, 2];
    let huffman: &[u8] = &[0xff, 0xc4, 0, 4, 9, 9];
    let restart: &[u8] = &[0xff, 0xdd, 0, 4, 0, 7];
    let scan: &[u8] = &[0xff, 0xda, 0, 5, 1, 2, 3];
    let start: &[u8] = &[0xff, 0xd8, 0xff];
    let extended = extension(0xd8, &[start, tables, huffman, restart, FRAME, scan]);
    let rest = [0, 12, 0xff, 0xff, b'x'];
    let mut depacketiser = Depacketiser::new(None);
    let units = feed_with(
        &mut depacketiser,
        &extended,
        &payload(0, 65, 50, &rest),
        10,
        true,
    );
    let picture = &units[0].0;
    assert_eq!(segments(picture, 0xdb).last(), Some(&&tables[4..]));
    assert_eq!(segments(picture, 0xc4).last(), Some(&&huffman[4..]));
    assert_eq!(segments(picture, 0xdd), [&restart[4..]]);
    assert_eq!(segments(picture, 0xc0), [&FRAME[4..]]);
    assert_eq!(segments(picture, 0xda), [&scan[4..]]);
    // The next picture has headers of its own.
    let units = feed(&mut depacketiser, &payload(0, 1, 50, b"x"), 20, true);
    assert_eq!(segments(&units[0].0, 0xc0)[0][1..5], [0, 48, 0, 64]);
}

#[test]
fn an_extension_goes_on_until_there_is_data() {
    let mut depacketiser = Depacketiser::new(None);
    let (one, two) = FRAME.split_at(6);
    let mut large = payload(0, 1, 50, b"");
    large[6..8].fill(0);
    let first = extension(0xd8, &[one]);
    // The picture cannot begin without its size, but nothing is lost.
    assert!(feed_with(&mut depacketiser, &first, &[], 10, false).is_empty());
    assert!(feed_with(&mut depacketiser, &extension(0xff, &[two]), &[], 10, false).is_empty());
    large.extend(b"ab");
    let units = feed_with(&mut depacketiser, &extension(0xff, &[]), &large, 10, true);
    assert_eq!(segments(&units[0].0, 0xc0), [&FRAME[4..]]);
}

#[test]
fn a_whole_jpeg_is_left_as_it_is() {
    let whole = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 0xff, 0xd9];
    let units = feed(
        &mut Depacketiser::new(None),
        &payload(0, 1, 50, &whole),
        10,
        true,
    );
    assert_eq!(units[0].0, whole);
}

#[test]
fn the_size_of_pictures_that_would_take_gigabytes_is_told() {
    let mut large = payload(0, 1, 50, b"ab");
    large[6..8].fill(0);
    let mut described = Depacketiser::new(Some((65_535, 65_535)));
    feed(&mut described, &large, 10, true);
    let format = described.described();
    assert_eq!((format.width, format.height), (65_535, 65_535));
    // The header of the packet says 64x48, and that of the picture a larger size.
    let head = [0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff];
    let whole = [&head, &FRAME[9..], &[0xff, 0xd9]].concat();
    let mut depacketiser = Depacketiser::new(None);
    feed(&mut depacketiser, &payload(0, 1, 50, &whole), 10, true);
    let format = depacketiser.described();
    assert_eq!((format.width, format.height), (65_535, 65_535));
}

proptest! {
    #[test]
    fn any_packets_are_fine(
        packets in proptest::collection::vec(
            (
                (0u8..3, prop_oneof![Just(0u8), Just(1), Just(65), any::<u8>()], any::<u8>()),
                proptest::collection::vec(prop_oneof![3 => 0u8..2, 1 => any::<u8>()], 0..140),
                any::<bool>(),
                0usize..9,
                prop_oneof![
                    Just(vec![]),
                    proptest::collection::vec(prop_oneof![Just(0xffu8), Just(0xd8), Just(0xc0), 0u8..9], 0..60),
                ],
            ),
            0..40,
        ),
    ) {
        let mut depacketiser = Depacketiser::new(None);
        let mut time = 0;
        for ((offset, kind, quality), rest, marker, cut, extended) in packets {
            let mut payload = payload(offset, kind, quality, &rest);
            if cut == 0 {
                payload.truncate(rest.len());
            }
            time += i64::from(cut == 1);
            let pictures = feed_with(&mut depacketiser, &extended, &payload, time, marker);
            for (picture, _) in pictures {
                prop_assert!(picture.starts_with(&[0xff, 0xd8]));
                prop_assert!(picture.ends_with(&[0xff, 0xd9]));
            }
        }
    }
}
