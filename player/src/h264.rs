//! What is particular to H.264 in RTP (RFC 6184) and in MP4 (ISO 14496-15 5).

#[cfg(test)]
mod tests;

use camgate_protocol::rtsp::text;

use crate::access_unit::{Format, Record};
use crate::nal_unit::{Class, Picture, Shape};
use crate::parameter_sets::{Kind, Set, Sets, put};
use crate::picture_order::Order;
use camgate_protocol::codec::bits::{Bits, unescape};
use camgate_protocol::codec::h264::Sps;
use camgate_protocol::codec::splice::Splice;
use camgate_protocol::codec::{sei::recovery_point, slice};

/// Packet types (RFC 6184 5.2).
const STAP_A: u8 = 24;
const STAP_B: u8 = 25;
const MTAP16: u8 = 26;
const MTAP24: u8 = 27;
const FU_A: u8 = 28;
const FU_B: u8 = 29;

/// The most sets that the record has room for.
const MAX_PICTURE_SETS: usize = 255;

/// Enough of a slice to read the beginning of its header.
const SLICE_HEADER: usize = 16;

/// What a payload is. STAP-B and FU-B are taken in the order in which they come.
///
/// ```text
/// +---------------+---------------+
/// |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
/// |F|NRI|  Type   |S|E|R|  Type   |
/// +---------------+---------------+
///   FU indicator      FU header
/// ```
pub fn shape(payload: &[u8]) -> Option<Shape<'_>> {
    let (&header, rest) = payload.split_first()?;
    Some(match header & 0x1f {
        STAP_A => Shape::Aggregate { rest, between: 0 },
        STAP_B => Shape::Aggregate {
            rest: rest.get(2..)?,
            between: 0,
        },
        // Pictures of several times in one packet.
        MTAP16 | MTAP24 => return None,
        kind @ (FU_A | FU_B) => {
            let (fu, data) = rest.split_first()?;
            let start = fu & 0x80 != 0;
            Shape::Part {
                start,
                end: fu & 0x40 != 0,
                header: [header & 0xe0 | fu & 0x1f, 0],
                // Only a NAL unit's first fragment is an FU-B.
                data: data.get(if kind == FU_B { 2 } else { 0 }..)?,
            }
        }
        // A start code, unless it is what is undefined and to be ignored.
        0 if !(payload.starts_with(&[0, 0, 1]) || payload.starts_with(&[0, 0, 0, 1])) => {
            Shape::Ignored
        }
        30 | 31 => Shape::Ignored,
        _ => Shape::Part {
            start: true,
            end: true,
            header: [header, 0],
            data: rest,
        },
    })
}

/// What a NAL unit is (H.264 table 7-1).
pub fn class(nal: &[u8]) -> Class {
    let Some((header, rest)) = nal.split_first() else {
        return Class::Other;
    };
    match header & 0x1f {
        // A header alone is no slice.
        _ if rest.is_empty() => Class::Other,
        5 => Class::Slice(Picture::Instant),
        1 | 2 if slice::is_intra(rest) => Class::Slice(Picture::Intra),
        1..=4 => Class::Slice(Picture::Plain),
        6 => Class::Supplement(recovery_point(rest)),
        7 | 8 => Class::Set,
        _ => Class::Other,
    }
}

/// pic_parameter_set_id of a slice header (H.264 7.3.3).
pub fn picture_set(slice: &[u8]) -> Option<u32> {
    let rbsp = unescape(slice.get(1..slice.len().min(SLICE_HEADER))?);
    let mut bits = Bits::new(&rbsp);
    bits.unsigned(); // first_mb_in_slice
    bits.unsigned(); // slice_type
    let id = bits.unsigned();
    bits.intact().map(|()| id)
}

/// Which parameter set a NAL unit is, its id and that of what it refers to;
/// `None` when it is none, or makes no sense.
pub fn set_ids(nal: &[u8]) -> Option<(Kind, u32, u32)> {
    let (header, rest) = nal.split_first()?;
    match header & 0x1f {
        7 => Some((Kind::Sequence, Sps::parse(nal)?.id, 0)),
        8 => {
            let mut bits = Bits::new(rest);
            let (id, sequence) = (bits.unsigned(), bits.unsigned());
            bits.intact()?;
            (id < 256).then_some((Kind::Picture, id, sequence))
        }
        _ => None,
    }
}

/// What to change of a set, so that decoders hold no picture back that need not
/// wait: if pictures come in this order.
pub fn ordered(nal: &[u8], order: Order) -> Option<Splice> {
    let sps = Sps::parse(nal)?;
    let kept = nal.first()? & 0x1f == 7 && order.is_kept(sps.reorder == Some(0));
    sps.in_order.filter(|_| kept)
}

/// What pictures are that refer to `sequence`.
pub fn format(sets: &Sets, sequence: &Set) -> Option<Format> {
    let sps = Sps::parse(&sequence.nal)?;
    let mut mime = String::from("video/mp4; codecs=\"avc1.");
    mime.push_str(&text::to_hex(&[sps.profile, sps.constraints, sps.level]));
    mime.push('"');
    Some(Format {
        mime,
        width: sps.width,
        height: sps.height,
        aspect: sps.aspect,
        reorder: sps.reorder,
        frame_us: sps.frame_us,
        fields: !sps.frames_only,
        record: Some(Record {
            entry: b"avc1",
            kind: b"avcC",
            bytes: record(&sps, sets, sequence),
        }),
    })
}

/// The AVCDecoderConfigurationRecord (ISO 14496-15 5.3.3.1), lengths of four
/// bytes.
fn record(sps: &Sps, sets: &Sets, sequence: &Set) -> Vec<u8> {
    let mut record = vec![1, sps.profile, sps.constraints, sps.level, 0xff, 0xe1];
    put(&mut record, &sequence.nal);
    let pictures = || sets.pictures(sequence.id).take(MAX_PICTURE_SETS);
    record.push(pictures().count() as u8); // at most MAX_PICTURE_SETS
    for set in pictures() {
        put(&mut record, &set.nal);
    }
    if sps.has_chroma_fields() {
        record.push(0xfc | sps.chroma_format);
        record.push(0xf8 | sps.luma_depth);
        record.push(0xf8 | sps.chroma_depth);
        record.push(0);
    }
    record
}
