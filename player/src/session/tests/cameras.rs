//! Unusual descriptions and answers of cameras, up to the first picture.

use super::*;

/// The packets of one H.264 picture with its parameter sets, on this channel.
fn picture(channel: u8, payload_type: u8, sequence: u8) -> Vec<u8> {
    let timestamp = [0, 0, sequence, 0];
    let mut packet = vec![0x80, 0x80 | payload_type, 0, sequence];
    packet.extend(timestamp);
    packet.extend([0, 0, 0, 1, 0x78]);
    packet.extend([0, 9, 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90]);
    packet.extend([0, 4, 0x68, 0xcb, 0x83, 0xcb, 0, 4, 0x65, 0x88, 1, 2]);
    [vec![b'$', channel, 0, packet.len() as u8], packet].concat()
}

/// A page whose session has got as far as PLAY, with this description.
fn described(sdp: &str, setup: &str) -> Page {
    let mut page = Page::describing();
    page.answer("200 OK", "Content-Type: application/sdp\r\n", sdp);
    page.answer("200 OK", setup, "");
    page
}

fn fragments(page: &mut Page) -> usize {
    let mut count = 0;
    while let Some(output) = page.session.poll_output() {
        count += usize::from(output.kind == Kind::Fragment);
        assert_ne!(output.kind, Kind::Error);
    }
    count
}

const BARE: &str = "v=0\ns=\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n";

#[test]
fn the_barest_description_plays() {
    let mut page = described(BARE, "");
    fragments(&mut page);
    page.session.media(&picture(0, 96, 1), page.now);
    assert_eq!(fragments(&mut page), 1);
}

#[test]
fn another_payload_type_than_announced_plays_if_it_is_the_only_one() {
    let mut page = described(BARE, "");
    fragments(&mut page);
    for sequence in 1..10 {
        page.session.media(&picture(0, 35, sequence), page.now);
    }
    assert_eq!(fragments(&mut page), 6);
    assert_eq!(page.session.statistic(0), 6.0);
}

#[test]
fn media_on_other_channels_than_answered_are_found() {
    for channel in [0, 1, 6, 255] {
        let mut page = described(BARE, "Transport: RTP/AVP/TCP;interleaved=0-1\r\n");
        fragments(&mut page);
        page.session.media(&picture(channel, 96, 1), page.now);
        page.session.media(&picture(channel, 96, 2), page.now);
        assert_eq!(fragments(&mut page), 2, "{channel}");
        // Now the channel of the pictures is known.
        page.session.media(&picture(channel ^ 8, 96, 3), page.now);
        assert_eq!(fragments(&mut page), 0);
    }
}

#[test]
fn two_tracks_on_one_channel_are_told_apart_by_payload_type() {
    let sdp = [
        BARE,
        "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/48000\n",
        "a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1188\n",
        "a=control:a\n",
    ];
    let transport = "Transport: RTP/AVP/TCP;interleaved=0-1\r\n";
    let mut page = described(&sdp.concat(), transport);
    page.answer("200 OK", transport, "");
    fragments(&mut page);
    let audio = [
        &[b'$', 0, 0, 19, 0x80, 0xe1, 0, 1, 0, 0, 0, 9, 0, 0, 0, 2][..],
        &[0, 16, 0, 24, 1, 2, 3],
    ];
    page.session.media(&picture(0, 96, 1), page.now);
    assert_eq!(fragments(&mut page), 1);
    page.session.media(&audio.concat(), page.now);
    assert_eq!(fragments(&mut page), 1);
    page.session.media(&picture(0, 96, 2), page.now);
    assert_eq!(fragments(&mut page), 1);
    assert_eq!(page.session.statistic(0), 3.0);
}

#[test]
fn reports_on_the_media_channel_are_no_media() {
    let mut page = described(BARE, "");
    fragments(&mut page);
    let mut report = vec![b'$', 0, 0, 28, 0x80, 200, 0, 6];
    report.extend([0; 24]);
    for _ in 0..10 {
        page.session.media(&report, page.now);
    }
    page.session.media(&picture(0, 96, 1), page.now);
    assert_eq!(fragments(&mut page), 1);
    assert_eq!(page.session.statistic(0), 1.0);
}

#[test]
fn statistics_tell_what_came_and_what_went_out() {
    let mut page = described(BARE, "");
    // The notice says that the camera sends over UDP.
    let mut notice = [0; 28];
    notice[..4].copy_from_slice(&[0x83, 204, 0, 6]);
    notice[8..12].copy_from_slice(b"CAMG");
    let message = [&[b'$', 1, 0, 28], &notice[..]].concat();
    page.session.media(&message, page.now);
    fragments(&mut page);
    for (sequence, late) in [(1, 0.0), (2, 16.0), (5, 0.0), (6, 16.0)] {
        page.session
            .media(&picture(0, 96, sequence), page.now + late);
    }
    assert_eq!(fragments(&mut page), 4);
    let numbers = [0, 1, 2, 3].map(|which| page.session.statistic(which));
    assert_eq!(numbers, [4.0, 2.0, 4.0, 0.0]);
    page.session.open("rtsp://10.0.0.1/\n\n", page.now);
    assert_eq!(page.session.statistic(0), 0.0);
}

#[test]
fn a_login_by_a_password_with_any_character() {
    for (argument, login) in [
        ("rtsp://user:p@ss:w/rd@10.0.0.1/s\n\n", "user:p@ss:w/rd"),
        (
            "rtsp://user:p%40ss%3Aw%2Frd@10.0.0.1/s\n\n",
            "user:p@ss:w/rd",
        ),
        (
            "rtsp://10.0.0.1/s\nuser\np@ss:w/rd %41\"\u{e9}",
            "user:p@ss:w/rd %41\"\u{e9}",
        ),
        ("rtsp://other:one@10.0.0.1/s\nuser\n", "user:"),
    ] {
        let mut page = Page::joined_with(argument);
        page.answer("401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
        let outputs = page.outputs();
        let options = request(outputs.last().unwrap());
        assert!(options.starts_with("OPTIONS rtsp://10.0.0.1/s RTSP/1.0\r\n"));
        let coded = camgate_protocol::rtsp::text::to_base64(login.as_bytes());
        let header = ["Authorization: Basic ", &coded, "\r\n"].concat();
        assert!(options.contains(&header), "{argument}");
    }
}

#[test]
fn the_strongest_login_that_is_known_is_taken() {
    let basic = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    let digest = |more: &str| ["WWW-Authenticate: Digest realm=x, nonce=n", more, "\r\n"].concat();
    let (md5, sha256) = (
        digest(", algorithm=MD5"),
        digest(", algorithm=\"SHA-256\",qop=auth"),
    );
    let unknown = digest(", algorithm=SHA-512-256");
    let int = digest(", qop=\"auth-int\"");
    for (offered, taken) in [
        (
            [basic, &md5, &sha256].concat(),
            "algorithm=SHA-256, qop=auth, nc=00000001",
        ),
        (
            [&sha256, &md5, basic].concat(),
            "algorithm=SHA-256, qop=auth, nc=00000001",
        ),
        ([basic, &unknown, &md5].concat(), "algorithm=MD5"),
        ([&int, basic].concat(), "Authorization: Basic "),
        ([&unknown, basic].concat(), "Authorization: Basic "),
        // Other cameras write it like this.
        (int, "nonce=\"n\""),
    ] {
        let mut page = Page::joined_with("rtsp://u:p@10.0.0.1/s\n\n");
        page.answer("401 No", &offered, "");
        let outputs = page.outputs();
        assert!(
            request(outputs.last().unwrap()).contains(taken),
            "{offered}"
        );
    }
    let mut page = Page::joined_with("rtsp://u:p@10.0.0.1/s\n\n");
    page.answer("401 No", &unknown, "");
    let text = "502\nThe camera's kind of login is unknown.";
    assert_eq!(page.outputs(), [error(text)]);
}

/// The gateway says that the camera hung up instead of answering, and the player opens
/// `argument` after that. Returns the first request to the camera on that connection.
fn hung_up(page: &mut Page, argument: &str) -> String {
    let outputs = page.outputs();
    let wrap = wsp::parse_request(&outputs.last().unwrap().1).unwrap();
    let seq = wrap.seq().unwrap().to_owned();
    let lost = "the camera closed the connection";
    page.control(&wsp::reply(502, lost, &[("seq", &seq)], ""));
    let error = (
        Kind::Error,
        "502\nThe camera closed the connection.".to_owned(),
    );
    assert_eq!(page.outputs(), [error]);
    page.session.open(argument, page.now);
    page.session.control_opened(page.now);
    page.control("WSP/1.1 200 OK\r\nseq: 2\r\nchannel: c 1\r\n\r\n");
    page.session.data_opened(page.now);
    page.session
        .data_message("WSP/1.1 200 OK\r\nseq: 3\r\n\r\n", page.now);
    let mut all = Vec::new();
    while let Some(output) = page.session.poll_output() {
        all.push((output.kind, String::from_utf8(output.data).unwrap()));
    }
    request(all.last().unwrap()).to_owned()
}

#[test]
fn a_camera_that_hung_up_is_asked_otherwise_by_the_next_attempt_at_the_same() {
    let same = "rtsp://10.0.0.1/s\n\n";
    let mut page = Page::joined();
    assert!(hung_up(&mut page, same).starts_with("DESCRIBE rtsp://10.0.0.1/s "));
    let mut page = Page::joined();
    let other = hung_up(&mut page, "rtsp://10.0.0.2/s\n\n");
    assert!(other.starts_with("OPTIONS rtsp://10.0.0.2/s "));
    let (user, same) = ("rtsp://10.0.0.1/s\na\nb", "rtsp://10.0.0.1/s\na\nb");
    let mut page = Page::joined_with(user);
    let digest = "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n";
    page.answer("401 Unauthorized", digest, "");
    let first = hung_up(&mut page, same);
    assert!(first.starts_with("OPTIONS ") && first.contains("nonce=\"1\""));
}
