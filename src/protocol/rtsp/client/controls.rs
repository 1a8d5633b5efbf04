//! The URLs at which the media of a session are set up.

use super::Client;
use crate::rtsp::url;

/// The last way to join a control. The ways are: 0, to the base that the camera
/// announced; 1, to the URL asked for; 2, to that URL's host, and before its query.
pub(super) const LAST_SPELLING: u8 = 2;

impl Client {
    /// The URL at which a medium is set up (RFC 2326 §C.1.1), in the current spelling.
    pub(super) fn media_url(&self, media: usize) -> String {
        let media = self.description.media.get(media);
        let Some(control) = media.and_then(|media| media.control.as_deref()) else {
            // A description with a single medium may give it no control of its own.
            return self.aggregate.clone();
        };
        match self.spelling {
            0 => url::join(&self.base, control),
            1 => url::join(&self.url.without_credentials(), control),
            _ => self.url.relocated(control),
        }
    }

    /// Sets the URL that the controls of the description are relative to.
    pub(super) fn set_base(&mut self, base: String) {
        let control = self.description.control.as_deref().unwrap_or_default();
        self.aggregate = url::join(&base, control);
        self.base = match url::absolute(control, &base) {
            Some(_) => self.aggregate.clone(),
            None => base,
        };
    }
}
