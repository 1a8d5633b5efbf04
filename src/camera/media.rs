//! What the first bytes of every frame tell: which track it belongs to, whether it begins
//! a picture with which a viewer can begin, and how the clocks of the tracks compare.

use std::time::Instant;

use super::description::Track;
use super::first_packets::TrackPacket;
use super::{Camera, MAX_REPORT};
use crate::protocol::rtp::Header;
use crate::protocol::rtp::rtcp::SenderReport;

impl Camera {
    /// Takes note that the frames which [`Camera::frame`] was shown have come now. Frames
    /// that are no media of a known track are no sign of life.
    pub fn frames_arrived(&mut self, now: Instant) {
        if !self.liveness.note(now) {
            return;
        }
        if let Some(receipts) = &mut self.receipts {
            receipts.arrived(now);
        }
        if let Some(client) = &mut self.client {
            client.heard();
        }
    }

    /// Inspects a frame of the link. `prefix` are the first bytes of its payload of `length`
    /// bytes, at most [`INSPECTED_BYTES`](super::INSPECTED_BYTES) of them; `position` is
    /// where the frame stands in the queue. Returns the channel that the camera answered to
    /// SETUP for this media, which is where viewers expect it; `None` if there is none.
    pub fn frame(
        &mut self,
        channel: u8,
        prefix: &[u8],
        length: usize,
        position: u64,
    ) -> Option<u8> {
        let description = self.description.as_ref()?;
        let tracks = &description.tracks;
        let Some(answered) = self.senders.answered_channel(tracks, channel, prefix) else {
            self.unknown_channel = self.unknown_channel.or(Some((channel, false)));
            return None;
        };
        let is_of = |it: &Track| it.rtp == answered || it.rtcp == answered;
        if let Some(index) = tracks.iter().position(is_of) {
            self.inspect(index, answered, prefix, length, position);
        }
        Some(answered)
    }

    /// Inspects a frame of the track at `index`, which belongs on `channel`.
    fn inspect(&mut self, index: usize, channel: u8, prefix: &[u8], length: usize, position: u64) {
        let Some(description) = &self.description else {
            return;
        };
        let tracks = &description.tracks;
        if let (Some(receipts), Some(track)) = (&mut self.receipts, tracks.get(index)) {
            receipts.frame(channel, track.rtcp, prefix, self.liveness.last_sign());
        }
        // A camera may name one channel for both RTP and RTCP.
        if tracks.get(index).is_some_and(|track| track.rtp != channel) {
            return self.report(channel, prefix, length);
        }
        if let Some(header) = Header::read(prefix) {
            self.liveness.media(index, header.timestamp);
            self.meter.packet(length);
            // TCP loses nothing, whatever the sequence numbers say.
            if self.datagrams.is_some() {
                self.meter
                    .sequence_number(index, header.sequence, header.ssrc);
            }
        }
        let has_pictures = description
            .pictures()
            .is_some_and(|(track, _)| track.rtp == channel);
        if let Some(pictures) = self.pictures.as_mut().filter(|_| has_pictures) {
            self.last_packet = TrackPacket::read(channel, prefix);
            let key = pictures.packet(prefix, position);
            self.cache.set_undecided(pictures.undecided());
            if pictures.begins_at(position) {
                self.cache.picture(position);
            }
            if let Some(key) = key {
                self.cache.key_frame(key);
            }
        }
    }

    /// Whether the link carries packets of an old session, which are not for viewers.
    pub fn has_stale_sender(&self) -> bool {
        self.senders.has_stale
    }

    /// The channel of a frame that belongs to no track; it is returned once for each link.
    pub fn take_unknown_channel(&mut self) -> Option<u8> {
        let (channel, is_reported) = self.unknown_channel.as_mut()?;
        (!std::mem::replace(is_reported, true)).then_some(*channel)
    }

    /// Keeps a sender report (RFC 3550 §6.4.1) of which `packet` is the whole.
    fn report(&mut self, channel: u8, packet: &[u8], length: usize) {
        let report = SenderReport::read(packet);
        if report.is_none_or(|report| self.senders.is_stale(report.ssrc)) {
            return;
        }
        self.liveness.report();
        if length > MAX_REPORT || packet.len() != length {
            return;
        }
        match self
            .sender_reports
            .iter_mut()
            .find(|(other, _)| *other == channel)
        {
            Some((_, kept)) => {
                kept.clear();
                kept.extend_from_slice(packet);
            }
            None => self.sender_reports.push((channel, packet.to_vec())),
        }
    }
}
