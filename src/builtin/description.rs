//! The session description of the clip (RFC 4566, RFC 6184 §8.2, RFC 3640 §4.4).

use super::clip::{Clip, PICTURE_RATE};
use super::playback::{AUDIO_TYPE, TrackId, VIDEO_CLOCK, VIDEO_TYPE};
use super::resource;
use crate::protocol::rtsp::text::{to_base64, to_hex};
use std::fmt::Write;

/// Writes the session description of `clip`.
pub fn describe(clip: &Clip<'_>) -> String {
    let mut sdp = String::from(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=camgate built-in camera\r\nc=IN IP4 0.0.0.0\r\n\
         t=0 0\r\na=control:*\r\na=range:npt=now-\r\n",
    );
    // Writing to a String cannot fail.
    let _ = video(&mut sdp, clip).and_then(|()| audio(&mut sdp, clip));
    sdp
}

fn video(sdp: &mut String, clip: &Clip<'_>) -> std::fmt::Result {
    let [sequence, picture] = clip.parameter_sets();
    let level = to_hex(sequence.get(1..4).unwrap_or_default());
    let sets = [to_base64(sequence), to_base64(picture)].join(",");
    let control = resource::name(TrackId::Video);
    write!(
        sdp,
        "m=video 0 RTP/AVP {VIDEO_TYPE}\r\n\
         a=rtpmap:{VIDEO_TYPE} H264/{VIDEO_CLOCK}\r\n\
         a=fmtp:{VIDEO_TYPE} packetization-mode=1;profile-level-id={level};\
         sprop-parameter-sets={sets}\r\n\
         a=framerate:{PICTURE_RATE}\r\n\
         a=control:{control}\r\n"
    )
}

fn audio(sdp: &mut String, clip: &Clip<'_>) -> std::fmt::Result {
    let format = clip.sound_format();
    let (rate, channels, config) = (format.rate, format.channels, to_hex(&format.config));
    let control = resource::name(TrackId::Audio);
    write!(
        sdp,
        "m=audio 0 RTP/AVP {AUDIO_TYPE}\r\n\
         a=rtpmap:{AUDIO_TYPE} MPEG4-GENERIC/{rate}/{channels}\r\n\
         a=fmtp:{AUDIO_TYPE} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;\
         indexlength=3;indexdeltalength=3;config={config}\r\n\
         a=control:{control}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clip_is_described() {
        let sdp = describe(&Clip::embedded().unwrap());
        for line in [
            "a=rtpmap:96 H264/90000\r\n",
            "profile-level-id=42c01e;sprop-parameter-sets=Z0LAHt",
            "a=rtpmap:97 MPEG4-GENERIC/48000/1\r\n",
            "config=1188\r\na=control:trackID=1\r\n",
        ] {
            assert!(sdp.contains(line), "{line} in {sdp}");
        }
        assert!(sdp.lines().all(|line| line.as_bytes()[1] == b'='));
    }
}
