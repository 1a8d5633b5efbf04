//! What a control frame carries.

use std::ops::Deref;

/// The longest payload of a ping, pong or close frame, in bytes (section 5.5).
pub const MAX_CONTROL: usize = 125;

/// The payload of a control frame: at most 125 bytes, kept in place.
#[derive(Clone)]
pub struct Payload {
    bytes: [u8; MAX_CONTROL],
    length: usize,
}

impl Payload {
    /// An empty one.
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; MAX_CONTROL],
            length: 0,
        }
    }

    /// Adds as much as there is room for.
    pub(super) fn extend(&mut self, more: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        let taken = room.len().min(more.len());
        for (to, from) in room.iter_mut().zip(more) {
            *to = *from;
        }
        self.length += taken;
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Payload {}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}
