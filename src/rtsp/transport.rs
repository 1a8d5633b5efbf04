//! The Transport header of a SETUP (RFC 2326 §12.39), as a server reads it: only
//! interleaved TCP is offered.

/// The interleaved channels that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interleaved {
    /// RTP and RTCP channel; `None` leaves the choice to the server.
    pub channels: Option<(u8, u8)>,
}

/// Finds the first transport of `header` that the camera can do.
pub fn interleaved(header: &str) -> Option<Interleaved> {
    header.split(',').find_map(specification)
}

fn specification(text: &str) -> Option<Interleaved> {
    let mut parts = text.split(';').map(str::trim);
    let profile = parts.next()?;
    if !profile.eq_ignore_ascii_case("RTP/AVP/TCP") {
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
    Some(Interleaved { channels })
}

/// `a-b`, or `a` for itself and the next.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interleaved_tcp_is_found() {
        let channels = |text| interleaved(text).map(|found| found.channels);
        let tcp = "RTP/AVP/TCP;unicast;interleaved=2-3";
        assert_eq!(channels(tcp), Some(Some((2, 3))));
        let both = "RTP/AVP;unicast;client_port=1-2, rtp/avp/tcp;interleaved=7";
        assert_eq!(channels(both), Some(Some((7, 8))));
        assert_eq!(channels("RTP/AVP/TCP;unicast"), Some(None));
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
