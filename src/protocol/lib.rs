//! What the gateway and its wasm player have in common, compiled into both:
//! protocols and codecs, sans-IO.
//!
//! | module | job |
//! |---|---|
//! | [`wsp`] | messages of the WebSocket Streaming Protocol 1.1 |
//! | [`rtsp`] | RTSP 1.0 (RFC 2326): framing, messages, SDP, authentication, a client |
//! | [`codec`] | NAL units and parameter sets of H.264 and H.265 |
//! | [`rtp`] | RTP and RTCP (RFC 3550): packets, senders, reports, notices |
//! | [`random`] | pseudo-random numbers |
//!
//! # Architecture invariants
//!
//! - Nothing in here opens a socket, reads a clock, draws a random number or logs:
//!   callers pass in bytes and the time, and get bytes and outputs back.
//! - No input makes it panic.
//! - It depends on nothing in the gateway or the player. The compiler ensures that,
//!   because it is a crate of its own. Its size matters, because it is part of the wasm
//!   that every page loads.
#![forbid(unsafe_code)]

pub mod codec;
pub mod random;
pub mod rtp;
pub mod rtsp;
pub mod wsp;
