//! The Transport header (RFC 2326 §12.39): that of a SETUP request as a server reads it
//! (we serve interleaved TCP only), and that of the answer as a client over UDP reads it.

use std::net::IpAddr;

/// The interleaved channels that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interleaved {
    /// The channels of RTP and RTCP; `None` leaves the choice to the server.
    pub channels: Option<(u8, u8)>,
}

/// The first transport in `header` that is interleaved TCP.
pub fn interleaved(header: &str) -> Option<Interleaved> {
    header.split(',').find_map(specification)
}

fn specification(text: &str) -> Option<Interleaved> {
    let mut parts = text.split(';').map(str::trim);
    let profile = parts.next()?.to_ascii_uppercase();
    let tcp = profile == "RTP/AVP/TCP";
    // A transport that names channels is interleaved, too.
    if !tcp && profile != "RTP/AVP" {
        return None;
    }
    let mut channels = None;
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if name.eq_ignore_ascii_case("multicast") {
            return None;
        }
        if name.eq_ignore_ascii_case("interleaved") {
            channels = Some(pair(value)?);
        }
    }
    (tcp || channels.is_some()).then_some(Interleaved { channels })
}

/// Reads `a-b`, or `a`, which stands for `a` and the next number.
fn pair(text: &str) -> Option<(u8, u8)> {
    let (first, second) = match text.split_once('-') {
        Some((first, second)) => (first, Some(second)),
        None => (text, None),
    };
    let first: u8 = first.trim().parse().ok()?;
    let second = match second {
        Some(second) => second.trim().parse().ok()?,
        None => first.checked_add(1)?,
    };
    (first != second).then_some((first, second))
}

/// Where a camera sends from over UDP, according to its answer to SETUP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// The ports of RTP and RTCP.
    pub ports: Option<(u16, u16)>,
    /// The address, which may differ from that of the RTSP connection.
    pub source: Option<IpAddr>,
    /// The SSRC of the packets.
    pub ssrc: Option<u32>,
}

/// Reads the camera's side of the first transport in `header`. A parameter that makes no
/// sense is ignored.
pub fn server(header: &str) -> Server {
    let mut server = Server::default();
    let first = header.split(',').next().unwrap_or_default();
    for part in first.split(';') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "server_port" => server.ports = ports(value),
            "source" => server.source = value.trim_matches(['[', ']']).parse().ok(),
            "ssrc" => server.ssrc = u32::from_str_radix(value, 16).ok(),
            _ => {}
        }
    }
    server
}

/// Reads ports as [`pair`] reads channels; port 0 counts as missing.
fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, second) = text.split_once('-').unwrap_or((text, ""));
    let first = first.trim().parse().ok().filter(|port| *port != 0)?;
    let second = second.trim().parse().ok().filter(|port| *port != 0);
    Some((first, second.or(first.checked_add(1))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn where_a_camera_sends_from() {
        let all = "RTP/AVP/UDP;unicast;client_port=4-5;Server_Port=6970-6971;\
                   source=10.0.0.7;ssrc=0A0B0C0D, RTP/AVP;server_port=1-2";
        let expected = Server {
            ports: Some((6970, 6971)),
            source: Some([10, 0, 0, 7].into()),
            ssrc: Some(0x0a0b_0c0d),
        };
        assert_eq!(server(all), expected);
        let ports = |text: &str| server(&format!("RTP/AVP;server_port={text}")).ports;
        assert_eq!(ports("7"), Some((7, 8)));
        assert_eq!(ports("7-0"), Some((7, 8)));
        for none in ["", "0-1", "x", "65535", "70000-70001"] {
            assert_eq!(ports(none), None, "{none}");
        }
        let odd = server("source=camera.local;ssrc=not hex");
        assert_eq!(odd, Server::default());
    }

    proptest! {
        #[test]
        fn any_header(text in "(?s)(server_port=|source=|ssrc=|[;,=-]|.){0,40}") {
            let _ = (server(&text), interleaved(&text));
        }
    }

    #[test]
    fn only_interleaved_tcp_is_found() {
        let channels = |text| interleaved(text).map(|found| found.channels);
        let tcp = "RTP/AVP/TCP;unicast;interleaved=2-3";
        assert_eq!(channels(tcp), Some(Some((2, 3))));
        let both = "RTP/AVP;unicast;client_port=1-2, rtp/avp/tcp;interleaved=7";
        assert_eq!(channels(both), Some(Some((7, 8))));
        assert_eq!(channels("RTP/AVP/TCP;unicast"), Some(None));
        let implied = "RTP/AVP;unicast;interleaved=0-1";
        assert_eq!(channels(implied), Some(Some((0, 1))));
        for none in [
            "",
            "RTP/AVP;unicast;client_port=5000-5001",
            "RTP/AVP/TCP;multicast",
            "RTP/AVP/TCP;interleaved=255",
            "RTP/AVP/TCP;interleaved=256-257",
            "RTP/AVP/TCP;interleaved=4-4",
        ] {
            assert_eq!(channels(none), None, "{none}");
        }
    }
}
