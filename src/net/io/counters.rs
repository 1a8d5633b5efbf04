//! What is counted since the start.

/// Counters that `/metrics` shows.
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
    /// Viewers sent away because others needed their memory.
    pub evicted: u64,
    /// Connections accepted.
    pub accepted: u64,
}
