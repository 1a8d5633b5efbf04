//! What viewers are told of a camera: its own description, made over so that
//! everything in it is reached through the gateway.

use super::picture::Codec;
use super::size;
use crate::rtsp::sdp::{self, Direction, Kind, Session};
use crate::rtsp::text::to_base64;

/// Tracks of one camera that are shared; more are left alone.
pub const MAX_TRACKS: usize = 4;

/// The name of a track in the gateway's URLs, before its number.
const TRACK: &str = "track";

/// One medium that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Index into the camera's description.
    pub media: usize,
    /// Interleaved channels on the camera's link.
    pub rtp: u8,
    pub rtcp: u8,
    pub is_video: bool,
    /// As in the description, upper case.
    pub encoding: String,
    /// What its pictures are known by, if they are.
    pub codec: Option<Codec>,
    pub size: Option<(u16, u16)>,
}

/// A camera that plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// As the camera wrote it.
    text: String,
    /// In the order of the description.
    pub tracks: Vec<Track>,
}

/// The media to be shared: pictures and sound that the camera sends. What is
/// marked `sendonly` is the loudspeaker of an ONVIF camera, but what other
/// cameras send: it is a last resort.
pub fn choose(session: &Session) -> Vec<usize> {
    let of = |direction: &[Direction], kind: Kind| {
        let media = session.media.iter().enumerate();
        let fits = media.filter(|(_, m)| m.kind == kind && direction.contains(&m.direction));
        fits.map(|(index, _)| index).collect::<Vec<_>>()
    };
    let mut chosen = Vec::new();
    for kind in [Kind::Video, Kind::Audio] {
        let found = of(&[Direction::Both, Direction::ReceiveOnly], kind);
        chosen.extend(match found.is_empty() {
            true => of(&[Direction::SendOnly], kind),
            false => found,
        });
    }
    chosen.sort_unstable();
    chosen.truncate(MAX_TRACKS);
    chosen
}

impl Description {
    /// Of the camera's answer to DESCRIBE; tracks follow when they are set up.
    pub fn new(body: &[u8]) -> Description {
        Description {
            text: crate::rtsp::message::text(body).into_owned(),
            tracks: Vec::new(),
        }
    }

    /// A medium was set up on these channels.
    pub fn add(&mut self, media: usize, described: &sdp::Media, rtp: u8, rtcp: u8) {
        let track = Track {
            media,
            rtp,
            rtcp,
            is_video: described.kind == Kind::Video,
            encoding: described.encoding.clone(),
            codec: Codec::of(described),
            size: size::of_media(described),
        };
        let place = self.tracks.partition_point(|other| other.media < media);
        self.tracks.insert(place, track);
    }

    /// The track whose pictures a viewer waits for, if they are known well enough.
    pub fn pictures(&self) -> Option<(&Track, Codec)> {
        let video = self.tracks.iter().find(|track| track.is_video)?;
        Some((video, video.codec?))
    }

    /// Whether a viewer that was told of `self` can go on with what `other` sends.
    pub fn is_like(&self, other: &Description) -> bool {
        let media = |of: &Description| {
            of.lines()
                .filter(|l| is_lasting(l))
                .collect::<Vec<_>>()
                .join("\n")
        };
        self.tracks == other.tracks && media(self) == media(other)
    }

    fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let lines = self.text.split(['\r', '\n']);
        lines
            .map(|line| line.trim().to_owned())
            .filter(|line| line.len() > 2)
    }

    /// The description for viewers (RFC 4566). `sets` are the parameter sets
    /// seen in the stream: they go where the camera left its own out.
    pub fn for_viewers(&self, title: &str, sets: &[Vec<u8>]) -> String {
        let mut out = format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns={title}\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
             a=control:*\r\na=range:npt=now-\r\n"
        );
        let lines: Vec<String> = self.lines().collect();
        let media = lines.split(|line| line.starts_with("m=")).skip(1);
        let heads = lines.iter().filter(|line| line.starts_with("m="));
        for (index, (head, lines)) in heads.zip(media).enumerate() {
            let Some(number) = self.tracks.iter().position(|track| track.media == index) else {
                continue;
            };
            let sets = if self.wants(number, lines) { sets } else { &[] };
            push_media(&mut out, head, lines, number, sets);
        }
        out
    }

    /// Whether this track's description lacks its parameter sets.
    fn wants(&self, number: usize, lines: &[String]) -> bool {
        let pictures = self.pictures().map(|(track, codec)| (track.media, codec));
        let own = self.tracks.get(number).map(|track| track.media);
        let has = |name: &str| lines.iter().any(|line| line.contains(name));
        match pictures.filter(|(media, _)| Some(*media) == own) {
            Some((_, Codec::H264)) => !has("sprop-parameter-sets="),
            Some((_, Codec::H265 { .. })) => !has("sprop-sps="),
            _ => false,
        }
    }

    /// The number of the track that a URL names by its end; the only one if
    /// nothing is named.
    pub fn track(&self, name: &str) -> Option<usize> {
        if name.is_empty() && self.tracks.len() == 1 {
            return Some(0);
        }
        let number: usize = name.strip_prefix(TRACK)?.parse().ok()?;
        (number < self.tracks.len()).then_some(number)
    }
}

/// Whether a name in a URL may be a track's.
pub fn is_track(name: &str) -> bool {
    name.strip_prefix(TRACK)
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Lines that say what the media are; the others change with every session.
fn is_lasting(line: &str) -> bool {
    ["m=", "a=rtpmap", "a=fmtp", "a=framesize", "a=x-dimensions"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// One medium. Of its lines those that lead back to the camera are left out.
fn push_media(out: &mut String, head: &str, lines: &[String], number: usize, sets: &[Vec<u8>]) {
    let mut words = head.split_whitespace();
    let kind = words.next().unwrap_or("m=video");
    let rest: Vec<&str> = words.skip(1).collect();
    out.push_str(&format!("{kind} 0 {}\r\n", rest.join(" ")));
    let mut lacking = sets;
    for line in lines {
        let leads_back = [
            "c=",
            "a=control",
            "a=range",
            "a=source-filter",
            "a=rtcp",
            "k=",
        ];
        if leads_back.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        out.push_str(line);
        if line.starts_with("a=fmtp:") && !lacking.is_empty() {
            let end = if line.ends_with(';') { "" } else { ";" };
            out.push_str(end);
            out.push_str(&parameters(lacking));
            lacking = &[];
        }
        out.push_str("\r\n");
    }
    if let (false, Some(payload)) = (lacking.is_empty(), rest.get(1)) {
        out.push_str(&format!("a=fmtp:{payload} {}\r\n", parameters(lacking)));
    }
    out.push_str(&format!("a=control:{TRACK}{number}\r\n"));
}

/// Parameter sets as RFC 6184 §8.1 and RFC 7798 §7.1 write them; which of the
/// two is told by whether there is a VPS, SPS or PPS of H.265 among them.
fn parameters(sets: &[Vec<u8>]) -> String {
    let list = |kind: u8| {
        let of_kind = sets
            .iter()
            .filter(|set| set.first().is_some_and(|b| b >> 1 == kind));
        of_kind
            .map(|set| to_base64(set))
            .collect::<Vec<_>>()
            .join(",")
    };
    match (list(32), list(33), list(34)) {
        (vps, sps, pps) if !sps.is_empty() => {
            format!("sprop-vps={vps};sprop-sps={sps};sprop-pps={pps}")
        }
        _ => {
            let all: Vec<String> = sets.iter().map(|set| to_base64(set)).collect();
            format!("sprop-parameter-sets={}", all.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: &str = "v=0\r\no=- 9 9 IN IP4 10.0.0.7\r\ns=x\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\n\
        a=control:rtsp://10.0.0.7/s\r\nm=application 0 RTP/AVP 107\r\na=control:meta\r\n\
        m=video 5000 RTP/AVP 96\r\nc=IN IP4 10.0.0.7\r\na=rtpmap:96 H264/90000\r\n\
        a=fmtp:96 packetization-mode=1\r\na=control:rtsp://10.0.0.7/s/v\r\n\
        m=audio 0 RTP/AVP 8\r\na=control:a\r\nm=audio 0 RTP/AVP 0\r\na=sendonly\r\na=control:back\r\n";

    fn description() -> Description {
        let session = sdp::parse(CAMERA.as_bytes());
        let chosen = choose(&session);
        assert_eq!(chosen, [1, 2], "neither metadata nor the loudspeaker");
        let mut description = Description::new(CAMERA.as_bytes());
        description.add(2, &session.media[2], 2, 3);
        description.add(1, &session.media[1], 0, 1);
        description
    }

    #[test]
    fn viewers_are_told_nothing_that_leads_around_the_gateway() {
        let described = description().for_viewers("Front door", &[]);
        assert!(!described.contains("10.0.0.7"), "{described}");
        let session = sdp::parse(described.as_bytes());
        assert_eq!(session.name, "Front door");
        let controls: Vec<_> = session.media.iter().map(|m| m.control.as_deref()).collect();
        assert_eq!(controls, [Some("track0"), Some("track1")]);
        assert_eq!(session.media[0].parameter("packetization-mode"), Some("1"));
        assert_eq!(session.media[1].encoding, "PCMA");
    }

    #[test]
    fn parameter_sets_of_the_stream_are_added_where_there_are_none() {
        let sets = [vec![0x67, 1], vec![0x68, 2]];
        let described = description().for_viewers("x", &sets);
        let session = sdp::parse(described.as_bytes());
        let sprop = session.media[0].parameter("sprop-parameter-sets");
        assert_eq!(sprop, Some("ZwE=,aAI="));
        assert_eq!(session.media[1].parameter("sprop-parameter-sets"), None);
        let bare = CAMERA.replace("a=fmtp:96 packetization-mode=1\r\n", "");
        let mut other = Description::new(bare.as_bytes());
        other.tracks = description().tracks;
        let session = sdp::parse(other.for_viewers("x", &sets).as_bytes());
        assert!(session.media[0].parameter("sprop-parameter-sets").is_some());
        let h265 = parameters(&[vec![0x40, 1], vec![0x42, 1], vec![0x44, 1]]);
        assert_eq!(h265, "sprop-vps=QAE=;sprop-sps=QgE=;sprop-pps=RAE=");
    }

    #[test]
    fn tracks_are_named_by_their_number() {
        let description = description();
        assert_eq!(description.track("track1"), Some(1));
        for none in ["track2", "track", "", "x", "track-1"] {
            assert_eq!(description.track(none), None, "{none}");
        }
        assert!(is_track("track12") && !is_track("track") && !is_track("trackside"));
    }

    #[test]
    fn the_same_media_go_on_and_others_do_not() {
        let a = description();
        let mut b = a.clone();
        b.text = a.text.replace("o=- 9 9", "o=- 10 11");
        assert!(a.is_like(&b));
        b.text = a.text.replace("H264", "H265");
        assert!(!a.is_like(&b));
    }
}
