//! Shared cameras that send a picture in pieces, each in a packet and a write of
//! its own, with what stands before the picture a while ahead of it, as encoders
//! and most cameras do.
//!
//! Invariant: whenever a viewer begins, or goes on after a hole, it does so with
//! the first piece of a key frame.

mod common;

use std::io;
use std::time::Duration;

use common::fake_camera::{FakeCamera, Link};
use common::gateway::{Config, Gateway};
use common::pictures::{fragment, frame};
use common::socket::Opening;
use common::viewer::Viewer;

/// Pieces of a picture: its delimiter, a parameter set or something of no
/// importance, then two of the picture itself.
const PIECES: u32 = 4;

/// One piece as the RTP packet that a viewer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    picture: u32,
    piece: u32,
    key: bool,
}

impl Piece {
    /// Its place in the stream.
    fn index(self) -> u32 {
        self.picture * PIECES + self.piece
    }

    /// The interleaved frame with this piece, `size` bytes of payload.
    fn frame(self, size: usize) -> Vec<u8> {
        let kind = if self.key { 5 } else { 1 };
        let unit = match self.piece {
            0 => [9, 0xf0], // H.264 table 7-1
            1 => [if self.key { 7 } else { 6 }, 1],
            piece => fragment(kind, piece == 2, piece + 1 == PIECES),
        };
        let mut payload = unit.to_vec();
        payload.resize(size, u8::from(self.key));
        let (sequence, time) = (self.index() as u16, self.picture * 3600);
        frame(sequence, time, 7, self.piece + 1 == PIECES, &payload)
    }

    /// Reads one message, which must be one whole frame with one piece.
    fn read(frame: &[u8]) -> Piece {
        let length = usize::from(u16::from_be_bytes([frame[2], frame[3]]));
        assert_eq!((frame[0], frame.len()), (b'$', 4 + length));
        let piece = Piece {
            picture: u32::from_be_bytes(frame[8..12].try_into().unwrap()) / 3600,
            piece: u32::from(frame[7]) % PIECES,
            key: frame[frame.len() - 1] == 1,
        };
        assert_eq!(piece.frame(length - 12), frame);
        piece
    }
}

/// A camera's pictures.
#[derive(Clone, Copy)]
struct Film {
    first: u32,
    /// From one key frame to the next.
    every: u32,
    /// Bytes of a piece.
    size: usize,
    /// Between two pieces.
    pause: Duration,
}

impl Film {
    const USUAL: Film = Film {
        first: 0,
        every: 10,
        size: 500,
        pause: Duration::from_millis(2),
    };

    fn show(self, link: &mut Link, pictures: u32) -> io::Result<()> {
        for picture in self.first..self.first + pictures {
            let key = picture % self.every == 0;
            for piece in 0..PIECES {
                let piece = Piece {
                    picture,
                    piece,
                    key,
                };
                link.send(&piece.frame(self.size))?;
                std::thread::sleep(self.pause);
            }
        }
        Ok(())
    }
}

const ENDLESS: u32 = 1_000_000;

fn watch(gateway: &Gateway, opening: Opening) -> Viewer {
    let mut viewer = Viewer::join_shared(gateway, "front", false, opening);
    viewer.play();
    viewer
}

fn read(viewer: &mut Viewer, count: usize) -> Vec<Piece> {
    (0..count)
        .map(|_| Piece::read(&viewer.data.binary()))
        .collect()
}

/// Checks the invariant; returns how many holes there are.
fn holes(pieces: &[Piece]) -> usize {
    let begins = |piece: Piece| piece.key && piece.piece == 0;
    assert!(begins(pieces[0]), "{:?}", pieces[0]);
    let anew = |pair: &&[Piece]| pair[0].index() + 1 != pair[1].index();
    for pair in pieces.windows(2).filter(anew) {
        let on = pair[1].picture > pair[0].picture;
        assert!(begins(pair[1]) && on, "{:?} after {:?}", pair[1], pair[0]);
    }
    pieces.windows(2).filter(anew).count()
}

#[test]
fn who_comes_late_begins_with_what_stands_before_the_key_frame() {
    // The first of the stream, which nothing was kept before, and any other.
    for every in [u32::MAX, 10] {
        let film = Film {
            every,
            ..Film::USUAL
        };
        let camera = FakeCamera::start(move |link| {
            link.serve_until("PLAY")?;
            film.show(link, ENDLESS)
        });
        let settings = [("url", &*camera.url()), ("always", "on")];
        let gateway = Config::new().camera("front", &settings).start();
        gateway.await_metrics("pictures", |now| now.frames() > 50.0);
        for _ in 0..3 {
            let mut viewer = watch(&gateway, Opening::default());
            assert_eq!(holes(&read(&mut viewer, 60)), 0);
        }
    }
}

/// The camera is restarted in the middle of a picture, and again; what it sends
/// then begins in the middle of a group of pictures.
#[test]
fn who_stays_goes_on_with_a_key_frame_of_the_next_link() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        let first = 1_000 * link.number() as u32 + if link.number() > 0 { 5 } else { 0 };
        let film = Film {
            first,
            ..Film::USUAL
        };
        if link.number() == 2 {
            return film.show(link, ENDLESS);
        }
        film.show(link, 23)?;
        let next = Piece {
            picture: first + 23,
            piece: 0,
            key: false,
        };
        link.send(&next.frame(film.size))?;
        link.send(&next.frame(film.size)[..100])
    });
    let gateway = Config::new()
        .camera("front", &[("url", &camera.url())])
        .start();
    let mut viewer = watch(&gateway, Opening::default());
    let mut got = read(&mut viewer, 1);
    while got[got.len() - 1].picture < 2_030 {
        got.extend(read(&mut viewer, 1));
    }
    assert_eq!(holes(&got), 2);
    let of_link = |link: u32| got.iter().find(|it| it.picture / 1_000 == link).unwrap();
    assert_eq!(of_link(1).picture, 1_010);
    assert_eq!(of_link(2).picture, 2_010);
}

#[test]
fn a_camera_without_key_frames_is_shown_again_all_the_same() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        let film = Film {
            first: 1 + 1_000 * link.number() as u32,
            every: u32::MAX,
            ..Film::USUAL
        };
        match link.number() {
            0 => film.show(link, 10),
            _ => film.show(link, ENDLESS),
        }
    });
    let gateway = Config::new()
        .camera("front", &[("url", &camera.url())])
        .start();
    let mut viewer = watch(&gateway, Opening::default());
    while read(&mut viewer, 1)[0].picture < 1_000 {}
}

#[test]
fn who_is_slow_goes_on_with_what_stands_before_a_key_frame() {
    let film = Film {
        size: 4_000,
        pause: Duration::from_millis(1),
        ..Film::USUAL
    };
    let camera = FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        film.show(link, ENDLESS)
    });
    let gateway = Config::new()
        .limit("backlog", "128k")
        .camera("front", &[("url", &camera.url())])
        .start();
    let mut slow = watch(&gateway, Opening::NARROW);
    let skipped = "camgate_camera_skipped_frames_total{camera=\"front\"}";
    gateway.await_metrics("frames left out", |now| now.value(skipped) > 100.0);
    let mut got = read(&mut slow, 1);
    while holes(&got) == 0 {
        got.extend(read(&mut slow, 1));
    }
    got.extend(read(&mut slow, 60));
    holes(&got);
}

/// What a viewer gets who was too slow for a camera that sends no key frame from
/// picture `first` on: he goes on all the same, with the first piece of a picture.
fn goes_on_without_key_frames(first: u32) {
    let film = Film {
        first,
        every: u32::MAX,
        size: 4_000,
        pause: Duration::from_millis(2),
    };
    let camera = FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        film.show(link, ENDLESS)
    });
    let gateway = Config::new()
        .limit("backlog", "128k")
        .camera("front", &[("url", &camera.url()), ("gop_cache", "0")])
        .start();
    let mut slow = watch(&gateway, Opening::NARROW);
    let skipped = "camgate_camera_skipped_frames_total{camera=\"front\"}";
    gateway.await_metrics("frames left out", |now| now.value(skipped) > 100.0);
    // All that was on the way is read soon; then nothing comes for a while.
    let mut got = read(&mut slow, 1);
    let anew = |pair: &[Piece]| pair[0].index() + 1 != pair[1].index();
    slow.data
        .stream()
        .set_read_timeout(Some(common::BOUND * 3))
        .unwrap();
    while !got.windows(2).any(anew) {
        got.extend(read(&mut slow, 1));
    }
    let next = got[got.len() - 1];
    assert_eq!(next.piece, 0, "{next:?}");
    // Who comes now sees what is live at once.
    let mut late = watch(&gateway, Opening::default());
    assert!(read(&mut late, 20)[0].picture >= next.picture);
}

#[test]
fn who_is_slow_goes_on_where_there_are_no_key_frames() {
    goes_on_without_key_frames(1);
}

#[test]
fn who_is_slow_goes_on_where_the_next_key_frame_is_far() {
    goes_on_without_key_frames(0);
}
