//! RTP over UDP: which datagrams are media of the camera, in order, and reports to who
//! sends them (RFC 3550 §6.4).
//!
//! What comes in order is forwarded from where it lies; [`Reorder`] keeps what comes
//! early.

use std::net::SocketAddr;
use std::time::Instant;

use crate::protocol::rtp::Header;
use crate::protocol::rtp::reception::{REPORT, REPORT_INTERVAL, Reception};
use crate::protocol::rtp::reorder::{Order, Reorder};

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is next: forward it now.
    Take,
    /// It was copied, for later.
    Hold,
    /// It is old, or no RTP.
    Drop,
}

/// One medium.
#[derive(Debug)]
struct UdpTrack {
    rtp: u8,
    rtcp: u8,
    clock_rate: u32,
    /// The source that the camera announced, and whether packets proved it right.
    announced: Option<u32>,
    confirmed: bool,
    /// The source that is heard, from its first packet on.
    sender: Option<UdpSender>,
}

/// A source of RTP packets.
#[derive(Debug)]
struct UdpSender {
    clock_rate: u32,
    reception: Reception,
    reorder: Reorder,
}

impl UdpSender {
    /// The source begins with the packet of this header.
    fn new(header: &Header, clock_rate: u32, now: Instant) -> UdpSender {
        UdpSender {
            clock_rate,
            reception: Reception::new(header.ssrc, header.sequence, clock_rate, now),
            reorder: Reorder::new(header),
        }
    }

    /// A packet of this source came.
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

    /// Whether a packet is not from the source that the camera announced. A
    /// camera that announced another than it uses is not held to it.
    fn is_foreign(&mut self, ssrc: u32) -> bool {
        self.confirmed |= self.announced == Some(ssrc);
        self.confirmed && self.announced != Some(ssrc)
    }

    /// The next packet whose turn it is, or whose waiting is over.
    fn release(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.sender.as_mut()?.reorder.release(now)
    }

    /// When the waiting of a packet is over.
    fn due(&self) -> Option<Instant> {
        self.sender.as_ref()?.reorder.due()
    }
}

/// The media of one session over UDP.
#[derive(Debug)]
pub struct Datagrams {
    tracks: Vec<UdpTrack>,
    /// The source that reports come from.
    own: u32,
    next_report: Instant,
    arrived: bool,
    /// What came instead of media.
    pub other_traffic: OtherTraffic,
}

/// What came over UDP that is no media of the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherTraffic {
    Nothing,
    /// RTCP alone.
    Reports,
    /// What is no RTP.
    NotRtp,
    /// Datagrams from `from`, where `expected` was announced.
    Elsewhere {
        from: SocketAddr,
        expected: SocketAddr,
    },
}

impl OtherTraffic {
    /// In words for viewers, who are told no address, and for the operator.
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
    /// A session without tracks; `own` names us in reports.
    pub fn new(own: u32, now: Instant) -> Datagrams {
        Datagrams {
            tracks: Vec::new(),
            own,
            next_report: now + REPORT_INTERVAL,
            arrived: false,
            other_traffic: OtherTraffic::Nothing,
        }
    }

    /// A medium comes on these channels; `ssrc`: as the camera announced it.
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

    /// Our name in reports.
    pub fn own(&self) -> u32 {
        self.own
    }

    /// Whether anything has come.
    pub fn has_arrived(&self) -> bool {
        self.arrived
    }

    /// A datagram came on a channel.
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

    /// The next packet that waited long enough, with its channel; to be asked
    /// until there is none, after every datagram and at [`Datagrams::due`].
    pub fn release(&mut self, now: Instant) -> Option<(u8, Vec<u8>)> {
        let mut tracks = self.tracks.iter_mut();
        tracks.find_map(|track| Some((track.rtp, track.release(now)?)))
    }

    /// When packets have waited long enough.
    pub fn due(&self) -> Option<Instant> {
        self.tracks.iter().filter_map(UdpTrack::due).min()
    }

    /// When reports are due.
    pub fn next_report(&self) -> Instant {
        self.next_report
    }

    /// The reports of now, each with its channel, of tracks that were heard.
    pub fn reports(&mut self, now: Instant) -> Vec<(u8, [u8; REPORT])> {
        self.next_report = now + REPORT_INTERVAL;
        let own = self.own;
        let heard = self.tracks.iter_mut().filter_map(|track| {
            let reception = &mut track.sender.as_mut()?.reception;
            Some((track.rtcp, reception.report(own, now)))
        });
        heard.collect()
    }
}

#[cfg(test)]
mod tests;
