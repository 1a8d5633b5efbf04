use std::io::IoSliceMut;

use proptest::prelude::*;

use crate::net::io::key::Key;
use crate::net::media::pool::Pool;
use crate::net::media::queue::PrepareError;
use crate::protocol::rtsp::framer::{self, Framer};

use super::*;

const OWNER: Key = Key::test(1);

/// A socket that takes the given numbers of bytes per call, in turn.
struct Socket {
    written: Vec<u8>,
    takes: Vec<usize>,
    calls: usize,
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = self.takes[self.calls % self.takes.len()];
        self.calls += 1;
        let count = bytes.len().min(most);
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let joined: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        self.write(&joined)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Frames of the given lengths, whose bytes tell which frame they belong to.
fn frames(lengths: &[u16]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (index, length) in lengths.iter().enumerate() {
        stream.push(b'$');
        stream.push(index as u8 % 4);
        stream.extend_from_slice(&length.to_be_bytes());
        stream.extend(std::iter::repeat_n(index as u8, usize::from(*length)));
    }
    stream
}

/// The payloads of the binary messages that a server sent.
fn messages(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[0], 0x82, "a whole binary message");
        let (length, header) = match bytes[1] {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => {
                let long: [u8; 8] = bytes[2..10].try_into().expect("eight");
                (u64::from_be_bytes(long) as usize, 10)
            }
            short => (usize::from(short), 2),
        };
        found.push(bytes[header..header + length].to_vec());
        bytes = &bytes[header + length..];
    }
    found
}

/// Commits bytes as a read would, and returns how many there was room for.
fn fill(queue: &mut Queue, bytes: &[u8]) -> usize {
    let mut slices = std::array::from_fn(|_| IoSliceMut::new(&mut []));
    let used = queue.room(&mut slices);
    let mut rest = bytes;
    for slice in &mut slices[..used] {
        let count = slice.len().min(rest.len());
        slice[..count].copy_from_slice(&rest[..count]);
        rest = &rest[count..];
    }
    bytes.len() - rest.len()
}

fn framing(batch: bool) -> Framing {
    match batch {
        true => Framing::Batches,
        false => Framing::Messages,
    }
}

/// Passes `stream` through a queue and a delivery, in reads of at most `read` bytes,
/// and returns what the socket took.
fn carry(stream: &[u8], read: usize, takes: Vec<usize>, batch: bool) -> Vec<u8> {
    let mut pool = Pool::new(32 * 4096, 4096, 4);
    let mut queue = Queue::new(16 * 4096, 4096);
    let mut framer = Framer::new(65536);
    let mut delivery = Delivery::new(0, framing(batch), None);
    let mut socket = Socket {
        written: Vec::new(),
        takes,
        calls: 0,
    };
    let mut rest = stream;
    loop {
        if !rest.is_empty() {
            match queue.prepare(&mut pool, OWNER) {
                Ok(()) => {
                    let count = fill(&mut queue, &rest[..read.min(rest.len())]);
                    rest = &rest[count..];
                    queue
                        .commit(count, &mut pool, &mut framer)
                        .expect("frames only");
                }
                // The queue has something to write, so this passes.
                Err(PrepareError::BacklogFull | PrepareError::PoolEmpty) => {
                    assert!(!delivery.is_idle(&queue))
                }
            }
        }
        let (written, _) = delivery
            .write(&mut socket, &queue, false)
            .expect("the socket takes something");
        queue.release(delivery.position(), &mut pool, Some(OWNER));
        if written == 0 && rest.is_empty() {
            break;
        }
    }
    assert!(delivery.is_idle(&queue));
    queue.trim(&mut pool);
    assert_eq!(pool.free(), pool.total(), "every buffer came back");
    socket.written
}

proptest! {
    #[test]
    fn every_frame_arrives_once_and_whole(
        lengths in prop::collection::vec(prop_oneof![0u16..64, 1000u16..1500, 4000u16..20000], 1..60),
        read in 1usize..6000,
        takes in prop::collection::vec(1usize..9000, 1..8),
    ) {
        let stream = frames(&lengths);
        let single = messages(&carry(&stream, read, takes.clone(), false));
        prop_assert_eq!(single.len(), lengths.len());
        prop_assert_eq!(&single.concat(), &stream);
        let batched = messages(&carry(&stream, read, takes, true));
        for message in &batched {
            prop_assert!(framer::frames(message).all(|frame| frame.is_ok()));
        }
        prop_assert_eq!(&batched.concat(), &stream);
    }
}

#[test]
fn a_batch_takes_all_that_is_at_hand() {
    let stream = frames(&[100; 30]);
    let got = messages(&carry(&stream, 4096, vec![usize::MAX], true));
    assert_eq!(got.len(), 1);
}

#[test]
fn the_longest_frame_passes() {
    let stream = frames(&[u16::MAX, 3, u16::MAX]);
    let got = messages(&carry(&stream, 4096, vec![5000], false));
    assert_eq!(
        got.iter().map(Vec::len).collect::<Vec<_>>(),
        [65539, 7, 65539]
    );
}

#[test]
fn messages_of_the_camera_are_cut_out_wherever_they_stand() {
    let answer = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n";
    let media = frames(&[10, 1400, 1]);
    for place in [0, 14, 14 + 1404, media.len()] {
        let mut stream = media.clone();
        stream.splice(place..place, *answer);
        let mut pool = Pool::new(32 * 4096, 4096, 4);
        let mut queue = Queue::new(16 * 4096, 4096);
        let mut framer = Framer::new(4096);
        queue.prepare(&mut pool, OWNER).expect("room");
        assert_eq!(fill(&mut queue, &stream), stream.len());
        let brought = queue
            .commit(stream.len(), &mut pool, &mut framer)
            .expect("valid");
        assert_eq!(brought.frames, 3);
        assert_eq!(brought.messages, [answer.to_vec()]);
        let kept = queue.cursor(0).next_slice(usize::MAX).to_vec();
        assert_eq!(kept, media);
    }
}

#[test]
fn the_last_message_is_finished_and_no_other_begun() {
    let stream = frames(&[500, 500]);
    let mut pool = Pool::new(32 * 4096, 4096, 4);
    let mut queue = Queue::new(16 * 4096, 4096);
    queue.prepare(&mut pool, OWNER).expect("room");
    assert_eq!(fill(&mut queue, &stream), stream.len());
    let taken = queue.commit(stream.len(), &mut pool, &mut Framer::new(4096));
    assert_eq!(taken.expect("valid").frames, 2);
    let mut delivery = Delivery::new(0, Framing::Messages, None);
    let mut socket = Socket {
        written: Vec::new(),
        takes: vec![100, usize::MAX],
        calls: 0,
    };
    for last in [false, true, true] {
        let written = delivery.write(&mut socket, &queue, last);
        assert!(written.is_ok());
    }
    assert!(delivery.between_messages());
    assert_eq!(messages(&socket.written).len(), 1);
}
