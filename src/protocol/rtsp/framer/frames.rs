//! The interleaved frames in a buffer that was cut between frames.

use super::{DOLLAR, Invalid};
use crate::rtsp::text;

/// One interleaved frame inside a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub channel: u8,
    pub payload: &'a [u8],
}

/// The frames in a buffer that holds whole frames only (a WebSocket message).
///
/// Anything else ends the iteration with one [`Invalid`].
pub fn frames(bytes: &[u8]) -> impl Iterator<Item = Result<Frame<'_>, Invalid>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let position = (bytes.len() - rest.len()) as u64;
        let [mark, channel, high, low, after @ ..] = rest else {
            let context = text::why("part of an interleaved frame header");
            return (!std::mem::take(&mut rest).is_empty())
                .then_some(Err(Invalid { position, context }));
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let whole = (*mark == DOLLAR).then(|| after.split_at_checked(length));
        let context = match whole {
            Some(Some((payload, next))) => {
                rest = next;
                let channel = *channel;
                return Some(Ok(Frame { channel, payload }));
            }
            Some(None) => text::why("part of an interleaved frame"),
            None => text::why("no interleaved frame"),
        };
        rest = &[];
        Some(Err(Invalid { position, context }))
    })
}
