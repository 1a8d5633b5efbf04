//! Headers that only a client reads: Transport and RTP-Info.

use super::{Medium, RtpInfo};
use crate::rtsp::text;

/// The transport in the answer to SETUP (RFC 2326 §12.39).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// Interleaved, with the channels of RTP and RTCP if the answer names them.
    Interleaved(Option<(u8, u8)>),
    /// Anything else.
    Other,
}

/// Reads a Transport header.
pub(super) fn transport(value: &str) -> Transport {
    let mut tcp = false;
    let mut channels = None;
    for part in text::split(value, b";") {
        let (name, value) = text::pair(part, b"=");
        if name.eq_ignore_ascii_case("interleaved") {
            let (rtp, rtcp) = text::pair(value, b"-");
            let (rtp, rtcp) = (text::small_number::<u8>(rtp), text::small_number(rtcp));
            channels = rtp.map(|rtp| (rtp, rtcp.unwrap_or(rtp.wrapping_add(1))));
            tcp = true;
        }
        tcp |= name.to_ascii_uppercase().ends_with("/TCP");
    }
    match tcp {
        true => Transport::Interleaved(channels),
        false => Transport::Other,
    }
}

/// Reads an RTP-Info header; the result names each medium at most once.
///
/// URLs are compared as a whole, and then by their last segment. If there are as many
/// as media, their order counts in the end. Cameras write all sorts of things here.
pub(super) fn rtp_info(value: &str, media: &[Medium]) -> Vec<RtpInfo> {
    let entries: Vec<&str> = entries(value).take(media.len()).collect();
    let mut infos: Vec<RtpInfo> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let field = |wanted: &str| field(entry, wanted);
        let named = field("url").and_then(|url| find(url, media));
        let by_order = || media.get(index).filter(|_| entries.len() == media.len());
        let Some(medium) = named.or_else(by_order) else {
            continue;
        };
        let seq = field("seq").and_then(text::small_number);
        let rtptime = field("rtptime").and_then(text::number);
        if infos.iter().all(|info| info.media != medium.index) {
            infos.push(RtpInfo {
                media: medium.index,
                seq,
                rtptime,
            });
        }
    }
    infos
}

fn find<'a>(url: &str, media: &'a [Medium]) -> Option<&'a Medium> {
    let whole = |medium: &&Medium| trimmed(&medium.url) == trimmed(url);
    let mut alike = media.iter().filter(|medium| tail(&medium.url) == tail(url));
    let only = alike.next().filter(|_| alike.next().is_none());
    media.iter().find(whole).or(only)
}

fn trimmed(url: &str) -> &str {
    text::trim_end(url, b'/')
}

fn tail(url: &str) -> &str {
    let url = trimmed(url);
    text::cut_last(url, b"/").map_or(url, |(_, tail)| tail)
}

/// Splits at the commas before each `url=`, because URLs may contain commas.
fn entries(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let end = text.bytes().enumerate().position(|(at, byte)| {
            let after = text.get(at + 1..).unwrap_or_default().trim_ascii_start();
            let name = after.get(..4).unwrap_or_default();
            byte == b',' && name.eq_ignore_ascii_case("url=")
        });
        let Some(end) = end else {
            return Some(text);
        };
        rest = text.get(end + 1..);
        text.get(..end)
    })
}

fn field<'a>(entry: &'a str, wanted: &str) -> Option<&'a str> {
    text::split(entry, b";").find_map(|part| {
        let (name, value) = text::pair(part, b"=");
        let named = name.eq_ignore_ascii_case(wanted);
        named.then(|| text::unquoted(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn transports() {
        for (value, want) in [
            (
                "RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1",
                Transport::Interleaved(Some((4, 5))),
            ),
            (
                "RTP/AVP/TCP; Interleaved=2",
                Transport::Interleaved(Some((2, 3))),
            ),
            ("rtp/avp/tcp;unicast", Transport::Interleaved(None)),
            ("RTP/AVP;interleaved=300-301", Transport::Interleaved(None)),
            ("RTP/AVP;unicast;client_port=0-1", Transport::Other),
            ("", Transport::Other),
        ] {
            assert_eq!(transport(value), want, "{value}");
        }
    }

    fn media() -> [Medium; 2] {
        let medium = |index, url: &str| Medium {
            index,
            url: url.to_owned(),
            channel: 0,
        };
        [
            medium(0, "rtsp://h/a,b/track1"),
            medium(3, "rtsp://h/a,b/track2"),
        ]
    }

    fn info(media: usize, seq: u16, rtptime: u32) -> RtpInfo {
        let (seq, rtptime) = (Some(seq), Some(rtptime));
        RtpInfo {
            media,
            seq,
            rtptime,
        }
    }

    #[test]
    fn rtp_infos() {
        let both = vec![info(3, 7, 4294967295), info(0, 65535, 0)];
        for value in [
            "url=rtsp://h/a,b/track2;seq=7;rtptime=4294967295, url=rtsp://h/a,b/track1/;seq=65535;rtptime=0",
            "URL=\"track2\"; SEQ=7; rtptime=4294967295,url=/x/track1;rtptime=0;seq=65535",
        ] {
            assert_eq!(rtp_info(value, &media()), both, "{value}");
        }
        let by_order = "url=x;seq=1;rtptime=2,url=y;seq=3;rtptime=4";
        assert_eq!(
            rtp_info(by_order, &media()),
            vec![info(0, 1, 2), info(3, 3, 4)]
        );
        assert_eq!(rtp_info("url=x;seq=1", &media()), vec![]);
        let odd = RtpInfo {
            media: 0,
            seq: None,
            rtptime: None,
        };
        assert_eq!(
            rtp_info("url=track1;seq=70000;rtptime=-1", &media()),
            vec![odd]
        );
    }

    proptest! {
        #[test]
        fn any_text(value in "(?s)(url=|seq=|[,;=-]|.){0,40}") {
            let _ = transport(&value);
            prop_assert!(rtp_info(&value, &media()).len() <= 2);
        }
    }
}
