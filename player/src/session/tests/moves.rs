//! Streams that are at another host than the one named.

use super::*;

/// The answer that says so.
fn moved(page: &mut Page, status: &str, to: &str) {
    page.answer(status, &["Location: ", to, "\r\n"].concat(), "");
}

/// From the reopening of the control socket to the RTSP client's first request;
/// returns the INIT.
fn follow(page: &mut Page) -> String {
    let outputs = page.outputs();
    let reopened = (Kind::Reopen, String::new());
    assert_eq!(outputs[0], reopened, "{outputs:?}");
    assert_eq!(outputs[1], (Kind::State, "connecting".to_owned()));
    assert_eq!(outputs.len(), 2);
    page.session.control_opened(page.now);
    let outputs = page.outputs();
    let init = outputs.last().unwrap().1.clone();
    let seq = wsp::parse_request(&init).unwrap().seq().unwrap().to_owned();
    let channel = wsp::reply(200, "OK", &[("seq", &seq), ("channel", "c 2")], "");
    page.control(&channel);
    page.session.data_opened(page.now);
    let outputs = page.outputs();
    let join = wsp::parse_request(&outputs.last().unwrap().1).unwrap();
    assert_eq!(join.header("channel"), Some("c 2"));
    let reply = wsp::reply(200, "OK", &[("seq", join.seq().unwrap())], "");
    page.session.data_message(&reply, page.now);
    init
}

#[test]
fn it_is_followed_with_a_new_init_and_without_credentials() {
    for status in ["301 Moved Permanently", "302 Moved", "305 Use Proxy"] {
        let mut page = Page::joined_with("rtsp://admin:secret@10.0.0.1/s\n\n");
        page.answer("200 OK", "", "");
        moved(&mut page, status, "rtsp://u:p@[fe80::2]:8554/t?a=b");
        let init = follow(&mut page);
        let init = wsp::parse_request(&init).unwrap();
        assert_eq!(init.command, "INIT");
        assert_eq!(init.header("host"), Some("fe80::2"));
        assert_eq!(init.header("port"), Some("8554"));
        page.answer("200 OK", "", "");
        let outputs = page.outputs();
        let describe = request(outputs.last().unwrap());
        assert!(describe.starts_with("DESCRIBE rtsp://[fe80::2]:8554/t?a=b RTSP/1.0\r\n"));
        assert!(!describe.contains("Authorization"));
    }
}

#[test]
fn credentials_given_by_option_stay_at_home_too() {
    let mut page = Page::joined_with("rtsp://10.0.0.1/s\nadmin\nsecret");
    let basic = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    page.answer("401 Unauthorized", basic, "");
    moved(&mut page, "302 Moved", "rtsp://10.0.0.2/t");
    follow(&mut page);
    page.answer("401 Unauthorized", basic, "");
    let text = "401\nThe stream has moved to rtsp://10.0.0.2/t. \
        The camera asks for a user name and a password.";
    assert_eq!(page.outputs(), [error(text)]);
}

#[test]
fn hosts_that_send_it_in_a_circle_are_left() {
    let mut page = Page::joined();
    for hop in 0..5 {
        moved(
            &mut page,
            "302 Moved",
            ["rtsp://10.0.0.2/", "rtsp://10.0.0.1/s"][hop % 2],
        );
        follow(&mut page);
    }
    moved(&mut page, "302 Moved", "rtsp://10.0.0.3/");
    assert_eq!(
        page.outputs(),
        [error("502\nThe camera redirects in a circle.")]
    );
}

#[test]
fn the_tunnel_client_stays_the_same() {
    let mut page = Page::joined_with("rtsp://10.0.0.1/s my-client\n\n");
    moved(&mut page, "302 Moved", "rtsp://10.0.0.2/t");
    let init = follow(&mut page);
    let init = wsp::parse_request(&init).unwrap();
    assert_eq!(init.header("client"), Some("my-client"));
}

#[test]
fn what_the_old_sockets_bring_late_does_no_harm() {
    let mut page = Page::joined();
    moved(&mut page, "302 Moved", "rtsp://10.0.0.2/t");
    page.outputs();
    page.session.media(&[b'$', 0, 0, 1, 0], page.now);
    page.control("WSP/1.1 200 OK\r\nseq: 2\r\nchannel: old\r\n\r\n");
    page.session.data_opened(page.now);
    page.session.handle_timeout(page.now + 1e6);
    assert_eq!(page.outputs(), []);
    page.session.close(page.now);
    assert_eq!(page.outputs(), [(Kind::Closed, String::new())]);
}
