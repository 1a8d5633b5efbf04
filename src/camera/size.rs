//! The size of a track's pictures, as the parameter sets of H.264 and H.265 and the RTP
//! payload header of Motion JPEG state it.

use super::picture::Codec;
use crate::protocol::codec::{h264, h265, nal};
use crate::protocol::rtsp::sdp::Media;
use crate::protocol::rtsp::text;

/// Width and height in pixels; neither is 0.
pub type Size = (u16, u16);

/// The size in a sequence parameter set, which is given with its NAL unit header; `None`
/// for any other unit.
pub fn of_set(codec: Codec, unit: &[u8]) -> Option<Size> {
    let first = unit.first()?;
    let (width, height) = match codec {
        Codec::H264 if nal::h264::unit_type(*first) == nal::h264::SPS => {
            let set = h264::Sps::parse(unit)?;
            (set.width, set.height)
        }
        Codec::H265 { .. } if nal::h265::unit_type(*first) == nal::h265::SPS => {
            let set = h265::Sps::parse(unit)?;
            (set.width, set.height)
        }
        _ => return None,
    };
    Some((width.try_into().ok()?, height.try_into().ok()?))
}

/// The size in the header before each part of a JPEG picture (RFC 2435 §3.1). It counts
/// blocks of 8 pixels; 0 stands for a size that is too large for the field.
pub fn of_jpeg(payload: &[u8]) -> Option<Size> {
    let [.., width, height] = payload.first_chunk::<8>()?;
    let size = (u16::from(*width) * 8, u16::from(*height) * 8);
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// The size in a description: that of its parameter sets (RFC 6184 §8.1, RFC 7798 §7.1)
/// if it has any, else the one that an attribute states.
pub fn of_media(media: &Media) -> Option<Size> {
    let (codec, name) = match Codec::of(media) {
        Some(codec @ Codec::H264) => (codec, "sprop-parameter-sets"),
        Some(codec @ Codec::H265 { .. }) => (codec, "sprop-sps"),
        _ => return media.size,
    };
    let sets = media.parameter(name).unwrap_or_default();
    let mut sets = sets.split(',').filter_map(|set| text::base64(set.trim()));
    sets.find_map(|set| of_set(codec, &set)).or(media.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::rtsp::sdp;
    use proptest::prelude::*;

    const H265: Codec = Codec::H265 { donl: false };

    fn described(lines: &str) -> Option<Size> {
        let session = sdp::parse(format!("m=video 0 RTP/AVP 96\r\n{lines}").as_bytes());
        of_media(session.media.first()?)
    }

    #[test]
    fn descriptions_tell_the_size_by_their_sets_first() {
        let h264 = "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;\
            sprop-parameter-sets=aMuDyw==, Z0LAHtkAoD2Q\r\na=framesize:96 320-240\r\n";
        assert_eq!(described(h264), Some((640, 480)));
        let broken = h264.replace("Z0LAHtkAoD2Q", "Z0LA");
        assert_eq!(described(&broken), Some((320, 240)));
        let h265 = "a=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-sps=\
            QgEBAWAAAAMAkAAAAwAAAwAeoBcgadJW1mWrykkryvAWgIAAAAMAgAAADIQ=\r\n";
        assert!(described(h265).is_some());
        assert_eq!(described("a=rtpmap:96 VP8/90000\r\n"), None);
    }

    #[test]
    fn other_units_tell_nothing() {
        let set = text::base64("Z0LAHtkAoD2Q").unwrap();
        assert_eq!(of_set(Codec::H264, &set), Some((640, 480)));
        assert_eq!(of_set(H265, &set), None);
        assert_eq!(of_set(Codec::H264, &[0x68, 1, 2]), None);
        assert_eq!(of_jpeg(&[0, 0, 0, 0, 1, 80, 40, 30]), Some((320, 240)));
        assert_eq!(of_jpeg(&[0, 0, 0, 0, 1, 80, 0, 30]), None);
        assert_eq!(of_jpeg(&[0; 7]), None);
    }

    proptest! {
        #[test]
        fn any_unit(unit in prop::collection::vec(any::<u8>(), 0..80), text in ".{0,80}") {
            for (codec, header) in [(Codec::H264, 0x67), (H265, 0x42)] {
                let unit = [&[header, 1], &unit[..]].concat();
                prop_assert!(of_set(codec, &unit).is_none_or(|size| size.0 > 0 && size.1 > 0));
            }
            of_jpeg(&unit);
            described(&format!("a=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets={text}\r\n"));
        }
    }
}
