//! Counts the packets of each track between two positions in a camera's media, and writes
//! the notices that tell the player of them.

use crate::protocol::rtp::notice::{Kind, LENGTH, Notice};
use crate::protocol::rtp::{Header, RTCP};

use super::Camera;
use super::description::Track;

/// Tells the player that gaps in the sequence numbers of a track are losses.
const LOSSY: Notice = Notice {
    kind: Kind::Lossy,
    ssrc: 0,
    sequence: 0,
    timestamp: 0,
    packets: 0,
    pictures: 0,
};

/// Counts frames, and the RTP packets of each track.
#[derive(Debug)]
pub struct FrameCounter {
    /// The number of all frames, those with RTCP included.
    pub frames: u64,
    /// What the notices say of the packets.
    kind: Kind,
    /// Whether the packets came over UDP, where some are lost.
    lossy: bool,
    tracks: Vec<(Track, Option<Notice>)>,
}

impl FrameCounter {
    /// A counter at zero for these tracks.
    fn new(kind: Kind, lossy: bool, tracks: &[Track]) -> FrameCounter {
        let tracks = tracks.iter();
        FrameCounter {
            frames: 0,
            kind,
            lossy,
            tracks: tracks.map(|track| (track.clone(), None)).collect(),
        }
    }

    /// Counts a frame on `channel`; `prefix` are the first bytes of its payload.
    pub fn frame(&mut self, channel: u8, prefix: &[u8]) {
        self.frames += 1;
        // RTCP may come on the channel of RTP (RFC 5761 §4).
        let is_rtcp = prefix.get(1).is_some_and(|kind| RTCP.contains(kind));
        let mut tracks = self.tracks.iter_mut();
        if let Some((track, notice)) = tracks.find(|(track, _)| track.rtp == channel && !is_rtcp)
            && let Some(header) = Header::read(prefix)
        {
            let (packets, pictures, timestamp) = notice.map_or((0, 0, None), |it| {
                (it.packets, it.pictures, Some(it.timestamp))
            });
            let new = track.is_video && timestamp != Some(header.timestamp);
            *notice = Some(Notice {
                kind: self.kind,
                ssrc: header.ssrc,
                sequence: header.sequence,
                timestamp: header.timestamp,
                packets: packets.saturating_add(1),
                pictures: pictures.saturating_add(new.into()),
            });
        }
    }

    /// The notices for a viewer that begins with media or goes on with it, each with its
    /// RTCP channel. They tell what was counted of each track, and whether packets of a
    /// track may be lost.
    pub fn notices(&self) -> impl Iterator<Item = (u8, [u8; LENGTH])> {
        let lossy = self.lossy.then_some(LOSSY);
        let tracks = self.tracks.iter();
        tracks.flat_map(move |(track, notice)| {
            let notices = lossy.into_iter().chain(*notice);
            notices.map(|notice| (track.rtcp, notice.write()))
        })
    }
}

impl Camera {
    /// A counter for frames of this camera; `kind` is what its notices say of them.
    pub fn frame_counter(&self, kind: Kind) -> FrameCounter {
        let tracks = self.description.as_ref().map(|it| &it.tracks[..]);
        let lossy = self.datagrams.is_some();
        FrameCounter::new(kind, lossy, tracks.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Description;
    use crate::protocol::rtsp::sdp;

    fn packet(kind: u8, sequence: u16, timestamp: u32) -> Vec<u8> {
        let mut packet = vec![0x80, kind];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet
    }

    #[test]
    fn packets_and_pictures_are_counted_by_track() {
        let session = sdp::parse(
            b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 0 RTP/AVP 0\r\nm=audio 0 RTP/AVP 8\r\n",
        );
        let mut description = Description::new(b"");
        for (number, media) in session.media.iter().enumerate() {
            let rtp = 2 * number as u8;
            description.add(number, media, rtp, rtp + 1);
        }
        let mut counter = FrameCounter::new(Kind::History, false, &description.tracks);
        for (sequence, timestamp) in [(65_534, 10), (65_535, 10), (0, 20)] {
            counter.frame(0, &packet(0x60, sequence, timestamp));
        }
        counter.frame(2, &packet(0, 8, 160));
        counter.frame(0, &packet(200, 5, 5));
        counter.frame(1, &packet(200, 5, 5));
        counter.frame(7, &packet(0x60, 5, 5));
        counter.frame(0, &[0x80]);
        assert_eq!(counter.frames, 8);
        let notices: Vec<_> = counter.notices().collect();
        let video = Notice {
            kind: Kind::History,
            ssrc: 9,
            sequence: 0,
            timestamp: 20,
            packets: 3,
            pictures: 2,
        };
        let sound = Notice {
            sequence: 8,
            timestamp: 160,
            packets: 1,
            pictures: 0,
            ..video
        };
        let expected = [(1, video.write()), (3, sound.write())];
        assert_eq!(notices, expected, "of the third none");
        counter.lossy = true;
        let channels: Vec<_> = counter.notices().map(|(channel, _)| channel).collect();
        assert_eq!(channels, [1, 1, 3, 3, 5], "over UDP of all");
    }
}
