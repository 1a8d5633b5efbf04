//! The bytes that wait to be sent to one client: appended at the back, sent from the
//! front.
//!
//! Invariant: media is only appended whole, and only if it stays within
//! [`MAX_BACKLOG`].

/// How many bytes may wait for a client: four seconds of the clip.
pub const MAX_BACKLOG: usize = 64 * 1024;

/// A queue of bytes that can be read as one slice.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

impl Output {
    /// The bytes that are still to be sent.
    pub fn pending(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// Notes that the first `count` pending bytes were sent.
    pub fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count).min(self.bytes.len());
        // The rest is moved only when it is the smaller half, which keeps the work
        // linear.
        if self.sent >= self.bytes.len() - self.sent {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Whether `count` more bytes stay within the limit.
    pub fn fits(&self, count: usize) -> bool {
        self.pending().len().saturating_add(count) <= MAX_BACKLOG
    }

    /// The buffer to append to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_order() {
        let mut output = Output::default();
        output.buffer().extend_from_slice(b"abcdef");
        output.sent(2);
        assert_eq!(output.pending(), b"cdef");
        output.buffer().extend_from_slice(b"g");
        output.sent(3);
        assert_eq!(output.pending(), b"fg");
        output.sent(9);
        assert_eq!(output.pending(), b"");
        assert!(output.fits(MAX_BACKLOG) && !output.fits(MAX_BACKLOG + 1));
    }
}
