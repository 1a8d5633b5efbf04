//! What of a SETUP's Transport header (RFC 2326 §12.39) reaches a camera that a viewer
//! named.
//!
//! Invariant: only media on the link itself can be asked for. A camera would send UDP to
//! any address that a viewer names.

/// The profiles whose packets may be interleaved with RTSP. Players leave the lower
/// transport out for cameras that refuse it, or hang up at it; then `interleaved` says it.
const PROFILES: [&str; 4] = ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"];

/// The parameters that send media elsewhere.
const ELSEWHERE: [&str; 8] = [
    "multicast",
    "destination",
    "source",
    "port",
    "client_port",
    "server_port",
    "ttl",
    "layers",
];

/// The alternatives of `header` that are interleaved, written anew; `None` if there are
/// none.
pub fn only_interleaved(header: &str) -> Option<String> {
    let kept: Vec<String> = header.split(',').filter_map(alternative).collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// One alternative with the parameters that mean something on the link; `None` if it is
/// not interleaved.
fn alternative(text: &str) -> Option<String> {
    let mut parts = text.split(';').map(str::trim);
    let profile = parts.next()?.to_ascii_uppercase();
    let bare = profile.strip_suffix("/TCP");
    if !PROFILES.contains(&bare.unwrap_or(&profile)) {
        return None;
    }
    let mut on_link = bare.is_some();
    let mut kept = profile;
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let clean = match name.as_str() {
            name if ELSEWHERE.contains(&name) => return None,
            "unicast" => value.is_empty(),
            "interleaved" if is_channels(value) => {
                on_link = true;
                true
            }
            "interleaved" => return None,
            "mode" => is_word(unquoted(value)),
            "ssrc" => is_word(value),
            _ => false,
        };
        if clean {
            kept.push(';');
            kept.push_str(part);
        }
    }
    on_link.then_some(kept)
}

fn unquoted(text: &str) -> &str {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Whether a text is one channel or a range of two, as in `0` or `0-1`.
fn is_channels(text: &str) -> bool {
    text.split('-').count() <= 2 && text.split('-').all(|part| part.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_players_write_passes_as_it_is() {
        for text in [
            "RTP/AVP/TCP;unicast;interleaved=0-1",
            "RTP/AVP/TCP;unicast;interleaved=2-3;mode=\"PLAY\"",
            "RTP/AVP/TCP;interleaved=7",
            "RTP/AVP/TCP;unicast",
            "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0A0B0C0D;mode=play",
            "RTP/AVP;unicast;interleaved=0-1",
        ] {
            assert_eq!(only_interleaved(text).as_deref(), Some(text));
        }
        let odd = "rtp/avp/tcp ; unicast ;\tinterleaved=0-1;x-vendor=\"a\"";
        let clean = "RTP/AVP/TCP;unicast;interleaved=0-1";
        assert_eq!(only_interleaved(odd).as_deref(), Some(clean));
    }

    #[test]
    fn what_leads_elsewhere_is_left_out() {
        let list = "RTP/AVP;unicast;client_port=5000-5001, RTP/AVP/TCP;unicast;interleaved=0-1,\
                    RTP/AVP/UDP;destination=10.0.0.1";
        let kept = "RTP/AVP/TCP;unicast;interleaved=0-1";
        assert_eq!(only_interleaved(list).as_deref(), Some(kept));
        for none in [
            "",
            ",;",
            "RTP/AVP",
            "RTP/AVP;unicast;client_port=5000-5001",
            "RTP/AVP;unicast;interleaved=0-1;client_port=5000-5001",
            "RTP/AVP/UDP;unicast;interleaved=0-1",
            "RTP/AVP/UDP;unicast;destination=10.0.0.1;client_port=9-10",
            "RTP/AVP;multicast;ttl=127",
            "RTP/AVP/TCP;multicast",
            "RTP/AVP/TCP;unicast;Destination = 10.0.0.1;interleaved=0-1",
            "RTP/AVP/TCP;unicast;client_port=5000-5001",
            "RTP/AVP/TCP;unicast;interleaved=0-1;port=5000",
            "RTP/AVP/TCP;unicast;interleaved=x",
            "RTP/AVP/TCP;unicast;interleaved=0-1-2",
            "RAW/RAW/UDP;unicast",
            "MP2T/H2221/UDP;unicast;client_port=5000",
        ] {
            assert_eq!(only_interleaved(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn nothing_else_gets_through(
            text in "(?i)(RTP/AVP/TCP|RTP/AVP|destination=|client_port=|multicast|interleaved=0|mode=|[;,= \"9a.]){0,20}",
        ) {
            let kept = only_interleaved(&text).unwrap_or_default();
            for part in kept.split([',', ';']) {
                let (name, _) = part.split_once('=').unwrap_or((part, ""));
                let name = name.trim().to_ascii_lowercase();
                let known = ["", "rtp/avp", "rtp/avp/tcp", "unicast", "interleaved", "mode", "ssrc"];
                prop_assert!(known.contains(&name.as_str()), "{text:?} -> {kept:?}");
            }
        }
    }
}
