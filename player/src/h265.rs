//! H.265 in RTP (RFC 7798) and in MP4 (ISO 14496-15 8).

#[cfg(test)]
pub(crate) mod tests;

use camgate_protocol::rtsp::text;

use crate::access_unit::{Format, Record};
use crate::parameter_sets::{Kind, Set, Sets, put};
use crate::picture_order::Order;
use camgate_protocol::codec::bits::Bits;
use camgate_protocol::codec::h265::Sps;
use camgate_protocol::codec::nal::h265::{PPS, SPS, VPS, unit_type};
use camgate_protocol::codec::splice::Splice;

/// How many picture parameter sets a record may have: their ids end at 63.
const MAX_PICTURE_SETS: usize = 64;

/// The kind of a parameter set, its id, and the id of the set that it refers to. `None`
/// if the NAL unit is no parameter set, or makes no sense.
pub fn set_ids(nal: &[u8]) -> Option<(Kind, u32, u32)> {
    let rest = nal.get(2..)?;
    let mut bits = Bits::new(rest);
    match unit_type(*nal.first()?) {
        // A parameter set has at least one byte after its header.
        VPS => Some((Kind::Video, bits.take(4), 0)),
        SPS => {
            let video = bits.take(4);
            Some((Kind::Sequence, Sps::parse(nal)?.id, video))
        }
        PPS => {
            let (id, sequence) = (bits.unsigned(), bits.unsigned());
            bits.intact()?;
            (id < MAX_PICTURE_SETS as u32).then_some((Kind::Picture, id, sequence))
        }
        _ => None,
    }
}

/// The change to a set that keeps decoders from holding pictures back, if pictures are
/// shown in the order sent according to `order`.
pub fn ordered(nal: &[u8], order: Order) -> Option<Splice> {
    let sps = Sps::parse(nal)?;
    let kept = unit_type(*nal.first()?) == SPS && sps.reorder > 0 && order.is_kept(false);
    sps.in_order.filter(|_| kept)
}

/// The format of pictures that refer to `sequence`.
pub fn format(sets: &Sets, sequence: &Set) -> Option<Format> {
    let sps = Sps::parse(&sequence.nal)?;
    let video = sets.find(Kind::Video, sequence.parent)?;
    Some(Format {
        mime: mime(&sps.profile),
        width: sps.width,
        height: sps.height,
        aspect: sps.aspect,
        reorder: Some(sps.reorder),
        frame_us: sps.frame_us,
        fields: false,
        record: Some(Record {
            entry: b"hvc1",
            kind: b"hvcC",
            bytes: record(&sps, sets, video, sequence),
        }),
    })
}

/// The MIME type (ISO 14496-15 E.3): profile space and profile, the compatibility flags
/// in reverse, tier and level, and the constraint bytes up to the last one that is not
/// 0. `profile` is the general part of profile_tier_level.
fn mime(profile: &[u8; 12]) -> String {
    let [first, c0, c1, c2, c3, constraints @ .., level] = *profile;
    let mut mime = String::from("video/mp4; codecs=\"hvc1.");
    if let Some(space) = ["", "A", "B", "C"].get(usize::from(first >> 6)) {
        mime.push_str(space);
    }
    mime.push_str(&text::decimal((first & 0x1f).into()));
    mime.push('.');
    let compatibility = u32::from_be_bytes([c0, c1, c2, c3]).reverse_bits();
    push_number(&mut mime, &compatibility.to_be_bytes());
    mime.push_str(if first & 0x20 == 0 { ".L" } else { ".H" });
    mime.push_str(&text::decimal(level.into()));
    let last = constraints.iter().rposition(|byte| *byte != 0);
    for byte in constraints.iter().take(last.map_or(0, |last| last + 1)) {
        mime.push('.');
        push_number(&mut mime, &[*byte]);
    }
    mime.push('"');
    // RFC 6381 names are compared byte by byte, and everybody writes capitals.
    mime
}

/// Appends a number in upper case hexadecimal digits, without leading zeros.
fn push_number(mime: &mut String, bytes: &[u8]) {
    let mut digits = text::to_hex(bytes);
    digits.make_ascii_uppercase();
    let zeros = digits.bytes().take_while(|digit| *digit == b'0').count();
    let digits = digits.get(zeros..).filter(|digits| !digits.is_empty());
    mime.push_str(digits.unwrap_or("0"));
}

/// The HEVCDecoderConfigurationRecord (ISO 14496-15 8.3.3.1), for lengths of four
/// bytes.
fn record(sps: &Sps, sets: &Sets, video: &Set, sequence: &Set) -> Vec<u8> {
    let mut record = vec![1];
    record.extend_from_slice(&sps.profile);
    record.extend_from_slice(&[0xf0, 0]); // min_spatial_segmentation_idc: unknown
    record.push(0xfc); // parallelismType: unknown
    record.push(0xfc | sps.chroma_format);
    record.push(0xf8 | sps.luma_depth);
    record.push(0xf8 | sps.chroma_depth);
    record.extend_from_slice(&[0, 0]); // avgFrameRate: unknown
    record.push(sps.layers << 3 | u8::from(sps.nested) << 2 | 3);
    record.push(3);
    array(&mut record, VPS, &[video]);
    array(&mut record, SPS, &[sequence]);
    let pictures = sets.pictures(sequence.id).take(MAX_PICTURE_SETS);
    array(&mut record, PPS, &pictures.collect::<Vec<_>>());
    record
}

fn array(record: &mut Vec<u8>, kind: u8, sets: &[&Set]) {
    record.push(0x80 | kind); // array_completeness: there are none in samples
    let count_at = record.len();
    record.extend_from_slice(&[0, 0]);
    let mut count = 0u8;
    for set in sets {
        put(record, &set.nal);
        count = count.saturating_add(1);
    }
    if let Some(low) = record.get_mut(count_at + 1) {
        *low = count;
    }
}
