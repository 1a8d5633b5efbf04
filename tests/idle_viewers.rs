//! Idle viewers: who takes nothing and says nothing does not stay for ever, whatever
//! kind of viewer it is; and nobody is sent away who does either.
//!
//! Invariant: a place that is held without a use is free after `idle`.

mod common;

use std::time::{Duration, Instant};

use common::doors::{DOORS, Door, Guest, House};
use common::fake_camera::FakeCamera;
use common::gateway::Config;
use common::pictures::Pictures;
use common::socket::Opening;

const IDLE: Duration = Duration::from_secs(5);

/// The pace of signs of life, at which the tests look.
const PACE: Duration = Duration::from_millis(50);

fn house(camera: FakeCamera) -> House {
    House::new(Config::new().limit("idle", "5s"), camera)
}

fn filming() -> FakeCamera {
    FakeCamera::filming(Pictures::USUAL, Duration::from_millis(10))
}

fn enter(house: &House, door: Door, opening: Opening<'_>) -> Guest {
    let guest = house.enter(door, opening);
    guest.unwrap_or_else(|refusal| panic!("{door:?}: {refusal:?}"))
}

/// Those of WSP send signs of life, the others nothing: only the camera's turn can
/// find out that these do not take what they are sent.
#[test]
fn who_stops_reading_goes_whatever_door_it_came_by() {
    let house = house(filming());
    let mut guests = DOORS.map(|door| {
        let mut guest = enter(&house, door, Opening::NARROW);
        guest.play();
        guest
    });
    let started = Instant::now();
    loop {
        for guest in &mut guests[..2] {
            let _ = guest.live();
        }
        let left = house.gateway.metrics().viewers();
        if left == 0.0 {
            break;
        }
        let log = house.gateway.log();
        assert!(started.elapsed() < 4 * IDLE, "{left} are kept:\n{log}");
        std::thread::sleep(PACE);
    }
    assert!(started.elapsed() > IDLE, "too soon");
}

/// Those who speak RTSP promise to say something now and then (RFC 2326 section
/// 12.37), until media flow.
#[test]
fn a_client_that_falls_silent_before_play_goes_and_the_others_stay() {
    let house = house(filming());
    let doors = [Door::Onvif, Door::Binary, Door::Plain];
    let transport = [("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")];
    let guests = |asks: &dyn Fn(&mut Guest)| {
        doors.map(|door| {
            let mut guest = enter(&house, door, Opening::default());
            asks(&mut guest);
            guest
                .stream()
                .set_read_timeout(Some(Duration::from_millis(1)))
                .unwrap();
            guest
        })
    };
    let mut described = guests(&|_| {});
    let mut set_up = guests(&|it| assert_eq!(it.ask("SETUP", "front/track0", &transport), 200));
    let mut asking = guests(&|_| {});
    let mut playing = guests(&Guest::play);
    let started = Instant::now();
    let mut silent: Vec<&mut Guest> = described.iter_mut().chain(&mut set_up).collect();
    while !silent.is_empty() || started.elapsed() < 2 * IDLE {
        silent.retain_mut(|guest| !guest.is_gone());
        for guest in &mut asking {
            assert!(guest.live() && !guest.is_gone(), "who asks is kept");
        }
        for guest in &mut playing {
            assert!(!guest.is_gone(), "who takes media is kept");
        }
        let log = house.gateway.log();
        assert!(
            started.elapsed() < 5 * IDLE,
            "{} are kept:\n{log}",
            silent.len()
        );
        std::thread::sleep(PACE);
    }
    assert_eq!(house.gateway.metrics().viewers(), 6.0);
}
