//! ADTS headers (ISO 14496-3 1.A.2.2), which some cameras leave on their frames.

/// One frame with its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The same information as an AudioSpecificConfig.
    pub config: [u8; 2],
    /// The length of the header, and of the frame with its header, in bytes.
    pub size: usize,
    pub length: usize,
}

/// Reads the header at the start of `bytes`. `None` if there is none, or if it is one for
/// several frames (which nobody sends).
///
/// ```text
/// syncword (12)  ID layer (2) no CRC | profile (2) rate (4) private channels (3)
/// four flags  length (13)  fullness (11)  frames - 1 (2)
/// ```
pub fn header(bytes: &[u8]) -> Option<Header> {
    let &[sync, second, third, fourth, fifth, sixth, last] = bytes.first_chunk::<7>()?;
    if sync != 0xff || second & 0xf6 != 0xf0 || last & 3 != 0 {
        return None;
    }
    let (profile, rate) = (u16::from(third >> 6), u16::from(third >> 2 & 15));
    let channels = u16::from(third & 1) << 2 | u16::from(fourth >> 6);
    let config = (profile + 1) << 11 | rate << 7 | channels << 3;
    let header = Header {
        config: config.to_be_bytes(),
        size: if second & 1 == 1 { 7 } else { 9 },
        length: usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5),
    };
    (header.length > header.size && rate < 13).then_some(header)
}
