//! What every depacketiser of video gives: coded pictures and what must be
//! known of them.

/// One coded picture with what belongs to it.
#[derive(Debug)]
pub struct AccessUnit<'a> {
    /// For MP4: NAL units, each behind its length in four bytes. A JPEG as it is.
    pub data: &'a [u8],
    /// The RTP timestamp, as the packets gave it.
    pub timestamp: i64,
    /// Decoding can begin here.
    pub sync: bool,
    /// It is the first one, or access units are missing before it.
    pub after_loss: bool,
    /// What it is from here on, at a sync sample, when that is not what it was
    /// at the sync sample before.
    pub format: Option<&'a Format>,
}

/// What a track's pictures are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The MIME type, with the codec's name (RFC 6381) where it is MP4's.
    pub mime: String,
    /// Pixels, after cropping; 0: not known yet.
    pub width: u32,
    /// Pixels, after cropping; 0: not known yet.
    pub height: u32,
    /// Width and height of a pixel.
    pub aspect: (u16, u16),
    /// How many pictures may precede one in decoding order and follow it in
    /// output order, where the stream says or implies it.
    pub reorder: Option<u8>,
    /// Microseconds per frame, where the stream says it.
    pub frame_us: Option<i64>,
    /// Pictures may be fields.
    pub fields: bool,
    /// What the init segment carries; `None`: it is not for MP4.
    pub record: Option<Record>,
}

/// A decoder configuration record (ISO 14496-15 5.3.3 and 8.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The sample entry's type, such as `avc1`.
    pub entry: &'static [u8; 4],
    /// The type of the box around the record, such as `avcC`.
    pub kind: &'static [u8; 4],
    pub bytes: Vec<u8>,
}
