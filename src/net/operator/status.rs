//! The status of the gateway: Prometheus metrics, the list of cameras, and the dump
//! that SIGUSR1 asks for.

use std::fmt::Write;

use crate::camera::Status;
use crate::json;
use crate::net::io::connection::Role;
use crate::net::server::Server;

/// The log target of the dump. Lines of this target are always written.
pub const DUMP: &str = "camgate::state";

impl Server {
    /// `/metrics`, in Prometheus' text format.
    pub(in crate::net) fn metrics(&mut self) -> String {
        let mut out = String::with_capacity(1024);
        let mut counts = [0; Role::NAMES.len()];
        for (_, connection) in self.io.iter() {
            counts[connection.role.number()] += 1;
        }
        out.push_str("# TYPE camgate_connections gauge\n");
        for (kind, count) in Role::NAMES.iter().zip(counts) {
            let _ = writeln!(out, "camgate_connections{{kind=\"{kind}\"}} {count}");
        }
        let (buffers, free) = self.sources.buffers();
        let gauges = [
            ("camgate_viewers", self.viewers.len()),
            ("camgate_pool_buffers", buffers),
            ("camgate_pool_buffers_free", free),
            ("camgate_timers", self.io.pending().0),
        ];
        for (name, value) in gauges {
            let _ = writeln!(out, "# TYPE {name} gauge\n{name} {value}");
        }
        let counters = [
            ("camgate_frames_total", self.io.counters.frames),
            ("camgate_media_bytes_total", self.io.counters.media_bytes),
            ("camgate_media_reads_total", self.io.counters.reads),
            ("camgate_media_writes_total", self.io.counters.writes),
            (
                "camgate_skipped_bytes_total",
                self.io.counters.skipped_bytes,
            ),
            ("camgate_evicted_viewers_total", self.io.counters.evicted),
            ("camgate_accepted_total", self.io.counters.accepted),
        ];
        for (name, value) in counters {
            let _ = writeln!(out, "# TYPE {name} counter\n{name} {value}");
        }
        self.push_cameras(&mut out);
        out
    }

    /// Appends the metrics of the shared cameras.
    fn push_cameras(&mut self, out: &mut String) {
        let list = self.sources.statuses(&self.io);
        let mut metric = |name: &str, kind: &str, value: &dyn Fn(&Status) -> u64| {
            if list.is_empty() {
                return;
            }
            let _ = writeln!(out, "# TYPE camgate_camera_{name} {kind}");
            for status in &list {
                let (camera, value) = (&status.name, value(status));
                let _ = writeln!(out, "camgate_camera_{name}{{camera=\"{camera}\"}} {value}");
            }
        };
        metric("live", "gauge", &|status| u64::from(status.state == "live"));
        metric("viewers", "gauge", &|status| status.viewers as u64);
        metric("bitrate_bits_per_second", "gauge", &|status| status.bitrate);
        metric("packets_total", "counter", &|status| status.packets);
        metric("lost_packets_total", "counter", &|status| status.lost);
        metric("bytes_total", "counter", &|status| status.bytes);
        metric("skipped_frames_total", "counter", &|status| {
            status.skipped_frames
        });
        metric("group_bytes", "gauge", &|status| status.longest_gop);
        metric("cache_bytes", "gauge", &|status| status.cache_limit);
        metric("uncached_groups_total", "counter", &|status| {
            status.cache_overflows
        });
    }

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

    /// Writes the tables to the log (SIGUSR1).
    pub(super) fn dump(&self) {
        let (buffers, free) = self.sources.buffers();
        log::info!(target: DUMP,
            "state: {} connections, {} viewers, {} sources, {free}/{buffers} buffers free, {} ready, {} waiting for a buffer",
            self.io.len(),
            self.viewers.len(),
            self.sources.len(),
            self.io.pending().1,
            self.sources.waiting(),
        );
        for (_, connection) in self.io.iter() {
            log::info!(target: DUMP,
                "[c{}] {} {} readable={} writable={} outbox={}",
                connection.id,
                connection.role.name(),
                connection.peer,
                connection.readable,
                connection.writable,
                connection.out.len(),
            );
        }
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
