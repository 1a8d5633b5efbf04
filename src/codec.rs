//! What the parameter sets of video codecs say, and where a stream can be begun
//! with: read by the player to describe a stream to the browser, and by the
//! gateway to tell the size of its pictures and what a new viewer begins with.

pub mod bits;
pub mod h264;
pub mod h265;
pub mod sei;
pub mod slice;
mod vui;
