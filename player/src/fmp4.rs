//! Fragmented MP4 (ISO 14496-12) for Media Source Extensions: one track per file, with
//! an init segment and fragments of `moof` and `mdat`.
//!
//! Invariant: a box's size is written when the box is closed, so boxes always nest
//! correctly. Values from a peer only reach this code within ranges that the callers
//! check.

mod audio;
pub mod fragment;
pub mod init;

/// Writes boxes at the end of a buffer.
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes a box around what `content` writes.
    #[inline(always)]
    pub fn boxed(&mut self, kind: &[u8; 4], content: impl FnOnce(&mut Self)) {
        let start = self.open(kind);
        content(self);
        self.close(start);
    }

    // There are many boxes and none is urgent, so their common code is there only once.
    #[inline(never)]
    fn open(&mut self, kind: &[u8; 4]) -> usize {
        let start = self.out.len();
        self.u32(0);
        self.bytes(kind);
        start
    }

    #[inline(never)]
    fn close(&mut self, start: usize) {
        let size = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.patch(start, size);
    }

    /// Writes a full box, which begins with version and flags (ISO 14496-12 4.2).
    #[inline(always)]
    pub fn full(&mut self, kind: &[u8; 4], version_flags: u32, content: impl FnOnce(&mut Self)) {
        self.boxed(kind, |w| {
            w.u32(version_flags);
            content(w);
        });
    }

    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    #[inline(never)]
    pub fn zeros(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, 0);
    }

    #[inline(never)]
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn position(&self) -> usize {
        self.out.len()
    }

    /// Overwrites the four bytes at `position`.
    pub fn patch(&mut self, position: usize, value: u32) {
        if let Some(bytes) = self.out.get_mut(position..position + 4) {
            bytes.copy_from_slice(&value.to_be_bytes());
        }
    }
}
