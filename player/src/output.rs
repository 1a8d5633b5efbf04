//! What JavaScript has to do next: a bounded queue of outputs.
//!
//! Invariant: the queue holds at most [`MAX_OUTPUTS`] outputs and [`MAX_BYTES`] bytes
//! of fragments and pictures. JavaScript drains it after every call, so it is full only
//! if one message carries more than that. Then fragments are refused, and the caller
//! continues at the next sync sample. A caller that asks whether the queue [is
//! full](Queue::is_full) also queues nothing of what precedes a fragment.

/// The maximum number of waiting outputs.
pub const MAX_OUTPUTS: usize = 4096;

/// The maximum number of waiting bytes of fragments.
pub const MAX_BYTES: usize = 32 << 20;

/// How many buffers are kept for reuse.
const MAX_SPARE: usize = 8;

/// The largest buffer that is kept for reuse.
const MAX_SPARE_BYTES: usize = 1 << 20;

/// The kind of an output. The numbers are the contract with JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Send this text on the control socket.
    SendControl = 1,
    /// Open the data socket.
    OpenData = 2,
    /// Send this text on the data socket.
    SendData = 3,
    /// The MIME type of a track, new or changed.
    Track = 4,
    /// The init segment of a track.
    Init = 5,
    /// A `moof` and its `mdat`.
    Fragment = 6,
    /// The answer to GET_INFO as JSON.
    Info = 7,
    /// The new state as one word.
    State = 8,
    /// `code\nmessage`: the session has failed.
    Error = 9,
    /// A track that is not supported, such as `video VP8`.
    Unsupported = 10,
    /// The session was closed as requested.
    Closed = 11,
    /// The size of the picture, as `WIDTHxHEIGHT`.
    Size = 12,
    /// Close both sockets and open the control socket again, because the stream is at
    /// this address, which contains no credentials.
    Reopen = 15,
    /// A whole JPEG of a track of pictures.
    Picture = 13,
    /// Pictures before `time` are history: they are to be decoded, but not shown.
    Edge = 14,
}

/// One thing for JavaScript to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub kind: Kind,
    /// The track, for `Track`, `Init`, `Fragment`, `Size` and `Picture`.
    pub track: u32,
    /// The start of the fragment or picture on the media timeline, or the time of an
    /// `Edge`, in seconds.
    pub time: f64,
    /// The duration of the fragment or picture, in seconds.
    pub duration: f64,
    /// Whether the fragment starts with a sync sample.
    pub sync: bool,
    pub data: Vec<u8>,
}

impl Output {
    /// An output with a text, or an empty one, that belongs to no track.
    pub fn text(kind: Kind, text: impl Into<String>) -> Self {
        Self::bytes(kind, 0, text.into().into_bytes())
    }

    /// An output of a track, other than a fragment.
    pub fn bytes(kind: Kind, track: u32, data: Vec<u8>) -> Self {
        Self {
            kind,
            track,
            time: 0.0,
            duration: 0.0,
            sync: false,
            data,
        }
    }
}

/// The queue of outputs, with the limits that the module names.
#[derive(Debug, Default)]
pub struct Queue {
    /// Only a few are waiting, because they are taken after every call.
    waiting: Vec<Output>,
    bytes: usize,
    spare: Vec<Vec<u8>>,
}

impl Queue {
    /// Queues `output`, and returns whether there was room. Outputs other than
    /// fragments are small and rare, so there is always room for them.
    pub fn push(&mut self, output: Output) -> bool {
        let size = output.data.len();
        let full = self.is_full() || self.bytes + size > MAX_BYTES;
        if full && matches!(output.kind, Kind::Fragment | Kind::Picture) {
            self.recycle(output);
            return false;
        }
        self.bytes += size;
        self.waiting.push(output);
        true
    }

    /// Whether there is no room for another fragment, however small.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_OUTPUTS || self.bytes >= MAX_BYTES
    }

    /// The next output.
    pub fn pop(&mut self) -> Option<Output> {
        if self.waiting.is_empty() {
            return None;
        }
        let output = self.waiting.remove(0);
        self.bytes = self.bytes.saturating_sub(output.data.len());
        Some(output)
    }

    /// An empty buffer, reused if possible.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes back the buffer of an output that has been handled.
    pub fn recycle(&mut self, output: Output) {
        let mut data = output.data;
        if self.spare.len() < MAX_SPARE && (1..=MAX_SPARE_BYTES).contains(&data.capacity()) {
            data.clear();
            self.spare.push(data);
        }
    }

    /// Drops everything that is waiting.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(size: usize) -> Output {
        Output::bytes(Kind::Fragment, 1, vec![0; size])
    }

    #[test]
    fn refuses_fragments_beyond_its_bytes_and_takes_them_again_once_drained() {
        let mut queue = Queue::default();
        assert!(queue.push(fragment(MAX_BYTES)));
        assert!(!queue.push(fragment(1)));
        assert!(queue.push(Output::text(Kind::State, "playing")));
        assert_eq!(queue.pop().map(|o| o.kind), Some(Kind::Fragment));
        assert!(queue.push(fragment(1)));
    }

    #[test]
    fn refuses_fragments_beyond_its_count() {
        let mut queue = Queue::default();
        for _ in 0..MAX_OUTPUTS {
            assert!(queue.push(fragment(1)));
        }
        assert!(!queue.push(fragment(1)));
    }

    #[test]
    fn uses_a_buffer_again() {
        let mut queue = Queue::default();
        queue.recycle(fragment(100));
        let buffer = queue.buffer();
        assert!(buffer.is_empty() && buffer.capacity() >= 100);
    }
}
