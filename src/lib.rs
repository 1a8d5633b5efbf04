//! camgate: RTSP cameras in a browser.
#![forbid(unsafe_code)]
pub mod rtsp;
pub mod wsp;
