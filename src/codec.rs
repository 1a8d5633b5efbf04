//! What the parameter sets of video codecs say, and where a stream can be begun
//! with: read by the player to describe a stream to the browser, and by the
//! gateway to tell the size of its pictures and what a new viewer begins with.

pub mod bits;
pub mod h264;
pub mod h265;
pub mod sei;
pub mod slice;
pub mod splice;
pub mod start_code;
mod vui;

/// The most pixels of a side and of a picture that are taken: by the highest levels
/// of H.264 (A.3.1) and H.265. A browser would get memory for any more, gigabytes
/// of it.
const MAX_SIDE: u32 = 16_384;
const MAX_PIXELS: u32 = 139_264 * 256;

/// Whether pictures are larger than any that is taken, uncropped.
pub fn is_too_large(width: u32, height: u32) -> bool {
    width.max(height) > MAX_SIDE || width * height > MAX_PIXELS
}
