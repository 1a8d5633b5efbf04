use std::net::TcpListener;
use std::sync::Arc;

use mio::{Poll, Token, Waker};

use super::*;
use crate::camera::Camera;
use crate::config;
use crate::net::viewer::Viewer;
use crate::viewer::Session;

/// A gateway with the camera `front` at a name that is never found, and a
/// listener to connect to.
struct Scene {
    server: Server,
    _poll: Poll,
    camera: Key,
    place: TcpListener,
}

impl Scene {
    fn new() -> Scene {
        Scene::with("front.test")
    }

    fn with(host: &str) -> Scene {
        let text = format!(
            "listen = 127.0.0.1:0\ntargets = none\n[camera front]\nurl = rtsp://u:p@{host}/s\n"
        );
        let config = config::parse("test", text.as_bytes()).unwrap();
        let mut server = Server::bind(config, None).unwrap();
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let never = |_: &str| {
            std::thread::park();
            Err(io::ErrorKind::NotFound.into())
        };
        server.resolver = Resolver::with(waker, Arc::new(never));
        let camera = server.sources.iter_shared().next().unwrap().0;
        Scene {
            server,
            _poll: poll,
            camera,
            place: TcpListener::bind("127.0.0.1:0").unwrap(),
        }
    }

    /// The name is found, for this attempt.
    fn found(&mut self, source: Key, number: u64) {
        self.server.resolved(Answer {
            attempt: Attempt { source, number },
            host: "front.test".to_owned(),
            port: 554,
            addresses: Ok(vec![self.place.local_addr().unwrap()]),
        });
    }

    fn links(&self) -> usize {
        let roles = self.server.connections.iter();
        roles
            .filter(|(_, it)| matches!(it.role, Role::Camera { .. }))
            .count()
    }

    fn watch(&mut self) {
        self.server.with_camera(self.camera, Camera::watch);
    }

    fn leave(&mut self) {
        self.server.with_camera(self.camera, Camera::unwatch);
        self.server.with_camera(self.camera, Camera::leave);
    }

    fn words(&self) -> String {
        let trouble = self.server.sources.shared(self.camera).unwrap();
        trouble.camera.trouble().unwrap().words.clone()
    }
}

#[test]
fn a_late_answer_revives_no_camera_and_gives_none_two_links() {
    let mut scene = Scene::new();
    let source = scene.camera;
    scene.watch();
    scene.leave();
    scene.found(source, 1);
    assert_eq!(scene.links(), 0, "nobody wants it");
    scene.watch();
    scene.found(source, 1);
    assert_eq!(scene.links(), 0, "that was another attempt");
    scene.found(source, 2);
    assert_eq!(scene.links(), 1);
    scene.found(source, 2);
    scene.found(source, 1);
    assert_eq!(scene.links(), 1, "it has one");
    let way = Way {
        place: "front.test:554".to_owned(),
        rest: vec![scene.place.local_addr().unwrap()],
    };
    scene.server.try_next(source, way, None);
    assert_eq!(scene.links(), 1, "the source refuses a second one");
    scene.leave();
    assert_eq!(scene.links(), 0);
}

#[test]
fn a_camera_that_the_configuration_has_no_more_gets_no_link() {
    let mut scene = Scene::new();
    let source = scene.camera;
    scene.watch();
    scene.server.config.cameras.clear();
    scene.server.set_cameras();
    assert_eq!(scene.server.resolver.due(), None, "nobody asks any more");
    scene.found(source, 1);
    assert_eq!(scene.links(), 0);
}

#[test]
fn a_name_that_nobody_answers_for_fails_by_the_deadline() {
    let mut scene = Scene::new();
    scene.watch();
    let due = scene.server.resolver.due().unwrap();
    assert_eq!(due, scene.server.now + scene.server.config.limits.handshake);
    scene.server.now = due;
    scene.server.serve_names();
    let words = scene.words();
    assert!(words.contains("name server"), "{words}");
    assert!(
        !words.contains("front.test"),
        "it is no secret of viewers: {words}"
    );
}

#[test]
fn who_went_away_gets_no_link() {
    let mut scene = Scene::new();
    let socket = std::net::TcpStream::connect(scene.place.local_addr().unwrap()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let (now, address) = (scene.server.now, socket.peer_addr().unwrap());
    let role = Role::Closing { shut: true };
    let socket = TcpStream::from_std(socket);
    let control = scene
        .server
        .add_connection(socket, address, 1, role, (None, None), now);
    let channel = Session::new(
        "id".to_owned(),
        "",
        "".into(),
        scene.server.config.limits.handshake,
    );
    let viewer = Viewer::new(channel, control.unwrap(), 1, now);
    let viewer = scene.server.viewers.insert_with(|_| Ok::<_, ()>(viewer));
    let viewer = viewer.unwrap().unwrap();
    let init = "WSP/1.1 INIT\r\nproto: rtsp\r\nhost: cam.test\r\nseq: 1\r\n\r\n";
    scene
        .server
        .viewers
        .get_mut(viewer)
        .unwrap()
        .channel
        .handle_text(init, now);
    scene.server.run_channel(viewer);
    assert!(scene.server.resolver.due().is_some());
    let source = scene.server.viewers.get(viewer).unwrap().source.unwrap();
    scene.server.end_viewer(viewer, 1000, "gone", false);
    assert_eq!(scene.server.resolver.due(), None);
    assert!(scene.server.sources.get(source).is_none());
    scene.found(source, 0);
    assert_eq!(scene.links(), 0);
}

/// It sends the gateway on to another place.
fn redirected(scene: &mut Scene, to: &str) {
    let answer = format!("RTSP/1.0 302 Moved\r\nLocation: {to}\r\n\r\n");
    scene.server.with_camera(scene.camera, |camera, now| {
        camera.connected(now);
        camera.handle_message(answer.as_bytes(), now);
    });
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
        let mut scene = Scene::with(home);
        scene.server.policy.targets = crate::access::Targets::parse(targets).unwrap();
        scene.watch();
        let ip = "127.0.0.1".parse().unwrap();
        scene.server.shared_connected(scene.camera, Some(ip));
        redirected(&mut scene, &format!("rtsp://{to}/s"));
        assert_eq!(
            scene.links(),
            usize::from(followed),
            "{home} {targets} {to}"
        );
        if !followed {
            let words = scene.words();
            assert!(
                words.contains("targets") && !words.contains("127.0.0"),
                "{words}"
            );
        }
    }
}

#[test]
fn words_for_viewers_of_a_camera_have_no_address() {
    let mut scene = Scene::with("127.0.0.1");
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    let address = scene.place.local_addr().unwrap();
    scene.watch();
    let way = Way {
        place: address.to_string(),
        rest: Vec::new(),
    };
    let source = scene.camera;
    scene.server.try_next(source, way, Some((address, refused)));
    let words = scene.words();
    assert!(
        words.contains("refuses connections") && !words.contains("127."),
        "{words}"
    );
}
