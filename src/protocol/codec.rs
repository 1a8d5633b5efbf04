//! NAL units and parameter sets of H.264 and H.265. The player reads them to describe a
//! stream to the browser; the gateway reads them to learn the size of pictures and
//! where in a stream a new viewer can begin.

pub mod bits;
pub mod h264;
pub mod h265;
pub mod nal;
pub mod sei;
pub mod slice;
pub mod splice;
pub mod start_code;
mod vui;

/// The largest picture, in pixels, that is passed on to a browser: the limit of the
/// highest levels of H.264 (A.3.1) and H.265. A browser would allocate memory for any
/// size that a stream names, gigabytes of it.
const MAX_PIXELS: u32 = 139_264 * 256;

/// Whether pictures of this size, before cropping, are larger than that. The sizes are
/// reported all the same: the player refuses such pictures and says why.
fn is_too_large(width: u32, height: u32) -> bool {
    width.saturating_mul(height) > MAX_PIXELS
}
