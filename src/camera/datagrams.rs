//! RTP over UDP: datagrams put in order, and reports to who sends them
//! (RFC 3550 §6.4, §A.1).
//!
//! What comes in order is taken where it lies. What comes early is copied and
//! waits for what is missing: up to [`WINDOW`] packets, each for at most
//! [`PATIENCE`]; then the gap is loss. What comes late or twice is dropped.
//! Invariant: sequence numbers handed on never go back within one source, unless the
//! camera counts anew, which later times tell from packets that are late.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::protocol::rtp::reception::{REPORT, REPORT_INTERVAL, Reception};
use crate::protocol::rtp::{Header, MAX_DROPOUT};

/// Packets of a track that wait for an earlier one.
pub const WINDOW: usize = 16;
/// How long they do.
pub const PATIENCE: Duration = Duration::from_millis(50);
/// Numbers behind that are still old packets, not a new beginning (§A.1).
const MAX_MISORDER: u16 = 100;

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

/// A packet that came early.
#[derive(Debug)]
struct Held {
    sequence: u16,
    since: Instant,
    packet: Vec<u8>,
}

/// One medium.
#[derive(Debug)]
struct Track {
    rtp: u8,
    rtcp: u8,
    clock_rate: u32,
    /// The source that the camera announced, and whether packets proved it right.
    announced: Option<u32>,
    confirmed: bool,
    reception: Option<Reception>,
    /// The number to come next.
    expected: u16,
    /// Where a new beginning would go on, after a packet from far off.
    restart: Option<u16>,
    /// The latest time of what has come.
    newest: u32,
    /// By distance from `expected`, the nearest first.
    held: VecDeque<Held>,
}

impl Track {
    fn receive(&mut self, header: &Header, packet: &[u8], now: Instant) -> Verdict {
        if self.is_foreign(header.ssrc) {
            return Verdict::Drop;
        }
        let sequence = header.sequence;
        match &mut self.reception {
            Some(reception) if reception.ssrc() == header.ssrc => {
                reception.packet(sequence, header.timestamp, now);
            }
            _ => self.begin(header, now),
        }
        let ahead = sequence.wrapping_sub(self.expected);
        let behind = self.expected.wrapping_sub(sequence);
        let since = header.timestamp.wrapping_sub(self.newest) as i32;
        self.newest = self.newest.wrapping_add(since.max(0) as u32);
        if ahead == 0 {
            self.expected = sequence.wrapping_add(1);
            self.restart = None;
            return Verdict::Take;
        }
        if behind <= MAX_MISORDER && since <= 0 && self.restart != Some(sequence) {
            return Verdict::Drop;
        }
        // Some cameras number anew at each key picture: what is late is not newer.
        if behind <= MAX_MISORDER {
            return self.back(header, behind, now);
        }
        if ahead >= MAX_DROPOUT {
            return self.far(header, now);
        }
        self.hold(sequence, ahead, packet, now)
    }

    /// Whether a packet is not from the source that the camera announced. A
    /// camera that announced another than it uses is not held to it.
    fn is_foreign(&mut self, ssrc: u32) -> bool {
        self.confirmed |= self.announced == Some(ssrc);
        self.confirmed && self.announced != Some(ssrc)
    }

    /// A source begins with this packet.
    fn begin(&mut self, header: &Header, now: Instant) {
        let mut reception = Reception::new(header.ssrc, header.sequence, self.clock_rate, now);
        reception.packet(header.sequence, header.timestamp, now);
        self.reception = Some(reception);
        self.expected = header.sequence;
        self.newest = header.timestamp;
        self.restart = None;
        self.held.clear();
    }

    /// The numbers went back. So near that it may be late after all, one packet of a
    /// picture between others, it takes two in a row.
    fn back(&mut self, header: &Header, behind: u16, now: Instant) -> Verdict {
        if usize::from(behind) <= WINDOW {
            return self.far(header, now);
        }
        self.begin(header, now);
        self.expected = header.sequence.wrapping_add(1);
        Verdict::Take
    }

    /// Two packets in a row from far off are a new beginning.
    fn far(&mut self, header: &Header, now: Instant) -> Verdict {
        let follows = self.restart == Some(header.sequence);
        self.restart = Some(header.sequence.wrapping_add(1));
        if !follows {
            return Verdict::Drop;
        }
        self.begin(header, now);
        self.expected = header.sequence.wrapping_add(1);
        Verdict::Take
    }

    fn hold(&mut self, sequence: u16, ahead: u16, packet: &[u8], now: Instant) -> Verdict {
        let expected = self.expected;
        let distance = |held: &Held| held.sequence.wrapping_sub(expected);
        let place = self.held.partition_point(|held| distance(held) < ahead);
        if self
            .held
            .get(place)
            .is_some_and(|held| held.sequence == sequence)
        {
            return Verdict::Drop;
        }
        if self.held.len() >= WINDOW {
            return Verdict::Drop; // nobody asks for what is released
        }
        let (since, packet) = (now, packet.to_vec());
        let held = Held {
            sequence,
            since,
            packet,
        };
        self.held.insert(place, held);
        Verdict::Hold
    }

    /// The next packet whose turn it is, or whose waiting is over.
    fn release(&mut self, now: Instant) -> Option<Vec<u8>> {
        let first = self.held.front()?;
        let is_next = first.sequence == self.expected;
        let is_full = self.held.len() >= WINDOW;
        if !is_next && !is_full && self.due().is_none_or(|due| due > now) {
            return None;
        }
        let first = self.held.pop_front()?;
        self.expected = first.sequence.wrapping_add(1);
        Some(first.packet)
    }

    /// When the waiting of a packet is over.
    fn due(&self) -> Option<Instant> {
        let since = self.held.iter().map(|held| held.since).min()?;
        Some(since + PATIENCE)
    }
}

/// The media of one session over UDP.
#[derive(Debug)]
pub struct Datagrams {
    tracks: Vec<Track>,
    /// The source that reports come from.
    own: u32,
    next_report: Instant,
    arrived: bool,
    /// What came instead of media.
    pub instead: Instead,
}

/// What came over UDP that is no media of the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    Nothing,
    /// RTCP alone.
    Reports,
    /// What is no RTP.
    Garbage,
    /// Datagrams from `from`, where `expected` was announced.
    Elsewhere {
        from: SocketAddr,
        expected: SocketAddr,
    },
}

impl Instead {
    /// In words for viewers, who are told no address, and for the operator.
    pub fn words(self) -> (String, String) {
        let begin = "no media arrives by UDP: ";
        let same = |end: &str| (format!("{begin}{end}"), format!("{begin}{end}"));
        match self {
            Instead::Nothing => same("is a firewall between the camera and the gateway?"),
            Instead::Reports => same("the camera's reports do, is a firewall in the way?"),
            Instead::Garbage => same("what arrives from the camera is no RTP"),
            Instead::Elsewhere { from, expected } => (
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
            instead: Instead::Nothing,
        }
    }

    /// A medium comes on these channels; `ssrc`: as the camera announced it.
    pub fn add(&mut self, rtp: u8, rtcp: u8, clock_rate: u32, ssrc: Option<u32>) {
        self.tracks.push(Track {
            rtp,
            rtcp,
            clock_rate,
            announced: ssrc,
            confirmed: false,
            reception: None,
            expected: 0,
            restart: None,
            newest: 0,
            held: VecDeque::new(),
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
        let is_of = |track: &&mut Track| track.rtp == channel || track.rtcp == channel;
        let Some(track) = self.tracks.iter_mut().find(is_of) else {
            return Verdict::Drop;
        };
        if track.rtcp == channel {
            if packet.len() < 4 || packet.first().is_none_or(|byte| byte >> 6 != 2) {
                return Verdict::Drop;
            }
            if self.instead == Instead::Nothing {
                self.instead = Instead::Reports;
            }
            if let Some(reception) = &mut track.reception {
                reception.control(packet, now);
            }
            return Verdict::Take;
        }
        let Some(header) = Header::read(packet) else {
            self.instead = Instead::Garbage;
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
        self.tracks.iter().filter_map(Track::due).min()
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
            let reception = track.reception.as_mut()?;
            Some((track.rtcp, reception.report(own, now)))
        });
        heard.collect()
    }
}

#[cfg(test)]
mod tests;
