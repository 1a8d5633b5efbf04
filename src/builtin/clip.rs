//! The clip that is built into the program: H.264 access units and AAC frames by index.
//!
//! The clip is parsed once, at the start. After that, getting a picture or a sound is a
//! look-up that copies nothing. Indexes count from the camera's start without end and
//! wrap around the clip, so users never notice where it starts over.

use std::fmt;

/// Pictures per second.
pub const PICTURE_RATE: u32 = 25;
/// Samples in one AAC frame (ISO 14496-3, AAC-LC).
pub const SAMPLES: u32 = 1024;

/// Limits for what a clip may hold (an hour).
const MAX_PICTURES: usize = 90_000;
const MAX_SOUNDS: usize = 200_000;

const CLIP_H264: &[u8] = include_bytes!("clip.h264");
const CLIP_AAC: &[u8] = include_bytes!("clip.aac");

/// Why a clip cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipError {
    /// There is no coded picture, or the first one is not one that decoding can start
    /// with.
    NoKeyPicture,
    /// There is no sequence parameter set or no picture parameter set.
    NoParameterSets,
    /// The ADTS frames (ISO 13818-7 §6.2) are malformed or end early.
    Adts { position: usize },
    /// There are too many pictures or sounds.
    TooLong,
}

impl fmt::Display for ClipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClipError::NoKeyPicture => f.write_str("the clip does not begin with a key picture"),
            ClipError::NoParameterSets => f.write_str("the clip has no parameter sets"),
            ClipError::Adts { position } => write!(f, "no ADTS frame at byte {position}"),
            ClipError::TooLong => f.write_str("the clip is too long"),
        }
    }
}

impl std::error::Error for ClipError {}

/// One access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture<'a, 'b> {
    /// The NAL units in order, without start codes.
    pub nal_units: &'b [&'a [u8]],
    /// Decoding can start here (this is an IDR picture).
    pub key: bool,
}

impl Picture<'_, '_> {
    /// The size of all NAL units in bytes.
    pub fn size(&self) -> usize {
        self.nal_units.iter().map(|unit| unit.len()).sum()
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where in the list of all NAL units its own begin and end.
    from: usize,
    to: usize,
    key: bool,
    /// How many pictures ago the last key picture was.
    since_key: usize,
}

/// A clip of video and sound that is repeated for ever.
#[derive(Debug)]
pub struct Clip<'a> {
    nal_units: Vec<&'a [u8]>,
    pictures: Vec<Entry>,
    sounds: Vec<&'a [u8]>,
    sequence_set: &'a [u8],
    picture_set: &'a [u8],
    sound: SoundFormat,
}

/// The format of the sound, according to its ADTS headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundFormat {
    /// Samples per second.
    pub rate: u32,
    pub channels: u8,
    /// AudioSpecificConfig (ISO 14496-3 §1.6.2.1).
    pub config: [u8; 2],
}

impl Clip<'static> {
    /// The clip that is built into the program.
    ///
    /// # Errors
    /// [`ClipError`] if the files it was built from are damaged.
    pub fn embedded() -> Result<Self, ClipError> {
        Clip::parse(CLIP_H264, CLIP_AAC)
    }
}

impl<'a> Clip<'a> {
    /// Parses a clip: `video` is a byte stream (H.264 annex B), `sound` consists of
    /// ADTS frames with one raw data block each.
    ///
    /// # Errors
    /// [`ClipError`] if either contains nothing that can be played.
    pub fn parse(video: &'a [u8], sound: &'a [u8]) -> Result<Self, ClipError> {
        let nal_units: Vec<&[u8]> = nal_units(video).collect();
        let pictures = pictures(&nal_units)?;
        let (sounds, sound) = adts_frames(sound)?;
        let find = |kind| {
            let set = nal_units.iter().find(|unit| nal_type(unit) == kind);
            set.copied().ok_or(ClipError::NoParameterSets)
        };
        Ok(Clip {
            sequence_set: find(7)?,
            picture_set: find(8)?,
            nal_units,
            pictures,
            sounds,
            sound,
        })
    }

    /// Picture number `index` since the camera's start.
    pub fn picture(&self, index: u64) -> Picture<'a, '_> {
        let entry = self.entry(index);
        let units = entry.and_then(|entry| self.nal_units.get(entry.from..entry.to));
        Picture {
            nal_units: units.unwrap_or_default(),
            key: entry.is_some_and(|entry| entry.key),
        }
    }

    /// The last key picture at or before picture `index`.
    pub fn key_before(&self, index: u64) -> u64 {
        let since = self.entry(index).map_or(0, |entry| entry.since_key);
        index.saturating_sub(since as u64)
    }

    /// AAC frame number `index` since the camera's start, without its header.
    pub fn sound(&self, index: u64) -> &'a [u8] {
        let frame = self.sounds.get(wrap(index, self.sounds.len()));
        frame.copied().unwrap_or_default()
    }

    pub fn sound_format(&self) -> SoundFormat {
        self.sound
    }

    /// The sequence parameter set and the picture parameter set.
    pub fn parameter_sets(&self) -> [&'a [u8]; 2] {
        [self.sequence_set, self.picture_set]
    }

    /// How many pictures and how many AAC frames the clip has.
    pub fn counts(&self) -> (usize, usize) {
        (self.pictures.len(), self.sounds.len())
    }

    fn entry(&self, index: u64) -> Option<&Entry> {
        self.pictures.get(wrap(index, self.pictures.len()))
    }
}

/// `index` modulo `len`; 0 if `len` is 0.
fn wrap(index: u64, len: usize) -> usize {
    // The remainder is less than `len`, so it fits.
    index.checked_rem(len as u64).unwrap_or(0) as usize
}

/// The NAL units between start codes, without trailing zeros.
fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream);
    std::iter::from_fn(move || {
        let current = rest?;
        rest = after_start_code(current);
        let tail = rest.map_or(0, |rest| rest.len() + 3);
        let unit = current.get(..current.len().saturating_sub(tail));
        let unit = unit.unwrap_or_default();
        let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
        unit.get(..unit.len() - zeros)
    })
    .filter(|unit| !unit.is_empty())
}

/// The bytes after the first `00 00 01`.
fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(3).position(|code| code == [0, 0, 1])?;
    bytes.get(at + 3..)
}

fn nal_type(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |byte| byte & 0x1f)
}

/// Groups NAL units into access units (H.264 §7.4.1.2.3): after its slices, an access
/// unit ends before the next NAL unit that is no slice, or that is the first slice of a
/// picture.
fn pictures(units: &[&[u8]]) -> Result<Vec<Entry>, ClipError> {
    let mut pictures: Vec<Entry> = Vec::new();
    let mut from = 0;
    let mut sliced = false;
    let mut key = false;
    let mut since_key = 0;
    for (at, unit) in units.iter().enumerate() {
        let kind = nal_type(unit);
        let slice = matches!(kind, 1..=5);
        // first_mb_in_slice is 0, which is coded as a single 1 bit.
        let first = unit.get(1).is_some_and(|byte| byte & 0x80 != 0);
        if sliced && (!slice || first) {
            since_key = if key { 0 } else { since_key + 1 };
            pictures.push(entry(from, at, key, since_key));
            (from, sliced, key) = (at, false, false);
        }
        sliced |= slice;
        key |= kind == 5;
    }
    if sliced {
        since_key = if key { 0 } else { since_key + 1 };
        pictures.push(entry(from, units.len(), key, since_key));
    }
    match pictures.first() {
        Some(first) if !first.key => Err(ClipError::NoKeyPicture),
        None => Err(ClipError::NoKeyPicture),
        Some(_) if pictures.len() > MAX_PICTURES => Err(ClipError::TooLong),
        Some(_) => Ok(pictures),
    }
}

fn entry(from: usize, to: usize, key: bool, since_key: usize) -> Entry {
    Entry {
        from,
        to,
        key,
        since_key,
    }
}

/// Splits ADTS frames (ISO 13818-7 §6.2), and reads the format of the first one.
fn adts_frames(mut stream: &[u8]) -> Result<(Vec<&[u8]>, SoundFormat), ClipError> {
    let whole = stream.len();
    let mut frames = Vec::new();
    let mut format = None;
    while !stream.is_empty() {
        let position = whole - stream.len();
        let error = ClipError::Adts { position };
        let (length, header, found) = adts_header(stream).ok_or(error)?;
        let (frame, rest) = stream.split_at_checked(length).ok_or(error)?;
        frames.push(frame.get(header..).ok_or(error)?);
        if *format.get_or_insert(found) != found {
            return Err(error);
        }
        stream = rest;
    }
    match format {
        Some(_) if frames.len() > MAX_SOUNDS => Err(ClipError::TooLong),
        Some(format) => Ok((frames, format)),
        None => Err(ClipError::Adts { position: 0 }),
    }
}

/// The lengths of a frame and of its header, and the format in that header.
fn adts_header(bytes: &[u8]) -> Option<(usize, usize, SoundFormat)> {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let &[0xff, b1, b2, b3, b4, b5, b6, ..] = bytes else {
        return None;
    };
    // The header has the sync word, layer 0, and one raw data block.
    if b1 & 0xf6 != 0xf0 || b6 & 3 != 0 {
        return None;
    }
    let header = if b1 & 1 == 1 { 7 } else { 9 };
    let length = usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5);
    let object_type = (b2 >> 6) + 1;
    let rate_index = b2 >> 2 & 15;
    let channels = (b2 & 1) << 2 | b3 >> 6;
    let rate = *RATES.get(usize::from(rate_index))?;
    let config = [
        object_type << 3 | rate_index >> 1,
        (rate_index & 1) << 7 | channels << 3,
    ];
    let format = SoundFormat {
        rate,
        channels,
        config,
    };
    (length > header && channels > 0).then_some((length, header, format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn embedded_clip_loops_in_step() {
        let clip = Clip::embedded().unwrap();
        let (pictures, sounds) = clip.counts();
        assert_eq!((pictures, sounds), (400, 750));
        let format = clip.sound_format();
        assert_eq!((format.rate, format.channels), (48_000, 1));
        assert_eq!(format.config, [0x11, 0x88]);
        // Both tracks last 16 s to the sample.
        assert_eq!(
            pictures as u32 / PICTURE_RATE * format.rate,
            sounds as u32 * SAMPLES
        );
        assert!(CLIP_H264.len() + CLIP_AAC.len() < 256 * 1024);
    }

    #[test]
    fn key_pictures_come_each_second_with_their_parameter_sets() {
        let clip = Clip::embedded().unwrap();
        for index in 0..1000 {
            let picture = clip.picture(index);
            assert_eq!(picture.key, index % 25 == 0, "picture {index}");
            assert_eq!(picture.nal_units.len(), if picture.key { 3 } else { 1 });
            assert_eq!(clip.key_before(index), index / 25 * 25);
            assert!(!clip.sound(index).is_empty());
        }
        assert_eq!(clip.picture(7), clip.picture(407));
        assert_eq!(clip.sound(3), clip.sound(753));
        assert_eq!(clip.parameter_sets()[0], clip.picture(0).nal_units[0]);
    }

    #[test]
    fn several_slices_and_delimiters_make_one_picture() {
        let video = b"\0\0\0\x01\x09\xf0\0\0\x01\x67A\0\0\x01\x68B\0\0\x01\x65\x80\0\0\x01\x65\x40\
            \0\0\x01\x09\xf0\0\0\x01\x41\x80\0\0\x01\x41\x80";
        let sound = b"\xff\xf1\x4c\x40\x01\x1f\xfcX";
        let clip = Clip::parse(video, sound).unwrap();
        assert_eq!(clip.counts(), (3, 1));
        assert_eq!(clip.picture(0).nal_units.len(), 5);
        assert_eq!(clip.picture(1).nal_units.len(), 2);
        assert_eq!(clip.picture(2).nal_units, [b"\x41\x80"]);
        assert_eq!(clip.key_before(2), 0);
        assert_eq!(clip.sound(9), b"X");
    }

    #[test]
    fn unusable_clips_are_errors() {
        let sound = b"\xff\xf1\x4c\x40\x01\x1f\xfcX";
        let none = Clip::parse(b"", sound).unwrap_err();
        assert_eq!(none, ClipError::NoKeyPicture);
        let bare = Clip::parse(b"\0\0\x01\x65\x80", sound).unwrap_err();
        assert_eq!(bare, ClipError::NoParameterSets);
        let cut = Clip::parse(CLIP_H264, &CLIP_AAC[..1000]).unwrap_err();
        assert!(matches!(cut, ClipError::Adts { .. }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_clip_or_an_error(
            video in proptest::collection::vec(prop_oneof![Just(0), Just(1), Just(0x65), any::<u8>()], 0..200),
            sound in proptest::collection::vec(prop_oneof![Just(0xff), Just(0xf1), any::<u8>()], 0..60),
            index in any::<u64>(),
        ) {
            let sounds = [&b"\xff\xf1\x4c\x40\x01\x1f\xfcX"[..], &sound].concat();
            let _ = Clip::parse(&video, &sound);
            if let Ok(clip) = Clip::parse(&video, &sounds) {
                clip.picture(index);
                clip.key_before(index);
                clip.sound(index);
            }
        }
    }
}
