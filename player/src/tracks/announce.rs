//! The announcement of the tracks to JavaScript, all together.

use crate::audio::Audio;
use crate::output::Queue;
use crate::video::Video;

/// Queues the codecs and then the init segments of all tracks, once all are known.
pub fn announce(mut video: Option<&mut Video>, mut audio: Option<&mut Audio>, queue: &mut Queue) {
    if video.as_ref().is_some_and(|video| !video.is_described()) {
        return;
    }
    if let Some(video) = &mut video {
        video.announce(queue);
    }
    if let Some(audio) = &mut audio {
        audio.announce(queue);
    }
    if let Some(video) = video {
        video.send_init(queue);
    }
    if let Some(audio) = audio {
        audio.send_init(queue);
    }
}
