//! RTP packets as interleaved frames: H.264 (RFC 6184), AAC-hbr (RFC 3640), and RTCP
//! sender reports (RFC 3550 §6.4.1).
//!
//! A [`Stream`] counts and writes packets; the playback decides which access unit is
//! sent when. Sequence numbers, RTP time and RTCP counters wrap.

use super::clip::Picture;
use crate::protocol::rtp::rtcp::{SenderReport, description};
use crate::protocol::rtp::{Header, header, sequence};
use crate::protocol::rtsp::framer::{DOLLAR, FRAME_HEADER};

/// The largest RTP payload. A packet of this size fits into an Ethernet frame, even
/// through a tunnel.
pub const MAX_PAYLOAD: usize = 1400;

/// The size of the interleaved header and the RTP header before each payload.
const PACKET_HEADER: usize = FRAME_HEADER + header::SIZE;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const NRI: u8 = 0x60;

/// One RTP stream inside an RTSP connection.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The interleaved channel of the RTP packets.
    pub rtp_channel: u8,
    /// The interleaved channel of the RTCP packets.
    pub rtcp_channel: u8,
    /// The RTP payload type.
    pub payload_type: u8,
    /// The synchronisation source.
    pub ssrc: u32,
    /// The sequence number of the next packet.
    pub sequence: u16,
    /// RTP ticks per second.
    pub clock_rate: u32,
    /// The RTP time of the camera's start.
    pub epoch: u32,
    packets: u32,
    octets: u32,
}

impl Stream {
    /// A stream that has sent nothing. `epoch` and `sequence` should be random (RFC
    /// 3550 §5.1).
    pub fn new(payload_type: u8, clock_rate: u32, ssrc: u32, epoch: u32, sequence: u16) -> Self {
        Stream {
            rtp_channel: 0,
            rtcp_channel: 1,
            payload_type,
            ssrc,
            sequence,
            clock_rate,
            epoch,
            packets: 0,
            octets: 0,
        }
    }

    /// The RTP time `ticks` after the camera's start.
    pub fn time(&self, ticks: u64) -> u32 {
        // RTP time wraps at 32 bits.
        self.epoch.wrapping_add(ticks as u32)
    }

    /// Writes one access unit, whose last packet has the marker (RFC 6184 §5.6 to
    /// §5.8).
    ///
    /// Consecutive small NAL units share a packet; a large one is spread over several.
    pub fn picture(&mut self, out: &mut Vec<u8>, picture: &Picture<'_, '_>, time: u32) {
        let mut rest = picture.nal_units;
        while let Some(first) = rest.first() {
            let fitting = aggregated(rest);
            let (group, after) = rest.split_at_checked(fitting).unwrap_or((rest, &[]));
            let last = after.is_empty();
            if first.len() > MAX_PAYLOAD {
                self.fragments(out, first, time, last);
            } else if group.len() > 1 {
                self.aggregate(out, group, time, last);
            } else {
                self.packet(out, last, time, &[], first);
            }
            rest = after;
        }
    }

    /// Writes one AAC frame (RFC 3640 §3.3.6: the size has 13 bits, the index 3).
    pub fn sound(&mut self, out: &mut Vec<u8>, frame: &[u8], time: u32) {
        // The length of an ADTS frame has 13 bits, so this fits.
        let size = (frame.len() as u16) << 3;
        let [high, low] = size.to_be_bytes();
        self.packet(out, true, time, &[0, 16, high, low], frame);
    }

    /// Writes a sender report and a source description (RFC 3550 §6.1): the RTP time
    /// was `time` at the NTP time `ntp` (32.32 bits).
    pub fn report(&self, out: &mut Vec<u8>, ntp: u64, time: u32) {
        let report = SenderReport {
            ssrc: self.ssrc,
            seconds: (ntp >> 32) as u32,
            fraction: ntp as u32,
            timestamp: time,
        };
        let report = report.bytes(self.packets, self.octets);
        interleave(out, self.rtcp_channel, &[&report, &description(self.ssrc)]);
    }

    fn aggregate(&mut self, out: &mut Vec<u8>, units: &[&[u8]], time: u32, last: bool) {
        let importance = units.iter().filter_map(|unit| unit.first());
        let importance = importance.map(|byte| byte & NRI).max().unwrap_or(0);
        let mut payload = vec![importance | STAP_A];
        for unit in units {
            // The length is at most `MAX_PAYLOAD`.
            payload.extend_from_slice(&(unit.len() as u16).to_be_bytes());
            payload.extend_from_slice(unit);
        }
        self.packet(out, last, time, &[], &payload);
    }

    fn fragments(&mut self, out: &mut Vec<u8>, unit: &[u8], time: u32, last: bool) {
        let Some((header, body)) = unit.split_first() else {
            return;
        };
        let indicator = header & (0x80 | NRI) | FU_A;
        let mut start = 0x80;
        let mut rest = body.chunks(MAX_PAYLOAD - 2).peekable();
        while let Some(part) = rest.next() {
            let at_end = rest.peek().is_none();
            let end = if at_end { 0x40 } else { 0 };
            let fragment = [indicator, start | end | header & 0x1f];
            self.packet(out, last && at_end, time, &fragment, part);
            start = 0;
        }
    }

    /// Writes one packet (RFC 3550 §5.1), whose payload is `prefix` and then `body`.
    fn packet(&mut self, out: &mut Vec<u8>, marker: bool, time: u32, prefix: &[u8], body: &[u8]) {
        let header = Header {
            marker,
            ..Header::new(self.payload_type, self.sequence, time, self.ssrc)
        };
        interleave(out, self.rtp_channel, &[&header.bytes(), prefix, body]);
        let size = prefix.len() + body.len();
        self.sequence = sequence::after(self.sequence);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(size as u32);
    }
}

/// The maximum number of bytes written for `size` bytes in `units` NAL units.
pub fn written(size: usize, units: usize) -> usize {
    let packets = size / (MAX_PAYLOAD - 2) + units;
    size + packets * (PACKET_HEADER + 4)
}

/// How many NAL units, from the front, share one packet; at least 1.
fn aggregated(units: &[&[u8]]) -> usize {
    let mut size = 1;
    let fits = |unit: &&&[u8]| {
        size += 2 + unit.len();
        size <= MAX_PAYLOAD
    };
    units.iter().take_while(fits).count().max(1)
}

/// Writes an interleaved frame (RFC 2326 §10.12).
fn interleave(out: &mut Vec<u8>, channel: u8, parts: &[&[u8]]) {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    let Ok(size) = u16::try_from(size) else {
        // Payloads are far shorter, so this never happens.
        return;
    };
    let [high, low] = size.to_be_bytes();
    out.extend_from_slice(&[DOLLAR, channel, high, low]);
    for part in parts {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::rtsp::framer::{Frame, frames};

    fn stream() -> Stream {
        let mut stream = Stream::new(96, 90_000, 0x1122_3344, 0xffff_ff00, 0xffff);
        (stream.rtp_channel, stream.rtcp_channel) = (4, 5);
        stream
    }

    fn packets(out: &[u8]) -> Vec<Frame<'_>> {
        frames(out).map(|frame| frame.unwrap()).collect()
    }

    fn write(nal_units: &[&[u8]]) -> (Vec<u8>, Stream) {
        let (mut out, mut stream) = (Vec::new(), stream());
        let picture = Picture {
            nal_units,
            key: true,
        };
        let time = stream.time(0x200);
        stream.picture(&mut out, &picture, time);
        assert!(out.len() <= written(picture.size(), nal_units.len()));
        (out, stream)
    }

    #[test]
    fn one_nal_unit_is_one_packet() {
        let (out, stream) = write(&[b"\x41abc"]);
        let expected = b"$\x04\0\x10\x80\xe0\xff\xff\0\0\x01\0\x11\x22\x33\x44\x41abc";
        assert_eq!(out, expected);
        assert_eq!(stream.sequence, 0);
    }

    #[test]
    fn small_nal_units_share_a_packet_and_a_large_one_is_fragmented() {
        let large = [&[0x65][..], &[7; 3000]].concat();
        let (out, _) = write(&[b"\x67AB", b"\x68C", &large]);
        let packets = packets(&out);
        assert_eq!(packets.len(), 4);
        assert_eq!(packets[0].payload[12..], *b"\x78\0\x03\x67AB\0\x02\x68C");
        let marks: Vec<_> = packets.iter().map(|p| p.payload[1] >> 7).collect();
        assert_eq!(marks, [0, 0, 0, 1]);
        let fragments: Vec<_> = packets[1..].iter().map(|p| &p.payload[12..14]).collect();
        assert_eq!(fragments, [b"\x7c\x85", b"\x7c\x05", b"\x7c\x45"]);
        let body: Vec<u8> = packets[1..]
            .iter()
            .flat_map(|p| p.payload[14..].to_vec())
            .collect();
        assert_eq!(body, large[1..]);
    }

    #[test]
    fn no_payload_is_longer_than_allowed() {
        for size in MAX_PAYLOAD - 5..MAX_PAYLOAD + 5 {
            let unit = vec![0x41; size];
            let (out, _) = write(&[&unit, &unit]);
            assert!(
                packets(&out)
                    .iter()
                    .all(|p| p.payload.len() <= 12 + MAX_PAYLOAD)
            );
        }
    }

    #[test]
    fn an_aac_frame_has_one_au_header() {
        let (mut out, mut stream) = (Vec::new(), stream());
        stream.sound(&mut out, b"xyz", 5);
        assert_eq!(packets(&out)[0].payload[12..], *b"\0\x10\0\x18xyz");
    }

    #[test]
    fn a_report_says_time_and_counts() {
        let (mut out, mut stream) = (Vec::new(), stream());
        stream.sound(&mut out, b"xyz", 5);
        out.clear();
        stream.report(&mut out, 0x0102_0304_0506_0708, 9);
        let packet = packets(&out)[0];
        assert_eq!((packet.channel, packet.payload.len()), (5, 48));
        let report = b"\x80\xc8\0\x06\x11\x22\x33\x44\x01\x02\x03\x04\x05\x06\x07\x08\
            \0\0\0\x09\0\0\0\x01\0\0\0\x07";
        assert_eq!(packet.payload[..28], *report);
        assert_eq!(packet.payload[28..32], [0x81, 202, 0, 4]);
        assert_eq!(packet.payload[36..], *b"\x01\x07camgate\0\0\0");
    }
}
