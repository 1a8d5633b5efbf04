//! WSP scenarios over streams in memory: no sockets, no process, and a clock that the
//! test moves.

mod order;
mod world;

use std::time::Duration;

use world::{Camera, Client, World, frame, header};

const CAMERA: &str = "10.0.0.9:554";

fn init(world: &mut World, control: &mut Client) -> String {
    control.say("WSP/1.1 INIT\r\nproto: rtsp\r\nhost: 10.0.0.9\r\nport: 554\r\nseq: 1\r\n\r\n");
    world.run();
    control.text()
}

/// A viewer that has joined, and its camera.
fn join(world: &mut World, batch: bool) -> (Client, Client, Camera) {
    world.put_camera(CAMERA);
    let mut control = world.websocket("control");
    let reply = init(world, &mut control);
    let channel = header(&reply, "channel").expect(&reply).to_owned();
    let mut data = world.websocket("data");
    let batch = if batch { "batch: 1\r\n" } else { "" };
    data.say(&format!(
        "WSP/1.1 JOIN\r\nchannel: {channel}\r\n{batch}seq: 1\r\n\r\n"
    ));
    world.run();
    assert!(data.text().starts_with("WSP/1.1 200 "));
    let camera = world.camera(CAMERA);
    (control, data, camera)
}

#[test]
fn get_info_and_init_back_to_back_are_both_answered() {
    let mut world = World::new("");
    world.put_camera(CAMERA);
    let mut control = world.websocket("control");
    control.say("WSP/1.1 GET_INFO\r\nseq: 1\r\n\r\n");
    let init = init(&mut world, &mut control);
    assert_eq!(header(&init, "command"), Some("GET_INFO"));
    let init = control.text();
    assert!(init.starts_with("WSP/1.1 200 "), "{init}");
    assert!(header(&init, "channel").is_some_and(|it| it.len() >= 16));
}

#[test]
fn a_request_goes_to_the_camera_and_its_answer_comes_back_under_the_seq() {
    let mut world = World::new("");
    let (mut control, _data, mut camera) = join(&mut world, false);
    let request = "OPTIONS rtsp://10.0.0.9/ RTSP/1.0\r\nCSeq: 5\r\n\r\n";
    control.say(&format!("WSP/1.1 WRAP\r\nseq: 900\r\n\r\n{request}"));
    world.run();
    assert!(camera.received().starts_with("OPTIONS "));
    camera.send(b"RTSP/1.0 200 OK\r\nCSeq: 5\r\nPublic: PLAY\r\n\r\n");
    world.run();
    let reply = control.text();
    assert_eq!(header(&reply, "seq"), Some("900"));
    assert!(reply.contains("Public: PLAY"), "{reply}");
}

#[test]
fn each_message_is_one_frame_unless_batches_were_asked_for() {
    for (batch, messages) in [(false, 3), (true, 1)] {
        let mut world = World::new("");
        let (_control, mut data, mut camera) = join(&mut world, batch);
        let frames = [frame(0, b"one"), frame(1, b"two"), frame(0, b"three")];
        camera.send(&frames.concat());
        world.run();
        let got: Vec<Vec<u8>> = std::iter::from_fn(|| data.message()).collect();
        assert_eq!((got.len(), got.concat()), (messages, frames.concat()));
    }
}

#[test]
fn a_slow_viewer_stops_the_reading_of_its_camera_and_loses_nothing() {
    let mut world = World::new("[limits]\nbacklog = 128k\n");
    let (_control, mut data, mut camera) = join(&mut world, true);
    let mut sent = Vec::new();
    while sent.len() < 1 << 20 {
        let next = frame(0, &vec![sent.len() as u8; 1000]);
        let taken = camera.offer(&next);
        if taken < next.len() {
            break;
        }
        sent.extend(next);
        world.run();
    }
    assert!(sent.len() < 512 * 1024, "{} bytes were taken", sent.len());
    let mut got = Vec::new();
    while got.len() < sent.len() {
        let before = got.len();
        while let Some(message) = data.message() {
            got.extend(message);
        }
        world.run();
        assert!(got.len() > before || data.has_some(), "it stands still");
    }
    assert!(got == sent, "not a byte is missing");
}

#[test]
fn wrap_before_init_and_join_of_no_channel_are_refused_and_end() {
    let mut world = World::new("");
    let mut control = world.websocket("control");
    control.say("WSP/1.1 WRAP\r\nseq: 1\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    world.run();
    assert!(control.text().starts_with("WSP/1.1 405 "));
    assert_eq!(control.close_code(), Some(1002));
    let mut data = world.websocket("data");
    data.say("WSP/1.1 JOIN\r\nchannel: nonsense\r\nseq: 1\r\n\r\n");
    world.run();
    assert!(data.text().starts_with("WSP/1.1 404 "));
    assert_eq!(data.close_code(), Some(1011));
}

#[test]
fn a_used_channel_cannot_be_joined_again() {
    let mut world = World::new("");
    let (mut control, _data, _camera) = join(&mut world, false);
    let mut second = world.websocket("control");
    let reply = init(&mut world, &mut second);
    let channel = header(&reply, "channel").unwrap().to_owned();
    let say = format!("WSP/1.1 JOIN\r\nchannel: {channel}\r\nseq: 1\r\n\r\n");
    let (mut first, mut again) = (world.websocket("data"), world.websocket("data"));
    first.say(&say);
    again.say(&say);
    world.run();
    let codes = [first.text(), again.text()].map(|it| it[8..11].to_owned());
    assert_eq!(codes, ["200", "409"]);
    control.say("WSP/1.1 GET_INFO\r\nseq: 2\r\n\r\n");
    world.run();
    assert!(control.text().starts_with("WSP/1.1 200 "), "it plays on");
}

#[test]
fn who_says_nothing_is_closed_at_the_deadline() {
    let mut world = World::new("");
    let mut control = world.websocket("control");
    let mut data = world.websocket("data");
    world.pass(Duration::from_secs(9));
    assert!(!control.has_some() && !data.has_some());
    world.pass(Duration::from_secs(2));
    assert_eq!(
        (control.close_code(), data.close_code()),
        (Some(1002), Some(1002))
    );
}

#[test]
fn a_camera_that_answers_nothing_is_said_to_be_silent() {
    let mut world = World::new("");
    let (mut control, mut data, _camera) = join(&mut world, false);
    control.say("WSP/1.1 WRAP\r\nseq: 2\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    world.run();
    // The setup of a camera may take up to three times as long.
    world.pass(Duration::from_secs(31));
    let reply = control.text();
    assert!(reply.starts_with("WSP/1.1 504 "), "{reply}");
    assert_eq!(
        (control.close_code(), data.close_code()),
        (Some(1011), Some(1011))
    );
}

#[test]
fn when_either_side_goes_the_other_is_told_and_nothing_is_left() {
    let mut world = World::new("");
    let (control, mut data, camera) = join(&mut world, false);
    drop(control);
    world.run();
    assert_eq!(data.close_code(), Some(1000));
    drop((data, camera));
    world.pass(Duration::from_secs(3));
    let (mut control, mut data, camera) = join(&mut world, false);
    drop(camera);
    // A viewer whose requests may be on their way is informed why they are not
    // answered.
    world.pass(Duration::from_secs(2));
    assert_eq!(
        (control.close_code(), data.close_code()),
        (Some(1011), Some(1011))
    );
    drop((control, data));
    world.pass(Duration::from_secs(3));
    assert_eq!(world.left(), (0, 0, 0), "connections, viewers, sources");
    assert_eq!(world.free_buffers(), world.all_buffers());
}

#[test]
fn a_shared_camera_has_one_link_for_all_who_watch() {
    let mut world = World::new("[camera front]\nurl = rtsp://10.0.0.9/s\n");
    world.put_camera(CAMERA);
    let mut viewers: Vec<Client> = (0..3).map(|_| world.websocket("rtsp.onvif.org")).collect();
    for viewer in &mut viewers {
        viewer.request("DESCRIBE rtsp://camgate/front RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    }
    world.run();
    let mut camera = world.camera(CAMERA);
    assert!(world.next_camera(CAMERA).is_none(), "no second link");
    // The camera has no such stream, whatever it is asked.
    while let request = camera.received()
        && !request.is_empty()
    {
        let number = header(&request, "CSeq").expect(&request);
        camera.send(format!("RTSP/1.0 404 Not Found\r\nCSeq: {number}\r\n\r\n").as_bytes());
        world.run();
    }
    for viewer in &mut viewers {
        let answer = String::from_utf8(viewer.message().unwrap()).unwrap();
        assert!(answer.starts_with("RTSP/1.0 4"), "{answer}");
    }
}

#[test]
fn a_camera_that_is_always_on_is_called_before_anybody_comes() {
    for (always, links) in [("on", 1), ("off", 0)] {
        let world = World::new(&format!(
            "[camera front]\nurl = rtsp://127.0.0.1:9/s\nalways = {always}\n"
        ));
        assert_eq!(world.left(), (links, 0, 1), "connections, viewers, sources");
    }
}

#[test]
fn what_is_told_about_the_gateway_names_connections_and_cameras() {
    let mut world = World::new("[camera front]\nurl = rtsp://u:secret@10.0.0.9/s\n");
    let _control = world.websocket("control");
    let metrics = world.get("/metrics");
    for line in [
        "camgate_connections{kind=\"control\"} 1",
        "camgate_connections{kind=\"http\"} 1",
        "camgate_viewers 1",
        "camgate_camera_live{camera=\"front\"} 0",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}: {metrics}");
    }
    let cameras = world.get("/api/cameras");
    assert!(
        cameras.contains("\"url\":\"rtsp://camgate/front\""),
        "{cameras}"
    );
    assert!(!cameras.contains("10.0.0.9") && !cameras.contains("secret"));
}
