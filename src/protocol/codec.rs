//! What NAL units are, what the parameter sets of video codecs say, and where a
//! stream can be begun with: read by the player to describe a stream to the
//! browser, and by the gateway to tell the size of its pictures and what a new
//! viewer begins with.

pub mod bits;
pub mod h264;
pub mod h265;
pub mod nal;
pub mod sei;
pub mod slice;
pub mod splice;
pub mod start_code;
mod vui;

/// The most pixels of a picture that browsers are given: by the highest levels of
/// H.264 (A.3.1) and H.265. They would get memory for any more, gigabytes of it.
const MAX_PIXELS: u32 = 139_264 * 256;

/// Whether pictures are larger than that, uncropped. The player is told so by their
/// size: it refuses them, and says why.
fn is_too_large(width: u32, height: u32) -> bool {
    width.saturating_mul(height) > MAX_PIXELS
}
