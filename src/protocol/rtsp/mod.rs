//! RTSP 1.0 (RFC 2326), sans-IO: shared by the gateway and the wasm player.
//!
//! Invariant: nothing in here opens a socket, reads a clock, draws a random number or
//! logs. Callers pass in bytes and the time, and get bytes and events back. No input
//! makes it panic.
#[cfg(feature = "gateway")]
pub mod answer;
pub mod auth;
pub mod client;
pub mod framer;
pub mod message;
pub mod sdp;
pub mod text;
pub mod transport;
pub mod url;

pub use framer::Invalid;
