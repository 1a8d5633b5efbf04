//! RTSP and media on one link, mixed and split as cameras send them, are told apart.
//!
//! Invariant: what the camera sent arrives as it was sent, each part where it
//! belongs.

mod common;

use common::fake_camera::{FakeCamera, Link};
use common::frames::{Checker, Pattern};
use common::gateway::Gateway;
use common::rtsp::Message;
use common::viewer::Viewer;

/// A camera that sends frames, the reply to a request and more frames as one
/// run of bytes, cut into pieces of `size`.
fn piecewise(size: usize) -> FakeCamera {
    FakeCamera::start(move |link| {
        link.serve_until("PLAY")?;
        let mut sequence = 0;
        loop {
            let request = link.receive()?;
            let mut bytes = Pattern::SMALL.run(sequence..sequence + 7);
            bytes.extend(Link::usual_reply(&request));
            bytes.extend(Pattern::SMALL.run(sequence + 7..sequence + 20));
            sequence += 20;
            link.send_in_pieces(&bytes, size)?;
        }
    })
}

#[test]
fn responses_and_frames_in_pieces_of_any_size_arrive_apart_and_whole() {
    let gateway = Gateway::start_default();
    for size in [1, 2, 3, 5, 17, 64, 509, 4096] {
        let camera = piecewise(size);
        let mut viewer = Viewer::join(&gateway, &camera);
        viewer.play();
        for round in 0..3 {
            assert_eq!(
                viewer.ask("GET_PARAMETER").status(),
                200,
                "pieces of {size}"
            );
            viewer.expect_frames(Pattern::SMALL, round * 20..round * 20 + 20);
        }
    }
}

#[test]
fn every_single_cut_through_frame_response_frame_is_harmless() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for cut in 1.. {
            let request = link.receive()?;
            let mut bytes = Pattern::SMALL.run(0..3);
            bytes.extend(Link::usual_reply(&request));
            bytes.extend(Pattern::SMALL.run(3..6));
            link.send_cut(&bytes, &[cut.min(bytes.len())])?;
        }
        Ok(())
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    for _ in 0..120 {
        assert_eq!(viewer.ask("GET_PARAMETER").status(), 200);
        viewer.expect_frames(Pattern::SMALL, 0..6);
    }
}

#[test]
fn media_right_behind_the_play_response_is_not_lost() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.serve_until("SETUP")?;
        let play = link.expect("PLAY")?;
        let mut bytes = Link::usual_reply(&play);
        bytes.extend(Pattern::CAMERA.run(0..20));
        link.send(&bytes)?;
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    viewer.expect_frames(Pattern::CAMERA, 0..20);
}

#[test]
fn frames_of_every_length_the_field_can_tell_arrive_whole() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::playing(Pattern::EXTREMES, 300);
    for batch in [false, true] {
        let mut viewer = match batch {
            false => Viewer::join(&gateway, &camera),
            true => Viewer::join_batched(&gateway, &camera),
        };
        viewer.play();
        let mut checker = Checker::new(Pattern::EXTREMES, 0);
        while checker.next() < 300 {
            let message = viewer.data.binary();
            match batch {
                false => checker.accept_one(&message).unwrap(),
                true => drop(checker.accept_several(&message).unwrap()),
            }
        }
    }
}

#[test]
fn large_frames_across_buffers_meet_a_response_in_between() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        for round in 0.. {
            let request = link.receive()?;
            link.send_frames(Pattern::EXTREMES, round * 6..round * 6 + 5)?;
            link.send(&Link::usual_reply(&request))?;
            link.send_frames(Pattern::EXTREMES, round * 6 + 5..round * 6 + 6)?;
        }
        Ok(())
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    for round in 0..8 {
        assert_eq!(viewer.ask("GET_PARAMETER").status(), 200);
        viewer.expect_frames(Pattern::EXTREMES, round * 6..round * 6 + 6);
    }
}

#[test]
fn a_large_response_in_pieces_arrives_whole() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        let describe = link.expect("DESCRIBE")?;
        let body = "a=x-line:0123456789abcdef\r\n".repeat(300);
        let bytes = Link::reply_bytes(
            &describe,
            "200 OK",
            &[("Content-Type", "application/sdp")],
            body.as_bytes(),
        );
        link.send_in_pieces(&bytes, 61)?;
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    let response = viewer.ask("DESCRIBE");
    assert_eq!(
        response.body,
        "a=x-line:0123456789abcdef\r\n".repeat(300).as_bytes()
    );
}

#[test]
fn requests_that_the_camera_starts_are_answered_and_kept_from_the_viewer() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        link.serve_until("PLAY")?;
        link.send_frames(Pattern::CAMERA, 0..5)?;
        let known = [
            link.ask("OPTIONS", &[("Session", "12345678")], b"")?,
            link.ask(
                "SET_PARAMETER",
                &[("Content-Type", "text/parameters")],
                b"ping: 1\r\n",
            )?,
            link.ask("GET_PARAMETER", &[], b"")?,
            link.ask(
                "ANNOUNCE",
                &[("Content-Type", "application/sdp")],
                b"v=0\r\n",
            )?,
            link.ask(
                "REDIRECT",
                &[("Location", "rtsp://127.0.0.1/elsewhere")],
                b"",
            )?,
        ];
        if let Some(odd) = known
            .iter()
            .find(|answer| !(200..600).contains(&answer.status()))
        {
            return Err(std::io::Error::other(format!("answered by {odd:?}")));
        }
        let unknown = link.ask("DANCE", &[], b"")?;
        if !(400..600).contains(&unknown.status()) {
            return Err(std::io::Error::other(format!(
                "DANCE is answered by {unknown:?}"
            )));
        }
        link.send_frames(Pattern::CAMERA, 5..10)?;
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    viewer.play();
    viewer.expect_frames(Pattern::CAMERA, 0..10);
    assert_eq!(
        viewer.ask("GET_PARAMETER").status(),
        200,
        "the next reply is the one asked for"
    );
}

#[test]
fn a_camera_request_between_a_request_and_its_response_confuses_nobody() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        let describe = link.expect("DESCRIBE")?;
        // The same CSeq as the viewer's, on purpose: each direction has its own.
        let cseq = describe.header("CSeq").unwrap_or_default().to_owned();
        let url = describe.url().to_owned();
        link.send(&common::rtsp::compose(
            &format!("OPTIONS {url} RTSP/1.0"),
            &[("CSeq", &cseq)],
            b"",
        ))?;
        let answer = link.receive()?;
        if answer.status() != 200 {
            return Err(std::io::Error::other(format!("{answer:?}")));
        }
        link.send(&Link::usual_reply(&describe))?;
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    let response = viewer.ask("DESCRIBE");
    assert!(!response.body.is_empty(), "{response:?}");
}

#[test]
fn a_description_in_latin_1_arrives_as_utf_8() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::answering();
    let mut viewer = Viewer::join(&gateway, &camera);
    let request = viewer.compose("DESCRIBE", &[("Accept", "application/sdp")]);
    let seq = viewer.wrap(&request);
    let reply = viewer.control.reply(); // a text message: the client has proved it UTF-8
    assert_eq!((reply.code, reply.seq()), (200, Some(seq.as_str())));
    let message = Message::parse(reply.payload.as_bytes())
        .expect("a length that fits the body as it arrives");
    let body = String::from_utf8(message.body).unwrap();
    assert!(body.contains("s=Fenêtre à l'étage\r\n"), "{body:?}");
    assert!(body.ends_with("a=control:track1\r\n"), "{body:?}");
}

#[test]
fn a_response_that_nobody_asked_for_is_not_taken_for_another() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        loop {
            let request = link.receive()?;
            let stray = "RTSP/1.0 200 OK\r\nCSeq: 4711\r\nX-Stray: yes\r\n\r\n";
            link.send(
                &[
                    stray.as_bytes(),
                    &Link::usual_reply(&request),
                    stray.as_bytes(),
                ]
                .concat(),
            )?;
        }
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    for _ in 0..5 {
        assert_eq!(viewer.ask("OPTIONS").header("X-Stray"), None);
    }
}

#[test]
fn responses_written_oddly_are_matched_all_the_same() {
    let gateway = Gateway::start_default();
    let camera = FakeCamera::start(|link| {
        for spelling in ["cseq:", "CSEQ :", "Cseq:   "] {
            let request = link.receive()?;
            let cseq = request.header("CSeq").unwrap_or_default();
            link.send(format!("\r\nRTSP/1.0 200 OK\r\n{spelling}{cseq}\r\n\r\n").as_bytes())?;
        }
        link.serve()
    });
    let mut viewer = Viewer::join(&gateway, &camera);
    for _ in 0..3 {
        assert_eq!(viewer.ask("OPTIONS").status(), 200);
    }
}
