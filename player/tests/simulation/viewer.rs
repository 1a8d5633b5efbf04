//! Watches what a session makes of a camera: that the tracks are continuous, and
//! where on the timeline each moment lies.

use camgate_player::output::{Kind, Output};
use camgate_player::tracks::VIDEO;

use crate::camera::{AUDIO_RATE, SECOND, Sent};
use crate::common::gateway::Gateway;

pub const SDP: &str = "v=0\r\ns=\r\na=control:*\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n\
    m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/44100/1\r\n\
    a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1208\r\n\
    a=control:a\r\n";

/// A frame of sound that the camera sent, apart from made up silence.
const SOUND: [u8; 2] = [0x55; 2];

/// What is known of one track.
#[derive(Default)]
pub struct Seen {
    pub fragments: u64,
    pub syncs: u64,
    /// Where the last fragment ends, in ticks.
    pub end: u64,
    /// The presentation of the last fragment, seconds.
    pub time: f64,
    /// How much later on the timeline than before the camera: of the last
    /// fragment, seconds.
    pub offset: f64,
    /// Bytes of media that are not the camera's.
    pub made_up: u64,
    /// The next fragment has to start with a sync sample.
    pub must_sync: bool,
}

pub struct Viewer {
    pub gateway: Gateway,
    pub video: Seen,
    pub audio: Seen,
}

impl Viewer {
    pub fn new(rtp_info: &str) -> Self {
        Self::of(SDP, rtp_info)
    }

    pub fn of(sdp: &str, rtp_info: &str) -> Self {
        let mut gateway = Gateway::new(sdp.to_owned());
        gateway.rtp_info = rtp_info.to_owned();
        gateway.now = 0.0;
        gateway.start();
        Self {
            gateway,
            video: Seen {
                must_sync: true,
                ..Seen::default()
            },
            audio: Seen::default(),
        }
    }

    /// Hands a packet over and looks at what comes of it; says how many
    /// fragments that is.
    pub fn take(&mut self, sent: &Sent) -> usize {
        let length = sent.bytes.len() as u8;
        let message = [&[b'$', sent.channel, 0, length], &sent.bytes[..]].concat();
        let now = sent.arrival as f64 / 1000.0;
        let session = &mut self.gateway.session;
        session.media(&message, now);
        if session.timeout().is_some_and(|due| due <= now) {
            session.handle_timeout(now);
        }
        let mut fragments = 0;
        while let Some(output) = self.gateway.session.poll_output() {
            match output.kind {
                Kind::Fragment => {
                    self.fragment(&output, sent.moment);
                    fragments += 1;
                }
                Kind::SendControl => {
                    self.gateway.now = now;
                    self.gateway.control(&String::from_utf8_lossy(&output.data));
                }
                Kind::Error => panic!("{}", String::from_utf8_lossy(&output.data)),
                _ => {}
            }
            self.gateway.session.recycle(output);
        }
        fragments
    }

    fn fragment(&mut self, output: &Output, moment: i64) {
        let video = output.track == VIDEO;
        let seen = if video {
            &mut self.video
        } else {
            &mut self.audio
        };
        let scale = if video { 90_000 } else { AUDIO_RATE };
        let start = decode_time(&output.data);
        if seen.fragments > 0 {
            assert_eq!(start, seen.end, "it goes on where it ended");
        } else if video {
            assert!(output.sync);
        }
        assert!(
            output.sync || !seen.must_sync,
            "no picture before a sync sample"
        );
        seen.must_sync = false;
        let duration = (output.duration * scale as f64).round() as u64;
        assert!(duration > 0);
        seen.end = start + duration;
        seen.fragments += 1;
        seen.syncs += u64::from(output.sync);
        if !video {
            let media = &output.data[output.data.len() - media_length(&output.data)..];
            let own = media.windows(2).filter(|two| *two == SOUND).count();
            seen.made_up += (media.len() as u64).saturating_sub(own as u64 + 1);
        }
        seen.time = output.time;
        seen.offset = output.time - moment as f64 / SECOND as f64;
    }
}

/// The `tfdt` of a fragment with one `moof`.
fn decode_time(data: &[u8]) -> u64 {
    let at = data.windows(4).position(|four| four == b"tfdt").unwrap() + 8;
    u64::from_be_bytes(data[at..at + 8].try_into().unwrap())
}

/// The bytes in a fragment's `mdat`.
fn media_length(data: &[u8]) -> usize {
    let moof = u32::from_be_bytes(data[..4].try_into().unwrap()) as usize;
    data.len() - moof - 8
}
