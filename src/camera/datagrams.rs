//! RTP over UDP: which datagrams are media of the camera, their order, and receiver
//! reports to their senders (RFC 3550 §6.4).
//!
//! A packet in order is forwarded from where it was received; only a packet that comes
//! early is copied ([`Reorder`]).

use std::net::SocketAddr;
use std::time::Instant;

use crate::protocol::rtp::Header;
use crate::protocol::rtp::reception::{REPORT, REPORT_INTERVAL, Reception};
use crate::protocol::rtp::reorder::{Order, Reorder};

/// What the owner is to do with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Forward it now: it is the next one.
    Take,
    /// Leave it: it came early, and was copied for later.
    Hold,
    /// Leave it: it is too late, or no RTP.
    Drop,
}

/// One track that comes over UDP.
#[derive(Debug)]
struct UdpTrack {
    rtp: u8,
    rtcp: u8,
    clock_rate: u32,
    /// The SSRC that the camera announced.
    announced: Option<u32>,
    /// Whether a packet with the announced SSRC has come.
    confirmed: bool,
    /// The sender that is followed, from its first packet on.
    sender: Option<UdpSender>,
}

/// The packets of one SSRC.
#[derive(Debug)]
struct UdpSender {
    clock_rate: u32,
    reception: Reception,
    reorder: Reorder,
}

impl UdpSender {
    /// A sender whose first packet has this header.
    fn new(header: &Header, clock_rate: u32, now: Instant) -> UdpSender {
        UdpSender {
            clock_rate,
            reception: Reception::new(header.ssrc, header.sequence, clock_rate, now),
            reorder: Reorder::new(header),
        }
    }

    /// Takes a packet of this sender.
    fn receive(&mut self, header: &Header, packet: &[u8], now: Instant) -> Order {
        let order = self.reorder.receive(header, packet, now);
        if order == Order::Anew {
            let (ssrc, first) = (header.ssrc, header.sequence);
            self.reception = Reception::new(ssrc, first, self.clock_rate, now);
        }
        self.reception
            .packet(header.sequence, header.timestamp, now);
        order
    }
}

impl UdpTrack {
    fn receive(&mut self, header: &Header, packet: &[u8], now: Instant) -> Verdict {
        if self.is_foreign(header.ssrc) {
            return Verdict::Drop;
        }
        let sender = self.sender.take();
        let same = sender.filter(|it| it.reception.ssrc() == header.ssrc);
        let sender = same.unwrap_or_else(|| UdpSender::new(header, self.clock_rate, now));
        match self.sender.insert(sender).receive(header, packet, now) {
            Order::Next | Order::Anew => Verdict::Take,
            Order::Early => Verdict::Hold,
            Order::Late => Verdict::Drop,
        }
    }

    /// Whether a packet has another SSRC than the camera announced. This counts only once
    /// the announced one has come: some cameras announce one that they do not use.
    fn is_foreign(&mut self, ssrc: u32) -> bool {
        self.confirmed |= self.announced == Some(ssrc);
        self.confirmed && self.announced != Some(ssrc)
    }

    /// The next early packet whose turn has come, or which has waited long enough.
    fn release(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.sender.as_mut()?.reorder.release(now)
    }

    /// When an early packet will have waited long enough.
    fn due(&self) -> Option<Instant> {
        self.sender.as_ref()?.reorder.due()
    }
}

/// The media of one RTSP session over UDP.
#[derive(Debug)]
pub struct Datagrams {
    tracks: Vec<UdpTrack>,
    /// The SSRC of the gateway in its reports.
    own_ssrc: u32,
    next_report: Instant,
    /// Whether a packet of a track has come.
    arrived: bool,
    /// What came besides media, in case that no media comes.
    pub other_traffic: OtherTraffic,
}

/// What came over UDP and is no media of the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherTraffic {
    /// No datagram came.
    Nothing,
    /// RTCP came, and nothing else.
    Reports,
    /// Datagrams came that are no RTP.
    NotRtp,
    /// Datagrams came from the address `from`, where `expected` was announced.
    Elsewhere {
        from: SocketAddr,
        expected: SocketAddr,
    },
}

impl OtherTraffic {
    /// Why no media arrives: the reason for viewers, which holds no address, and the detail
    /// for the operator.
    pub fn reason_and_detail(self) -> (String, String) {
        let begin = "no media arrives by UDP: ";
        let same = |end: &str| (format!("{begin}{end}"), format!("{begin}{end}"));
        match self {
            OtherTraffic::Nothing => same("is a firewall between the camera and the gateway?"),
            OtherTraffic::Reports => same("the camera's reports do, is a firewall in the way?"),
            OtherTraffic::NotRtp => same("what arrives from the camera is no RTP"),
            OtherTraffic::Elsewhere { from, expected } => (
                format!("{begin}packets come from another address than the camera's"),
                format!("{begin}packets come from {from} instead of {expected}"),
            ),
        }
    }
}

impl Datagrams {
    /// A session without tracks; `own_ssrc` is the gateway's SSRC in its reports.
    pub fn new(own_ssrc: u32, now: Instant) -> Datagrams {
        Datagrams {
            tracks: Vec::new(),
            own_ssrc,
            next_report: now + REPORT_INTERVAL,
            arrived: false,
            other_traffic: OtherTraffic::Nothing,
        }
    }

    /// Adds a track that comes on these channels; `ssrc` is the one that the camera announced.
    pub fn add(&mut self, rtp: u8, rtcp: u8, clock_rate: u32, ssrc: Option<u32>) {
        self.tracks.push(UdpTrack {
            rtp,
            rtcp,
            clock_rate,
            announced: ssrc,
            confirmed: false,
            sender: None,
        });
    }

    /// The SSRC of the gateway in its reports.
    pub fn own_ssrc(&self) -> u32 {
        self.own_ssrc
    }

    /// Whether an RTP packet has come.
    pub fn has_arrived(&self) -> bool {
        self.arrived
    }

    /// Takes a datagram that came on a channel.
    pub fn receive(&mut self, channel: u8, packet: &[u8], now: Instant) -> Verdict {
        let is_of = |track: &&mut UdpTrack| track.rtp == channel || track.rtcp == channel;
        let Some(track) = self.tracks.iter_mut().find(is_of) else {
            return Verdict::Drop;
        };
        if track.rtcp == channel {
            if packet.len() < 4 || packet.first().is_none_or(|byte| byte >> 6 != 2) {
                return Verdict::Drop;
            }
            if self.other_traffic == OtherTraffic::Nothing {
                self.other_traffic = OtherTraffic::Reports;
            }
            if let Some(sender) = &mut track.sender {
                sender.reception.control(packet, now);
            }
            return Verdict::Take;
        }
        let Some(header) = Header::read(packet) else {
            self.other_traffic = OtherTraffic::NotRtp;
            return Verdict::Drop;
        };
        self.arrived = true;
        track.receive(&header, packet, now)
    }

    /// The next early packet that may be forwarded now, with its channel. To be called until
    /// it returns `None`, after every datagram and at the time of [`Datagrams::due`].
    pub fn release(&mut self, now: Instant) -> Option<(u8, Vec<u8>)> {
        let mut tracks = self.tracks.iter_mut();
        tracks.find_map(|track| Some((track.rtp, track.release(now)?)))
    }

    /// When the next early packet will have waited long enough.
    pub fn due(&self) -> Option<Instant> {
        self.tracks.iter().filter_map(UdpTrack::due).min()
    }

    /// When receiver reports are due.
    pub fn next_report(&self) -> Instant {
        self.next_report
    }

    /// The receiver reports of now, each with its RTCP channel, on tracks that have sent
    /// packets.
    pub fn reports(&mut self, now: Instant) -> Vec<(u8, [u8; REPORT])> {
        self.next_report = now + REPORT_INTERVAL;
        let own_ssrc = self.own_ssrc;
        let reports = self.tracks.iter_mut().filter_map(|track| {
            let reception = &mut track.sender.as_mut()?.reception;
            Some((track.rtcp, reception.report(own_ssrc, now)))
        });
        reports.collect()
    }
}

#[cfg(test)]
mod tests;
