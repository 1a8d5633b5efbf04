//! camgate: RTSP cameras in a browser.
//!
//! A camera speaks RTSP and sends its media as RTP packets; a browser speaks HTTP and
//! WebSockets. camgate is the program between the two. It carries requests and media, and
//! it serves the page whose player turns the media into what a `<video>` element plays.
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
//! A page opens two WebSockets. On *control* it speaks RTSP, with each request wrapped in
//! a message of the WebSocket Streaming Protocol ([`protocol::wsp`]). On *data* it gets
//! interleaved frames (RFC 2326 §10.12) as the camera sends them. Turning these into
//! pictures is the player's work, in the browser, where there is power to spare. A program
//! that speaks RTSP itself, such as a recorder, has one socket for both: a TCP connection,
//! or a WebSocket that carries the same bytes.
//!
//! # The two ways of media
//!
//! - **Direct**: the viewer names the host and port of a camera. The gateway makes a link
//!   for this viewer alone and passes the viewer's requests on ([`viewer`]). It inspects
//!   the RTP headers of a few frames from time to time, so that it can report to the camera
//!   what has arrived, and nothing else of the media. A slow viewer slows its camera down.
//! - **Shared**: the viewer names a camera of the configuration. The gateway is the only
//!   client of that camera ([`camera`]), and an RTSP server towards all of its viewers
//!   ([`viewer`]). It inspects the first bytes of every frame, which tell where pictures and
//!   key frames begin and which parameter sets are valid. A viewer begins at a key frame if
//!   there is one. The camera is not held up by a slow viewer for more than moments: whole
//!   pictures are left out for it, and it goes on at a later key frame ([`camera::shed`]).
//!
//! On both ways the payload of a frame stays as the camera has sent it, and it lies in the
//! same buffer from the read to the write. Viewers of a shared camera also get packets that
//! the gateway writes: parameter sets that they have missed, sender reports, and for the
//! player of this project [`protocol::rtp::notice`]s.
//!
//! # Words
//!
//! - **viewer**: whoever watches one stream: a page with its control and data sockets, or a
//!   program with one RTSP socket
//! - **session**: the state of one viewer's requests; a data socket joins it by its channel
//!   id
//! - **link**: a connection to a camera
//! - **source**: a camera's link with the media that was read from it. A *direct* source has
//!   one viewer, a *shared* source any number
//! - **frame**: an interleaved frame: `$`, a channel, a 16-bit length, and a payload, which
//!   is one RTP or RTCP packet
//! - **message**: a message of WebSocket, WSP or RTSP, whichever the sentence is about
//! - **track**: one medium of a stream, with a channel for RTP and one for RTCP
//! - **picture**: all packets of one video frame; a *key frame* is a picture with which a
//!   viewer can begin
//! - **queue**, **position**: the media of a source in the order in which it was read, and a
//!   number of bytes from its beginning
//! - **owner**: the code that calls a sans-IO value, gives it bytes and the time, and does
//!   what its outputs say
//!
//! Each layer has one type for what goes wrong. A [`failure::Failure`] says why there is no
//! link, [`camera::Unavailable`] why a shared camera does not play, and a
//! [`viewer::Refusal`] why a viewer's request is refused. The first can be the cause of the
//! second, and both of the third.
//!
//! # The map
//!
//! | module | job | kind |
//! |---|---|---|
//! | [`protocol`] | RTSP, RTP, WSP and codecs: a crate of its own, because the player is compiled with it, too | sans-IO |
//! | [`http`] | the head of a request, and the answer: a WebSocket, a page, or a refusal | sans-IO |
//! | [`websocket`] | WebSocket frames: headers, unmasking, messages, close | sans-IO |
//! | [`viewer`] | the session of one viewer: WSP, the relay of its requests to a camera, and the RTSP server that stands for a shared camera | sans-IO |
//! | [`camera`] | a shared camera: its link, its media, and what is kept of that | sans-IO |
//! | [`failure`] | why there is no link to a camera | pure |
//! | [`access`] | which pages may open sockets, and which cameras they may name | pure |
//! | [`config`] | the configuration file | pure |
//! | `json` | text within JSON | pure |
//! | [`quota`] | how many log lines of one kind are written | pure |
//! | [`assets`] | the pages and the player, packed into the program | data |
//! | [`net`] | the loop, the sockets, the pool, and the parts that own them | the gateway's only sockets |
//! | [`builtin`] | the built-in camera | a loop and sockets of its own |
//!
//! [`net`] is the largest module. Its rooms are, from top to bottom:
//!
//! | room | job |
//! |---|---|
//! | `server`, `route`, `operator` | the loop; how the parts are joined; what the operator asks for |
//! | `source`, `viewer`, `web` | three parts that do not know each other: cameras with their media, viewers with their sockets, and pages |
//! | `media` | the pool, a source's queue, and a viewer's way through it |
//! | `io` | connections, streams, timers, listeners |
//!
//! To read the code from outside in, begin with the first page of [`net`]: it follows one
//! frame from the camera to a viewer. From inside out, begin with [`viewer`] and [`camera`],
//! which need no sockets to be understood.
//!
//! # What something new touches
//!
//! - **A kind of stream**, such as TLS or a tunnel: one file and one variant in `net::io`.
//!   No core changes, and nothing above `net::io` does.
//! - **A kind of connection**, such as another protocol for viewers: a role in `net::io`, a
//!   file in `net::route` that serves it, and a sans-IO core beside [`viewer`] if it has
//!   messages of its own.
//! - **A rule of access**: [`access`], which decides about values alone. Each question has
//!   one place in [`net`] that asks it: who may connect, who may watch, and which address a
//!   viewer may name.
//!
//! The first page of [`net`] names the types and functions for each of these.
//!
//! # Architecture invariants
//!
//! - Protocol code is sans-IO: it opens no socket, reads no clock, draws no random number
//!   and writes no log. Bytes, time and entropy are passed in; what is to be done comes out.
//! - [`viewer`] may use [`camera`], and neither of them [`net`]. [`camera`] knows nothing of
//!   viewers' sessions. `tests/architecture.py` checks that imports point one way.
//! - One thread does all of the gateway's I/O and never blocks. Looking up host names is the
//!   one exception: a bounded number of helper threads does it.
//! - All memory for media is one pool, allocated at the start. Everything else that a peer
//!   can make grow has a limit with a name; the first page of [`net`] lists them.
//! - Media is read once and written from where it was read, with the few exceptions that
//!   [`net`] names.
//! - Input never panics: whatever the network does is a value, which the peer and the log are
//!   told.
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
