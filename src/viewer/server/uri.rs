//! What the URI of a viewer's request names: a camera, and a track of it.

use crate::camera::is_track;
use crate::protocol::rtsp::url::Url;

/// The name of the camera in lower case, such as `front` or `front/sub`, and that of the
/// track, which is empty if the URI names none. `None` for `*` and for what is no URL.
pub(super) fn camera_and_track(uri: &str) -> Option<(String, String)> {
    let path = Url::parse(uri).ok()?.path;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let track = match parts.last() {
        // If there is nothing before it, this is the name of a camera.
        Some(last) if is_track(last) && parts.len() > 1 => parts.pop().unwrap_or_default(),
        _ => "",
    };
    let name = parts.join("/").to_lowercase();
    (!name.is_empty()).then(|| (name, track.to_owned()))
}

/// A URL without the track's name, the query and the slashes before them.
pub(super) fn without_track(uri: &str) -> &str {
    let has_track = camera_and_track(uri).is_some_and(|(_, track)| !track.is_empty());
    let uri = uri.split(['?', '#']).next().unwrap_or_default();
    let uri = uri.trim_end_matches('/');
    match uri.rsplit_once('/') {
        Some((base, _)) if has_track => base,
        _ => uri,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_and_a_track() {
        for (uri, name, track, without) in [
            ("rtsp://h/front", "front", "", "rtsp://h/front"),
            ("rtsp://h/Front/?x=1", "front", "", "rtsp://h/Front"),
            (
                "rtsp://h/front/sub#1",
                "front/sub",
                "",
                "rtsp://h/front/sub",
            ),
            (
                "rtsp://h/front/track1/",
                "front",
                "track1",
                "rtsp://h/front",
            ),
            ("rtsp://h/track1", "track1", "", "rtsp://h/track1"),
        ] {
            let found = Some((name.to_owned(), track.to_owned()));
            assert_eq!(camera_and_track(uri), found, "{uri}");
            assert_eq!(without_track(uri), without, "{uri}");
        }
        for none in ["*", "rtsp://h", "rtsp://h/", "front"] {
            assert_eq!(camera_and_track(none), None, "{none}");
        }
    }
}
