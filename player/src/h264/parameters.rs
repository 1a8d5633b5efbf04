//! The parameter sets that a track's init segment carries.
//!
//! Invariant: what is in here has been read and fits into an `avcC` box; a
//! repetition of what is known changes nothing.

use super::sps::Sps;
use crate::bits::Bits;

/// The longest parameter set that is taken, bytes. Real ones are below 100.
const MAX_SET: usize = 4096;

/// The most picture parameter sets that are kept.
const MAX_PICTURE_SETS: usize = 32;

const SPS: u8 = 7;
const PPS: u8 = 8;

/// One sequence parameter set and its picture parameter sets.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    sequence: Vec<u8>,
    info: Option<Sps>,
    /// By pic_parameter_set_id.
    pictures: Vec<(u32, Vec<u8>)>,
}

impl Parameters {
    /// Takes a NAL unit; says whether it brought something new.
    pub fn take(&mut self, nal: &[u8]) -> bool {
        // Some senders pad sets with zeros, which are not part of them.
        let end = nal.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
        let nal = nal.get(..end).unwrap_or_default();
        match nal.first().map(|header| header & 0x1f) {
            _ if nal.len() > MAX_SET => false,
            Some(SPS) => self.take_sequence(nal),
            Some(PPS) => self.take_picture(nal),
            _ => false,
        }
    }

    fn take_sequence(&mut self, nal: &[u8]) -> bool {
        if nal == self.sequence {
            return false;
        }
        let Some(info) = Sps::parse(nal) else {
            return false;
        };
        self.info = Some(info);
        self.sequence = nal.to_vec();
        true
    }

    fn take_picture(&mut self, nal: &[u8]) -> bool {
        let id = nal.get(1..).and_then(|rest| Bits::new(rest).unsigned());
        let Some(id) = id.filter(|id| *id < 256) else {
            return false;
        };
        let room = self.pictures.len() < MAX_PICTURE_SETS;
        match self.pictures.iter_mut().find(|(known, _)| *known == id) {
            Some((_, set)) if set == nal => false,
            Some((_, set)) => {
                *set = nal.to_vec();
                true
            }
            None if room => {
                self.pictures.push((id, nal.to_vec()));
                true
            }
            None => false,
        }
    }

    /// What the sequence parameter set says, once there is also a picture
    /// parameter set: the stream can be decoded then.
    pub fn complete(&self) -> Option<&Sps> {
        self.info.as_ref().filter(|_| !self.pictures.is_empty())
    }

    /// What the sequence parameter set says.
    pub fn info(&self) -> Option<&Sps> {
        self.info.as_ref()
    }

    /// The AVCDecoderConfigurationRecord (ISO 14496-15 5.3.3.1), lengths of
    /// four bytes; `None` until the sets are complete.
    pub fn record(&self) -> Option<Vec<u8>> {
        let sps = self.complete()?;
        let mut record = vec![1, sps.profile, sps.constraints, sps.level, 0xff, 0xe1];
        put(&mut record, &self.sequence);
        record.push(self.pictures.len() as u8); // at most MAX_PICTURE_SETS
        for (_, set) in &self.pictures {
            put(&mut record, set);
        }
        if sps.has_chroma_fields() {
            record.push(0xfc | sps.chroma_format);
            record.push(0xf8 | sps.luma_depth);
            record.push(0xf8 | sps.chroma_depth);
            record.push(0);
        }
        Some(record)
    }

    /// The codec's name for a MIME type (RFC 6381): `avc1.42c01f`.
    pub fn codec(&self) -> Option<String> {
        let sps = self.complete()?;
        let mut name = String::from("avc1.");
        for byte in [sps.profile, sps.constraints, sps.level] {
            for digit in [byte >> 4, byte & 15] {
                name.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        Some(name)
    }
}

fn put(record: &mut Vec<u8>, set: &[u8]) {
    let length = set.len() as u16; // at most MAX_SET
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(set);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE: [u8; 9] = [0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90];
    const PICTURE: [u8; 4] = [0x68, 0xcb, 0x83, 0xcb];

    #[test]
    fn is_complete_with_one_of_each() {
        let mut sets = Parameters::default();
        assert!(sets.take(&SEQUENCE));
        assert!(sets.record().is_none());
        assert!(sets.take(&PICTURE));
        assert_eq!(sets.codec().as_deref(), Some("avc1.42c01e"));
        let record = sets.record().unwrap();
        assert_eq!(record[..8], [1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 9]);
        assert_eq!(record.len(), 8 + 9 + 1 + 2 + 4);
    }

    #[test]
    fn a_repetition_or_its_padding_is_nothing_new() {
        let mut sets = Parameters::default();
        sets.take(&SEQUENCE);
        sets.take(&PICTURE);
        assert!(!sets.take(&SEQUENCE));
        let mut padded = SEQUENCE.to_vec();
        padded.extend_from_slice(&[0, 0]);
        assert!(!sets.take(&padded));
        assert!(!sets.take(&PICTURE));
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let mut sets = Parameters::default();
        assert!(!sets.take(&[]));
        assert!(!sets.take(&[0x67]));
        assert!(!sets.take(&[0x68]));
        assert!(!sets.take(&[0x65, 1, 2]));
        assert!(!sets.take(&vec![0x68; MAX_SET + 1]));
    }
}
