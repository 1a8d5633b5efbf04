//! Media over UDP: when a camera is asked for it, the ports, the receiver reports, and what
//! is done when nothing arrives.
//!
//! The setting `auto` begins with TCP. It changes to UDP when the camera refuses TCP
//! (461), and back to TCP when nothing arrives. For each change the camera is connected
//! again at once, at most once in each direction. The lower transport that works is kept
//! for later links until it fails.

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

/// How long a camera that plays over UDP may take until its first packet arrives.
pub(super) const FIRST_PACKET: Duration = Duration::from_secs(5);

/// The lower transport of a camera's media (RFC 2326 §12.39).
#[derive(Debug)]
pub(super) struct LowerTransport {
    /// The setting.
    wanted: Transport,
    /// Whether the present or next link uses UDP.
    udp: bool,
    /// What came instead of media if UDP has failed since the last pause.
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

    /// Lets UDP be tried again after the pause. The lower transport itself is kept.
    pub(super) fn failed(&mut self) {
        self.udp_failed = None;
    }

    /// What a failure of the RTSP client means: the reason for viewers and the detail for
    /// the operator. `without_addresses` is the same failure as viewers may see it.
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

    /// The sentence that tells a person of a failure.
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
        // The camera answered with another transport than it was asked for.
        Failure::Protocol(reason) => {
            reason.starts_with("the camera does not send this stream over")
        }
        _ => false,
    }
}

impl Camera {
    /// Asks the owner for the UDP ports of this number of tracks.
    pub(super) fn open_ports(&mut self, pairs: usize, now: Instant) {
        let own_ssrc = self.random.next() as u32;
        self.datagrams = Some(Datagrams::new(own_ssrc, now));
        self.outputs.push_back(Output::OpenPorts { pairs });
    }

    /// The owner has opened these pairs of ports, each for RTP and RTCP; there are none if
    /// they could not be opened.
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

    /// Prepares for a medium that the camera has set up over UDP, which will come from the
    /// ports `from`. A packet to each of these ports makes firewalls on the way let the
    /// camera's packets in.
    pub(super) fn set_up_udp(&mut self, media: usize, channel: u8, from: transport::Server) {
        let Some(datagrams) = &mut self.datagrams else {
            return;
        };
        let rate = self.session.media.get(media).map_or(0, |it| it.clock_rate);
        let rtcp = channel.saturating_add(1);
        datagrams.add(channel, rtcp, rate, from.ssrc);
        let report = empty_report(datagrams.own_ssrc());
        let packet = Header::new(0, 0, 0, datagrams.own_ssrc()).bytes(); // it has no payload
        self.outputs.push_back(Output::Expect { channel, from });
        for (channel, bytes) in [(channel, packet.to_vec()), (rtcp, report.to_vec())] {
            self.outputs.push_back(Output::Datagram { channel, bytes });
        }
    }

    /// Whether media comes over UDP and may be read now. Datagrams that come before the
    /// answer to PLAY wait for it.
    pub fn takes_datagrams(&self) -> bool {
        self.datagrams.is_some() && self.phase == Phase::Live
    }

    /// Takes a datagram that came on a channel, and says what to do with it. After that,
    /// [`Camera::released`] is to be called.
    pub fn datagram(&mut self, channel: u8, packet: &[u8], now: Instant) -> Verdict {
        let datagrams = self.datagrams.as_mut();
        datagrams.map_or(Verdict::Drop, |it| it.receive(channel, packet, now))
    }

    /// The next early packet that may be forwarded now, with its channel.
    pub fn released(&mut self, now: Instant) -> Option<(u8, Vec<u8>)> {
        self.datagrams.as_mut()?.release(now)
    }

    /// When [`Camera::check_datagrams`] is to be called.
    pub(super) fn datagrams_due(&self) -> Option<Instant> {
        let datagrams = self.datagrams.as_ref()?;
        if self.phase != Phase::Live {
            return None;
        }
        let first = (!datagrams.has_arrived()).then(|| self.phase_since + FIRST_PACKET);
        let due = [Some(datagrams.next_report()), datagrams.due(), first];
        due.into_iter().flatten().min()
    }

    /// Sends the receiver reports that are due; `false` if the link was given up because no
    /// media arrives.
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

    /// Takes note of a datagram that did not come from the address which the camera has
    /// announced.
    pub fn stray_datagram(&mut self, from: SocketAddr, expected: SocketAddr) {
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.other_traffic = OtherTraffic::Elsewhere { from, expected };
        }
    }

    /// No media has arrived over UDP in time: tries TCP if it may, or fails.
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

    /// Connects again with the other lower transport if `failure` is a refusal of this one;
    /// `false` if it is not, or if the other one has failed before.
    pub(super) fn change_transport(&mut self, failure: &Failure, now: Instant) -> bool {
        let may_change = self.lower_transport.wanted == Transport::Auto
            && self.lower_transport.udp_failed.is_none();
        if !may_change || !is_refusal(failure) {
            return false;
        }
        if self.lower_transport.udp {
            // UDP has worked before and is refused now: TCP is tried after the pause.
            self.lower_transport.udp = false;
            return false;
        }
        self.lower_transport.udp = true;
        self.reconnect(now);
        true
    }

    /// Ends the link and connects again at once.
    fn reconnect(&mut self, now: Instant) {
        self.end_session();
        self.forget_stream();
        self.outputs.push_back(Output::Disconnect);
        self.connect(now);
    }

    /// Tells the camera to end its RTSP session. A session over UDP would go on when its
    /// link is closed, and so would one for which the camera has set up another transport
    /// than it was asked for.
    pub(super) fn end_session(&mut self) {
        let farewell = self.client.as_mut().and_then(|client| client.farewell());
        self.outputs.extend(farewell.map(Output::Send));
    }
}
