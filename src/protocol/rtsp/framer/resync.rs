//! Tells items from stray bytes, and limits how many of these are skipped.
//!
//! Some cameras send bytes between frames that belong to nothing: padding, the end of a
//! frame that is longer than its header says, or the rest of a frame whose beginning
//! was dropped. The next sound item is then searched for, byte by byte, once. How much
//! a connection may skip depends on how much sound data it has sent.

/// How many bytes may be skipped in a row.
pub const MAX_SKIP: u32 = 64 * 1024;
/// How many sound bytes allow one more byte to be skipped.
pub const SOUND_PER_SKIPPED: u64 = 8;

/// How many bytes of a candidate are examined: the header and the first byte of the
/// payload.
pub(super) const LOOK: usize = 5;

/// The channels and payload sizes (in bytes) that cameras use: a guess for a connection
/// that has not shown its own yet.
const USUAL_CHANNELS: u8 = 32;
const USUAL_LENGTH: u16 = 16 * 1024;
/// The shortest payload that counts as an RTP or RTCP packet (RFC 3550 §6.4.2).
const SHORTEST: u16 = 8;
/// How many letters the name of a method may have.
const LONGEST_METHOD: usize = 24;
/// How much of a start line is examined.
pub(super) const LONGEST_START: usize = LONGEST_METHOD + 8;
/// The beginning of a status line.
pub(super) const STATUS: &[u8] = b"RTSP/1.";

/// What is known of a connection that helps to find its next item.
#[derive(Debug)]
pub(super) struct Resync {
    /// The channels seen so far, as bits.
    channels: [u64; 4],
    /// The longest payload so far, in bytes.
    longest: u16,
    /// The last item was found by a guess, which nothing has confirmed yet.
    pub(super) doubt: bool,
    /// How many bytes may be skipped before sound bytes allow more.
    left: u32,
    /// The position up to which sound bytes were counted.
    counted: u64,
    /// The position where the current run of stray bytes began.
    pub(super) began: u64,
    /// The position where the connection first went astray.
    pub(super) first: Option<u64>,
    /// The number of all skipped bytes.
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

    /// Takes note of a whole frame.
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

    /// Takes note that the stream is astray from `position` on.
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

    /// Takes back the last `count` skipped bytes: they were the beginning of an item.
    pub(super) fn take_back(&mut self, count: usize) {
        self.skipped = self.skipped.saturating_sub(count as u64);
    }

    /// The position of the byte that rules a candidate out, among the bytes known so
    /// far.
    ///
    /// A candidate that follows a frame is more credible than one among stray bytes: it
    /// need not resemble earlier frames.
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
        // The version of RTP and RTCP is 2 (RFC 3550 §5.1, §6.1).
        (byte(4)? >> 6 != 2).then_some(4)
    }
}

/// How much of [`STATUS`] has matched once `byte` is taken, if `matched` bytes of it
/// matched before.
pub(super) fn matched(matched: usize, byte: u8) -> usize {
    match STATUS.get(matched) {
        Some(next) if *next == byte => matched + 1,
        _ => usize::from(STATUS.first() == Some(&byte)),
    }
}

/// Whether a line with this beginning may be a status line or a request line.
pub(super) fn may_start(line: &[u8]) -> bool {
    let like = |begin: &[u8], line: &[u8]| {
        let mut both = begin.iter().zip(line);
        both.all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    if like(STATUS, line) {
        return true;
    }
    let letter = |byte: &&u8| byte.is_ascii_uppercase() || **byte == b'_';
    let method = line.iter().take_while(letter).count();
    match line.get(method..) {
        _ if method == 0 || method > LONGEST_METHOD => false,
        Some([b' ', uri @ ..]) => like(b"rtsp", uri) || matches!(uri, [b'*' | b'/', ..]),
        Some(rest) => rest.is_empty(),
        None => false,
    }
}
