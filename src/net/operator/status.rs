//! The list of cameras, as `/api/cameras` and GET_INFO tell it.

use std::fmt::Write;

use crate::camera::Status;
use crate::json;
use crate::net::server::Server;

impl Server {
    /// `/api/cameras`: in the order of the configuration, each smaller stream within
    /// its camera.
    pub(in crate::net) fn cameras_json(&mut self) -> String {
        let list = self.sources.statuses(&self.io);
        let named = |name: &str| list.iter().find(|status| status.name == name);
        let mut out = String::from("[");
        for status in self
            .config
            .cameras
            .iter()
            .filter_map(|camera| named(&camera.name))
        {
            if out.len() > 1 {
                out.push(',');
            }
            push_camera(&mut out, status, named(&format!("{}/sub", status.name)));
        }
        for camera in &self.builtin_cameras {
            if out.len() > 1 {
                out.push(',');
            }
            // These texts are the program's own and have no quotes or backslashes.
            let _ = write!(
                out,
                "{{\"name\":\"{}\",\"description\":\"{}\",\"url\":\"rtsp://{}/\"}}",
                camera.name, camera.description, camera.address
            );
        }
        out.push_str("]\n");
        out
    }

    /// The shared cameras as GET_INFO lists them. All sessions share this text.
    pub(in crate::net) fn sources_json(&self) -> String {
        let mut out = String::from("[");
        for camera in &self.config.cameras {
            if out.len() > 1 {
                out.push(',');
            }
            let _ = write!(
                out,
                "{{\"url\":\"rtsp://camgate/{}\",\"description\":\"{}\"}}",
                camera.name,
                json::text(&camera.description)
            );
        }
        out.push(']');
        out
    }
}

/// Appends one camera as JSON, with its smaller stream.
fn push_camera(out: &mut String, status: &Status, sub: Option<&Status>) {
    let (name, title) = (&status.name, json::text(&status.title));
    let _ = write!(out, "{{\"name\":\"{name}\",\"description\":\"{title}\",");
    push_stream(out, status);
    if let Some(sub) = sub {
        out.push_str(",\"sub\":{");
        push_stream(out, sub);
        out.push('}');
    }
    out.push('}');
}

/// Appends the status of a stream.
fn push_stream(out: &mut String, status: &Status) {
    let (width, height) = status.size.unwrap_or_default();
    let codecs: Vec<String> = status
        .codecs
        .iter()
        .map(|codec| format!("\"{}\"", json::text(codec)))
        .collect();
    let _ = write!(
        out,
        "\"url\":\"rtsp://camgate/{}\",\"state\":\"{}\",\"problem\":\"{}\",\
         \"since\":{},\"codecs\":[{}],\"width\":{width},\"height\":{height},\
         \"viewers\":{},\"bitrate\":{},\"lost\":{},\
         \"group\":{},\"cache\":{},\"uncached\":{}",
        status.name,
        status.state,
        json::text(&status.reason),
        status.since,
        codecs.join(","),
        status.viewers,
        status.bitrate,
        status.lost,
        status.longest_gop,
        status.cache_limit,
        status.cache_overflows,
    );
}
