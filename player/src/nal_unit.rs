//! What NAL units are, of H.264 and H.265 alike.

/// What a packet's payload is.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// A NAL unit or a part of one.
    Part {
        start: bool,
        end: bool,
        /// The NAL unit's header, for its start; H.264 has one byte only.
        header: [u8; 2],
        data: &'a [u8],
    },
    /// NAL units behind lengths, with `between` bytes before each but the first.
    Aggregate { rest: &'a [u8], between: usize },
    /// Undefined, to be ignored.
    Ignored,
}

/// What a NAL unit is to an access unit.
#[derive(Debug, PartialEq, Eq)]
pub enum Class {
    Slice(Picture),
    /// A parameter set.
    Set,
    /// Supplemental enhancement information; with a recovery point, whether
    /// the picture is right at once.
    Supplement(Option<bool>),
    /// The end of a sequence.
    End,
    /// Delimiters, filler, and extensions that no browser decodes.
    Other,
}

/// What a picture is to those around it; the greater, the more it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Picture {
    /// It refers to no other, but those after it may refer to what is before it,
    /// as far as this one tells.
    Intra,
    Plain,
    /// It precedes in output order the sync sample that it follows, and may
    /// refer to what is before that (RASL).
    Leading,
    /// Decoding can begin here, but such may follow (CRA, BLA).
    Open,
    /// Nothing refers to what is before it (IDR).
    Instant,
}
