//! Which track each frame of a link belongs to. Some cameras send on other channels than
//! they answered to SETUP, and some send packets of an old session between those of
//! this one.

use super::description::{MAX_TRACKS, Track};
use crate::protocol::rtp::sender::{Origin, Sender};
use crate::protocol::rtp::sequence;
use crate::protocol::rtp::{Header, RTCP};

/// The senders of one link's tracks.
#[derive(Debug, Default)]
pub struct Senders {
    tracks: [TrackSender; MAX_TRACKS],
    /// Each medium's index in the description, with the SSRC that the camera announced.
    announced: Vec<(usize, u32)>,
    /// Whether packets of an old session have come.
    pub has_stale: bool,
}

/// The sender of one track.
#[derive(Debug, Default)]
struct TrackSender {
    sender: Sender,
    /// The sequence number of the packet that is due.
    next: u16,
    /// The channel on which the media comes, if it is not the one that the camera answered.
    channel: Option<u8>,
}

impl Senders {
    /// Takes the SSRC that the camera's answer to the SETUP of a medium announces.
    pub fn announce(&mut self, media: usize, ssrc: u32) {
        self.announced.push((media, ssrc));
    }

    /// The channel that the camera answered to SETUP for the track of this frame. For a
    /// packet of an old session it is one that no track has. `None` if the frame belongs
    /// to no track.
    pub fn answered_channel(&mut self, tracks: &[Track], channel: u8, prefix: &[u8]) -> Option<u8> {
        let kind = *prefix.get(1)?;
        let header = Header::read(prefix).filter(|_| !RTCP.contains(&kind));
        let Some(header) = header else {
            return self.control_channel(tracks, channel);
        };
        let index = self.track_of(tracks, channel, header.payload_type)?;
        let (track, track_sender) = (tracks.get(index)?, self.tracks.get_mut(index)?);
        if track_sender.sender.ssrc().is_none() {
            let announced = self.announced.iter().find(|it| it.0 == track.media);
            track_sender.sender.expect(announced.map(|(_, ssrc)| *ssrc));
        }
        let goes_on = track_sender.sender.ssrc().is_some() && track_sender.next == header.sequence;
        if track_sender
            .sender
            .receive(header.ssrc, goes_on, header.marker)
            == Origin::Stale
        {
            self.has_stale = true;
            let is_free =
                |channel: &u8| tracks.iter().all(|it| ![it.rtp, it.rtcp].contains(channel));
            return (0..=u8::MAX).rev().find(is_free);
        }
        track_sender.next = sequence::after(header.sequence);
        Some(track.rtp)
    }

    /// The track whose packets come on `channel` with this payload type. A track that has
    /// had no packet yet takes fitting ones from any channel, and two tracks on one channel
    /// are told apart by the payload type.
    fn track_of(&mut self, tracks: &[Track], channel: u8, payload_type: u8) -> Option<usize> {
        let all = || tracks.iter().zip(&self.tracks).enumerate();
        let fits = |track: &Track| track.payload_type == payload_type;
        let is_on = |track: &Track, track_sender: &TrackSender| {
            track.rtp == channel || track_sender.channel == Some(channel)
        };
        let known =
            all().find(|(_, (track, track_sender))| fits(track) && is_on(track, track_sender));
        if let Some((index, (track, _))) = known {
            // What came on another channel, before media came as answered, was not this
            // track's.
            if track.rtp == channel {
                self.tracks.get_mut(index)?.channel = None;
            }
            return Some(index);
        }
        let silent = all()
            .find(|(_, (track, track_sender))| fits(track) && track_sender.sender.ssrc().is_none());
        let Some((index, _)) = silent else {
            let mut answered = all().filter(|(_, (track, _))| track.rtp == channel);
            return answered.next().map(|(index, _)| index);
        };
        self.tracks.get_mut(index)?.channel = Some(channel);
        Some(index)
    }

    /// The channel that the camera answered to SETUP for a frame that holds RTCP.
    fn control_channel(&self, tracks: &[Track], channel: u8) -> Option<u8> {
        let moved = tracks.iter().zip(&self.tracks).find(|(_, track_sender)| {
            let own = track_sender.channel;
            own.is_some_and(|own| own == channel || own.wrapping_add(1) == channel)
        });
        if let Some((track, _)) = moved {
            return Some(track.rtcp);
        }
        let is_of = |track: &&Track| track.rtp == channel || track.rtcp == channel;
        tracks.iter().find(is_of).map(|_| channel)
    }

    /// Whether packets of this SSRC are ignored, because they are of an old session.
    pub fn is_stale(&self, ssrc: u32) -> bool {
        self.tracks.iter().any(|it| it.sender.is_stale(ssrc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Description;
    use crate::protocol::rtsp::sdp;
    use proptest::prelude::*;

    fn tracks() -> Vec<Track> {
        let text = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 0 RTP/AVP 8\r\n";
        let session = sdp::parse(text.as_bytes());
        let mut description = Description::new(text.as_bytes());
        description.add(0, &session.media[0], 0, 1);
        description.add(1, &session.media[1], 2, 3);
        description.tracks
    }

    fn packet(payload_type: u8, sequence: u8, ssrc: u8) -> [u8; 13] {
        [
            0x80,
            payload_type,
            0,
            sequence,
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            ssrc,
            0,
        ]
    }

    #[test]
    fn media_is_found_on_whatever_channel_it_comes() {
        let report = [0x80, 200, 0, 6, 0, 0, 0, 7];
        for (video, audio) in [(0, 2), (6, 8), (1, 3), (2, 0), (5, 5), (255, 254)] {
            let (mut senders, tracks) = (Senders::default(), tracks());
            for sequence in 0..3 {
                let mut answered =
                    |channel, packet: &[u8]| senders.answered_channel(&tracks, channel, packet);
                assert_eq!(
                    answered(video, &packet(96, sequence, 7)),
                    Some(0),
                    "{video}"
                );
                assert_eq!(answered(audio, &packet(8, sequence, 9)), Some(2), "{audio}");
            }
            if (video, audio) == (6, 8) {
                assert_eq!(senders.answered_channel(&tracks, 7, &report), Some(1));
                assert_eq!(senders.answered_channel(&tracks, 9, &report), Some(3));
            }
            assert_eq!(
                senders.answered_channel(&tracks, 99, &packet(96, 0, 3)),
                None,
                "nobody's"
            );
        }
    }

    #[test]
    fn the_channel_that_was_answered_counts_as_soon_as_it_is_used() {
        let (mut senders, tracks) = (Senders::default(), tracks());
        let channels = [9, 0, 9, 77, 0];
        let found =
            channels.map(|channel| senders.answered_channel(&tracks, channel, &packet(96, 0, 7)));
        assert_eq!(found, [Some(0), Some(0), None, None, Some(0)]);
    }

    #[test]
    fn another_payload_type_is_its_channels() {
        let (mut senders, tracks) = (Senders::default(), tracks());
        assert_eq!(
            senders.answered_channel(&tracks, 0, &packet(35, 1, 7)),
            Some(0)
        );
        assert_eq!(
            senders.answered_channel(&tracks, 9, &packet(35, 1, 7)),
            None
        );
        assert_eq!(
            senders.answered_channel(&tracks, 1, &[0x80, 200, 0, 6]),
            Some(1)
        );
    }

    #[test]
    fn packets_of_a_session_that_is_gone_are_nobodys() {
        let (mut senders, tracks) = (Senders::default(), tracks());
        let mut found = Vec::new();
        for step in 0..10 {
            for packet in [packet(96, step, 7), packet(96, 100 + step, 9)] {
                found.push(senders.answered_channel(&tracks, 0, &packet).unwrap());
            }
        }
        assert_eq!(found[..3], [0; 3]);
        assert!(found[3..].chunks(2).all(|pair| pair[0] == 255), "{found:?}");
        assert!(found[4..].chunks(2).all(|pair| pair[0] == 0), "{found:?}");
        assert!(senders.is_stale(9) && !senders.is_stale(7));
    }

    #[test]
    fn who_was_announced_is_heard_whoever_comes_first() {
        let (mut senders, tracks) = (Senders::default(), tracks());
        senders.announce(0, 7);
        senders.announce(1, 1);
        let mut answered =
            |kind, ssrc| senders.answered_channel(&tracks, 0, &packet(kind, 1, ssrc));
        assert_eq!(answered(96, 9), Some(0), "it may have lied");
        let found = [7, 9, 7, 9].map(|ssrc| answered(96, ssrc));
        assert_eq!(found, [Some(0), Some(255), Some(0), Some(255)]);
    }

    proptest! {
        #[test]
        fn anything_may_come(frames in prop::collection::vec(
            (any::<u8>(), prop::collection::vec(any::<u8>(), 0..20)), 0..40)
        ) {
            let (mut senders, tracks) = (Senders::default(), tracks());
            for (channel, prefix) in frames {
                senders.answered_channel(&tracks, channel, &prefix);
            }
        }
    }
}
