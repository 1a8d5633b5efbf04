//! The sections `[camera NAME]`.

use super::*;

#[test]
fn a_camera_is_a_section_with_its_name() {
    let config = clean(
        "rtsp_listen = 8554\n[camera Front]\nurl = rtsp://user:se#cret@10.0.0.1/1\n\
         sub = rtsp://user:se#cret@10.0.0.1/2\ndescription = Front door\ntransport = UDP\n\
         always = on\ngop_cache = 4M\n[camera yard-2]\nurl = rtsp://[fe80::1]:8554\n",
    );
    assert_eq!(config.rtsp_listen, ["0.0.0.0:8554".parse().unwrap()]);
    let [front, yard] = &config.cameras[..] else {
        panic!("{:?}", config.cameras);
    };
    assert_eq!((front.name.as_str(), front.always), ("front", true));
    assert_eq!(
        (front.transport, front.gop_cache),
        (Transport::Udp, 4 << 20)
    );
    assert_eq!(front.url.reveal(), "rtsp://user:se#cret@10.0.0.1/1");
    assert_eq!((yard.transport, yard.gop_cache), (Transport::Auto, 1 << 20));
    assert_eq!((yard.always, &yard.sub), (false, &None));
    let described = config.describe();
    assert!(!described.contains("se#cret") && !format!("{config:?}").contains("se#cret"));
    assert!(
        described.contains("[camera front]\nurl = rtsp://10.0.0.1/1\n"),
        "{described}"
    );
    assert_eq!(clean(&described).cameras[1], *yard, "it reads what it says");
}

#[test]
fn a_camera_that_is_wrong_says_where_and_keeps_its_secret() {
    for (text, expected) in [
        (
            "[camera a b]\nurl = rtsp://h/",
            "camgate.ini:1: [camera a b]: a camera's name is",
        ),
        (
            "[camera]\nurl = rtsp://h/",
            "camgate.ini:1: [camera]: a camera's name is",
        ),
        (
            "[general]\n[camera ..]\nurl = rtsp://h/",
            "camgate.ini:2: [camera ..]: no address can name this camera: write [camera front]",
        ),
        (
            "\n[camera a]\nalways = on",
            "camgate.ini:2: [camera a] has no address: write url",
        ),
        (
            "[camera a]\nurl = http://u:hunter2@h/",
            "camgate.ini:2: url = …: the address does not",
        ),
        (
            "[camera a]\nsub = rtsps://u:hunter2@h/",
            "camgate.ini:2: sub = …: rtsps://",
        ),
        (
            "[camera a]\ntransport = x",
            "camgate.ini:2: transport = x: write tcp, udp or auto",
        ),
        (
            "[camera a]\nalways = maybe",
            "camgate.ini:2: always = maybe: write on or off",
        ),
        (
            "[camera a]\ngop_cache = 1T",
            "camgate.ini:2: gop_cache = 1T: write a size from 0",
        ),
    ] {
        let found = error(text);
        assert!(found.starts_with(expected), "{found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
    let config = read("[camera a]\nurl = rtsp://h/\nurl = rtsp://i/\nfps = 5");
    let expected = [
        "camgate.ini:3: url was set before: this line counts",
        "camgate.ini:4: fps: there is no such setting in [camera a]",
    ];
    assert_eq!(config.warnings, expected);
}

#[test]
fn each_stream_has_room_in_the_pool() {
    let cameras = |count: usize| {
        let camera = |number| format!("[camera c{number}]\nurl = rtsp://a/\nsub = rtsp://b/\n");
        (0..count).map(camera).collect::<String>()
    };
    assert_eq!(clean(&cameras(31)).streams(), 62);
    let said = error(&cameras(32));
    assert!(
        said.contains(":94: pool = 4M in buffers of 32k serves 62 streams of cameras, and there")
            && said.contains("are 64: write pool = 5M or more, or a smaller buffer"),
        "{said}"
    );
    let said = error(&format!("[limits]\npool = 1M\n{}", cameras(20)));
    assert!(said.contains(":2: pool = 1M"), "{said}");
    for (count, buffer, pool) in [(32, "32k", "1M"), (200, "64k", "8M"), (200, "1M", "16M")] {
        let file = |pool: &str| {
            let cameras = cameras(count);
            format!("[limits]\nbuffer = {buffer}\npool = {pool}\n{cameras}")
        };
        let said = error(&file(pool));
        let (_, enough) = said.rsplit_once("write pool = ").unwrap();
        clean(&file(enough.split_once(" or more").unwrap().0));
    }
}
