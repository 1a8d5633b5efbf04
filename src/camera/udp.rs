//! A camera whose media comes over UDP: when that is, its ports, its reports,
//! and what is done when nothing arrives.
//!
//! `auto` begins with TCP, changes to UDP when the camera refuses TCP (461), and
//! back when nothing arrives; a camera is called again at once for that, once in
//! each direction. What was found stays for the links to come, until it fails.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::datagrams::{Datagrams, OtherTraffic, Verdict};
use super::description;
use super::{Camera, Output, Phase, Unavailable};
use crate::config::Transport;
use crate::protocol::rtp::Header;
use crate::protocol::rtp::reception::empty_report;
use crate::protocol::rtsp::client::Failure;
use crate::protocol::rtsp::transport;

/// How long a camera that plays over UDP may take until the first packet.
pub(super) const FIRST_PACKET: Duration = Duration::from_secs(5);

/// The lower transport: what the configuration wants, and what is tried.
#[derive(Debug)]
pub(super) struct LowerTransport {
    wanted: Transport,
    udp: bool,
    /// UDP was tried in vain since the last pause: what came by it.
    udp_failed: Option<OtherTraffic>,
}

impl LowerTransport {
    pub(super) fn new(wanted: Transport) -> LowerTransport {
        LowerTransport {
            wanted,
            udp: wanted == Transport::Udp,
            udp_failed: None,
        }
    }

    pub(super) fn is_udp(&self) -> bool {
        self.udp
    }

    /// After a pause all begins anew, except that UDP that worked is kept.
    pub(super) fn failed(&mut self) {
        self.udp_failed = None;
    }

    /// What a refusal means, for viewers and for the operator.
    pub(super) fn reason_and_detail(
        &self,
        without_addresses: &Failure,
        failure: &Failure,
    ) -> (String, String) {
        match self.udp_failed.filter(|_| is_refusal(failure)) {
            Some(other_traffic) => other_traffic.reason_and_detail(),
            None => (self.meaning(without_addresses), self.meaning(failure)),
        }
    }

    fn meaning(&self, failure: &Failure) -> String {
        match failure {
            Failure::Status { code: 461, .. } if self.udp => {
                "the camera does not send this stream over UDP (461 to SETUP)".to_owned()
            }
            _ => failure.text(),
        }
    }
}

/// Whether the camera refuses the transport.
fn is_refusal(failure: &Failure) -> bool {
    match failure {
        Failure::Status { code, method, .. } => *code == 461 && *method == "SETUP",
        // It answered with another than was asked for.
        Failure::Protocol(reason) => {
            reason.starts_with("the camera does not send this stream over")
        }
        _ => false,
    }
}

impl Camera {
    pub(super) fn open_ports(&mut self, pairs: usize, now: Instant) {
        let own = self.random.next() as u32;
        self.datagrams = Some(Datagrams::new(own, now));
        self.outputs.push_back(Output::OpenPorts { pairs });
    }

    /// The ports that were asked for, RTP and RTCP; none: they are not to be had.
    pub fn ports_opened(&mut self, ports: &[(u16, u16)], now: Instant) {
        if ports.is_empty() {
            let reason = "the gateway has no UDP ports left";
            return self.failed(Unavailable::new(503, reason), now);
        }
        let chosen = description::choose(&self.session);
        if let Some(client) = &mut self.client {
            client.setup_udp(&chosen, ports);
            self.run_client(&[], now);
        }
    }

    /// A medium was set up: where it will come from. A packet to there opens the
    /// way for what comes back.
    pub(super) fn set_up_udp(&mut self, media: usize, channel: u8, from: transport::Server) {
        let Some(datagrams) = &mut self.datagrams else {
            return;
        };
        let rate = self.session.media.get(media).map_or(0, |it| it.clock_rate);
        let rtcp = channel.saturating_add(1);
        datagrams.add(channel, rtcp, rate, from.ssrc);
        let report = empty_report(datagrams.own());
        let packet = Header::new(0, 0, 0, datagrams.own()).bytes(); // it has no payload
        self.outputs.push_back(Output::Expect { channel, from });
        for (channel, bytes) in [(channel, packet.to_vec()), (rtcp, report.to_vec())] {
            self.outputs.push_back(Output::Datagram { channel, bytes });
        }
    }

    /// Whether media comes as datagrams, and may be read now: what comes before
    /// the answer to PLAY waits for it.
    pub fn takes_datagrams(&self) -> bool {
        self.datagrams.is_some() && self.phase == Phase::Live
    }

    /// A datagram came on a channel: what is to become of it. Then
    /// [`Camera::released`] is to be asked.
    pub fn datagram(&mut self, channel: u8, packet: &[u8], now: Instant) -> Verdict {
        let datagrams = self.datagrams.as_mut();
        datagrams.map_or(Verdict::Drop, |it| it.receive(channel, packet, now))
    }

    /// The next packet that came early and may go on now, with its channel.
    pub fn released(&mut self, now: Instant) -> Option<(u8, Vec<u8>)> {
        self.datagrams.as_mut()?.release(now)
    }

    pub(super) fn datagrams_due(&self) -> Option<Instant> {
        let datagrams = self.datagrams.as_ref()?;
        if self.phase != Phase::Live {
            return None;
        }
        let first = (!datagrams.has_arrived()).then(|| self.phase_since + FIRST_PACKET);
        let due = [Some(datagrams.next_report()), datagrams.due(), first];
        due.into_iter().flatten().min()
    }

    /// Sends what is due; `false`: the link is given up.
    pub(super) fn check_datagrams(&mut self, now: Instant) -> bool {
        let Some(datagrams) = self
            .datagrams
            .as_mut()
            .filter(|_| self.phase == Phase::Live)
        else {
            return true;
        };
        if !datagrams.has_arrived() && self.phase_since + FIRST_PACKET <= now {
            self.nothing_arrives(now);
            return false;
        }
        if datagrams.due().is_some_and(|due| due <= now) {
            self.outputs.push_back(Output::Release);
        }
        if datagrams.next_report() <= now {
            let reports = datagrams.reports(now).into_iter();
            let reports = reports.map(|(channel, report)| Output::Datagram {
                channel,
                bytes: report.to_vec(),
            });
            self.outputs.extend(reports);
        }
        true
    }

    /// A datagram came that is not from where the camera said it would send from.
    pub fn stray_datagram(&mut self, from: SocketAddr, expected: SocketAddr) {
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.other_traffic = OtherTraffic::Elsewhere { from, expected };
        }
    }

    fn nothing_arrives(&mut self, now: Instant) {
        let other_traffic = self.datagrams.as_ref().map(|it| it.other_traffic);
        let other_traffic = other_traffic.unwrap_or(OtherTraffic::Nothing);
        let (reason, detail) = other_traffic.reason_and_detail();
        if self.lower_transport.wanted == Transport::Auto {
            (self.lower_transport.udp, self.lower_transport.udp_failed) =
                (false, Some(other_traffic));
            return self.reconnect(now);
        }
        let unavailable = Unavailable {
            detail,
            ..Unavailable::new(504, &reason)
        };
        self.failed(unavailable, now);
    }

    /// Whether a refusal makes it try the other transport.
    pub(super) fn change_transport(&mut self, failure: &Failure, now: Instant) -> bool {
        let other = self.lower_transport.wanted == Transport::Auto
            && self.lower_transport.udp_failed.is_none();
        if !other || !is_refusal(failure) {
            return false;
        }
        if self.lower_transport.udp {
            // It was right once: TCP again after the pause.
            self.lower_transport.udp = false;
            return false;
        }
        self.lower_transport.udp = true;
        self.reconnect(now);
        true
    }

    /// Another link at once, with nothing of this one.
    fn reconnect(&mut self, now: Instant) {
        self.end_session();
        self.forget_stream();
        self.outputs.push_back(Output::Disconnect);
        self.connect(now);
    }

    /// A session over UDP goes on when its link is closed: the camera is told.
    /// So is one that set up another transport than was asked for.
    pub(super) fn end_session(&mut self) {
        let farewell = self.client.as_mut().and_then(|client| client.farewell());
        self.outputs.extend(farewell.map(Output::Send));
    }
}
