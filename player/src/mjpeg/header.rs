//! The RTP header for JPEG (RFC 2435), and the headers of a JPEG (ITU-T T.81 B).

use super::tables::{CHROMA, HUFFMAN, LUMA};

/// The header of a packet (RFC 2435 3.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Type-specific |              Fragment Offset                  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      Type     |       Q       |     Width     |     Height    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |       Restart Interval        |F|L|       Restart Count       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// The position of the packet's data in that of the picture, in bytes.
    pub offset: usize,
    /// The sampling factors of luminance, horizontal and vertical, with four bits each.
    pub subsampling: u8,
    /// Q: a factor if it is below 128, or else the identity of the tables.
    pub quality: u8,
    /// In pixels; 0 if it is unknown.
    pub size: (u16, u16),
    /// The number of macroblocks between restart markers; 0 if there are none.
    pub restart: u16,
}

impl Header {
    /// Reads the header, and returns it with what follows. `None` if it is cut off, or
    /// of an undefined type.
    pub fn read(payload: &[u8]) -> Option<(Self, &[u8])> {
        let (&[_, a, b, c, kind, quality, width, height], mut rest) =
            payload.split_first_chunk::<8>()?;
        let subsampling = match kind & !64 {
            0 => 0x21,
            1 => 0x22,
            _ => return None,
        };
        let mut restart = 0;
        if kind & 64 != 0 {
            let fields;
            (fields, rest) = rest.split_first_chunk::<4>()?;
            restart = u16::from_be_bytes([fields[0], fields[1]]);
        }
        let header = Self {
            offset: u32::from_be_bytes([0, a, b, c]) as usize,
            subsampling,
            quality: quality.max(1),
            size: (u16::from(width) * 8, u16::from(height) * 8),
            restart,
        };
        Some((header, rest))
    }
}

/// Appends the DQT segments of tables that came in band. Bit n of `precision` says that
/// table n has 16 bits per value. `None` if the tables are cut off.
pub fn put_tables(out: &mut Vec<u8>, precision: u8, mut tables: &[u8]) -> Option<()> {
    for index in 0..2u8 {
        let wide = precision >> index & 1;
        let table;
        (table, tables) = tables.split_at_checked(64 << wide)?;
        put_table(out, wide << 4 | index, table);
        // A single table is used for all components.
        if tables.is_empty() && index == 0 {
            tables = table;
        }
    }
    Some(())
}

/// Appends the DQT segments of a factor (RFC 2435 4.2 and appendix A).
pub fn put_factored(out: &mut Vec<u8>, quality: u8) {
    let quality = u32::from(quality.clamp(1, 99));
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - quality * 2
    };
    for (index, base) in [&LUMA, &CHROMA].into_iter().enumerate() {
        let table = base.map(|value| ((u32::from(value) * scale + 50) / 100).clamp(1, 255) as u8);
        put_table(out, index as u8, &table);
    }
}

fn put_table(out: &mut Vec<u8>, head: u8, table: &[u8]) {
    put_segment(out, 0xdb, &[&[head], table]);
}

/// Appends a marker segment, whose length includes itself.
fn put_segment(out: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let length = (length + 2) as u16; // of a table, or of a few bytes
    out.extend_from_slice(&[0xff, marker]);
    out.extend_from_slice(&length.to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The marker segments at the start of `bytes`: their markers and contents. Fill bytes
/// and the start of an image are skipped.
fn segments(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        loop {
            let (&[0xff, marker], rest) = bytes.split_first_chunk::<2>()? else {
                return None;
            };
            if marker == 0xff || marker == 0xd8 {
                bytes = bytes.get(if marker == 0xff { 1 } else { 2 }..)?;
                continue;
            }
            let length = usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?));
            let content = rest.get(2..length)?;
            bytes = rest.get(length..)?;
            return Some((marker, content));
        }
    })
}

/// Whether this marker is that of a frame which browsers decode.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc2)
}

/// Width and height in pixels, from the frame header in `given`.
pub fn size(given: &[u8]) -> Option<(u16, u16)> {
    let (_, frame) = segments(given).find(|(marker, _)| is_frame(*marker))?;
    let &[_, h0, h1, w0, w1] = frame.first_chunk::<5>()?;
    let size = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// The parts of a JPEG's headers.
#[derive(Debug)]
pub struct Image<'a> {
    pub size: (u16, u16),
    /// The DQT segments.
    pub tables: &'a [u8],
    pub subsampling: u8,
    pub restart: u16,
    /// Segments that come before the generated ones.
    pub given: &'a [u8],
}

impl Image<'_> {
    /// Appends everything before the entropy-coded data.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0xff, 0xd8]);
        let (width, height) = (self.size.0.to_be_bytes(), self.size.1.to_be_bytes());
        // Version 1.1, square pixels, no thumbnail.
        put_segment(out, 0xe0, &[b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"]);
        out.extend_from_slice(self.tables);
        for (head, lengths, values) in HUFFMAN {
            put_segment(out, 0xc4, &[&[head], lengths, values]);
        }
        // Of several segments of one kind, the last one counts.
        let (mut frame, mut restart) = (false, self.restart == 0);
        let mut scan: &[u8] = &[3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0];
        for (marker, content) in segments(self.given) {
            frame |= is_frame(marker);
            restart |= marker == 0xdd;
            match marker {
                0xda => scan = content,
                _ => put_segment(out, marker, &[content]),
            }
        }
        if !restart {
            put_segment(out, 0xdd, &[&self.restart.to_be_bytes()]);
        }
        if !frame {
            let components = [1, self.subsampling, 0, 2, 0x11, 1, 3, 0x11, 1];
            put_segment(out, 0xc0, &[&[8], &height, &width, &[3], &components]);
        }
        put_segment(out, 0xda, &[scan]);
    }
}
