use super::*;
use proptest::prelude::*;

fn packet(timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96, 0, 1];
    packet.extend(timestamp.to_be_bytes());
    packet.extend([0, 0, 0, 9]);
    packet.extend(payload);
    packet
}

/// Positions at which key frames are found in packets of 100 bytes each.
fn keys(codec: Codec, packets: &[(u32, &[u8])]) -> Vec<u64> {
    let mut pictures = Pictures::new(codec);
    let found = packets
        .iter()
        .zip(0..)
        .filter_map(|((time, payload), at)| pictures.packet(&packet(*time, payload), at * 100));
    found.collect()
}

#[test]
fn a_key_frame_begins_with_what_stands_before_it() {
    let sets: &[u8] = &[24, 0, 2, 0x67, 1, 0, 2, 0x68, 0x80];
    let h264: [(u32, &[u8]); 8] = [
        (0, &[0x41, 1]),
        (1, &[9, 0xf0]),
        (1, sets),
        (1, &[0x7c, 0x85]),
        (1, &[0x7c, 0x05]),
        (1, &[0x7c, 0x45]),
        (2, &[0x7c, 0x81]),
        (3, &[0x65]),
    ];
    assert_eq!(keys(Codec::H264, &h264), [100, 700]);
    let h265: [(u32, &[u8]); 6] = [
        (0, &[0x40, 1]),
        (0, &[0x42, 1]),
        (0, &[0x44, 1]),
        (5, &[0x62, 1, 0x93]),
        (6, &[0x02, 1]),
        (7, &[0x60, 1, 0, 2, 0x2a, 1]),
    ];
    let expected = [0, 500];
    assert_eq!(
        keys(Codec::H265 { donl: false }, &h265),
        expected,
        "sets of their own time"
    );
    let jpeg: [(u32, &[u8]); 3] = [(0, &[0]), (0, &[0]), (1, &[0])];
    assert_eq!(keys(Codec::Jpeg, &jpeg), [0, 200]);
}

#[test]
fn intra_slices_behind_parameter_sets_are_a_key_frame() {
    let sets: &[u8] = &[24, 0, 2, 0x67, 1, 0, 2, 0x68, 0x80];
    let (intra, inter): (&[u8], &[u8]) = (&[0x61, 0x88, 0x84], &[0x61, 0x9a, 1]);
    let packets: [(u32, &[u8]); 10] = [
        (0, intra),
        (1, sets),
        (1, inter),
        (2, intra),
        (3, sets),
        (4, intra),
        (4, &[0x61, 0x42, 0x22]),
        (5, sets),
        (5, &[0x7c, 0x81, 0x88, 0x84]),
        (5, &[0x7c, 0x41, 0x88, 0x84]),
    ];
    assert_eq!(keys(Codec::H264, &packets), [400, 700]);
}

#[test]
fn a_picture_right_at_its_recovery_point_is_a_key_frame() {
    let h264: [(u32, &[u8]); 6] = [
        (0, &[0x41, 0x9a]),
        (1, &[6, 6, 1, 0xc4, 0x80]),
        (1, &[0x41, 0x9a]),
        (2, &[0x41, 0x9a]),
        (3, &[6, 6, 1, 0x11, 0x80]),
        (3, &[0x41, 0x9a]),
    ];
    assert_eq!(keys(Codec::H264, &h264), [100], "not the gradual one");
    let h265: [(u32, &[u8]); 4] = [
        (0, &[0x02, 1, 0xc0]),
        (1, &[0x4e, 1, 6, 1, 0xc0, 0x80]),
        (1, &[0x02, 1, 0xc0]),
        (2, &[0x02, 1, 0xc0]),
    ];
    assert_eq!(keys(Codec::H265 { donl: false }, &h265), [100]);
}

#[test]
fn a_unit_behind_a_donl_is_found() {
    let ap: &[u8] = &[0x60, 1, 0, 7, 0, 2, 0x42, 1, 0, 0, 2, 0x26, 1];
    assert_eq!(keys(Codec::H265 { donl: true }, &[(1, ap)]), [0]);
}

#[test]
fn the_last_parameter_sets_are_kept() {
    let mut pictures = Pictures::new(Codec::H264);
    for set in [
        [0x67, 1],
        [0x68, 0x80],
        [0x68, 0x40],
        [0x67, 2],
        [0x67, 2],
        [0x68, 0x40],
    ] {
        pictures.packet(&packet(1, &set), 0);
    }
    assert_eq!(
        pictures.sets().all(),
        [vec![0x67, 2], vec![0x68, 0x80], vec![0x68, 0x40]]
    );
}

#[test]
fn sets_are_kept_however_long_and_cut_up_they_are() {
    let long: Vec<u8> = (0..900_u32).map(|n| (n % 251) as u8).collect();
    let h264: Vec<u8> = [&[0x67, 100, 0, 40, 0xff][..], &long].concat();
    let h265: Vec<u8> = [&[0x44, 1, 0x80][..], &long].concat();
    let plain = Codec::H265 { donl: false };
    for (codec, set, head, shapes) in [
        (Codec::H264, &h264, 1, [0x7c, 28, 0x67 & 0x1f]),
        (plain, &h265, 2, [0x62, 1, 34]),
    ] {
        let mut whole = Pictures::new(codec);
        whole.packet(&packet(1, set), 0);
        assert_eq!(
            whole.sets().all(),
            std::slice::from_ref(set),
            "in one packet"
        );
        let pieces: Vec<&[u8]> = set[head..].chunks(300).collect();
        let send = |pictures: &mut Pictures, leave: usize| {
            for (index, piece) in pieces.iter().enumerate().filter(|(it, _)| *it != leave) {
                let ends = u8::from(index == 0) << 7 | u8::from(index + 1 == pieces.len()) << 6;
                let mut payload = match head {
                    1 => vec![shapes[0], ends | shapes[2]],
                    _ => vec![shapes[0], shapes[1], ends | shapes[2]],
                };
                payload.extend(*piece);
                pictures.packet(&packet(1, &payload), index as u64);
            }
        };
        let mut cut = Pictures::new(codec);
        send(&mut cut, usize::MAX);
        assert_eq!(cut.sets().all(), std::slice::from_ref(set), "in pieces");
        assert_eq!(cut.sets().between(pieces.len() as u64 - 1, 99).len(), 1);
        let mut beheaded = Pictures::new(codec);
        send(&mut beheaded, 0);
        assert!(beheaded.sets().all().is_empty());
    }
}

#[test]
fn units_are_told_apart_by_start_codes_that_were_left_in() {
    let all: &[u8] = &[
        0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 0x80, 0, 0, 0, 1, 0x65, 0x88,
    ];
    let sets: &[u8] = &[0x67, 1, 0, 0, 0, 1, 0x68, 0x80];
    let inter: &[u8] = &[0, 0, 0, 1, 0x41, 0x9a];
    for packets in [
        &[(0, inter), (1, all), (2, inter)][..],
        &[(0, inter), (1, sets), (1, &[0x7c, 0x85, 0x88]), (2, inter)],
    ] {
        assert_eq!(keys(Codec::H264, packets), [100]);
        let mut pictures = Pictures::new(Codec::H264);
        for (time, payload) in packets {
            pictures.packet(&packet(*time, payload), 0);
        }
        assert_eq!(pictures.sets().all(), [[0x67, 1], [0x68, 0x80]]);
    }
    let h265: &[u8] = &[0, 0, 0, 1, 0x42, 1, 9, 0, 0, 0, 1, 0x26, 1, 0xaf];
    let plain = Codec::H265 { donl: false };
    assert_eq!(keys(plain, &[(0, &[0x02, 1, 0xc0]), (1, h265)]), [100]);
}

#[test]
fn the_number_of_a_unit_is_no_part_of_its_set() {
    let mut pictures = Pictures::new(Codec::H265 { donl: true });
    pictures.packet(&packet(1, &[0x44, 1, 0, 9, 0x80, 7]), 0);
    assert_eq!(pictures.sets().all(), [vec![0x44, 1, 0x80, 7]]);
}

#[test]
fn the_payload_is_found_behind_sources_and_extension() {
    let mut packet = vec![0x92, 96, 1, 2, 0, 0, 0, 3, 0, 0, 0, 4];
    packet.extend([0; 8]);
    packet.extend([0xbe, 0xde, 0, 1, 0, 0, 0, 0]);
    packet.push(0x65);
    let header = Header::read(&packet).unwrap();
    assert_eq!((header.sequence, header.timestamp), (0x102, 3));
    assert_eq!(packet[header.payload], 0x65);
    assert_eq!(
        Header::read(&packet[..22]),
        None,
        "a length that is cut off"
    );
}

proptest! {
    #[test]
    fn anything_may_come(
        codec in 0..6_usize,
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..INSPECTED_BYTES), 0..20),
    ) {
        let codec = [Codec::H264, Codec::H265 { donl: codec > 2 }, Codec::Jpeg][codec % 3];
        let mut pictures = Pictures::new(codec);
        let mut last = 0;
        for (packet, at) in packets.iter().zip(1..) {
            if let Some(key) = pictures.packet(packet, at) {
                prop_assert!(key >= last && key <= at);
                last = key;
            }
        }
        prop_assert!(pictures.sets().all().len() <= super::super::sets::MAX_SETS);
    }
}
