//! The built-in camera: a clip, and an RTSP server that plays it for ever.
//!
//! It is there to try the gateway without a camera and to test against: a
//! real server with real pacing, but nothing to configure. Parts, from the
//! inside out:
//!
//! - [`clip`]: the embedded pictures and sounds by index (made by
//!   `make-clip.sh`, committed beside it)
//! - [`rtp`]: their packets
//! - [`playback`]: what is due when; one clock for all clients, like a camera
//! - [`session`]: the RTSP server of one connection, sans-IO
//! - [`server`]: the only part with sockets, a clock and a log
//!
//! Deliberately absent: UDP, authentication, anything that can be seeked.

pub mod clip;
mod description;
mod output;
mod playback;
mod resource;
pub mod rtp;
pub mod server;
pub mod session;

pub use server::{Server, Stopper};
