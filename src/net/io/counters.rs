//! Counters since the start of the process.

/// Counters that `/metrics` shows.
#[derive(Default)]
pub struct Counters {
    /// Interleaved frames read from cameras.
    pub frames: u64,
    /// Bytes of interleaved frames written to viewers, without WebSocket headers.
    pub media_bytes: u64,
    /// System calls that read from cameras.
    pub reads: u64,
    /// System calls that wrote media.
    pub writes: u64,
    /// Bytes from cameras that were neither frames nor messages and were skipped.
    pub skipped_bytes: u64,
    /// Viewers that were closed because others needed their memory.
    pub evicted: u64,
    /// Connections accepted.
    pub accepted: u64,
}
