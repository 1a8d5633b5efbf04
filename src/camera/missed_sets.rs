//! Parameter sets for a viewer who did not get them: they came once, when it was
//! not there yet, or not served, and after it was described_at others.

use super::Camera;
use super::first_packets::{FirstPacket, FirstPackets};
use super::picture::Codec;
use crate::protocol::rtp::{Header, sequence};

impl Camera {
    /// The sets that came from `described_at` on and before `position`, where the viewer goes
    /// on with `first_packets`: as packets that belong before the first one there, and their
    /// channel on the camera's link.
    pub fn missed_sets(
        &self,
        described_at: u64,
        position: u64,
        first_packets: &FirstPackets,
    ) -> Vec<(u8, Vec<u8>)> {
        let Some(pictures) = &self.pictures else {
            return Vec::new();
        };
        let sets = pictures.sets().between(described_at, position);
        let video = self.description.as_ref().and_then(|it| it.pictures());
        // Units that are numbered cannot be put between others.
        let Some((track, Codec::H264 | Codec::H265 { donl: false })) = video else {
            return Vec::new();
        };
        let next = self.last_packet.map(|last| FirstPacket {
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

/// An RTP packet with one unit (RFC 6184 §5.6, RFC 7798 §4.4.1) at the time of another.
fn packet(like: &FirstPacket, sequence: u16, unit: &[u8]) -> Vec<u8> {
    let header = Header::new(like.payload_type, sequence, like.timestamp, like.ssrc);
    [&header.bytes()[..], unit].concat()
}
