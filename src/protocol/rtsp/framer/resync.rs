//! What tells an item from stray bytes, and how many of these are put up with.
//!
//! Cameras send bytes that belong to nothing between two frames: padding, the
//! end of a frame that is longer than its header says, what is left of one
//! whose beginning was dropped. Behind them the next sound item is looked for,
//! byte by byte and once; what a link may skip is earned by what it sends well.

/// Bytes that may be skipped in a row.
pub const MAX_SKIP: u32 = 64 * 1024;
/// Sound bytes that make up for one skipped.
pub const SOUND_PER_SKIPPED: u64 = 8;

/// Bytes of a candidate that are looked at: header and first payload byte.
pub(super) const LOOK: usize = 5;

/// Channels and payloads, in bytes, that cameras use, on a link of which it is
/// not known.
const USUAL_CHANNELS: u8 = 32;
const USUAL_LENGTH: u16 = 16 * 1024;
/// The shortest RTP or RTCP packet worth believing in (RFC 3550 §6.4.2).
const SHORTEST: u16 = 8;
/// Letters that the name of a method may have.
const LONGEST_METHOD: usize = 24;
/// The beginning of a start line that is looked at.
pub(super) const LONGEST_START: usize = LONGEST_METHOD + 8;
/// How a response begins.
pub(super) const STATUS: &[u8] = b"RTSP/1.";

/// What is known of a link that helps to find its next item.
#[derive(Debug)]
pub(super) struct Resync {
    /// Channels seen, a bit for each.
    channels: [u64; 4],
    /// The longest payload so far.
    longest: u16,
    /// Where an item seems to be is a guess that nothing has confirmed yet.
    pub(super) doubt: bool,
    /// Bytes that may be skipped before more are earned.
    left: u32,
    /// Up to where sound bytes were counted.
    counted: u64,
    /// Where the skipping under way began.
    pub(super) began: u64,
    /// Where the link first went astray.
    pub(super) first: Option<u64>,
    /// All bytes skipped.
    pub(super) skipped: u64,
}

impl Resync {
    pub(super) fn new() -> Self {
        Resync {
            channels: [0; 4],
            longest: 0,
            doubt: false,
            left: MAX_SKIP,
            counted: 0,
            began: 0,
            first: None,
            skipped: 0,
        }
    }

    /// Notes a whole frame.
    pub(super) fn saw(&mut self, channel: u8, length: u16) {
        if let Some(word) = self.channels.get_mut(usize::from(channel / 64)) {
            *word |= 1 << (channel % 64);
        }
        self.longest = self.longest.max(length);
    }

    fn has_seen(&self, channel: u8) -> bool {
        let word = self.channels.get(usize::from(channel / 64));
        word.is_some_and(|word| word >> (channel % 64) & 1 == 1)
    }

    /// The stream is astray from `position` on.
    pub(super) fn begin(&mut self, position: u64) {
        let sound = position.saturating_sub(self.counted) / SOUND_PER_SKIPPED;
        let sound = u32::try_from(sound).unwrap_or(MAX_SKIP);
        self.left = self.left.saturating_add(sound).min(MAX_SKIP);
        if !self.doubt {
            self.began = position;
        }
        self.first.get_or_insert(position);
        self.doubt = true;
    }

    /// Skips `count` bytes that end at `position`; false if they are too many.
    pub(super) fn skip(&mut self, count: usize, position: u64) -> bool {
        let count = count as u64;
        self.skipped = self.skipped.saturating_add(count);
        self.counted = position;
        let enough = count <= u64::from(self.left);
        // `count` is at most `left`, so it fits.
        self.left -= if enough { count as u32 } else { self.left };
        enough
    }

    /// The last `count` bytes skipped were the beginning of an item.
    pub(super) fn take_back(&mut self, count: usize) {
        self.skipped = self.skipped.saturating_sub(count as u64);
    }

    /// Which byte of a candidate, of those known, rules it out.
    ///
    /// A candidate next to a frame is more credible than one among stray bytes:
    /// it need not be like the frames before.
    pub(super) fn fault(&self, candidate: &[u8], adjacent: bool) -> Option<usize> {
        let unknown = self.channels == [0; 4];
        let longest = if unknown { USUAL_LENGTH } else { self.longest };
        let any = adjacent || unknown;
        let byte = |at: usize| candidate.get(at).copied();
        let channel = byte(1)?;
        if !(self.has_seen(channel) || any && channel < USUAL_CHANNELS) {
            return Some(1);
        }
        let (high, low) = (byte(2)?, byte(3)?);
        let length = u16::from_be_bytes([high, low]);
        if length < SHORTEST || (!adjacent && length > longest) {
            return Some(3);
        }
        // Version 2 of RTP and RTCP (RFC 3550 §5.1, §6.1).
        (byte(4)? >> 6 != 2).then_some(4)
    }
}

/// How much of [`STATUS`] stands before the next byte, when `matched` bytes of
/// it stood before `byte`.
pub(super) fn matched(matched: usize, byte: u8) -> usize {
    match STATUS.get(matched) {
        Some(next) if *next == byte => matched + 1,
        _ => usize::from(STATUS.first() == Some(&byte)),
    }
}

/// Whether a line that begins like this may be a status line or a request line.
pub(super) fn may_start(line: &[u8]) -> bool {
    let like = |begin: &[u8], line: &[u8]| {
        let mut both = begin.iter().zip(line);
        both.all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    if like(STATUS, line) {
        return true;
    }
    let letter = |byte: &&u8| byte.is_ascii_uppercase() || **byte == b'_';
    let word = line.iter().take_while(letter).count();
    match line.get(word..) {
        _ if word == 0 || word > LONGEST_METHOD => false,
        Some([b' ', uri @ ..]) => like(b"rtsp", uri) || matches!(uri, [b'*' | b'/', ..]),
        Some(rest) => rest.is_empty(),
        None => false,
    }
}
