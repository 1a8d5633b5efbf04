//! What JavaScript has to do next: a bounded queue of outputs.
//!
//! Invariant: the queue holds at most [`MAX_OUTPUTS`] outputs and [`MAX_BYTES`]
//! bytes of fragments and pictures. JavaScript drains it after every call, so it fills up
//! only when one message carries more than that; then fragments are refused
//! (and the caller goes on from the next sync sample), never queued. Nor is what
//! goes before a fragment, if the caller asks whether it [is
//! full](Queue::is_full).

/// The most outputs waiting at a time.
pub const MAX_OUTPUTS: usize = 4096;

/// The most bytes of fragments waiting at a time.
pub const MAX_BYTES: usize = 32 << 20;

/// How many buffers are kept for use again.
const MAX_SPARE: usize = 8;

/// The largest buffer that is kept for use again.
const MAX_SPARE_BYTES: usize = 1 << 20;

/// What an output is. The numbers are the contract with JavaScript.
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
    /// What GET_INFO said, JSON.
    Info = 7,
    /// The state, one word.
    State = 8,
    /// `code\nmessage`; the session is over.
    Error = 9,
    /// A track that cannot be carried: `video VP8`.
    Unsupported = 10,
    /// The session was closed as asked.
    Closed = 11,
    /// `WIDTHxHEIGHT` of the picture.
    Size = 12,
    /// Close both sockets and open the control socket again: the stream is at
    /// this address, which has no credentials.
    Reopen = 15,
    /// A whole JPEG of a track of pictures.
    Picture = 13,
    /// What is shown before `time` is history: to be decoded, not watched.
    Edge = 14,
}

/// One thing for JavaScript to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub kind: Kind,
    /// The track, for `Track`, `Init`, `Fragment`, `Size` and `Picture`.
    pub track: u32,
    /// Start of the fragment or picture on the media timeline, seconds; of an
    /// `Edge` the edge.
    pub time: f64,
    /// Duration of the fragment or picture, seconds.
    pub duration: f64,
    /// Whether the fragment starts with a sync sample.
    pub sync: bool,
    pub data: Vec<u8>,
}

impl Output {
    /// An output that is text (or nothing) and belongs to no track.
    pub fn text(kind: Kind, text: impl Into<String>) -> Self {
        Self::bytes(kind, 0, text.into().into_bytes())
    }

    /// An output of a track that is no fragment.
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

/// The queue. See the file's head for its bounds.
#[derive(Debug, Default)]
pub struct Queue {
    /// Few at a time: they are taken after every call.
    waiting: Vec<Output>,
    bytes: usize,
    spare: Vec<Vec<u8>>,
}

impl Queue {
    /// Queues `output`; says whether there was room. What is not a fragment is
    /// small and rare and always goes in.
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

    /// An empty buffer, one used before if there is any.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes the buffer of an output that has been dealt with.
    pub fn recycle(&mut self, output: Output) {
        let mut data = output.data;
        if self.spare.len() < MAX_SPARE && (1..=MAX_SPARE_BYTES).contains(&data.capacity()) {
            data.clear();
            self.spare.push(data);
        }
    }

    /// Forgets everything that waits.
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
