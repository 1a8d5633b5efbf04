//! The built-in camera: a clip, and an RTSP server that plays it for ever.
//!
//! It lets people try the gateway without a camera, and tests use it as a real server
//! with real pacing that needs no configuration. Its parts, from the inside out:
//!
//! - [`clip`]: the embedded pictures and sounds by index (made by `make-clip.sh`, and
//!   committed beside it)
//! - [`rtp`]: their packets
//! - [`playback`]: what is due when; all clients share one clock, as with a real camera
//! - [`session`]: the RTSP server of one connection, sans-IO
//! - [`server`]: the only part with sockets, a clock and a log
//!
//! Deliberately absent: UDP, authentication, seeking.

pub mod clip;
mod description;
mod output;
mod playback;
mod resource;
pub mod rtp;
pub mod server;
pub mod session;

pub use server::{Server, Stopper};
