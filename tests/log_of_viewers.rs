//! Who watched what, in the log of the gateway, whatever they speak.
//!
//! Invariant: a viewer that plays is in the log once when it begins and once when it
//! stops, with its address, the camera, how long it took and how much.

mod common;

use std::time::Duration;

use common::carried::ask;
use common::doors::{DOORS, Door, House};
use common::fake_camera::FakeCamera;
use common::gateway::Config;
use common::pictures::Pictures;
use common::socket::Opening;

#[test]
fn each_viewer_is_logged_once_when_it_begins_and_once_when_it_stops() {
    for door in DOORS {
        let camera = FakeCamera::filming(Pictures::ONE_KEY, Duration::from_millis(5));
        let house = House::new(Config::new(), camera);
        let mut guest = house.enter(door, Opening::default()).unwrap();
        guest.play();
        let what = match door {
            Door::Direct => house.camera.url(),
            _ => "front".to_owned(),
        };
        let what = what.split("/stream").next().unwrap_or_default();
        let gateway = &house.gateway;
        gateway.await_log(&["127.0.0.1 watches ", what]);
        let bytes = "camgate_media_bytes_total";
        gateway.await_metrics("media", |now| now.value(bytes) > 2_000.0);
        drop(guest);
        let line = gateway.await_log(&["127.0.0.1 stopped watching ", what, " after "]);
        assert!(
            line.ends_with("kB") || line.ends_with("MB"),
            "{door:?}: {line}"
        );
        gateway.await_metrics("nobody is left", |now| now.viewers() == 0.0);
        let log = gateway.log();
        for words in [" watches ", " stopped watching "] {
            assert_eq!(log.matches(words).count(), 1, "{door:?}: {log}");
        }
    }
}

#[test]
fn who_cannot_watch_is_logged_with_the_camera_and_the_reason() {
    let house = House::new(Config::new(), FakeCamera::answering());
    let mut stream = house.knock(Door::Plain, Opening::default());
    assert_eq!(ask(&mut stream, "DESCRIBE", "cellar", &[]).status(), 404);
    let said = "127.0.0.1 cannot watch cellar: there is no camera";
    house.gateway.await_log(&[said]);
}
