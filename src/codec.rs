//! What the parameter sets of video codecs say: read by the player to describe
//! a stream to the browser, and by the gateway to tell the size of its pictures.

pub mod bits;
pub mod h264;
pub mod h265;
mod vui;
