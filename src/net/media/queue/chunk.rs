//! A chunk of a queue: one buffer with the media that is left in it after messages and
//! stray bytes were cut out.

use crate::protocol::rtsp::framer::{Event, Framer, Invalid};

use super::super::pool::Buffer;
use super::Arrived;

/// A buffer of the queue, and the range of it that holds media.
pub(super) struct Chunk {
    pub(super) buffer: Buffer,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The result of [`Chunk::sift`].
pub(super) struct Sifted {
    /// Bytes of media that were added.
    pub(super) kept: usize,
    /// How many of them are behind the last frame that was completed. `None`: no frame
    /// was.
    pub(super) behind_frame: Option<usize>,
    /// Bytes at the end of the earlier media that turned out to be none, and how many
    /// of these are in buffers before this one.
    pub(super) withdrawn: usize,
    pub(super) before: usize,
    pub(super) invalid: Option<Invalid>,
}

impl Chunk {
    /// An empty chunk.
    pub(super) fn new(buffer: Buffer) -> Chunk {
        let (start, end) = (0, 0);
        Chunk { buffer, start, end }
    }

    /// Whether there is enough room behind the media to be worth a read.
    pub(super) fn has_room(&self) -> bool {
        let size = self.buffer.len();
        size - self.end >= size / 8
    }

    /// Runs the framer over `count` bytes that were read behind the end. Media stays,
    /// and moves up where something before it was cut out.
    pub(super) fn sift(
        &mut self,
        count: usize,
        framer: &mut Framer,
        arrived: &mut Arrived,
    ) -> Sifted {
        let (mut from, stop) = (self.end, self.end + count);
        let mut sifted = Sifted {
            kept: 0,
            behind_frame: None,
            withdrawn: 0,
            before: 0,
            invalid: None,
        };
        while from < stop {
            let step = match framer.feed(&self.buffer[from..stop]) {
                Ok(step) => step,
                Err(invalid) => {
                    sifted.invalid = Some(invalid);
                    break;
                }
            };
            // This happens in the first step only: such bytes were the end of the
            // previous read.
            if step.withdrawn > 0 {
                let here = step.withdrawn.min(self.end - self.start);
                self.end -= here;
                (sifted.withdrawn, sifted.before) = (step.withdrawn, step.withdrawn - here);
            }
            let next = from + step.consumed;
            if step.media {
                if from != self.end {
                    self.buffer.copy_within(from..next, self.end);
                }
                self.end += step.consumed;
                sifted.kept += step.consumed;
                sifted.behind_frame = sifted.behind_frame.map(|n| n + step.consumed);
            }
            from = next;
            match step.event {
                Event::Frame { .. } => {
                    sifted.behind_frame = Some(0);
                    arrived.frames += 1;
                }
                Event::Message => arrived.messages.push(framer.message().to_vec()),
                Event::NeedMore | Event::Blank => {}
            }
        }
        sifted
    }
}
