//! The meaning of request URIs for the built-in camera.

use super::playback::TrackId;

/// What a URI refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `*`: the server itself.
    Server,
    /// `rtsp://host/`: the whole presentation.
    Camera,
    /// `rtsp://host/trackID=n`: one of its tracks.
    Track(TrackId),
}

/// Reads a request URI; `None` if it refers to nothing.
///
/// Host, port and query do not matter, because a camera does not know the names by
/// which it is reached.
pub fn resource(uri: &str) -> Option<Resource> {
    if uri == "*" {
        return Some(Resource::Server);
    }
    let path = path(uri)?;
    match path.trim_matches('/') {
        "" => Some(Resource::Camera),
        name => track(name).map(Resource::Track),
    }
}

/// The camera's URI, which track names are relative to (`Content-Base`), from its own
/// URI or that of a track.
pub fn base(uri: &str) -> String {
    let uri = uri.split(['?', '#']).next().unwrap_or_default();
    let uri = uri.trim_end_matches('/');
    let camera = match uri.rsplit_once('/') {
        Some((camera, last)) if track(last).is_some() => camera,
        _ => uri,
    };
    format!("{}/", camera.trim_end_matches('/'))
}

/// The name of a track, relative to the camera's URI.
pub fn name(track: TrackId) -> &'static str {
    match track {
        TrackId::Video => "trackID=0",
        TrackId::Audio => "trackID=1",
    }
}

fn track(wanted: &str) -> Option<TrackId> {
    TrackId::ALL
        .into_iter()
        .find(|track| name(*track) == wanted)
}

/// The path of an `rtsp://` URI without its query. Clients that append a track's name
/// after the query (`/?x=y/trackID=1`) are understood, too.
fn path(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    let rtsp = scheme.eq_ignore_ascii_case("rtsp") || scheme.eq_ignore_ascii_case("rtsps");
    let rest = rtsp.then_some(rest)?;
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (before, query) = path.split_once('?').unwrap_or((path, ""));
    let named = query.rsplit_once('/').map(|(_, last)| last);
    let named = named.filter(|last| track(last).is_some());
    (!host.is_empty()).then_some(named.unwrap_or(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_name_the_camera_or_a_track() {
        use Resource::{Camera, Server, Track};
        for (uri, expected) in [
            ("*", Some(Server)),
            ("rtsp://h", Some(Camera)),
            ("RTSP://h:8554/", Some(Camera)),
            ("rtsp://h?a=b", Some(Camera)),
            ("rtsp://h/?a=/b", Some(Camera)),
            ("rtsp://h/trackID=0", Some(Track(TrackId::Video))),
            ("rtsp://[::1]:1/trackID=1/", Some(Track(TrackId::Audio))),
            ("rtsp://h/?a=b/trackID=1", Some(Track(TrackId::Audio))),
            ("rtsp://h/trackID=2", None),
            ("rtsp://h/else", None),
            ("http://h/", None),
            ("rtsp://", None),
            ("/", None),
        ] {
            assert_eq!(resource(uri), expected, "{uri}");
        }
    }

    #[test]
    fn the_base_ends_in_one_slash() {
        assert_eq!(base("rtsp://h:1"), "rtsp://h:1/");
        assert_eq!(base("rtsp://h:1/?a=b"), "rtsp://h:1/");
        assert_eq!(base("rtsp://h:1/trackID=0/"), "rtsp://h:1/");
    }
}
