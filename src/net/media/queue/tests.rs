use proptest::prelude::*;

use super::*;

/// See [`Stream::lengths`].
const STRAY: u16 = 8;

/// A camera whose bytes pass through its queue.
struct Stream {
    key: Key,
    queue: Queue,
    framer: Framer,
    /// The lengths of the frames it sends, over and over. 0 stands for an RTSP message,
    /// and [`STRAY`] for a frame behind stray bytes.
    lengths: Vec<u16>,
    begun: usize,
    /// Bytes that wait in the camera's socket.
    socket: VecDeque<u8>,
    /// Media bytes that are expected to leave next.
    due: VecDeque<u8>,
    sent: u64,
}

impl Stream {
    fn new(index: u16, pool: &Pool, lengths: Vec<u16>) -> Stream {
        Stream {
            key: Key::test(index),
            queue: Queue::new(128 * 1024, pool.buffer_size()),
            framer: Framer::lenient(65_536),
            lengths,
            begun: 0,
            socket: VecDeque::new(),
            due: VecDeque::new(),
            sent: 0,
        }
    }

    /// Has the camera send until `count` bytes wait.
    fn fill(&mut self, count: usize) {
        while self.socket.len() < count {
            // The longest frame comes first, because after stray bytes the framer
            // expects what it has seen before.
            let length = match self.begun {
                0 if self.lengths.contains(&STRAY) => u16::MAX,
                begun => self.lengths[begun % self.lengths.len()],
            };
            self.begun += 1;
            if length == 0 {
                self.socket.extend(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
                continue;
            }
            if length == STRAY && self.begun.is_multiple_of(8) {
                // These bytes look like the beginning of a frame.
                self.socket.push_back(0);
                self.socket.extend(&b"$\0\0\x09\0"[self.begun % 5..]);
                self.socket.extend(b"$\0\0\x09\0");
            }
            let mut frame = vec![b'$', 0];
            frame.extend_from_slice(&length.to_be_bytes());
            frame.push(0x80);
            frame.extend(std::iter::repeat_n(
                self.begun as u8,
                usize::from(length) - 1,
            ));
            self.socket.extend(&frame);
            self.due.extend(&frame);
        }
    }

    /// Reads up to `count` bytes as from a link. `None`: there was no room.
    fn read(&mut self, count: usize, pool: &mut Pool) -> Option<usize> {
        let promised = self.queue.has_room(pool, self.key);
        let prepared = self.queue.prepare(pool, self.key);
        assert_eq!(promised, prepared.is_ok(), "has_room against {prepared:?}");
        prepared.ok()?;
        let mut slices = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        let used = self.queue.room(&mut slices);
        let mut room: Vec<&mut u8> = slices[..used]
            .iter_mut()
            .flat_map(|s| s.iter_mut())
            .collect();
        assert!(!room.is_empty(), "no room at all");
        let count = count.min(room.len()).min(self.socket.len());
        for (to, from) in room.iter_mut().zip(self.socket.drain(..count)) {
            **to = from;
        }
        self.queue
            .commit(count, pool, &mut self.framer)
            .expect("frames and messages");
        self.queue.trim(pool);
        Some(count)
    }

    /// Sends up to `count` bytes of whole frames and returns how many.
    fn send(&mut self, count: usize, pool: &mut Pool) -> usize {
        let whole = (self.queue.whole() - self.sent) as usize;
        let count = count.min(whole);
        let mut cursor = self.queue.cursor(self.sent);
        let mut left = count;
        while left > 0 {
            let piece = cursor.next_slice(left);
            assert!(!piece.is_empty(), "whole frames are at hand");
            left -= piece.len();
            let due: Vec<u8> = self.due.drain(..piece.len()).collect();
            assert!(piece == due, "other bytes than were read");
        }
        self.sent += count as u64;
        self.queue.release(self.sent, pool, Some(self.key));
        count
    }
}

#[derive(Clone, Debug)]
enum Act {
    Read(usize, usize),
    Send(usize, usize),
    /// The viewer leaves with everything in its queue, and another comes.
    Leave(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let bytes = prop_oneof![0usize..64, 0usize..5_000, Just(1usize << 20)];
    prop_oneof![
        12 => (0usize..5, bytes.clone()).prop_map(|(of, bytes)| Act::Read(of, bytes)),
        6 => (0usize..5, bytes).prop_map(|(of, bytes)| Act::Send(of, bytes)),
        1 => (0usize..5).prop_map(Act::Leave),
    ]
}

/// Frames of every size, and now and then a message.
fn lengths() -> impl Strategy<Value = Vec<u16>> {
    let length = prop_oneof![
        1 => Just(0u16),
        1 => Just(STRAY),
        4 => 9u16..200,
        4 => 1_000u16..1_500,
        2 => 4_000u16..40_000,
        1 => Just(u16::MAX),
    ];
    prop::collection::vec(length, 1..12)
}

/// Reads and sends until everything that the cameras sent has passed.
fn run_dry(streams: &mut [Stream], pool: &mut Pool) {
    loop {
        let mut moved = 0;
        for stream in streams.iter_mut() {
            moved += stream.send(usize::MAX, pool);
            if !stream.socket.is_empty() {
                moved += stream.read(usize::MAX, pool).unwrap_or(0);
            }
        }
        if moved == 0 {
            break;
        }
    }
    for stream in streams {
        assert_eq!(stream.socket.len(), 0, "{:?} is stuck", stream.key);
        assert_eq!(stream.due.len(), 0, "{:?} sent all", stream.key);
        assert!(
            stream.queue.chunks.is_empty(),
            "an idle queue holds nothing"
        );
    }
    assert_eq!(pool.free(), pool.total(), "every buffer came back");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The smallest pools that the configuration allows, five queues on them:
    /// [`Queue::has_room`] foretells [`Queue::room`] whatever happened before,
    /// so whoever waits is woken when there is something for him and not
    /// before, and all of it gets through in the end.
    #[test]
    fn who_waits_for_room_is_told_the_truth(
        size in prop_oneof![Just(4_096usize), Just(32_768)],
        lengths in prop::collection::vec(lengths(), 5),
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut pool = Pool::new(256 * 1024, size, 5);
        let mut streams: Vec<Stream> = lengths
            .into_iter()
            .zip(1..)
            .map(|(lengths, index)| Stream::new(index, &pool, lengths))
            .collect();
        for act in acts {
            match act {
                Act::Read(of, bytes) => {
                    streams[of].fill(bytes.min(100_000));
                    streams[of].read(bytes, &mut pool);
                }
                Act::Send(of, bytes) => {
                    streams[of].send(bytes, &mut pool);
                }
                Act::Leave(of) => {
                    pool.release_reserve(streams[of].key);
                    streams[of].queue.clear(&mut pool);
                    let lengths = std::mem::take(&mut streams[of].lengths);
                    streams[of] = Stream::new(of as u16 + 1, &pool, lengths);
                }
            }
        }
        run_dry(&mut streams, &mut pool);
    }
}

#[test]
fn a_buffer_that_a_read_found_no_use_for_goes_back_with_the_rest() {
    let mut pool = Pool::new(8 * 4_096, 4_096, 4);
    let mut stream = Stream::new(1, &pool, vec![4_092]);
    stream.fill(4_096);
    assert_eq!(stream.read(4_096, &mut pool), Some(4_096));
    assert_eq!(
        stream.read(4_096, &mut pool),
        Some(0),
        "the socket is empty"
    );
    stream.send(4_096, &mut pool);
    assert_eq!(pool.free(), pool.total());
}

proptest! {
    /// Frames made from datagrams of any length, some of them given up, some
    /// released before the next comes: bytes and buffers add up.
    #[test]
    fn frames_are_laid_behind_each_other(
        steps in prop::collection::vec((0..1020_usize, any::<bool>(), 0..3_u8), 1..200),
    ) {
        let mut pool = Pool::new(16 * 1024, 1024, 1);
        let key = Key::test(1);
        let mut queue = Queue::new(8 * 1024, 1024);
        let mut due: VecDeque<(u8, usize)> = VecDeque::new();
        for (number, (length, taken, released)) in steps.into_iter().enumerate() {
            if queue.prepare_frame(length, &mut pool, key).is_ok() {
                let room = queue.frame_room();
                prop_assert!(room.len() >= length);
                room[..length].fill(number as u8);
                if taken {
                    queue.commit_frame(number as u8, length);
                    due.push_back((number as u8, length));
                }
            }
            queue.trim(&mut pool);
            prop_assert!(queue.chunks.len() <= queue.max_buffers);
            for _ in 0..released {
                let Some((channel, length)) = due.pop_front() else { break };
                let mut cursor = queue.cursor(queue.head());
                prop_assert_eq!(cursor.frame_header(), Some((channel, length)));
                let mut scratch = [0; 1020];
                prop_assert_eq!(cursor.contiguous(length, &mut scratch), vec![channel; length]);
                let next = queue.head() + (FRAME_HEADER + length) as u64;
                queue.release(next, &mut pool, Some(key));
            }
        }
        let mut frames = 0;
        queue.for_each_frame::<4>(queue.head(), queue.whole(), |_, _, _, _| frames += 1);
        prop_assert_eq!(frames, due.len());
        queue.clear(&mut pool);
        prop_assert_eq!(pool.free(), pool.total());
    }
}
