//! H.264 as RTP packets, small enough to be made on the spot: which picture a
//! packet belongs to, and whether it is a key frame, can be read off it.
//!
//! Invariant: the content follows from the number of the picture alone.

use super::frames::HEADER;

/// RTP packets of one picture.
pub const PACKETS: u16 = 4;
/// Bytes of payload in each.
pub const PAYLOAD: usize = 1_000;

/// Pictures with a key frame every `every` of them.
#[derive(Clone, Copy)]
pub struct Pictures {
    pub every: u32,
    pub ssrc: u32,
}

impl Pictures {
    pub const USUAL: Self = Self { every: 25, ssrc: 7 };

    /// Begun with a key frame, and no other.
    pub const ONE_KEY: Self = Self {
        every: u32::MAX,
        ssrc: 7,
    };

    /// The interleaved frames of picture `number`, on channel 0.
    pub fn picture(&self, number: u32) -> Vec<u8> {
        let kind = if number % self.every == 0 { 5 } else { 1 };
        (0..PACKETS)
            .flat_map(|packet| self.packet(number, packet, kind))
            .collect()
    }

    /// The RTP packets of picture `number`.
    pub fn datagrams(&self, number: u32) -> Vec<Vec<u8>> {
        let frames = self.picture(number);
        let frames = frames.chunks(HEADER + 12 + PAYLOAD);
        frames.map(|frame| frame[HEADER..].to_vec()).collect()
    }

    fn packet(&self, number: u32, packet: u16, kind: u8) -> Vec<u8> {
        let sequence = (number as u16).wrapping_mul(PACKETS).wrapping_add(packet);
        let (first, last) = (packet == 0, packet + 1 == PACKETS);
        let mut payload = fragment(kind, first, last).to_vec();
        payload.resize(PAYLOAD, number as u8);
        frame(sequence, number * 3600, self.ssrc, last, &payload)
    }
}

/// An RTP packet of payload type 96 (RFC 3550 section 5.1) as an interleaved frame on
/// channel 0.
pub fn frame(sequence: u16, time: u32, ssrc: u32, marker: bool, payload: &[u8]) -> Vec<u8> {
    let length = (12 + payload.len()) as u16;
    let mut bytes = vec![b'$', 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0x80, 0x60 | u8::from(marker) << 7]);
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(time.to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The first bytes of an FU-A (RFC 6184 section 5.8): a piece of a NAL unit of this kind.
pub fn fragment(kind: u8, first: bool, last: bool) -> [u8; 2] {
    [0x7c, u8::from(first) << 7 | u8::from(last) << 6 | kind]
}

/// What a viewer got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub channel: u8,
    pub picture: u32,
    pub packet: u16,
    pub key: bool,
}

/// Reads whole frames; anything that is not one of the pictures' packets fails.
pub fn packets(mut bytes: &[u8]) -> Vec<Packet> {
    let mut found = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
        assert_eq!(header[0], b'$', "not a frame");
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let (payload, rest) = rest.split_at(length);
        bytes = rest;
        if payload[1] == 204 {
            continue; // what the gateway says of them
        }
        let sequence = u16::from_be_bytes([payload[2], payload[3]]);
        let time = u32::from_be_bytes(payload[4..8].try_into().unwrap());
        let picture = time / 3600;
        assert!(
            payload[14..].iter().all(|byte| *byte == picture as u8),
            "another's bytes"
        );
        found.push(Packet {
            channel: header[1],
            picture,
            packet: sequence % PACKETS,
            key: payload[13] & 0x1f == 5,
        });
    }
    assert!(bytes.is_empty(), "part of a frame");
    found
}
