//! Where a new viewer of a shared camera begins, in RTP's words: the first packet
//! of each track that it gets from the cache, and sender reports for that moment.

use super::Camera;
use crate::protocol::rtp::rtcp::{SenderReport, set_moment};
use crate::protocol::rtp::{Header, RTCP};
use crate::protocol::rtsp::sdp;

/// The first packet of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstPacket {
    /// The RTP channel on the camera's link.
    pub rtp: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload_type: u8,
}

impl FirstPacket {
    /// Of a packet on this channel, by its first bytes.
    pub fn read(rtp: u8, packet: &[u8]) -> Option<FirstPacket> {
        let header = Header::read(packet)?;
        Some(FirstPacket {
            rtp,
            sequence: header.sequence,
            timestamp: header.timestamp,
            ssrc: header.ssrc,
            payload_type: header.payload_type,
        })
    }
}

/// The first packets of all tracks.
#[derive(Clone, Debug, Default)]
pub struct FirstPackets(Vec<FirstPacket>);

impl FirstPackets {
    /// A frame on `channel`, in the order in which they come; `start` are the first
    /// bytes of its payload.
    pub fn frame(&mut self, channel: u8, prefix: &[u8]) {
        // RTCP may come on the channel of RTP (RFC 5761 §4).
        let is_rtcp = prefix.get(1).is_some_and(|kind| RTCP.contains(kind));
        if is_rtcp || self.of(channel).is_some() {
            return;
        }
        self.0.extend(FirstPacket::read(channel, prefix));
    }

    /// So many packets will come before the first one of this channel.
    pub fn precede(&mut self, rtp: u8, packets: u16) {
        if let Some(start) = self.0.iter_mut().find(|start| start.rtp == rtp) {
            start.sequence = start.sequence.wrapping_sub(packets);
        }
    }

    /// The first packet on this channel of the camera's link.
    pub fn of(&self, rtp: u8) -> Option<&FirstPacket> {
        self.0.iter().find(|start| start.rtp == rtp)
    }
}

/// What a sender report says of time, if its sender has a clock.
fn times(report: &[u8]) -> Option<(u64, u32)> {
    let report = SenderReport::read(report).filter(SenderReport::has_clock)?;
    Some((report.ntp(), report.timestamp))
}

impl Camera {
    /// The last sender reports, by RTCP channel: they tell a new viewer how
    /// the times of the tracks belong together. None as long as a track lacks one:
    /// what comes first from the cache is older than they are, and a viewer who can
    /// compare one track only takes that for a distance between the two.
    ///
    /// They are moved to the moment of the picture that `first_packets` begin with: some
    /// viewers take what comes after a report for later than the report.
    pub fn sender_reports(&self, first_packets: &FirstPackets) -> Vec<(u8, Vec<u8>)> {
        let tracks = self.description().map_or(0, |it| it.tracks.len());
        if self.sender_reports.len() < tracks {
            return Vec::new();
        }
        let moved = self.moment_of(first_packets).and_then(|ntp| {
            let reports = self.sender_reports.iter();
            let moved = reports.map(|(rtcp, it)| Some((*rtcp, self.report_at(ntp, *rtcp, it)?)));
            moved.collect::<Option<Vec<_>>>()
        });
        moved.unwrap_or_else(|| self.sender_reports.clone())
    }

    /// When, by the camera's clock, the picture was taken that `first_packets` begin with.
    fn moment_of(&self, first_packets: &FirstPackets) -> Option<u64> {
        let (track, _) = self.description.as_ref()?.pictures()?;
        let start = first_packets.of(track.rtp)?;
        let (_, report) = self
            .sender_reports
            .iter()
            .find(|(rtcp, _)| *rtcp == track.rtcp)?;
        let (ntp, timestamp) = times(report)?;
        let ticks = start.timestamp.wrapping_sub(timestamp) as i32;
        let rate = i128::from(self.clock_rate(track.rtcp)?);
        ntp.checked_add_signed(((i128::from(ticks) << 32) / rate) as i64)
    }

    /// The report of a track as it would have been at `ntp`.
    fn report_at(&self, ntp: u64, rtcp: u8, report: &[u8]) -> Option<Vec<u8>> {
        let (told, timestamp) = times(report)?;
        let passed = i128::from(ntp) - i128::from(told);
        let ticks = (passed * i128::from(self.clock_rate(rtcp)?)) >> 32;
        let mut moved = report.to_vec();
        set_moment(&mut moved, ntp, timestamp.wrapping_add(ticks as u32))?;
        Some(moved)
    }

    /// Ticks of a track's clock in a second; never 0.
    fn clock_rate(&self, rtcp: u8) -> Option<u32> {
        let tracks = &self.description.as_ref()?.tracks;
        let track = tracks.iter().find(|track| track.rtcp == rtcp)?;
        let rate = |media: &sdp::Media| media.clock_rate;
        self.session
            .media
            .get(track.media)
            .map(rate)
            .filter(|rate| *rate > 0)
    }
}
