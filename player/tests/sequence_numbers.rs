//! Sequence numbers as cameras make them, over TCP, where nothing can be lost:
//! every picture goes out. A picture that the camera itself has left a part of
//! out does not, nor do those that build on it.

mod common;

use common::gateway::Gateway;
use common::packetiser::Packetiser;

const SDP: &str = "v=0\r\ns=x\r\na=control:*\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n";

/// Pictures in a group, and of all groups.
const GROUP: u16 = 25;
const PICTURES: u16 = 8 * GROUP;

/// The packets of picture `number`: three or more fragments of a slice.
fn picture(video: &mut Packetiser, number: u16) -> Vec<Vec<u8>> {
    let mut nals = vec![[vec![0x41, 0x9a], vec![7; 3500]].concat()];
    if number.is_multiple_of(GROUP) {
        nals = vec![
            vec![0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90],
            vec![0x68, 0xcb, 0x83, 0xcb],
            [vec![0x65, 0x88], vec![7; 9000]].concat(),
        ];
    }
    video.h264(&nals, u32::from(number) * 3600)
}

/// Plays the pictures, each changed by `change`; how many came out, and how many
/// packets are said to be lost.
fn play(mut change: impl FnMut(u16, &mut Vec<Vec<u8>>)) -> (f64, f64) {
    let mut gateway = Gateway::new(SDP.to_owned());
    gateway.start();
    let mut video = Packetiser::new(96);
    for number in 0..PICTURES {
        let mut packets = picture(&mut video, number);
        change(number, &mut packets);
        gateway.now += 40.0;
        for packet in packets {
            gateway.frame(0, &packet);
        }
    }
    let session = &gateway.session;
    (session.statistic(2), session.statistic(1))
}

/// Numbers the packets anew: what `next` makes of the picture and the number
/// before.
fn numbered(mut next: impl FnMut(u16, u16) -> u16) -> (f64, f64) {
    let mut last = 65_000;
    play(|number, packets| {
        for packet in packets {
            last = next(number, last);
            packet[2..4].copy_from_slice(&last.to_be_bytes());
        }
    })
}

#[test]
fn whatever_the_numbers_are_every_picture_goes_out() {
    let mut at = None;
    let mut first = |number| at.replace(number) != Some(number);
    let begins = [0, GROUP / 2];
    for begin in begins {
        for jump in [1, 20, 2_000, 10_000] {
            for sign in [1u16, u16::MAX] {
                let got = numbered(|number, last| {
                    let jumps = first(number) && number % GROUP == begin;
                    let by = if jumps { sign.wrapping_mul(jump) } else { 0 };
                    last.wrapping_add(1).wrapping_add(by)
                });
                assert_eq!(got, (f64::from(PICTURES), 0.0), "{begin}: {sign} {jump}");
            }
        }
    }
    let mut count = 0u16;
    let every = |name: &str, habit: &mut dyn FnMut(u16, u16) -> u16| {
        assert_eq!(numbered(habit), (f64::from(PICTURES), 0.0), "{name}");
    };
    every(
        "one is left out before each picture",
        &mut |number, last| last.wrapping_add(1 + u16::from(first(number))),
    );
    every("another track takes every third", &mut |_, last| {
        count += 1;
        last.wrapping_add(1 + u16::from(count.is_multiple_of(3)))
    });
    every("zeros", &mut |_, _| 0);
    every("one for each picture", &mut |number, _| number);
    every("every other", &mut |_, last| last.wrapping_add(2));
    every("backwards", &mut |_, last| last.wrapping_sub(1));
}

/// Takes the packet at `which` out of picture 60: how many pictures do not come
/// out of the ten groups, with numbers as they were or, `renumbered`, without a gap.
fn torn(which: impl Fn(usize) -> usize, renumbered: bool) -> f64 {
    let mut taken = 0;
    let (out, _) = play(|number, packets| {
        if number == 60 {
            packets.remove(which(packets.len()));
            taken = u16::from(renumbered);
        }
        for packet in packets {
            let sequence = u16::from_be_bytes([packet[2], packet[3]]);
            packet[2..4].copy_from_slice(&sequence.wrapping_sub(taken).to_be_bytes());
        }
    });
    f64::from(PICTURES) - out
}

#[test]
fn a_torn_picture_is_not_shown_nor_what_builds_on_it() {
    let rest = f64::from(GROUP - 60 % GROUP);
    assert_eq!(torn(|_| 0, false), rest, "the first fragment");
    assert_eq!(torn(|_| 1, false), rest, "one in the middle");
    assert_eq!(torn(|count| count - 1, false), rest, "the last");
    // The fragments tell, whatever the numbers say.
    assert_eq!(torn(|_| 0, true), rest, "the first fragment");
    assert_eq!(torn(|count| count - 1, true), rest, "the last");
}

#[test]
fn pictures_left_out_as_a_whole_are_missed_by_those_after_them() {
    let (out, lost) = play(|number, packets| {
        if number == 60 {
            packets.clear();
        }
    });
    let rest = f64::from(GROUP - 60 % GROUP);
    assert_eq!(f64::from(PICTURES) - out, rest);
    assert!(lost > 0.0);
}
