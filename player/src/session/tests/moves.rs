//! Streams that redirect to another host.

use super::*;

/// Answers with a redirect.
fn moved(page: &mut Page, status: &str, to: &str) {
    page.answer(status, &["Location: ", to, "\r\n"].concat(), "");
}

/// Goes on from the reopened control socket to the RTSP client's first request; returns
/// the INIT.
fn follow(page: &mut Page) -> String {
    let outputs = page.outputs();
    assert_eq!(outputs[0].0, Kind::Reopen, "{outputs:?}");
    assert!(outputs[0].1.starts_with("rtsp") && !outputs[0].1.contains('@'));
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

const BASIC: &str = "WWW-Authenticate: Basic realm=\"x\"\r\n";

/// The credentials in the last request.
fn carried(page: &mut Page) -> Option<String> {
    let outputs = page.outputs();
    let request = request(outputs.last().unwrap());
    let coded = request.split("Authorization: Basic ").nth(1)?;
    let plain = text::base64(coded.split("\r\n").next().unwrap()).unwrap();
    Some(String::from_utf8(plain).unwrap())
}

#[test]
fn it_is_followed_with_a_new_init() {
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

/// The credentials that a viewer of `argument` sends to `to` on request, after a redirect
/// there.
fn sent_there(argument: &str, to: &str) -> Option<String> {
    let mut page = Page::joined_with(argument);
    page.answer("401 Unauthorized", BASIC, "");
    moved(&mut page, "302 Moved", to);
    follow(&mut page);
    page.answer("401 Unauthorized", BASIC, "");
    match page.session.poll_output().unwrap() {
        output if output.kind == Kind::Error => None,
        output => {
            page.session.queue.push(output);
            carried(&mut page)
        }
    }
}

#[test]
fn credentials_go_to_the_host_that_they_are_for_and_to_no_other() {
    let by_url = "rtsp://admin:secret@10.0.0.1/s\n\n";
    let by_option = "rtsp://10.0.0.1/s\nadmin\nsecret";
    let known = "rtsp://10.0.0.1/s\nadmin\nsecret\nrtsp://10.0.0.2:99/t\nbob\npw \u{fc}";
    let some = |text: &str| Some(text.to_owned());
    for home in [by_url, by_option, known] {
        // Credentials in the new address are for its host only, even if that is the same host.
        assert_eq!(sent_there(home, "rtsp://u:p%40@10.0.0.2/t"), some("u:p@"));
        assert_eq!(sent_there(home, "rtsp://u:p@10.0.0.1:8554/t"), some("u:p"));
        assert_eq!(sent_there(home, "rtsp://10.0.0.2/t"), None, "{home}");
        let elsewhere = "rtsp://10.0.0.1:8554/t";
        assert_eq!(sent_there(home, elsewhere), some("admin:secret"), "{home}");
        let safer = "rtsps://10.0.0.1/t";
        assert_eq!(sent_there(home, safer), some("admin:secret"), "{home}");
    }
    assert_eq!(
        sent_there(known, "rtsp://10.0.0.2:99/x"),
        some("bob:pw \u{fc}")
    );
    assert_eq!(
        sent_there(known, "rtsp://u:p@10.0.0.2:99/x"),
        some("bob:pw \u{fc}")
    );
    let safe = "rtsps://admin:secret@10.0.0.1/s\n\n";
    assert_eq!(sent_there(safe, "rtsp://10.0.0.1:554/t"), None);
}

#[test]
fn the_new_host_may_ask_for_credentials_of_its_own() {
    let mut page = Page::joined_with("rtsp://10.0.0.1/s\nadmin\nsecret");
    page.answer("401 Unauthorized", BASIC, "");
    moved(&mut page, "302 Moved", "rtsp://10.0.0.2/t");
    follow(&mut page);
    page.answer("401 Unauthorized", BASIC, "");
    let text = "401\nThe camera asks for a user name and a password.";
    assert_eq!(page.outputs(), [error(text)], "the page knows of the move");
}

#[test]
fn credentials_in_an_address_at_the_same_place_count_from_there_on() {
    let mut page = Page::joined_with("rtsp://10.0.0.1/s\nadmin\nsecret");
    page.answer("401 Unauthorized", BASIC, "");
    moved(&mut page, "302 Moved", "rtsp://u:p@10.0.0.1/t");
    page.answer("401 Unauthorized", BASIC, "");
    assert_eq!(carried(&mut page).as_deref(), Some("u:p"));
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
