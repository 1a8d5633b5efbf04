//! JPEG pictures out of RTP (RFC 2435). The packets leave out most of a JPEG's headers,
//! so these are generated here. Segments in ONVIF's header extension (Streaming
//! Specification, JPEG over RTP) come before the generated ones.
//!
//! Invariant: a picture that comes out begins with the start of an image and ends with
//! the end of an image, and nothing that was sent between is missing.

mod header;
mod tables;

#[cfg(test)]
mod tests;

use crate::access_unit::{AccessUnit, Format};
use camgate_protocol::rtp::Packet;
use header::{Header, Image};

/// The largest picture that is gathered, in bytes.
pub const MAX_PICTURE: usize = 8 << 20;

const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// Gathers the packets of one stream.
#[derive(Debug)]
pub struct Depacketiser {
    format: Format,
    /// The size in the session description or in the last extension, for pictures that
    /// are too large for RFC 2435.
    size: Option<(u16, u16)>,
    /// The last quantisation tables, and the value of Q that they belong to.
    tables: (u8, Vec<u8>),
    /// The picture being gathered: its headers, then its data.
    picture: Vec<u8>,
    /// How long the headers are.
    headers: usize,
    /// The header segments that came in header extensions.
    given: Vec<u8>,
    timestamp: i64,
    /// Pictures are missing, or none has come yet.
    lost: bool,
    renewed: bool,
    /// `picture` was handed out and is to be cleared.
    done: bool,
}

impl Depacketiser {
    /// `size` is that of the pictures according to the session description.
    pub fn new(size: Option<(u16, u16)>) -> Self {
        Self {
            format: Format {
                mime: String::from("image/jpeg"),
                width: 0,
                height: 0,
                aspect: (1, 1),
                reorder: Some(0),
                frame_us: None,
                fields: false,
                record: None,
            },
            size,
            tables: (0, Vec::new()),
            picture: Vec::new(),
            headers: 0,
            given: Vec::new(),
            timestamp: 0,
            lost: true,
            renewed: false,
            done: false,
        }
    }

    /// The format as far as it is known from the start, which is without the size.
    pub fn described(&self) -> &Format {
        &self.format
    }

    /// Notes that packets are missing here.
    pub fn lose(&mut self) {
        self.picture.clear();
        self.given.clear();
        self.done = false;
        self.lost = true;
    }

    /// Returns the picture that is complete if a packet with another `timestamp` comes.
    /// To be called before each [`push`](Self::push).
    pub fn finish_before(&mut self, timestamp: i64) -> Option<AccessUnit<'_>> {
        if self.done {
            self.picture.clear();
            self.done = false;
        }
        if timestamp == self.timestamp || self.picture.is_empty() {
            return None;
        }
        self.finish()
    }

    /// Takes the next packet in sequence; `timestamp` is its unwrapped timestamp.
    pub fn push(&mut self, packet: &Packet, timestamp: i64) -> Option<AccessUnit<'_>> {
        if self.done || timestamp != self.timestamp {
            self.picture.clear();
            self.given.clear();
            self.done = false;
        }
        self.timestamp = timestamp;
        self.take_extension(packet.extension);
        // A packet with only an extension may have no payload.
        let taken = packet.payload.is_empty().then_some(());
        let taken = taken.or_else(|| self.take(packet.payload));
        if taken.is_none() || self.picture.len() + self.given.len() > MAX_PICTURE {
            self.lose();
            return None;
        }
        packet.marker.then(|| self.finish())?
    }

    /// Takes header segments from an extension. The first packet of a picture names the
    /// extension after the start of an image; others may continue it before any data.
    fn take_extension(&mut self, extension: &[u8]) {
        let Some(([0xff, kind, ..], segments)) = extension.split_first_chunk::<4>() else {
            return;
        };
        match kind {
            0xd8 => self.given.clear(),
            0xff if self.picture.len() == self.headers => {}
            _ => return,
        }
        self.given.extend_from_slice(segments);
    }

    /// Takes a payload; `None` if it makes no sense, or does not continue the picture.
    fn take(&mut self, payload: &[u8]) -> Option<()> {
        let (header, mut data) = Header::read(payload)?;
        if header.offset == 0 {
            self.picture.clear();
            if header.quality >= 128 {
                data = self.take_tables(header.quality, data)?;
            }
            self.begin(&header, data)?;
        } else if self.picture.is_empty() || self.headers + header.offset != self.picture.len() {
            return None;
        }
        self.picture.extend_from_slice(data);
        Some(())
    }

    /// Takes the quantisation tables (RFC 2435 3.1.8). If they are left out, those of
    /// the last picture with the same Q apply.
    fn take_tables<'a>(&mut self, quality: u8, data: &'a [u8]) -> Option<&'a [u8]> {
        let (&[_, precision, high, low], rest) = data.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (tables, rest) = rest.split_at_checked(length)?;
        if !tables.is_empty() {
            self.tables.0 = quality;
            self.tables.1.clear();
            header::put_tables(&mut self.tables.1, precision, tables)?;
        }
        (self.tables.0 == quality || !self.given.is_empty()).then_some(rest)
    }

    /// Begins a picture with its headers, unless the data has headers of its own.
    fn begin(&mut self, header: &Header, data: &[u8]) -> Option<()> {
        self.size = header::size(&self.given).or(self.size);
        let size = match header.size {
            (0, _) | (_, 0) => self.size?,
            size => header::size(&self.given).unwrap_or(size),
        };
        // The headers that a picture brings are better than those that we would
        // generate.
        let whole = data.starts_with(&[0xff, 0xd8, 0xff]);
        let size = header::size(data).filter(|_| whole).unwrap_or(size);
        let (width, height) = (u32::from(size.0), u32::from(size.1));
        if (self.format.width, self.format.height) != (width, height) {
            (self.format.width, self.format.height) = (width, height);
            self.renewed = true;
        }
        if !whole {
            let mut factored = Vec::new();
            if header.quality < 128 {
                header::put_factored(&mut factored, header.quality);
            }
            let image = Image {
                size,
                tables: if header.quality < 128 {
                    &factored
                } else {
                    &self.tables.1
                },
                subsampling: header.subsampling,
                restart: header.restart,
                given: &self.given,
            };
            image.write(&mut self.picture);
        }
        self.headers = self.picture.len();
        Some(())
    }

    fn finish(&mut self) -> Option<AccessUnit<'_>> {
        if self.picture.is_empty() {
            return None;
        }
        self.done = true;
        // Some senders add padding.
        if !self.picture.ends_with(&END_OF_IMAGE) {
            self.picture.extend_from_slice(&END_OF_IMAGE);
        }
        let renewed = std::mem::take(&mut self.renewed);
        Some(AccessUnit {
            data: &self.picture,
            timestamp: self.timestamp,
            sync: true,
            after_loss: std::mem::take(&mut self.lost),
            format: renewed.then_some(&self.format),
        })
    }
}
