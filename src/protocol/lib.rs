//! What the gateway and its wasm player have in common, compiled into both:
//! protocols and codecs, sans-IO.
//!
//! | module | job |
//! |---|---|
//! | [`wsp`] | messages of the WebSocket Streaming Protocol 1.1 |
//! | [`rtsp`] | RTSP 1.0 (RFC 2326): framing, messages, SDP, authentication, a client |
//! | [`codec`] | what is in parameter sets and pictures of H.264 and H.265 |
//! | [`rtp`] | RTP and RTCP (RFC 3550): packets, who is heard, what was left out |
//! | [`random`] | numbers from a seed |
//!
//! # Architecture invariants
//!
//! - Nothing in here opens a socket, reads a clock, draws a random number or
//!   logs: bytes and the time are handed in, bytes and outputs come out.
//! - No input makes it panic.
//! - It depends on nothing of the gateway or the player, which the compiler sees
//!   to: it is a crate of its own. Its size counts twice, for it is part of the
//!   wasm that every page loads.
#![forbid(unsafe_code)]

pub mod codec;
pub mod random;
pub mod rtp;
pub mod rtsp;
pub mod wsp;
