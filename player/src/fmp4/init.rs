//! The init segment: `ftyp`, and a `moov` without samples.
//!
//! There is no edit list, because the decode times of the fragments are the timeline.

use super::{Writer, audio};
use crate::access_unit::Record;
use crate::payload::Format;

// Boxes that are the same in every file are constants, with their sizes.

const FILE_TYPE: &[u8] = b"\0\0\0\x1cftypiso5\0\0\x02\0iso5iso6mp41";

/// The beginning of `mvhd` (ISO 14496-12 8.2.2): version and flags, creation and
/// modification time, a timescale of 1000, no duration, rate and volume 1.
const MOVIE_HEADER: &[u8] =
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\xe8\0\0\0\0\0\x01\0\0\x01\0\0\0\0\0\0\0\0\0\0\0";

/// The identity matrix (ISO 14496-12 8.2.2.2).
const IDENTITY: &[u8] =
    b"\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0";

/// The end of `mdhd`: no duration, and the language `und` (five bits per letter).
const UNDETERMINED: &[u8] = b"\0\0\0\0\x55\xc4\0\0";

const VIDEO_HEADER: &[u8] = b"\0\0\0\x14vmhd\0\0\0\x01\0\0\0\0\0\0\0\0";
const SOUND_HEADER: &[u8] = b"\0\0\0\x10smhd\0\0\0\0\0\0\0\0";

/// `dinf` with a `dref` that refers to this file itself.
const DATA_INFORMATION: &[u8] =
    b"\0\0\0\x24dinf\0\0\0\x1cdref\0\0\0\0\0\0\0\x01\0\0\0\x0curl \0\0\0\x01";

/// The sample tables, which are empty.
const NO_SAMPLES: &[u8] = b"\0\0\0\x10stts\0\0\0\0\0\0\0\0\
    \0\0\0\x10stsc\0\0\0\0\0\0\0\0\
    \0\0\0\x14stsz\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\x10stco\0\0\0\0\0\0\0\0";

/// `mvex` and its `trex` up to the track's id.
const EXTENDS: &[u8] = b"\0\0\0\x28mvex\0\0\0\x20trex\0\0\0\0";

/// The beginning of a sample entry: reserved bytes and data_reference_index.
pub(super) const ENTRY: &[u8] = b"\0\0\0\0\0\0\0\x01";

/// 72 dpi in both directions, reserved bytes and frame_count.
const RESOLUTION: &[u8] = b"\0\x48\0\0\0\x48\0\0\0\0\0\0\0\x01";

/// The contents of a track.
#[derive(Clone, Copy, Debug)]
pub enum Media<'a> {
    /// H.264 or H.265.
    Video {
        width: u16,
        height: u16,
        /// The sample aspect ratio: width and height of a pixel.
        aspect: (u16, u16),
        record: &'a Record,
    },
    Audio(&'a Format),
}

/// Appends the init segment of the track `id`, whose timescale is `timescale` ticks per
/// second.
pub fn write(out: &mut Vec<u8>, id: u32, timescale: u32, media: Media) {
    let mut w = Writer::new(out);
    w.bytes(FILE_TYPE);
    w.boxed(b"moov", |w| {
        w.boxed(b"mvhd", |w| {
            w.bytes(MOVIE_HEADER);
            w.bytes(IDENTITY);
            w.zeros(24);
            w.u32(id.saturating_add(1)); // next_track_ID
        });
        w.boxed(b"trak", |w| track(w, id, timescale, media));
        w.bytes(EXTENDS);
        w.u32(id);
        w.u32(1); // default_sample_description_index
        w.zeros(12);
    });
}

fn track(w: &mut Writer, id: u32, timescale: u32, media: Media) {
    w.full(b"tkhd", 3, |w| track_header(w, id, media));
    w.boxed(b"mdia", |w| {
        w.full(b"mdhd", 0, |w| {
            w.zeros(8);
            w.u32(timescale);
            w.bytes(UNDETERMINED);
        });
        w.full(b"hdlr", 0, |w| {
            w.zeros(4);
            w.bytes(match media {
                Media::Video { .. } => b"vide",
                Media::Audio(_) => b"soun",
            });
            w.zeros(12 + 1); // reserved, and an empty name
        });
        w.boxed(b"minf", |w| information(w, media));
    });
}

/// The track header (ISO 14496-12 8.3.2) with the picture's size as shown, 16.16.
fn track_header(w: &mut Writer, id: u32, media: Media) {
    w.zeros(8);
    w.u32(id);
    w.zeros(4 + 4 + 8 + 2 + 2); // reserved, duration, reserved, layer, group
    let (volume, width, height) = match media {
        Media::Audio(_) => (0x100_0000, 0, 0),
        Media::Video {
            width,
            height,
            aspect: (across, down),
            ..
        } => {
            let shown = (u64::from(width) << 16) * u64::from(across) / u64::from(down.max(1));
            let shown = u32::try_from(shown).unwrap_or(u32::MAX);
            (0, shown, u32::from(height) << 16)
        }
    };
    w.u32(volume);
    w.bytes(IDENTITY);
    w.u32(width);
    w.u32(height);
}

fn information(w: &mut Writer, media: Media) {
    w.bytes(match media {
        Media::Video { .. } => VIDEO_HEADER,
        Media::Audio(_) => SOUND_HEADER,
    });
    w.bytes(DATA_INFORMATION);
    w.boxed(b"stbl", |w| {
        w.full(b"stsd", 0, |w| {
            w.u32(1);
            match media {
                Media::Video {
                    width,
                    height,
                    aspect,
                    record,
                } => w.boxed(record.entry, |w| {
                    video_entry(w, width, height, aspect, record)
                }),
                Media::Audio(format) => audio::entry(w, format),
            }
        });
        w.bytes(NO_SAMPLES);
    });
}

/// VisualSampleEntry (ISO 14496-12 12.1.3).
fn video_entry(w: &mut Writer, width: u16, height: u16, aspect: (u16, u16), record: &Record) {
    w.bytes(ENTRY);
    w.zeros(16);
    w.u32(u32::from(width) << 16 | u32::from(height));
    w.bytes(RESOLUTION);
    w.zeros(32); // compressorname
    w.bytes(b"\0\x18\xff\xff"); // depth, pre_defined
    w.boxed(record.kind, |w| w.bytes(&record.bytes));
    if aspect.0 != aspect.1 {
        w.boxed(b"pasp", |w| {
            w.u32(u32::from(aspect.0));
            w.u32(u32::from(aspect.1));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aac::config::Config;

    #[test]
    fn boxes_nest_and_end_where_they_say() {
        let mut out = Vec::new();
        let format = Config::plain(48_000, 2).unwrap().format();
        write(&mut out, 2, 48_000, Media::Audio(&format));
        let mut rest = &out[..];
        let mut kinds = Vec::new();
        while !rest.is_empty() {
            let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            kinds.push(rest[4..8].to_vec());
            rest = &rest[size..];
        }
        assert_eq!(kinds, [b"ftyp".to_vec(), b"moov".to_vec()]);
    }
}
