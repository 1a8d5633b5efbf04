use super::*;
use crate::nal::Codec;
use crate::nal::parameters::Parameters;

const SEQUENCE: [u8; 9] = [0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90];
const PICTURE: [u8; 4] = [0x68, 0xcb, 0x83, 0xcb];

fn bytes(format: &Format) -> &[u8] {
    &format.record.as_ref().unwrap().bytes
}

#[test]
fn is_complete_with_one_of_each() {
    let mut sets = Parameters::new(Codec::H264);
    assert!(sets.take(&SEQUENCE));
    assert!(sets.format(None, Order::default()).is_none());
    assert!(sets.take(&PICTURE));
    let format = sets.format(None, Order::default()).unwrap();
    assert_eq!(format.mime, "video/mp4; codecs=\"avc1.42c01e\"");
    let record = bytes(&format);
    // The set is longer, because it says that nothing is reordered.
    assert_eq!(record[..8], [1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 13]);
    assert_eq!(record.len(), 8 + 13 + 1 + 2 + 4);
    assert!(sets.format(Some(7), Order::default()).is_none());
}

#[test]
fn a_repetition_is_nothing_new() {
    let mut sets = Parameters::new(Codec::H264);
    assert!(sets.take(&SEQUENCE) && sets.take(&PICTURE));
    assert!(!sets.take(&SEQUENCE) && !sets.take(&PICTURE));
}

#[test]
fn refuses_what_it_cannot_read() {
    let mut sets = Parameters::new(Codec::H264);
    for nal in [&[][..], &[0x67], &[0x68], &[0x65, 1, 2], &[0x68; 5000]] {
        assert!(!sets.take(nal));
    }
}
