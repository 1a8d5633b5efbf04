//! The limits of clients, through every door there is.
//!
//! Invariant: a limit counts every kind of viewer, names itself to who is refused,
//! and is free again when they are gone; nothing but clients counts.

mod common;

use std::time::Duration;

use common::doors::{DOORS, Door, Guest, House};
use common::fake_camera::FakeCamera;
use common::gateway::Config;
use common::http;
use common::pictures::Pictures;
use common::socket::Opening;

fn filming() -> FakeCamera {
    FakeCamera::filming(Pictures::USUAL, Duration::from_millis(20))
}

fn from(last: u8) -> Opening<'static> {
    Opening {
        from: Some([127, 0, 0, last].into()),
        ..Opening::default()
    }
}

fn enter(house: &House, door: Door, opening: Opening<'_>) -> Guest {
    house
        .enter(door, opening)
        .unwrap_or_else(|refusal| panic!("{door:?}: {refusal:?}\n{}", house.gateway.log()))
}

/// Refused in the protocol of the door, with the setting to change.
fn refused(house: &House, door: Door, opening: Opening<'_>, setting: &str) {
    match house.enter(door, opening) {
        Ok(_) => panic!("{door:?}: let in beyond {setting}"),
        Err((status, reason)) => {
            assert_eq!(status, 503, "{door:?}: {reason}");
            assert!(reason.contains(setting), "{door:?}: {reason}");
        }
    }
}

/// Media comes.
fn watches(guest: &Guest, door: Door) {
    let media = std::io::Read::read(&mut guest.stream(), &mut [0]);
    assert!(matches!(media, Ok(1)), "{door:?}: {media:?}");
}

#[test]
fn the_viewers_of_all_doors_are_counted_together() {
    let house = House::new(Config::new().limit("viewers", "5"), filming());
    let before = house.gateway.metrics().viewers();
    let mut guests: Vec<Guest> = Vec::new();
    for (number, door) in (2..).zip(DOORS) {
        guests.push(enter(&house, door, from(number)));
    }
    for (guest, door) in guests.iter_mut().zip(DOORS) {
        guest.play();
        watches(guest, door);
    }
    for door in DOORS {
        refused(&house, door, from(9), "\"viewers\"");
    }
    drop(guests);
    let gateway = &house.gateway;
    gateway.await_metrics("the places", |now| now.viewers() == before);
    for door in DOORS {
        enter(&house, door, from(9));
    }
}

/// Whoever comes takes the place of one that plays nothing, as long as that is of an
/// address that has more than his own.
#[test]
fn viewers_that_play_nothing_lock_nobody_out() {
    for idle in DOORS {
        for addresses in [2, 6] {
            let house = House::new(Config::new().limit("viewers", "6"), filming());
            let there = (0..6).map(|number| enter(&house, idle, from(2 + number % addresses)));
            let _there: Vec<Guest> = there.collect();
            refused(&house, Door::Plain, from(2), "\"viewers\"");
            let mut guests: Vec<Guest> = Vec::new();
            for (number, door) in (10..).zip(DOORS) {
                let mut guest = enter(&house, door, from(number));
                guest.play();
                watches(&guest, door);
                guests.push(guest);
            }
            let mut last = enter(&house, idle, from(20));
            last.play();
            watches(&last, idle);
            refused(&house, Door::Plain, from(21), "\"viewers\"");
            for guest in &guests {
                watches(guest, idle);
            }
        }
    }
}

/// To take nothing of what plays is to play nothing; and whoever has to go is gone,
/// also where the message under way is taken byte by byte.
#[test]
fn viewers_that_take_nothing_lock_nobody_out() {
    for stuck in DOORS {
        let config = Config::new().limit("viewers", "3").limit("handshake", "1s");
        // Sends more than any queue takes.
        let pouring = FakeCamera::filming(Pictures::USUAL, Duration::from_millis(1));
        let house = House::new(config.limit("idle", "300s"), pouring);
        let narrow = Opening {
            from: from(2).from,
            ..Opening::NARROW
        };
        let mut there: Vec<Guest> = (0..3).map(|_| enter(&house, stuck, narrow)).collect();
        there.iter_mut().for_each(Guest::play);
        for number in 10..13 {
            let mut guest =
                common::await_some("a place", || house.enter(Door::Plain, from(number)).ok());
            guest.play();
            let now = house.gateway.metrics();
            assert_eq!(now.viewers(), 3.0, "{stuck:?}");
            let kinds = ["data", "rtsp"].map(|kind| now.connections(kind));
            assert!(kinds.iter().sum::<f64>() <= 4.0, "{stuck:?}: {kinds:?}");
        }
    }
}

/// One picture of a camera of their own is not for long what they watch.
#[test]
fn viewers_that_had_one_picture_lock_nobody_out() {
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.send(&Pictures::USUAL.picture(0))?;
        link.serve()
    });
    let config = Config::new().limit("viewers", "2").limit("handshake", "1s");
    let house = House::new(config, camera);
    let mut there = [(); 2].map(|()| enter(&house, Door::Direct, from(2)));
    for guest in &mut there {
        guest.play();
        watches(guest, Door::Direct);
    }
    common::await_some("a place", || house.enter(Door::Plain, from(3)).ok());
}

#[test]
fn viewers_that_play_keep_their_places() {
    for door in DOORS {
        let house = House::new(Config::new().limit("viewers", "4"), filming());
        let mut playing: Vec<Guest> = (0..4).map(|_| enter(&house, door, from(2))).collect();
        for guest in &mut playing {
            guest.play();
            watches(guest, door);
        }
        for other in DOORS {
            refused(&house, other, from(3), "\"viewers\"");
        }
    }
}

#[test]
fn one_address_has_its_share_of_viewers_by_any_door() {
    for first in DOORS {
        let house = House::new(Config::new().limit("per_address", "2"), filming());
        let _guests = [(); 2].map(|()| enter(&house, first, from(2)));
        for door in DOORS {
            refused(&house, door, from(2), "\"per_address\"");
            enter(&house, door, from(3));
        }
    }
}

#[test]
fn who_was_refused_may_ask_again_on_the_same_connection() {
    let house = House::new(Config::new().limit("viewers", "1"), filming());
    let mut first = enter(&house, Door::Plain, from(2));
    first.play();
    let mut stream = house.knock(Door::Plain, from(3));
    let mut describe = || common::carried::ask(&mut stream, "DESCRIBE", "front", &[]).status();
    assert_eq!(describe(), 503);
    drop(first);
    let gateway = &house.gateway;
    gateway.await_metrics("the place", |now| now.connections("rtsp") == 1.0);
    assert_eq!(describe(), 200);
}

#[test]
fn connections_that_say_nothing_make_room_by_any_door() {
    let config = Config::new()
        .limit("handshakes", "6")
        .limit("handshake", "300s");
    let house = House::new(config, filming());
    for networks in [1, 2, 3, 6] {
        for door in [Door::Direct, Door::Plain] {
            let mut silent: Vec<_> = (0..18)
                .map(|number| house.knock(door, from(10 + number % networks)))
                .collect();
            for displaced in &mut silent[..12] {
                let end = std::io::Read::read(displaced, &mut [0]);
                assert!(matches!(end, Ok(0)), "{door:?}: {end:?}");
            }
            for (number, door) in (2..).zip(DOORS) {
                enter(&house, door, from(number));
            }
        }
    }
    house.gateway.await_log(&["make room", "\"handshakes\""]);
}

/// Also where the system has no descriptors left for whoever comes.
#[test]
fn connections_that_say_nothing_make_room_where_descriptors_are_short() {
    let config = Config::new().descriptors(48).limit("handshake", "300s");
    let house = House::new(config, filming());
    for door in [Door::Direct, Door::Plain] {
        let _silent: Vec<_> = (0..200)
            .map(|number| house.knock(door, from(10 + number % 3)))
            .collect();
        for (number, door) in (2..).zip(DOORS) {
            let mut guest = enter(&house, door, from(number));
            guest.play();
            watches(&guest, door);
        }
    }
}

/// A client of any kind that is on its way in stays, whoever floods the doors meanwhile.
#[test]
fn who_is_coming_in_by_any_door_is_not_pushed_out() {
    let config = Config::new()
        .limit("handshakes", "6")
        .limit("handshake", "300s");
    let house = House::new(config, filming());
    for flooded in [Door::Direct, Door::Plain] {
        let honest = house.knock(Door::Plain, from(2));
        let _flood: Vec<_> = (0..40)
            .map(|number| house.knock(flooded, from(10 + number % 2)))
            .collect();
        let mut honest = Guest::Plain(honest);
        assert_eq!(honest.ask("DESCRIBE", "front", &[]), 200, "{flooded:?}");
    }
}

/// Links that the gateway makes are no clients: many cameras made it full for ever.
#[test]
fn links_to_cameras_take_nobodys_place() {
    let camera = filming();
    let settings = [("url", &*camera.url()), ("always", "on")];
    let config = (0..30).fold(Config::new(), |config, number| {
        config.camera(&format!("c{number}"), &settings)
    });
    let config = config.limit("viewers", "1").limit("handshakes", "4");
    let house = House::new(config, filming());
    let address = house.gateway.address();
    house
        .gateway
        .await_metrics("all links", |now| now.connections("camera") == 30.0);
    assert_eq!(http::get(address, "/healthz").status, 200);
    for door in DOORS {
        let mut guest = enter(&house, door, from(2));
        guest.play();
        watches(&guest, door);
        refused(&house, Door::Plain, from(3), "\"viewers\"");
        drop(guest);
        house
            .gateway
            .await_metrics("the place", |now| now.viewers() == 0.0);
    }
}
