//! Where the media of a viewer begins: the first packet of each track that it will get,
//! which `RTP-Info` announces (RFC 2326 §12.33), and sender reports for that moment.

use super::Camera;
use crate::protocol::rtp::rtcp::{SenderReport, set_moment};
use crate::protocol::rtp::{Header, RTCP};
use crate::protocol::rtsp::sdp;

/// What the header of a track's packet tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackPacket {
    /// The RTP channel on the camera's link.
    pub rtp: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload_type: u8,
}

impl TrackPacket {
    /// Reads the first bytes of a packet on this channel.
    pub fn read(rtp: u8, packet: &[u8]) -> Option<TrackPacket> {
        let header = Header::read(packet)?;
        Some(TrackPacket {
            rtp,
            sequence: header.sequence,
            timestamp: header.timestamp,
            ssrc: header.ssrc,
            payload_type: header.payload_type,
        })
    }
}

/// The first packet of each track.
#[derive(Clone, Debug, Default)]
pub struct FirstPackets(Vec<TrackPacket>);

impl FirstPackets {
    /// Takes the next frame that the viewer will get; `prefix` are the first bytes of its
    /// payload.
    pub fn frame(&mut self, channel: u8, prefix: &[u8]) {
        // RTCP may come on the channel of RTP (RFC 5761 §4).
        let is_rtcp = prefix.get(1).is_some_and(|kind| RTCP.contains(kind));
        if is_rtcp || self.of(channel).is_some() {
            return;
        }
        self.0.extend(TrackPacket::read(channel, prefix));
    }

    /// Puts this number of packets before the first one of this channel.
    pub fn precede(&mut self, rtp: u8, packets: u16) {
        if let Some(start) = self.0.iter_mut().find(|start| start.rtp == rtp) {
            start.sequence = start.sequence.wrapping_sub(packets);
        }
    }

    /// The first packet on this channel of the camera's link.
    pub fn of(&self, rtp: u8) -> Option<&TrackPacket> {
        self.0.iter().find(|start| start.rtp == rtp)
    }
}

/// The NTP and RTP timestamps of a sender report (RFC 3550 §6.4.1), if its sender has a
/// wall clock.
fn timestamps(report: &[u8]) -> Option<(u64, u32)> {
    let report = SenderReport::read(report).filter(SenderReport::has_clock)?;
    Some((report.ntp(), report.timestamp))
}

impl Camera {
    /// The last sender report of each track, with its RTCP channel. They tell a new viewer
    /// how the clocks of the tracks compare.
    ///
    /// There are none as long as one track lacks its report. What comes first from the cache
    /// is older than the reports, and a viewer that has the report of one track only takes
    /// this age for a distance between the tracks.
    ///
    /// The reports are moved to the moment of the picture that `first_packets` begin with,
    /// because some viewers take all media after a report to be later than the report.
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

    /// The NTP timestamp of the picture that `first_packets` begin with.
    fn moment_of(&self, first_packets: &FirstPackets) -> Option<u64> {
        let (track, _) = self.description.as_ref()?.pictures()?;
        let start = first_packets.of(track.rtp)?;
        let (_, report) = self
            .sender_reports
            .iter()
            .find(|(rtcp, _)| *rtcp == track.rtcp)?;
        let (ntp, timestamp) = timestamps(report)?;
        let ticks = start.timestamp.wrapping_sub(timestamp) as i32;
        let rate = i128::from(self.clock_rate(track.rtcp)?);
        ntp.checked_add_signed(((i128::from(ticks) << 32) / rate) as i64)
    }

    /// The report of a track as the camera would have written it at `ntp`.
    fn report_at(&self, ntp: u64, rtcp: u8, report: &[u8]) -> Option<Vec<u8>> {
        let (reported, timestamp) = timestamps(report)?;
        let passed = i128::from(ntp) - i128::from(reported);
        let ticks = (passed * i128::from(self.clock_rate(rtcp)?)) >> 32;
        let mut moved = report.to_vec();
        set_moment(&mut moved, ntp, timestamp.wrapping_add(ticks as u32))?;
        Some(moved)
    }

    /// The ticks of a track's RTP clock in a second; never 0.
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
