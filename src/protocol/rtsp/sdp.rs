//! Session descriptions (RFC 4566) as cameras write them.
//!
//! Reading never fails: a line that makes no sense is ignored, and a missing value gets
//! its usual default. The number of media and of format parameters is limited, and no
//! string is longer than its line.

use super::{message, text};

/// Further media of a session are ignored.
pub const MAX_MEDIA: usize = 16;
/// Further format parameters of a medium are ignored.
pub const MAX_PARAMETERS: usize = 64;

/// A session description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// `s=`, empty if missing.
    pub name: String,
    /// `a=control` before the first medium (RFC 2326 §C.1.1).
    pub control: Option<String>,
    /// `a=range` before the first medium, such as `npt=0-`.
    pub range: Option<String>,
    /// In the order of the description, at most [`MAX_MEDIA`].
    pub media: Vec<Media>,
}

/// What a medium carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Video,
    Audio,
    /// Metadata and everything else.
    Other,
}

/// Which way a medium flows (RFC 4566 §6). ONVIF and RFC 4566 disagree on whose view
/// this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// `a=sendrecv`, or no attribute.
    #[default]
    Both,
    /// `a=sendonly`, with which ONVIF cameras mark their loudspeaker.
    SendOnly,
    /// `a=recvonly`, with which ONVIF cameras mark the media that they send.
    ReceiveOnly,
    /// `a=inactive`.
    Inactive,
}

/// One medium: an `m=` line and the attributes after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    pub kind: Kind,
    /// The first format of the `m=` line, 0 to 127.
    pub payload_type: u8,
    /// Upper case, such as `H264` or `MPEG4-GENERIC`; static payload types
    /// (RFC 3551 §6) are filled in. Empty if nothing says what it is.
    pub encoding: String,
    /// RTP clock rate in Hz, never 0.
    pub clock_rate: u32,
    /// Audio channels, never 0.
    pub channels: u16,
    /// `a=control`.
    pub control: Option<String>,
    pub direction: Direction,
    /// `a=fmtp`: names as sent with their values, in order.
    pub fmtp: Vec<(String, String)>,
    /// Width and height in pixels, by `a=framesize` (RFC 6064) or
    /// `a=x-dimensions`.
    pub size: Option<(u16, u16)>,
}

impl Media {
    /// The first format parameter of this name (any case).
    #[inline(never)]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.fmtp.iter();
        let (_, value) = found.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// Reads a description; UTF-8 or Latin-1, CRLF, LF or CR.
pub fn parse(bytes: &[u8]) -> Session {
    let text = message::text(bytes);
    let mut session = Session::default();
    let mut drafts: Vec<Draft> = Vec::new();
    for line in text::split(&text, b"\r\n") {
        let Some((key, value)) = text::cut(line, b"=") else {
            continue;
        };
        match (key, drafts.last_mut()) {
            ("m", _) => drafts.push(Draft::new(value)),
            ("s", None) => session.name = value.trim_ascii().to_owned(),
            ("a", None) => session.attribute(value),
            ("a", Some(draft)) => draft.attribute(value),
            _ => {}
        }
    }
    drafts.truncate(MAX_MEDIA);
    assign_misplaced(&text, &mut drafts);
    session.media = drafts.into_iter().map(Draft::finish).collect();
    session
}

/// Finds `rtpmap` and `fmtp` lines that are in the wrong place: above all media, or below
/// another medium. The payload type tells whose they are. An `fmtp` line whose payload
/// type is no medium's belongs to the video medium that has no parameters.
fn assign_misplaced(text: &str, drafts: &mut [Draft]) {
    for last in [false, true] {
        for line in text::split(text, b"\r\n") {
            let (name, value) = text::pair(line.strip_prefix("a=").unwrap_or_default(), b":");
            let (number, list) = match split_number(value) {
                Some((number, list)) => (Some(number), list),
                None => (None, value),
            };
            let mut owned = false;
            for draft in drafts.iter_mut() {
                let ours = number.is_some() && draft.payload_type == number;
                owned |= ours;
                match name {
                    "rtpmap" if ours => draft.map(value),
                    "fmtp" if ours && draft.fmtp.is_empty() => draft.add(list),
                    _ => {}
                }
            }
            let bare = |it: &&mut Draft| it.kind == Kind::Video && it.fmtp.is_empty();
            if last && !owned && name == "fmtp" {
                if let Some(draft) = drafts.iter_mut().find(bare) {
                    draft.add(list);
                }
            }
        }
    }
}

impl Session {
    fn attribute(&mut self, attribute: &str) {
        let (name, value) = text::pair(attribute, b":");
        match name {
            "control" => self.control = filled(value),
            "range" => self.range = filled(value),
            _ => {}
        }
    }
}

fn filled(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// A medium whose attributes are being read.
struct Draft {
    kind: Kind,
    payload_type: Option<u8>,
    /// Payload type and mapping of the `a=rtpmap` that counts so far.
    mapping: Option<(u8, String)>,
    control: Option<String>,
    direction: Direction,
    fmtp: Vec<(String, String)>,
    size: Option<(u16, u16)>,
}

impl Draft {
    /// Reads the rest of an `m=` line: media, port, protocol, formats.
    fn new(line: &str) -> Self {
        let mut fields = text::split(line, b" \t").filter(|field| !field.is_empty());
        let kind = match fields.next().unwrap_or_default() {
            kind if kind.eq_ignore_ascii_case("video") => Kind::Video,
            kind if kind.eq_ignore_ascii_case("audio") => Kind::Audio,
            _ => Kind::Other,
        };
        Draft {
            kind,
            payload_type: fields.nth(2).and_then(payload_type),
            mapping: None,
            control: None,
            direction: Direction::Both,
            fmtp: Vec::new(),
            size: None,
        }
    }

    fn attribute(&mut self, attribute: &str) {
        let (name, value) = text::pair(attribute, b":");
        match name {
            "control" => self.control = filled(value),
            "rtpmap" => self.map(value),
            "fmtp" => self.parameters(value),
            "framesize" | "x-dimensions" => self.size = self.size.or(size(value)),
            "sendrecv" => self.direction = Direction::Both,
            "sendonly" => self.direction = Direction::SendOnly,
            "recvonly" => self.direction = Direction::ReceiveOnly,
            "inactive" => self.direction = Direction::Inactive,
            _ => {}
        }
    }

    /// Keeps the mapping of this medium's payload type, or else the first mapping: in some
    /// cameras the `m=` line and the mapping have different payload types.
    fn map(&mut self, value: &str) {
        let Some((number, mapping)) = split_number(value) else {
            return;
        };
        let ours = Some(number) == self.payload_type;
        let have = self.mapping.as_ref().map(|(number, _)| *number);
        if have.is_none() || (ours && have != self.payload_type) {
            self.mapping = Some((number, mapping.to_owned()));
        }
    }

    fn parameters(&mut self, value: &str) {
        let Some((number, list)) = split_number(value) else {
            return;
        };
        // This is another format of the same medium, which is never used.
        if self.payload_type.is_some_and(|ours| ours != number) && self.mapped() != Some(number) {
            return;
        }
        self.add(list);
    }

    fn add(&mut self, list: &str) {
        for parameter in text::split(list, b";") {
            let (name, value) = text::pair(parameter, b"=");
            let value = text::unquoted(value);
            if !name.is_empty() && self.fmtp.len() < MAX_PARAMETERS {
                self.fmtp.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn mapped(&self) -> Option<u8> {
        self.mapping.as_ref().map(|(number, _)| *number)
    }

    fn finish(self) -> Media {
        let payload_type = self.payload_type.or(self.mapped()).unwrap_or(0);
        let (encoding, clock_rate, channels) = match &self.mapping {
            // A static payload type keeps its meaning if the mapping is for another one.
            Some((number, _)) if *number != payload_type && payload_type < 96 => None,
            Some((_, mapping)) => Some(read_mapping(mapping)),
            None => None,
        }
        .unwrap_or_else(|| self.unmapped());
        let clock_rate = match (clock_rate, self.kind) {
            (0, Kind::Audio) => 8000,
            (0, _) => 90000,
            (rate, _) => rate,
        };
        Media {
            kind: self.kind,
            payload_type,
            encoding,
            clock_rate,
            channels: channels.max(1),
            control: self.control,
            direction: self.direction,
            fmtp: self.fmtp,
            size: self.size,
        }
    }

    /// Encoding, clock rate and channels of a medium without a mapping. They follow from
    /// the payload type, or from parameters that only one encoding has.
    fn unmapped(&self) -> (String, u32, u16) {
        let has = |name: &str| self.fmtp.iter().any(|(key, _)| key == name);
        read_mapping(match static_type(self.payload_type) {
            Some(known) => known,
            None if has("sprop-vps") => "H265/90000",
            None if has("sprop-parameter-sets") => "H264/90000",
            None => "",
        })
    }
}

fn payload_type(digits: &str) -> Option<u8> {
    text::small_number(digits).filter(|number| *number < 128)
}

/// `96 rest` → 96 and the rest.
fn split_number(value: &str) -> Option<(u8, &str)> {
    let (number, rest) = text::pair(value, b" \t");
    let number = payload_type(number)?;
    (!rest.is_empty()).then_some((number, rest))
}

/// `26 1920-1080` or `1920,1080` → the size.
fn size(value: &str) -> Option<(u16, u16)> {
    let (width, height) = text::cut_last(value, b"-,x")?;
    let width = width.trim_ascii();
    let width = text::cut_last(width, b" ").map_or(width, |(_, width)| width);
    let height = text::small_number(height.trim_ascii())?;
    let size = (text::small_number(width)?, height);
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// `MPEG4-GENERIC/16000/2` → its parts; 0 stands for what is missing.
fn read_mapping(mapping: &str) -> (String, u32, u16) {
    let mut parts = text::split(mapping, b"/");
    let encoding = parts.next().unwrap_or_default().to_ascii_uppercase();
    let rate = parts.next().and_then(text::number);
    let channels = parts.next().and_then(text::small_number);
    (encoding, rate.unwrap_or(0), channels.unwrap_or(1))
}

/// The static payload types (RFC 3551 §6, tables 4 and 5) that cameras use or used, as
/// `a=rtpmap` would write them.
const STATIC: &str = "0 PCMU/8000,4 G723/8000,8 PCMA/8000,9 G722/8000,10 L16/44100/2,\
    11 L16/44100,14 MPA/90000,18 G729/8000,26 JPEG/90000,32 MPV/90000,33 MP2T/90000,\
    34 H263/90000";

/// The mapping of a static payload type.
fn static_type(payload_type: Option<u8>) -> Option<&'static str> {
    let mut all = text::split(STATIC, b",").filter_map(split_number);
    let (_, mapping) = all.find(|(number, _)| Some(*number) == payload_type)?;
    Some(mapping)
}

#[cfg(test)]
mod tests;
