//! The init segment: `ftyp` and a `moov` without samples.
//!
//! There is no edit list: the fragments' decode times are the timeline.

use super::{Writer, audio};
use crate::access_unit::Record;
use crate::audio::payload::Format;

/// The transformation that changes nothing (ISO 14496-12 8.2.2.2).
const IDENTITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// The language code `und`, five bits a letter.
const UNDETERMINED: u16 = 0x55c4;

/// What is in a track.
#[derive(Clone, Copy, Debug)]
pub enum Media<'a> {
    /// H.264 or H.265.
    Video {
        width: u16,
        height: u16,
        /// Width and height of a pixel.
        aspect: (u16, u16),
        record: &'a Record,
    },
    Audio(&'a Format),
}

/// Appends the init segment of the track `id`, whose times count `timescale`
/// to the second.
pub fn write(out: &mut Vec<u8>, id: u32, timescale: u32, media: Media) {
    let mut w = Writer::new(out);
    w.boxed(b"ftyp", |w| {
        w.bytes(b"iso5");
        w.u32(512);
        w.bytes(b"iso5iso6mp41");
    });
    w.boxed(b"moov", |w| {
        w.full(b"mvhd", 0, |w| movie_header(w, id));
        w.boxed(b"trak", |w| track(w, id, timescale, media));
        w.boxed(b"mvex", |w| {
            w.full(b"trex", 0, |w| {
                w.u32(id);
                w.u32(1); // default_sample_description_index
                w.zeros(12);
            });
        });
    });
}

/// ISO 14496-12 8.2.2.
fn movie_header(w: &mut Writer, id: u32) {
    w.zeros(8); // creation and modification time
    w.u32(1000); // timescale
    w.u32(0); // duration
    w.u32(0x1_0000); // rate
    w.u16(0x100); // volume
    w.zeros(10);
    matrix(w);
    w.zeros(24);
    w.u32(id.saturating_add(1)); // next_track_ID
}

fn matrix(w: &mut Writer) {
    for value in IDENTITY {
        w.u32(value);
    }
}

fn track(w: &mut Writer, id: u32, timescale: u32, media: Media) {
    w.full(b"tkhd", 3, |w| track_header(w, id, media));
    w.boxed(b"mdia", |w| {
        w.full(b"mdhd", 0, |w| {
            w.zeros(8);
            w.u32(timescale);
            w.u32(0);
            w.u16(UNDETERMINED);
            w.u16(0);
        });
        w.full(b"hdlr", 0, |w| {
            w.u32(0);
            w.bytes(match media {
                Media::Video { .. } => b"vide",
                Media::Audio(_) => b"soun",
            });
            w.zeros(12 + 1); // reserved, and an empty name
        });
        w.boxed(b"minf", |w| information(w, media));
    });
}

/// ISO 14496-12 8.3.2: the picture's size as shown, 16.16.
fn track_header(w: &mut Writer, id: u32, media: Media) {
    w.zeros(8);
    w.u32(id);
    w.zeros(4 + 4 + 8 + 2 + 2); // reserved, duration, reserved, layer, group
    let (volume, width, height) = match media {
        Media::Audio(_) => (0x100, 0, 0),
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
    w.u16(volume);
    w.u16(0);
    matrix(w);
    w.u32(width);
    w.u32(height);
}

fn information(w: &mut Writer, media: Media) {
    match media {
        Media::Video { .. } => w.full(b"vmhd", 1, |w| w.zeros(8)),
        Media::Audio(_) => w.full(b"smhd", 0, |w| w.zeros(4)),
    }
    w.boxed(b"dinf", |w| {
        w.full(b"dref", 0, |w| {
            w.u32(1);
            w.full(b"url ", 1, |_| {}); // in this very file
        });
    });
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
        w.full(b"stts", 0, |w| w.u32(0));
        w.full(b"stsc", 0, |w| w.u32(0));
        w.full(b"stsz", 0, |w| w.zeros(8));
        w.full(b"stco", 0, |w| w.u32(0));
    });
}

/// VisualSampleEntry (ISO 14496-12 12.1.3).
fn video_entry(w: &mut Writer, width: u16, height: u16, aspect: (u16, u16), record: &Record) {
    w.zeros(6);
    w.u16(1); // data_reference_index
    w.zeros(16);
    w.u16(width);
    w.u16(height);
    w.u32(0x48_0000); // 72 dpi
    w.u32(0x48_0000);
    w.u32(0);
    w.u16(1); // frame_count
    w.zeros(32); // compressorname
    w.u16(0x18); // depth
    w.u16(0xffff); // pre_defined
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
