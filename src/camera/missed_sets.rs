//! Parameter sets that a viewer has missed. Some cameras send a new set only once. A
//! viewer that was described the old one, or got no media at that moment, needs the new
//! one before its next picture.

use super::Camera;
use super::first_packets::{FirstPackets, TrackPacket};
use super::picture::Codec;
use crate::protocol::rtp::{Header, sequence};

impl Camera {
    /// The sets that came from the position `from` on and before `position`, where the
    /// viewer goes on with `first_packets`. Each is a packet with its channel on the
    /// camera's link; their sequence numbers end right before that of the first packet.
    pub fn missed_sets(
        &self,
        from: u64,
        position: u64,
        first_packets: &FirstPackets,
    ) -> Vec<(u8, Vec<u8>)> {
        let Some(pictures) = &self.pictures else {
            return Vec::new();
        };
        let sets = pictures.sets().between(from, position);
        let video = self.description.as_ref().and_then(|it| it.pictures());
        // Where units carry a decoding order number, none can be put between them.
        let Some((track, Codec::H264 | Codec::H265 { donl: false })) = video else {
            return Vec::new();
        };
        let next = self.last_packet.map(|last| TrackPacket {
            sequence: sequence::after(last.sequence),
            ..last
        });
        let Some(first) = first_packets.of(track.rtp).copied().or(next) else {
            return Vec::new();
        };
        let before = (1..=sets.len() as u16).rev();
        let numbers = before.map(|before| first.sequence.wrapping_sub(before));
        let packets = sets.iter().zip(numbers);
        packets
            .map(|(set, number)| (track.rtp, packet(&first, number, set)))
            .collect()
    }
}

/// An RTP packet with one NAL unit (RFC 6184 §5.6, RFC 7798 §4.4.1), which shares the
/// timestamp, the payload type and the SSRC of the packet `like`.
fn packet(like: &TrackPacket, sequence: u16, unit: &[u8]) -> Vec<u8> {
    let header = Header::new(like.payload_type, sequence, like.timestamp, like.ssrc);
    [&header.bytes()[..], unit].concat()
}
