//! What the gateway tells about itself: Prometheus metrics, the list of
//! cameras, the dump that SIGUSR1 asks for.

use std::fmt::Write;

use super::connection::Role;
use super::server::Server;

/// Counters since the start.
#[derive(Default)]
pub struct Counters {
    /// Interleaved frames read from cameras.
    pub frames: u64,
    /// Bytes of interleaved frames written to data sockets, WebSocket headers not
    /// counted.
    pub media_bytes: u64,
    /// Calls to the system that read from cameras.
    pub reads: u64,
    /// Calls to the system that wrote media.
    pub writes: u64,
    /// Bytes from cameras that were neither frames nor messages, and passed over.
    pub skipped_bytes: u64,
    /// Connections accepted.
    pub accepted: u64,
}

impl Server {
    /// `/metrics`, in Prometheus' text format.
    pub(super) fn metrics(&self) -> String {
        let mut out = String::with_capacity(1024);
        let kinds = ["http", "control", "data", "camera", "closing"];
        let mut counts = [0; 5];
        for (_, connection) in self.connections.iter() {
            counts[kind(&connection.role)] += 1;
        }
        out.push_str("# TYPE camgate_connections gauge\n");
        for (kind, count) in kinds.iter().zip(counts) {
            let _ = writeln!(out, "camgate_connections{{kind=\"{kind}\"}} {count}");
        }
        let gauges = [
            ("camgate_viewers", self.viewers.len()),
            ("camgate_pool_buffers", self.pool.total()),
            ("camgate_pool_buffers_free", self.pool.free()),
            ("camgate_timers", self.timers.len()),
        ];
        for (name, value) in gauges {
            let _ = writeln!(out, "# TYPE {name} gauge\n{name} {value}");
        }
        let counters = [
            ("camgate_frames_total", self.counters.frames),
            ("camgate_media_bytes_total", self.counters.media_bytes),
            ("camgate_media_reads_total", self.counters.reads),
            ("camgate_media_writes_total", self.counters.writes),
            ("camgate_skipped_bytes_total", self.counters.skipped_bytes),
            ("camgate_accepted_total", self.counters.accepted),
        ];
        for (name, value) in counters {
            let _ = writeln!(out, "# TYPE {name} counter\n{name} {value}");
        }
        out
    }

    /// `/api/cameras`.
    pub(super) fn cameras_json(&self) -> String {
        let mut out = String::from("[");
        for (index, camera) in self.cameras.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            // The texts are the program's own: no quotes, no backslashes.
            let _ = write!(
                out,
                "{{\"name\":\"{}\",\"description\":\"{}\",\"url\":\"rtsp://{}/\"}}",
                camera.name, camera.description, camera.address
            );
        }
        out.push_str("]\n");
        out
    }

    /// SIGUSR1: the tables, to the log.
    pub(super) fn dump(&self) {
        log::info!(
            "state: {} connections, {} viewers, {} sources, {}/{} buffers free, {} ready, {} waiting for a buffer",
            self.connections.len(),
            self.viewers.len(),
            self.sources.len(),
            self.pool.free(),
            self.pool.total(),
            self.ready.len(),
            self.waiting.len(),
        );
        for (_, connection) in self.connections.iter() {
            let names = ["http", "control", "data", "camera", "closing"];
            log::info!(
                "[c{}] {} {} readable={} writable={} outbox={}",
                connection.id,
                names[kind(&connection.role)],
                connection.peer,
                connection.readable,
                connection.writable,
                connection.out.len(),
            );
        }
    }
}

fn kind(role: &Role) -> usize {
    match role {
        Role::Http { .. } => 0,
        Role::Control { .. } => 1,
        Role::Data { .. } => 2,
        Role::Camera { .. } => 3,
        Role::Closing { .. } => 4,
    }
}
