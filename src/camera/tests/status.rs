//! What is told of a camera when it does not play.

use super::*;

#[test]
fn what_it_sent_last_is_still_told_when_nobody_watches() {
    let sdp = SDP.replace(
        "a=rtpmap:96 H264/90000\r\n",
        "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;\
         sprop-parameter-sets=Z0LAHtkAoD2Q,aMuDyw==\r\n",
    );
    let (mut camera, now) = camera(false);
    assert!(camera.status(now).codecs.is_empty());
    camera.watch(now);
    bring_up(&mut camera, &sdp, now);
    let live = camera.status(now);
    assert_eq!((live.state, live.codecs.len()), ("live", 2));
    assert!(live.size.is_some());
    camera.unwatch(now);
    camera.handle_timeout(now + LINGER);
    let idle = camera.status(now + LINGER);
    assert_eq!(idle.state, "idle");
    assert_eq!((idle.codecs, idle.size), (live.codecs, live.size));
}

#[test]
fn failures_and_the_calls_after_them_are_counted() {
    let (mut camera, mut now) = camera(true);
    camera.start(now);
    for _ in 0..3 {
        camera.link_lost(&Failure::Silent, now);
        now = camera.timeout().unwrap();
        camera.handle_timeout(now);
        let status = camera.status(now);
        let states = (status.state, status.lasting_state());
        assert_eq!(
            states,
            ("connecting", "failed"),
            "an alarm must not flicker"
        );
    }
    let counts = |camera: &mut Camera| {
        let status = camera.status(now);
        (status.failures, status.reconnects)
    };
    assert_eq!(counts(&mut camera), (3, 3));
    outputs(&mut camera);
    bring_up(&mut camera, SDP, now);
    assert_eq!(camera.status(now).lasting_state(), "live");
    camera.leave(now);
    camera.watch(now);
    assert_eq!(counts(&mut camera), (3, 3), "nothing had failed");
}
