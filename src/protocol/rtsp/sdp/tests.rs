use super::*;
use proptest::prelude::*;

const HIKVISION: &[u8] = b"v=0\r\no=- 1109162014219182 1109162014219192 IN IP4 x.y.z.w\r\n\
s=Media Presentation\r\ne=NONE\r\nb=AS:5100\r\nt=0 0\r\na=control:rtsp://10.0.0.64:554/Streaming/Channels/101/\r\n\
m=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:5000\r\na=recvonly\r\na=x-dimensions:1920,1080\r\n\
a=control:rtsp://10.0.0.64:554/Streaming/Channels/101/trackID=1\r\na=rtpmap:96 H264/90000\r\n\
a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AKp2oHgCJ+WbgICAoAAADAAgAAAMBlCA=,aO48gA==\r\n\
m=audio 0 RTP/AVP 8\r\na=recvonly\r\na=control:trackID=2\r\n\
m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n";

#[test]
fn a_common_camera() {
    let session = parse(HIKVISION);
    assert_eq!(session.name, "Media Presentation");
    assert_eq!(
        session.control.as_deref(),
        Some("rtsp://10.0.0.64:554/Streaming/Channels/101/")
    );
    let [video, audio, other] = &session.media[..] else {
        panic!("{session:?}");
    };
    assert_eq!((video.kind, video.payload_type), (Kind::Video, 96));
    assert_eq!((&*video.encoding, video.clock_rate), ("H264", 90000));
    assert_eq!(video.direction, Direction::ReceiveOnly);
    let sets = "Z00AKp2oHgCJ+WbgICAoAAADAAgAAAMBlCA=,aO48gA==";
    assert_eq!(video.parameter("SPROP-parameter-sets"), Some(sets));
    assert_eq!((audio.kind, &*audio.encoding), (Kind::Audio, "PCMA"));
    assert_eq!((audio.clock_rate, audio.channels), (8000, 1));
    assert_eq!(
        (other.kind, &*other.encoding),
        (Kind::Other, "VND.ONVIF.METADATA")
    );
}

#[test]
fn audio_parameters() {
    let session = parse(
        b"v=0\na=range:npt=0-\nm=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000/2\n\
        a=fmtp:97 streamtype=5;mode=AAC-hbr; config=\"1410\" ;SizeLength=13;\na=control:stream=1",
    );
    let audio = &session.media[0];
    assert_eq!(session.range.as_deref(), Some("npt=0-"));
    assert_eq!(
        (&*audio.encoding, audio.clock_rate, audio.channels),
        ("MPEG4-GENERIC", 16000, 2)
    );
    assert_eq!(audio.parameter("config"), Some("1410"));
    assert_eq!(audio.parameter("sizelength"), Some("13"));
    assert_eq!(audio.parameter("indexlength"), None);
    assert_eq!(audio.control.as_deref(), Some("stream=1"));
}

fn one(lines: &str) -> Media {
    parse(lines.as_bytes()).media.remove(0)
}

#[test]
fn sizes_of_pictures() {
    for (line, size) in [
        ("framesize:26 2592-1944", Some((2592, 1944))),
        ("x-dimensions:2560,1440", Some((2560, 1440))),
        ("x-dimensions: 2560, 1440", Some((2560, 1440))),
        ("framesize:26 0-1944", None),
        ("framesize:26 99999-1944", None),
        ("framesize:", None),
        ("x-dimensions:-", None),
    ] {
        let media = one(&["m=video 0 RTP/AVP 26\na=", line].concat());
        assert_eq!(media.size, size, "{line}");
    }
}

#[test]
fn what_cameras_leave_out_or_get_wrong() {
    // There is neither a mapping nor an fmtp.
    let media = one("m=video 0 RTP/AVP 26");
    assert_eq!((&*media.encoding, media.clock_rate), ("JPEG", 90000));
    let media = one("m=video 0 RTP/AVP 96");
    assert_eq!((&*media.encoding, media.clock_rate), ("", 90000));
    let media = one("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets=aa,bb");
    assert_eq!(media.encoding, "H264");
    // The mapping has another payload type.
    let media = one("m=video 0 RTP/AVP 96\na=rtpmap:98 H265/90000\na=fmtp:98 sprop-vps=x");
    assert_eq!((media.payload_type, &*media.encoding), (96, "H265"));
    assert_eq!(media.parameter("sprop-vps"), Some("x"));
    let media = one("m=audio 0 RTP/AVP 0\na=rtpmap:98 L16/8000");
    assert_eq!(media.encoding, "PCMU");
    // Of several formats the first one counts, wherever its mapping is.
    let media = one(
        "m=video 0 RTP/AVP 96 97\na=rtpmap:97 H265/90000\na=rtpmap:96 h264/90000\n\
        a=fmtp:97 a=1\na=fmtp:96 b=2",
    );
    assert_eq!(media.encoding, "H264");
    assert_eq!(media.parameter("b"), Some("2"));
    // The numbers make no sense.
    let media = one("m=audio 0 RTP/AVP 300\na=rtpmap:97 MPEG4-GENERIC/0/0");
    assert_eq!(
        (media.payload_type, media.clock_rate, media.channels),
        (97, 8000, 1)
    );
    let media = one("m=");
    assert_eq!((media.kind, media.payload_type), (Kind::Other, 0));
    // The text is Latin-1, and lines end with a carriage return only.
    let session = parse(b"v=0\rs=K\xfcche\rm=video 0 RTP/AVP 96\r");
    assert_eq!((&*session.name, session.media.len()), ("K\u{fc}che", 1));
    assert_eq!(parse(b""), Session::default());
}

#[test]
fn attributes_belong_to_the_medium_with_their_payload_type_wherever_they_stand() {
    let video = [
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 sprop-parameter-sets=a,b",
    ];
    let audio = ["a=rtpmap:97 L16/16000/2", "a=fmtp:97 x=1"];
    let [m, n] = ["m=video 0 RTP/AVP 96 98", "m=audio 0 RTP/AVP 97"];
    let orders: [&[&str]; 4] = [
        &[m, video[0], n, audio[0], audio[1], video[1]],
        &[m, n, audio[0], audio[1], video[0], video[1]],
        &[m, audio[1], audio[0], n, video[1], video[0]],
        &[video[0], audio[0], video[1], audio[1], m, n],
    ];
    for lines in orders {
        let session = parse(lines.join("\r\n").as_bytes());
        let [video, audio] = &session.media[..] else {
            panic!("{session:?}");
        };
        assert_eq!(video.encoding, "H264", "{lines:?}");
        assert_eq!(video.parameter("sprop-parameter-sets"), Some("a,b"));
        assert_eq!((&*audio.encoding, audio.clock_rate), ("L16", 16_000));
        assert_eq!(
            (audio.parameter("x"), video.parameter("x")),
            (Some("1"), None)
        );
        assert_eq!(audio.fmtp.len(), 1, "{lines:?}");
    }
    // A medium keeps its own parameters, even if another one has the same payload type.
    let session = parse(
        b"m=video 0 RTP/AVP 96\na=fmtp:96 a=1\nm=audio 0 RTP/AVP 96\na=fmtp:96 a=2\n\
        m=audio 0 RTP/AVP 8",
    );
    let values = session.media.iter().map(|it| it.parameter("a"));
    assert_eq!(values.collect::<Vec<_>>(), [Some("1"), Some("2"), None]);
}

#[test]
fn parameter_sets_under_the_number_of_none_are_the_videos_that_has_none() {
    let media = "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n";
    let sound = "m=audio 0 RTP/AVP 8\n";
    for number in ["99 ", "0 ", ""] {
        let sets = ["a=fmtp:", number, "sprop-parameter-sets=a,b\n"].concat();
        for text in [
            [&sets, media, sound].concat(),
            [media, &sets, sound].concat(),
            [media, sound, &sets].concat(),
        ] {
            let video = &parse(text.as_bytes()).media[0];
            assert_eq!(
                video.parameter("sprop-parameter-sets"),
                Some("a,b"),
                "{text}"
            );
        }
    }
    let other = "m=video 0 RTP/AVP 97\na=fmtp:97 sprop-parameter-sets=a,b\n";
    let text = [media, other].concat();
    assert!(parse(text.as_bytes()).media[0].fmtp.is_empty(), "another's");
}

#[test]
fn the_number_of_everything_is_bounded() {
    let mut text = "m=video 0 RTP/AVP 96\n".repeat(MAX_MEDIA + 5);
    assert_eq!(parse(text.as_bytes()).media.len(), MAX_MEDIA);
    text = "m=video 0 RTP/AVP 96\na=fmtp:96 ".to_owned() + &"a=b;".repeat(1000);
    assert_eq!(one(&text).fmtp.len(), MAX_PARAMETERS);
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_lines(lines in prop::collection::vec(
        "(m=(video|audio|x)|a=(rtpmap|fmtp|control|range)|[a-z]=)[ :/;=0-9a-zA-Z\u{e9}-]{0,20}", 0..20)
    ) {
        for media in parse(lines.join("\r\n").as_bytes()).media {
            prop_assert!(media.clock_rate > 0 && media.channels > 0 && media.payload_type < 128);
        }
    }
}
