use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

use mio::{Poll, Token, Waker};

use super::*;
use crate::access::{Policy, Targets};
use crate::camera::Camera;
use crate::config;
use crate::net::io::listener::Listeners;
use crate::net::media::pool::Pool;
use crate::net::source::DirectRequest;

/// Sources with the camera `front`, whose name is resolved only by the test, and a
/// listener to connect to.
struct Scene {
    io: Io,
    sources: Sources,
    cameras: Vec<config::Camera>,
    camera: Key,
    place: TcpListener,
}

fn policy(targets: &str) -> Rc<Policy> {
    Rc::new(Policy {
        targets: Targets::parse(targets).unwrap(),
        origins: Vec::new(),
        hosts: Vec::new(),
        host_name: String::new(),
        own_ports: Vec::new(),
    })
}

impl Scene {
    fn new() -> Scene {
        Scene::with("front.test", "none")
    }

    fn with(host: &str, targets: &str) -> Scene {
        let text = format!("[camera front]\nurl = rtsp://u:p@{host}/s\n");
        let config = config::parse("test", text.as_bytes()).unwrap();
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let never = |_: &str| {
            std::thread::park();
            Err(io::ErrorKind::NotFound.into())
        };
        let listeners = Listeners::bind(&[], &[], poll.registry()).unwrap();
        let limits = config.limits.clone();
        let pool = Pool::new(limits.pool, limits.buffer, limits.viewers);
        let mut io = Io::new(poll, listeners, limits);
        let resolver = Resolver::with(waker, Arc::new(never));
        let mut sources = Sources::new(pool, resolver, policy(targets));
        sources.set_cameras(&mut io, &config.cameras);
        let camera = sources.find("front").unwrap();
        Scene {
            io,
            sources,
            cameras: config.cameras,
            camera,
            place: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    /// Resolves the name for this attempt.
    fn found(&mut self, source: Key, number: u64) {
        let answer = Resolution {
            attempt: Attempt { source, number },
            host: "front.test".to_owned(),
            port: 554,
            addresses: Ok(vec![self.place.local_addr().unwrap()]),
        };
        self.sources.handle_resolution(&mut self.io, answer);
        self.sources.drain_cameras(&mut self.io);
    }

    /// A viewer names a camera.
    fn open_direct(&mut self) -> Key {
        let request = DirectRequest {
            viewer: Key::test(7),
            id: 1,
            client: "10.0.0.1".parse().ok(),
            host: "cam.test".to_owned(),
            port: 554,
            connect_by: self.io.now + self.io.limits.handshake,
        };
        self.sources.open_direct(&mut self.io, request).unwrap()
    }

    fn links(&self) -> usize {
        let roles = self.io.iter();
        roles
            .filter(|(_, it)| matches!(it.role, Role::Camera { .. }))
            .count()
    }

    fn act(&mut self, act: impl FnOnce(&mut Camera, Instant)) {
        self.sources.with_camera(self.camera, self.io.now, act);
        self.sources.drain_cameras(&mut self.io);
    }

    fn leave(&mut self) {
        self.act(Camera::unwatch);
        self.act(Camera::leave);
    }

    fn reason(&self) -> String {
        let shared = self.sources.shared(self.camera).unwrap();
        shared.camera.unavailable().unwrap().reason.clone()
    }
}

#[test]
fn a_late_answer_revives_no_camera_and_gives_none_two_links() {
    let mut scene = Scene::new();
    let source = scene.camera;
    scene.act(Camera::watch);
    scene.leave();
    scene.found(source, 1);
    assert_eq!(scene.links(), 0, "nobody wants it");
    scene.act(Camera::watch);
    scene.found(source, 1);
    assert_eq!(scene.links(), 0, "that was another attempt");
    scene.found(source, 2);
    assert_eq!(scene.links(), 1);
    scene.found(source, 2);
    scene.found(source, 1);
    assert_eq!(scene.links(), 1, "it has one");
    let candidates = Candidates {
        display_name: "front.test:554".to_owned(),
        addresses: vec![scene.place.local_addr().unwrap()],
    };
    scene
        .sources
        .try_next(&mut scene.io, source, candidates, None);
    assert_eq!(scene.links(), 1, "the source refuses a second one");
    scene.leave();
    assert_eq!(scene.links(), 0);
}

#[test]
fn a_camera_that_the_configuration_has_no_more_gets_no_link() {
    let mut scene = Scene::new();
    let source = scene.camera;
    scene.act(Camera::watch);
    scene.cameras.clear();
    scene.sources.set_cameras(&mut scene.io, &scene.cameras);
    assert_eq!(scene.sources.resolver.due(), None, "nobody asks any more");
    let event = scene.sources.next_event();
    assert!(matches!(event, Some(Event::CameraRemoved { camera }) if camera == source));
    scene.found(source, 1);
    assert_eq!(scene.links(), 0);
}

#[test]
fn cameras_keep_the_order_of_the_table_among_direct_sources() {
    let mut scene = Scene::new();
    let (first, direct) = (scene.camera, scene.open_direct());
    let mut back = scene.cameras[0].clone();
    back.name = "back".to_owned();
    scene.cameras.push(back);
    scene.sources.set_cameras(&mut scene.io, &scene.cameras);
    let keys = scene.sources.camera_keys();
    assert!(keys.len() == 2 && keys[0] == first && !keys.contains(&direct));
    scene.cameras.remove(0);
    scene.sources.set_cameras(&mut scene.io, &scene.cameras);
    assert_eq!(scene.sources.camera_keys(), keys[1..]);
    scene.sources.remove_direct(&mut scene.io, direct);
    let mut side = scene.cameras[0].clone();
    side.name = "side".to_owned();
    scene.cameras.push(side);
    scene.sources.set_cameras(&mut scene.io, &scene.cameras);
    let table = scene.sources.all.iter().map(|(key, _)| key);
    assert_eq!(scene.sources.camera_keys(), table.collect::<Vec<_>>());
}

#[test]
fn a_name_that_nobody_answers_for_fails_by_the_deadline() {
    let mut scene = Scene::new();
    scene.act(Camera::watch);
    let due = scene.sources.resolver.due().unwrap();
    assert_eq!(due, scene.io.now + scene.io.limits.handshake);
    scene.io.now = due;
    scene.sources.handle_timeouts(&mut scene.io);
    let message = scene.reason();
    assert!(message.contains("name server"), "{message}");
    assert!(
        !message.contains("front.test"),
        "it is no secret of viewers: {message}"
    );
}

#[test]
fn who_went_away_gets_no_link() {
    let mut scene = Scene::new();
    let source = scene.open_direct();
    assert!(scene.sources.resolver.due().is_some());
    scene.sources.close_direct(&mut scene.io, source, None);
    scene.sources.remove_direct(&mut scene.io, source);
    assert_eq!(scene.sources.resolver.due(), None);
    assert_eq!(scene.sources.len(), 1, "the configured one");
    scene.found(source, 0);
    assert_eq!(scene.links(), 0);
}

#[test]
fn redirects_lead_to_the_same_host_or_to_where_viewers_may_go() {
    for (home, targets, to, followed) in [
        ("127.0.0.1", "none", "127.0.0.1:9", true),
        ("127.0.0.1", "none", "127.0.0.2:9", false),
        ("127.0.0.1", "127.0.0.2:9", "127.0.0.2:9", true),
        ("127.0.0.1", "127.0.0.2:9", "127.0.0.2:10", false),
        ("localhost", "none", "127.0.0.1:9", true),
        ("localhost", "none", "127.0.0.3:9", false),
    ] {
        let mut scene = Scene::with(home, targets);
        scene.act(Camera::watch);
        let ip = "127.0.0.1".parse().ok();
        scene.sources.camera_connected(&scene.io, scene.camera, ip);
        scene.sources.drain_cameras(&mut scene.io);
        let answer = format!("RTSP/1.0 302 Moved\r\nLocation: rtsp://{to}/s\r\n\r\n");
        scene.act(|camera, now| {
            camera.connected(now);
            camera.handle_message(answer.as_bytes(), now);
        });
        let links = usize::from(followed);
        assert_eq!(scene.links(), links, "{home} {targets} {to}");
        if !followed {
            let message = scene.reason();
            assert!(
                message.contains("targets") && !message.contains("127.0.0"),
                "{message}"
            );
        }
    }
}

#[test]
fn words_for_viewers_of_a_camera_have_no_address() {
    let mut scene = Scene::with("127.0.0.1", "none");
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    let address = scene.place.local_addr().unwrap();
    scene.act(Camera::watch);
    let candidates = Candidates {
        display_name: address.to_string(),
        addresses: Vec::new(),
    };
    let failed = Some((address, refused));
    scene
        .sources
        .try_next(&mut scene.io, scene.camera, candidates, failed);
    scene.sources.drain_cameras(&mut scene.io);
    let message = scene.reason();
    assert!(
        message.contains("refuses connections") && !message.contains("127."),
        "{message}"
    );
}
