//! `/metrics`: the numbers of the gateway for Prometheus.

use crate::camera::{STATES, Status};
use crate::net::io::connection::Role;
use crate::net::server::Server;
use crate::net::viewer::KINDS;

use super::exposition::{Exposition, Kind};
use super::process;

impl Server {
    /// `/metrics`, in Prometheus' text format.
    pub(in crate::net) fn metrics(&mut self) -> String {
        let mut out = Exposition::default();
        let help = "The version of the program, as a label; the value is always 1.";
        out.family("camgate_build_info", Kind::Gauge, help)
            .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        self.push_clients(&mut out);
        self.push_gauges(&mut out);
        self.push_counters(&mut out);
        let statuses = self.sources.statuses(&self.io);
        push_states(&mut out, &statuses);
        push_cameras(&mut out, &statuses);
        process::push(&mut out);
        out.into_text()
    }

    /// Appends the connections and the viewers, each by kind.
    fn push_clients(&self, out: &mut Exposition) {
        let mut counts = [0; Role::NAMES.len()];
        for (_, connection) in self.io.iter() {
            counts[connection.role.number()] += 1;
        }
        out.family("camgate_connections", Kind::Gauge, "Open connections.");
        for (kind, count) in Role::NAMES.iter().zip(counts) {
            out.sample(&[("kind", kind)], count);
        }
        let kinds: Vec<&str> = self
            .viewers
            .iter()
            .map(|(_, viewer)| viewer.kind())
            .collect();
        let help = "Viewers by what they speak, and for WSP by what they watch.";
        out.family("camgate_viewers_by_kind", Kind::Gauge, help);
        for kind in KINDS {
            let count = kinds.iter().filter(|other| **other == kind).count();
            out.sample(&[("kind", kind)], count);
        }
    }

    fn push_gauges(&self, out: &mut Exposition) {
        let (buffers, free) = self.sources.buffers();
        let gauges = [
            ("camgate_viewers", "Viewers.", self.viewers.len()),
            ("camgate_pool_buffers", "Buffers of the pool.", buffers),
            (
                "camgate_pool_buffers_free",
                "Buffers of the pool that nobody holds.",
                free,
            ),
            (
                "camgate_waiting_links",
                "Links to cameras that wait for a buffer of the pool.",
                self.sources.waiting(),
            ),
            (
                "camgate_timers",
                "Deadlines that are kept.",
                self.io.pending().0,
            ),
        ];
        for (name, help, value) in gauges {
            out.family(name, Kind::Gauge, help).sample(&[], value);
        }
    }

    fn push_counters(&self, out: &mut Exposition) {
        let counters = &self.io.counters;
        let counters = [
            (
                "camgate_frames_total",
                "Interleaved frames that cameras sent.",
                counters.frames,
            ),
            (
                "camgate_media_bytes_total",
                "Bytes of these frames that were written to viewers.",
                counters.media_bytes,
            ),
            (
                "camgate_media_reads_total",
                "System calls that read from cameras.",
                counters.reads,
            ),
            (
                "camgate_media_writes_total",
                "System calls that wrote media.",
                counters.writes,
            ),
            (
                "camgate_skipped_bytes_total",
                "Bytes from cameras that were neither frames nor messages.",
                counters.skipped_bytes,
            ),
            (
                "camgate_evicted_viewers_total",
                "Viewers that were closed because a camera needed their memory.",
                counters.evicted,
            ),
            (
                "camgate_accepted_total",
                "Connections that were accepted.",
                counters.accepted,
            ),
        ];
        for (name, help, value) in counters {
            out.family(name, Kind::Counter, help).sample(&[], value);
        }
    }
}

/// Appends the states of the shared cameras: of each stream one sample for each state,
/// 1 for the state it is in and 0 for the others.
fn push_states(out: &mut Exposition, statuses: &[Status]) {
    let help = "The state of each stream: 1 for the one it is in, 0 for the others.";
    out.family("camgate_camera_state", Kind::Gauge, help);
    for status in statuses {
        for state in STATES {
            let labels = [("camera", status.name.as_str()), ("state", state)];
            out.sample(&labels, u8::from(status.lasting_state() == state));
        }
    }
}

/// A metric of a shared camera: its name, type and help, and the value in a status.
type Metric = (&'static str, Kind, &'static str, fn(&Status) -> u64);

/// The metrics that each stream of a shared camera has.
const CAMERA_METRICS: [Metric; 12] = [
    (
        "camgate_camera_live",
        Kind::Gauge,
        "Whether the stream plays.",
        |status| u64::from(status.state == "live"),
    ),
    (
        "camgate_camera_viewers",
        Kind::Gauge,
        "Viewers of the stream.",
        |status| status.viewers as u64,
    ),
    (
        "camgate_camera_bitrate_bits_per_second",
        Kind::Gauge,
        "The bit rate of the stream lately.",
        |status| status.bitrate,
    ),
    (
        "camgate_camera_packets_total",
        Kind::Counter,
        "RTP packets that came.",
        |status| status.packets,
    ),
    (
        "camgate_camera_lost_packets_total",
        Kind::Counter,
        "RTP packets that were sent over UDP and never came.",
        |status| status.lost,
    ),
    (
        "camgate_camera_bytes_total",
        Kind::Counter,
        "Bytes of RTP packets that came.",
        |status| status.bytes,
    ),
    (
        "camgate_camera_failures_total",
        Kind::Counter,
        "How often the stream could not be had, or was lost.",
        |status| status.failures,
    ),
    (
        "camgate_camera_reconnects_total",
        Kind::Counter,
        "How often the camera was called again after that.",
        |status| status.reconnects,
    ),
    (
        "camgate_camera_skipped_frames_total",
        Kind::Counter,
        "Frames that were left out for slow viewers.",
        |status| status.skipped_frames,
    ),
    (
        "camgate_camera_group_bytes",
        Kind::Gauge,
        "The most bytes from one key frame to the next.",
        |status| status.longest_gop,
    ),
    (
        "camgate_camera_cache_bytes",
        Kind::Gauge,
        "How many bytes the cache may keep.",
        |status| status.cache_limit,
    ),
    (
        "camgate_camera_uncached_groups_total",
        Kind::Counter,
        "How often the cache overflowed between two key frames.",
        |status| status.cache_overflows,
    ),
];

/// Appends the metrics of the shared cameras.
fn push_cameras(out: &mut Exposition, statuses: &[Status]) {
    for (name, kind, help, value) in CAMERA_METRICS {
        out.family(name, kind, help);
        for status in statuses {
            out.sample(&[("camera", &status.name)], value(status));
        }
    }
}
