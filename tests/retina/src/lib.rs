//! Retina watches the gateway's shared cameras by RTSP: a client that shares no
//! line with the gateway, and that ends at the first thing it does not like.
//!
//! The gateway and its built-in camera are the program that a build of the
//! workspace's tests leaves beside them.
#![forbid(unsafe_code)]

#[cfg(test)]
mod program;

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::time::Duration;

    use futures_util::StreamExt;
    use retina::client::{
        Credentials, InitialSequenceNumberPolicy, InitialTimestampPolicy, PlayOptions, Session,
        SessionOptions, SetupOptions, TcpTransportOptions, Transport,
    };
    use retina::codec::{CodecItem, VideoFrame};

    use crate::program::{Gateway, Program};

    /// Only ever reached by a failure.
    const BOUND: Duration = Duration::from_secs(30);

    fn run<T>(act: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { tokio::time::timeout(BOUND, act).await.expect("in time") })
    }

    /// What came of a stream.
    #[derive(Default)]
    struct Watched {
        pictures: Vec<VideoFrame>,
        sounds: usize,
    }

    /// DESCRIBE, SETUP of every track over TCP, PLAY, and so many pictures.
    async fn watch(url: &str, user: Option<&str>, count: usize) -> Watched {
        // The gateway tells how times of tracks belong together by sender reports.
        let options = PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Permissive);
        watch_as(url, user, count, options).await.unwrap()
    }

    /// The same; the error is PLAY's.
    async fn watch_as(
        url: &str,
        user: Option<&str>,
        count: usize,
        options: PlayOptions,
    ) -> Result<Watched, retina::Error> {
        let credentials = user.map(|user| Credentials {
            username: user.to_owned(),
            password: "secret".to_owned(),
        });
        let login = SessionOptions::default().creds(credentials);
        let mut session = Session::describe(url.parse().unwrap(), login)
            .await
            .unwrap();
        let media: Vec<String> = session.streams().iter().map(|s| s.media().into()).collect();
        assert_eq!(media, ["video", "audio"]);
        for track in 0..media.len() {
            let tcp = Transport::Tcp(TcpTransportOptions::default());
            let setup = SetupOptions::default().transport(tcp);
            session.setup(track, setup).await.unwrap();
        }
        let playing = session.play(options).await?;
        let mut items = playing.demuxed().unwrap();
        let mut watched = Watched::default();
        while watched.pictures.len() < count {
            match items.next().await.expect("it goes on").unwrap() {
                CodecItem::VideoFrame(frame) => watched.pictures.push(frame),
                CodecItem::AudioFrame(frame) => {
                    assert_eq!(frame.loss(), 0);
                    watched.sounds += 1;
                }
                _ => {}
            }
        }
        Ok(watched)
    }

    /// NAL units with their lengths before them, and nothing else.
    fn units(picture: &VideoFrame) -> Vec<u8> {
        let (mut rest, mut kinds) = (picture.data(), Vec::new());
        while let Some((length, after)) = rest.split_first_chunk() {
            let (unit, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            kinds.push(unit[0] & 0x1f); // H.264 table 7-1
            rest = after;
        }
        assert!(rest.is_empty());
        kinds
    }

    fn check(watched: &Watched) {
        let first = &watched.pictures[0];
        assert!(first.is_random_access_point() && units(first).contains(&5));
        for pair in watched.pictures.windows(2) {
            assert_eq!(pair[1].loss(), 0);
            assert!(pair[1].timestamp().timestamp() > pair[0].timestamp().timestamp());
            assert!(!units(&pair[1]).is_empty());
        }
        assert!(watched.sounds > 0);
    }

    #[test]
    fn a_shared_camera_is_watched_by_one_and_by_two() {
        let camera = Program::camera();
        let gateway = Gateway::start(&format!("[camera front]\nurl = {}\n", camera.address));
        let url = format!("{}front", gateway.rtsp);
        let early = run(watch(&url, None, 40));
        check(&early);
        // In the middle of a group of pictures, both.
        let (one, two) = run(async {
            let both = (watch(&url, None, 100), watch(&url, None, 60));
            futures_util::join!(both.0, both.1)
        });
        check(&one);
        check(&two);
        let links = gateway.log().matches("[front] connecting").count();
        assert_eq!(links, 1, "{}", gateway.log());
    }

    /// Whoever comes while somebody watches is told the number and the time of the very
    /// key frame that the cache begins with. Nothing is told as long as no sound is in
    /// the cache, a moment of each group of pictures.
    #[test]
    fn who_comes_late_is_told_the_truth_about_the_first_packet() {
        const LATE: usize = 8;
        let camera = Program::camera();
        let gateway = Gateway::start(&format!("[camera front]\nurl = {}\n", camera.address));
        let url = format!("{}front", gateway.rtsp);
        check(&run(watch(&url, None, 40)));
        let mut told = 0;
        for _ in 0..LATE {
            let strict = PlayOptions::default()
                .initial_timestamp(InitialTimestampPolicy::Require)
                .initial_seq(InitialSequenceNumberPolicy::Respect);
            match run(watch_as(&url, None, 3, strict)) {
                Ok(watched) => {
                    let first = &watched.pictures[0];
                    assert!(first.is_random_access_point() && units(first).contains(&5));
                    assert_eq!((first.loss(), first.timestamp().elapsed()), (0, 0));
                    told += 1;
                }
                Err(error) => assert!(error.to_string().contains("rtptime"), "{error}"),
            }
        }
        assert!(told > LATE / 2, "{told} of {LATE}");
        let links = gateway.log().matches("[front] connecting").count();
        assert_eq!(links, 1, "{}", gateway.log());
    }

    #[test]
    fn a_password_that_nobody_asks_for_does_no_harm() {
        let camera = Program::camera();
        let gateway = Gateway::start(&format!("[camera front]\nurl = {}\n", camera.address));
        check(&run(watch(
            &format!("{}front", gateway.rtsp),
            Some("jo"),
            20,
        )));
    }

    #[test]
    fn a_camera_that_does_not_exist_is_none() {
        let gateway = Gateway::start("");
        let url = format!("{}cellar", gateway.rtsp).parse().unwrap();
        let refused = run(Session::describe(url, SessionOptions::default()));
        let words = refused.err().expect("a refusal").to_string();
        assert!(words.contains("Not Found"), "{words}");
    }
}
