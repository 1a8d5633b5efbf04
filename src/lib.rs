//! camgate: RTSP cameras in a browser.
//!
//! ```text
//!  browser                              camgate (one thread)                cameras
//!  ┌──────────────────────────┐   ws    ┌───────────────────────────┐ rtsp ┌─────────┐
//!  │ <video> ◄ MSE ◄ JS ◄ wasm├────────►│ http ─ websocket ─ viewer ├─────►│ direct: │ a link for
//!  │          RTSP client,    │ control │                      │    │      │ any     │ each viewer
//!  │          depacketise,    │         │                   camera──├─────►│ shared: │ one link for
//!  │          fMP4            │  data   │                           │      │ named   │ all viewers
//!  │                          │◄────────┤ delivery ◄─ queue ◄───────┼──────┤         │
//!  └──────────────────────────┘         └───────────────────────────┘      └─────────┘
//! ```
//!
//! A page opens two WebSockets. On *control* it speaks RTSP, each request wrapped
//! in a message of the WebSocket Streaming Protocol ([`protocol::wsp`]); on *data*
//! it gets interleaved frames (RFC 2326 §10.12) as the camera sends them. To turn
//! these into pictures is the player's work, in the browser, where there is power
//! to spare. Programs that speak RTSP themselves have one socket for both, over TCP
//! or as the bytes of a WebSocket.
//!
//! Media takes one of two ways:
//!
//! - **direct**: the viewer names the host and port of a camera. The gateway makes a
//!   link for this viewer alone and passes its requests on ([`viewer`]). It looks at
//!   the RTP headers of a few frames now and then, to report to the camera what has
//!   arrived, and at nothing else of the media. A slow viewer slows its camera down.
//! - **shared**: the viewer names a camera of the configuration. The gateway is that
//!   camera's only client ([`camera`]) and its viewers' RTSP server ([`viewer`]). It
//!   looks at the first bytes of every frame, to know where pictures and key frames
//!   begin and which parameter sets hold. A viewer begins there, and a slow one goes
//!   on there after pictures that were left out for it.
//!
//! On both ways the bytes of a frame stay as the camera sent them. Viewers of a shared
//! camera get frames of the gateway's own beside them: parameter sets, sender reports,
//! and for our own player [`protocol::rtp::notice`]s.
//!
//! # Words
//!
//! - **viewer**: one page watching one stream; owns a control and a data socket, or
//!   the one socket on which it speaks RTSP
//! - **session**: what a viewer has asked for and what it is told; data sockets join it
//!   by its channel id
//! - **source**: where media comes from, a camera's link and what was read from it:
//!   *direct*, with one viewer, or *shared*, with as many as watch
//! - **frame**: an interleaved frame: `$`, channel, 16-bit length, payload
//! - **message**: a WebSocket message
//!
//! # The map
//!
//! | module | job | kind |
//! |---|---|---|
//! | [`protocol`] | RTSP, RTP, WSP, codecs: a crate of its own, which the player is compiled with, too | sans-IO |
//! | [`http`] | request heads: upgrade, page, or refusal | sans-IO |
//! | [`websocket`] | frames: unmasking, messages, close | sans-IO |
//! | [`viewer`] | one viewer's session: WSP, the relay of its requests to a camera, and the RTSP server in a shared camera's stead | sans-IO |
//! | [`camera`] | shared cameras: a link each, what it brings, and what is kept of it | sans-IO |
//! | [`failure`] | why there is no link to a camera | pure |
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
//! - [`viewer`] may use [`camera`], and neither of them [`net`]; [`camera`] knows
//!   nothing of viewers' sessions.
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
pub mod config;
pub mod failure;
pub mod http;
mod json;
pub mod net;
pub mod quota;
pub mod viewer;
pub mod websocket;
