//! SIGHUP for those who watch: what the configuration has as before goes on.
//!
//! Invariant: a link and its viewers end only when the stream's own address or
//! transport is another.

mod common;

use std::time::Duration;

use common::fake_camera::FakeCamera;
use common::gateway::{Config, Gateway};
use common::http;
use common::pictures::{Packet, Pictures, packets};
use common::socket::Opening;
use common::viewer::Viewer;

fn filming() -> FakeCamera {
    FakeCamera::filming(Pictures::ONE_KEY, Duration::from_millis(5))
}

/// Who is not read for a while must not be moved to a key frame: there is one only.
fn config() -> Config {
    Config::new().limit("pool", "16M").limit("backlog", "4M")
}

fn watch(gateway: &Gateway, name: &str) -> Viewer {
    let mut viewer = Viewer::join_shared(gateway, name, false, Opening::default());
    viewer.play();
    viewer
}

fn read(viewer: &mut Viewer, count: usize) -> Vec<Packet> {
    let messages = (0..count).flat_map(|_| packets(&viewer.data.binary()));
    messages.collect()
}

#[test]
fn only_what_changed_ends_and_the_rest_is_taken_over() {
    let [main, sub, other, yard] = [filming(), filming(), filming(), filming()];
    let mut gateway = config()
        .camera("front", &[("url", &main.url()), ("sub", &sub.url())])
        .camera("yard", &[("url", &yard.url())])
        .start();
    let mut viewers = ["front", "front/sub", "yard"].map(|name| watch(&gateway, name));
    for viewer in &mut viewers {
        read(viewer, 50);
    }
    let changed = config()
        .camera(
            "front",
            &[
                ("url", &main.url()),
                ("sub", &other.url()),
                ("description", "Front door"),
                ("gop_cache", "0"),
            ],
        )
        .camera("yard", &[("url", &yard.url()), ("transport", "tcp")]);
    gateway.reload(&changed);
    gateway.await_log(&["configuration read again"]);
    let [mut front, mut small, mut moved] = viewers;
    assert_eq!(small.control.await_close(), 1011);
    assert_eq!(moved.control.await_close(), 1011);
    sub.await_end(0);
    yard.await_end(0);
    let seen = read(&mut front, 500);
    let place = |packet: &Packet| packet.picture * 4 + u32::from(packet.packet);
    assert!(
        seen.windows(2)
            .all(|two| place(&two[0]) + 1 == place(&two[1])),
        "nothing is lost"
    );
    let list = http::get(gateway.address(), "/api/cameras").text();
    assert!(
        list.contains("\"name\":\"front\",\"description\":\"Front door\""),
        "{list}"
    );
    let late = read(&mut watch(&gateway, "front"), 1);
    assert!(late[0].picture > 0, "there is no cache any more: {late:?}");
    read(&mut watch(&gateway, "front/sub"), 10);
    read(&mut watch(&gateway, "yard"), 10);
    let links = [&main, &sub, &other, &yard].map(FakeCamera::links);
    assert_eq!(links, [1, 1, 1, 2]);
}

/// The mend may be in the file or in the camera: the operator says when.
#[test]
fn a_refused_password_is_tried_again_after_sighup_and_not_before() {
    let camera = FakeCamera::start(|link| {
        let realm = [("WWW-Authenticate", "Digest realm=\"x\", nonce=\"y\"")];
        loop {
            let request = link.receive()?;
            link.reply(&request, "401 Unauthorized", &realm, b"")?;
        }
    });
    let url = camera.url().replace("rtsp://", "rtsp://admin:hunter2@");
    let config = || Config::new().camera("front", &[("url", &url)]);
    let mut gateway = config().start();
    for links in [1, 2] {
        for _ in 0..3 {
            let mut viewer = Viewer::join_shared(&gateway, "front", false, Opening::default());
            let answer = viewer.ask("DESCRIBE");
            assert!(answer.first_line.contains("password"), "{answer:?}");
            assert_eq!(camera.links(), links);
        }
        let from = gateway.log_length();
        gateway.reload(&config());
        gateway.await_log_after(from, &["configuration read again"]);
    }
}

#[test]
fn the_list_follows_the_configuration_and_others_stay_undisturbed() {
    let cameras = [filming(), filming()];
    let [front, yard] = cameras.each_ref().map(FakeCamera::url);
    let mut gateway = config()
        .camera("yard", &[("url", &yard)])
        .camera("front", &[("url", &front), ("sub", &yard)])
        .start();
    let mut viewer = watch(&gateway, "front");
    read(&mut viewer, 10);
    let list = http::get(gateway.address(), "/api/cameras").text();
    let names: Vec<&str> = list.split("{\"name\":\"").skip(1).collect();
    assert!(
        names.len() == 2 && names[0].starts_with("yard\"") && names[1].starts_with("front\""),
        "as in the file, smaller streams within their cameras: {list}"
    );
    assert!(
        names[1].contains(",\"sub\":{\"url\":\"rtsp://camgate/front/sub\",\"state\":\"idle\",")
            && !names[0].contains("sub"),
        "{list}"
    );
    let changed = config()
        .camera("front", &[("url", &front), ("sub", &yard)])
        .camera(
            "cellar",
            &[("url", &yard), ("description", "Der \\Keller\"")],
        );
    gateway.reload(&changed);
    gateway.await_log(&["configuration read again"]);
    let list = http::get(gateway.address(), "/api/cameras").text();
    assert!(
        list.contains("Der \\\\Keller\\\"") && !list.contains("yard"),
        "{list}"
    );
    read(&mut viewer, 200);
    watch(&gateway, "cellar");
    assert_eq!(cameras[0].links(), 1);
    gateway.reload(&config());
    assert_eq!(viewer.control.await_close(), 1011);
}
