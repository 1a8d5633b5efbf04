//! What all depacketisers of video return: coded pictures and their format.

/// One coded picture and the NAL units that belong to it.
#[derive(Debug)]
pub struct AccessUnit<'a> {
    /// The bytes for MP4: NAL units, each after its length in four bytes. A JPEG is
    /// left as it is.
    pub data: &'a [u8],
    /// The RTP timestamp, unwrapped.
    pub timestamp: i64,
    /// Whether decoding can begin here.
    pub sync: bool,
    /// It is the first one, or access units before it are missing.
    pub after_loss: bool,
    /// At a sync sample, the format of this and later pictures, if it differs from that
    /// at the sync sample before.
    pub format: Option<&'a Format>,
}

/// The format of a track's pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The MIME type; that of MP4 has the codec's name in it (RFC 6381).
    pub mime: String,
    /// In pixels, after cropping; 0 while it is unknown.
    pub width: u32,
    /// In pixels, after cropping; 0 while it is unknown.
    pub height: u32,
    /// The sample aspect ratio: width and height of a pixel.
    pub aspect: (u16, u16),
    /// How many pictures may precede one in decoding order and follow it in output
    /// order; `None` if the stream neither says nor implies it.
    pub reorder: Option<u8>,
    /// The duration of a frame in microseconds, if the stream says it.
    pub frame_us: Option<i64>,
    /// Whether pictures may be fields.
    pub fields: bool,
    /// What the init segment needs; `None` for pictures that do not go into MP4.
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
