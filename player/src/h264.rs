//! H.264 in RTP (RFC 6184) and in MP4 (ISO 14496-15 5).

#[cfg(test)]
mod tests;

use camgate_protocol::rtsp::text;

use crate::access_unit::{Format, Record};
use crate::parameter_sets::{Kind, Set, Sets, put};
use crate::picture_order::Order;
use camgate_protocol::codec::bits::Bits;
use camgate_protocol::codec::h264::Sps;
use camgate_protocol::codec::nal::h264::{PPS, SPS, unit_type};
use camgate_protocol::codec::splice::Splice;

/// How many picture parameter sets the record has room for.
const MAX_PICTURE_SETS: usize = 255;

/// The kind of a parameter set, its id, and the id of the set that it refers to. `None`
/// if the NAL unit is no parameter set, or makes no sense.
pub fn set_ids(nal: &[u8]) -> Option<(Kind, u32, u32)> {
    let (header, rest) = nal.split_first()?;
    match unit_type(*header) {
        SPS => Some((Kind::Sequence, Sps::parse(nal)?.id, 0)),
        PPS => {
            let mut bits = Bits::new(rest);
            let (id, sequence) = (bits.unsigned(), bits.unsigned());
            bits.intact()?;
            (id < 256).then_some((Kind::Picture, id, sequence))
        }
        _ => None,
    }
}

/// The change to a set that keeps decoders from holding pictures back, if pictures are
/// shown in the order sent according to `order`.
pub fn ordered(nal: &[u8], order: Order) -> Option<Splice> {
    let sps = Sps::parse(nal)?;
    let kept = unit_type(*nal.first()?) == SPS && order.is_kept(sps.reorder == Some(0));
    sps.in_order.filter(|_| kept)
}

/// The format of pictures that refer to `sequence`.
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

/// The AVCDecoderConfigurationRecord (ISO 14496-15 5.3.3.1), for lengths of four bytes.
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
