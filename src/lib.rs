//! camgate: RTSP cameras in a browser.
//!
//! ```text
//!  browser                              camgate (one thread)                cameras
//!  ┌──────────────────────────┐   ws    ┌───────────────────────────┐ rtsp ┌────────┐
//!  │ <video> ◄ MSE ◄ JS ◄ wasm├────────►│ http ─ websocket ─ channel├─────►│        │
//!  │          RTSP client,    │ control │                 │         │      │        │
//!  │          depacketise,    │  data   │   fixed buffer pool ◄─────┼──────┤        │
//!  │          fMP4            │◄────────┤                           │      └────────┘
//!  └──────────────────────────┘         └───────────────────────────┘
//! ```
//!
//! A page opens two WebSockets. On *control* it speaks RTSP with the camera,
//! each request wrapped in a message of the WebSocket Streaming Protocol
//! ([`protocol::wsp`]); on *data* it gets the camera's interleaved frames (RFC 2326
//! §10.12) as they come. The gateway looks into none of the media, but for how far
//! it is, which it reports to the camera now and then: the rest is the player's
//! work, in the browser, where there is power to spare.
//!
//! # Words
//!
//! - **viewer**: one page watching one stream; owns a control and a data socket
//! - **channel**: the WSP session that ties the two together
//! - **source**: where a viewer's media comes from; here a *direct* one, the
//!   host and port that the viewer named
//! - **frame**: an interleaved frame: `$`, channel, 16-bit length, payload
//! - **message**: a WebSocket message
//!
//! # The map
//!
//! | module | job | kind |
//! |---|---|---|
//! | [`protocol`] | RTSP, WSP, codecs: a crate of its own, which the player is compiled with, too | sans-IO |
//! | [`http`] | request heads: upgrade, page, or refusal | sans-IO |
//! | [`websocket`] | frames: unmasking, messages, close | sans-IO |
//! | [`channel`] | one viewer's INIT, WRAP and what goes to the camera | sans-IO |
//! | [`camera`] | shared cameras: a link each, and what their viewers are told | sans-IO |
//! | [`access`] | who may open a socket, and to which camera | pure |
//! | [`config`] | the configuration file | pure |
//! | `json` | text within JSON | pure |
//! | [`quota`] | how much of one kind goes to the log | pure |
//! | [`assets`] | pages and player, packed into the program | data |
//! | [`net`] | sockets, the loop, the pool | the only module with sockets |
//! | [`builtin`] | the built-in camera | its own small loop |
//!
//! # Architecture invariants
//!
//! - Protocol code is sans-IO: no sockets, no clock, no randomness, no log.
//!   Bytes, time and entropy are passed in; what is to be done comes out.
//! - One thread does all of the gateway's I/O and never blocks. Looking up
//!   host names is the one exception, on helper threads of a bounded number.
//! - All media memory is one pool, allocated at the start. Every other thing
//!   that a peer can make grow has a limit with a name.
//! - Media is read once and written from where it was read; see [`net`].
//! - Input never panics: what the network does is an error value, told to the
//!   peer and to the log.
//! - Deliberately absent: transcoding, an async runtime, `unsafe`.
#![forbid(unsafe_code)]

pub use camgate_protocol as protocol;

pub mod access;
pub mod assets;
#[cfg(feature = "builtin-camera")]
pub mod builtin;
pub mod camera;
pub mod channel;
pub mod config;
pub mod http;
mod json;
pub mod net;
pub mod quota;
pub mod websocket;
