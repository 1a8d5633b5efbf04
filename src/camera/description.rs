//! The description of a camera that plays, and the one for viewers: the camera's own,
//! rewritten so that everything in it is reached through the gateway.

use super::picture::Codec;
use super::sets::{Sets, is_sets};
use super::size;
use crate::protocol::rtsp::sdp::{self, Direction, Kind, Session};

/// The number of a camera's tracks that viewers can get; the others are not set up.
pub const MAX_TRACKS: usize = 4;

/// What stands before a track's number in the gateway's URLs.
const TRACK: &str = "track";

/// One medium that viewers can get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// The index of the medium in the camera's description.
    pub media: usize,
    /// The channel for RTP that the camera answered to SETUP.
    pub rtp: u8,
    /// The channel for RTCP.
    pub rtcp: u8,
    pub is_video: bool,
    pub payload_type: u8,
    /// The encoding in the description, in upper case.
    pub encoding: String,
    /// The video codec, if pictures of it can be found.
    pub codec: Option<Codec>,
    /// The size of the pictures that the description states.
    pub size: Option<(u16, u16)>,
}

/// The description of a camera that plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The camera's own description.
    text: String,
    /// The tracks that are set up, in the order of the description.
    pub tracks: Vec<Track>,
}

/// The media that viewers can get: the pictures and the sound that the camera sends. A
/// medium marked `sendonly` is the loudspeaker of an ONVIF camera, but other cameras mark
/// the media so that they send: it is chosen only if there is no other.
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
    /// A description without tracks; `body` is that of the camera's answer to DESCRIBE.
    pub fn new(body: &[u8]) -> Description {
        Description {
            text: crate::protocol::rtsp::message::text(body).into_owned(),
            tracks: Vec::new(),
        }
    }

    /// Adds the track of a medium that was set up on these channels.
    pub fn add(&mut self, media: usize, described: &sdp::Media, rtp: u8, rtcp: u8) {
        let track = Track {
            media,
            rtp,
            rtcp,
            is_video: described.kind == Kind::Video,
            payload_type: described.payload_type,
            encoding: described.encoding.clone(),
            codec: Codec::of(described),
            size: size::of_media(described),
        };
        let index = self.tracks.partition_point(|other| other.media < media);
        self.tracks.insert(index, track);
    }

    /// The first video track, if its codec is known: viewers begin at its key frames.
    pub fn pictures(&self) -> Option<(&Track, Codec)> {
        let video = self.tracks.iter().find(|track| track.is_video)?;
        Some((video, video.codec?))
    }

    /// Whether a viewer that was told of `self` can go on with the media of `other`.
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

    /// The description for viewers (RFC 4566). `sets` are the present parameter sets of the
    /// pictures: those in the camera's description may be old.
    pub fn for_viewers(&self, title: &str, sets: Option<&Sets>) -> String {
        let mut out = format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns={title}\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
             a=control:*\r\na=range:npt=now-\r\n"
        );
        let pictures = self.pictures().map(|(track, _)| track.media);
        for (index, medium) in self.media().iter().enumerate() {
            let Some(number) = self.tracks.iter().position(|track| track.media == index) else {
                continue;
            };
            let sets = sets.filter(|_| pictures == Some(index));
            let sets = sets.map_or_else(Vec::new, Sets::parameters);
            push_media(&mut out, medium, number, &sets);
        }
        out
    }

    /// The media as the camera described them. A line that stands above its medium, or below
    /// another one, is assigned by its payload type, as [`sdp::parse`] does.
    fn media(&self) -> Vec<Medium> {
        let lines: Vec<String> = self.lines().collect();
        let mut media: Vec<Medium> = Vec::new();
        for line in &lines {
            match media.last_mut() {
                _ if line.starts_with("m=") => media.push(Medium::new(line)),
                Some(medium) => medium.lines.push(line.clone()),
                None => {}
            }
        }
        let numbered: Vec<_> = lines.iter().filter_map(|line| attribute(line)).collect();
        for medium in &mut media {
            let first = medium.formats.first().cloned().unwrap_or_default();
            let own =
                |line: &String| attribute(line).map(|(name, of, _)| (name.to_owned(), of == first));
            let have: Vec<_> = medium.lines.iter().filter_map(own).collect();
            let strays = numbered.iter().filter(|(name, of, _)| {
                *of == first && !have.contains(&((*name).to_owned(), true))
            });
            let strays = strays.map(|(.., line)| (*line).to_owned());
            medium.lines.extend(strays);
        }
        let firsts: Vec<String> = media
            .iter()
            .filter_map(|it| it.formats.first().cloned())
            .collect();
        for medium in &mut media {
            let formats = &medium.formats;
            let is_own = |number: &str| formats.iter().any(|own| own == number);
            let is_others = |number: &str| firsts.iter().any(|first| first == number);
            let stays = |line: &String| {
                attribute(line).is_none_or(|(_, number, _)| is_own(number) || !is_others(number))
            };
            medium.lines.retain(stays);
        }
        media
    }

    /// The index of the track with this name, which stands at the end of a URL; an empty
    /// name stands for the only track.
    pub fn track(&self, name: &str) -> Option<usize> {
        if name.is_empty() && self.tracks.len() == 1 {
            return Some(0);
        }
        let number: usize = name.strip_prefix(TRACK)?.parse().ok()?;
        (number < self.tracks.len()).then_some(number)
    }
}

/// Whether a name in a URL has the form of a track's name.
pub fn is_track(name: &str) -> bool {
    name.strip_prefix(TRACK)
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a line says what a medium is; the other lines change with every session.
fn is_lasting(line: &str) -> bool {
    ["m=", "a=rtpmap", "a=fmtp", "a=framesize", "a=x-dimensions"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// One medium of the camera's description.
struct Medium {
    /// The line that begins with `m=`.
    head: String,
    /// The payload types, in order of preference.
    formats: Vec<String>,
    /// The lines after the head.
    lines: Vec<String>,
}

impl Medium {
    fn new(head: &str) -> Medium {
        let formats = head.split_whitespace().skip(3);
        Medium {
            head: head.to_owned(),
            formats: formats.map(str::to_owned).collect(),
            lines: Vec::new(),
        }
    }
}

/// The name and the payload type of a line that describes a format, and the line itself.
fn attribute(line: &str) -> Option<(&str, &str, &str)> {
    let (name, value) = line.split_once(':')?;
    let number = value.split_whitespace().next()?;
    matches!(name, "a=rtpmap" | "a=fmtp").then_some((name, number, line))
}

/// Writes one medium of the description for viewers. Lines that lead back to the camera
/// are left out, and `sets` take the place of the parameters that hold sets.
fn push_media(out: &mut String, medium: &Medium, number: usize, sets: &[String]) {
    let mut fields = medium.head.split_whitespace();
    let kind = fields.next().unwrap_or("m=video");
    let rest: Vec<&str> = fields.skip(1).collect();
    out.push_str(&format!("{kind} 0 {}\r\n", rest.join(" ")));
    let mut lacking = sets;
    for line in &medium.lines {
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
        match line.split_once(char::is_whitespace) {
            Some((name, value)) if name.starts_with("a=fmtp:") && !lacking.is_empty() => {
                let own = value.split(';').map(str::trim);
                let own = own.filter(|own| !own.is_empty() && !is_sets(own));
                let all: Vec<&str> = own.chain(lacking.iter().map(String::as_str)).collect();
                out.push_str(&format!("{name} {}\r\n", all.join(";")));
                lacking = &[];
            }
            _ => out.push_str(&format!("{line}\r\n")),
        }
    }
    if let (false, Some(payload)) = (lacking.is_empty(), medium.formats.first()) {
        out.push_str(&format!("a=fmtp:{payload} {}\r\n", lacking.join(";")));
    }
    out.push_str(&format!("a=control:{TRACK}{number}\r\n"));
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
        let described = description().for_viewers("Front door", None);
        assert!(!described.contains("10.0.0.7"), "{described}");
        let session = sdp::parse(described.as_bytes());
        assert_eq!(session.name, "Front door");
        let controls: Vec<_> = session.media.iter().map(|m| m.control.as_deref()).collect();
        assert_eq!(controls, [Some("track0"), Some("track1")]);
        assert_eq!(session.media[0].parameter("packetization-mode"), Some("1"));
        assert_eq!(session.media[1].encoding, "PCMA");
    }

    /// The media in the description for viewers when the stream has these sets.
    fn for_viewers(description: &Description, kept: &[&[u8]]) -> Vec<sdp::Media> {
        let mut sets = Sets::new(Codec::H264);
        kept.iter().for_each(|set| {
            sets.keep(set, None);
        });
        let text = description.for_viewers("x", Some(&sets));
        sdp::parse(text.as_bytes()).media
    }

    #[test]
    fn parameter_sets_are_those_of_the_stream_whatever_the_camera_wrote() {
        let fmtp = "a=fmtp:96 packetization-mode=1\r\n";
        let old = "a=fmtp:96 Sprop-Parameter-Sets=Z0IAHoA=,aMA=; packetization-mode=1;x=2;\r\n";
        for written in [fmtp, old, ""] {
            let mut description = description();
            description.text = CAMERA.replace(fmtp, written);
            let media = for_viewers(&description, &[&[0x68, 2], &[0x67, 1]]);
            let sprop = media[0].parameter("sprop-parameter-sets");
            assert_eq!(sprop, Some("ZwE=,aAI="), "{written}");
            let mode = (!written.is_empty()).then_some("1");
            assert_eq!(media[0].parameter("packetization-mode"), mode);
            assert_eq!(media[1].parameter("sprop-parameter-sets"), None);
        }
        let media = for_viewers(&description(), &[]);
        assert_eq!(media[0].fmtp.len(), 1, "there are none");
    }

    #[test]
    fn lines_are_told_of_the_medium_that_they_are_about() {
        let fmtp = "a=fmtp:96 packetization-mode=1\r\n";
        let moved = CAMERA
            .replace(fmtp, "")
            .replace("a=control:a\r\n", &["a=control:a\r\n", fmtp].concat());
        let mut description = description();
        description.text = moved;
        let text = description.for_viewers("x", None);
        let (video, audio) = text.split_once("m=audio").unwrap();
        assert!(video.contains(fmtp) && !audio.contains("fmtp"), "{text}");
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
