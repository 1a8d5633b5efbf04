//! The only module with sockets: one thread with one `poll`, and all I/O of the gateway.
//!
//! # The rooms
//!
//! ```text
//! server ── route ── operator        the loop; events between parts; commands and status
//!   │
//!   ├─ source   Sources   cameras: their links, queues, UDP ports, names, readers
//!   ├─ viewer   Viewers   sessions, their sockets, who may watch
//!   ├─ web      Web       pages and endpoints for browsers
//!   │
//!   ├─ media              the pool, a source's queue, a viewer's position in it
//!   └─ io       Io        connections, streams, timers, listeners
//! ```
//!
//! Imports point down, which `tests/architecture.py` checks. The parts `Sources`,
//! `Viewers` and `Web` know nothing of each other. A part leaves behind what concerns the
//! others, and `route` handles these events one after the other until none is left
//! (`Server::drain`). Only `server`, `route` and `operator` see all parts.
//!
//! # How a frame travels
//!
//! 1. The camera's stream becomes readable. `source::read` has the source's `queue` make
//!    room: the rest of its last buffer, and as many buffers of the `pool` as 64 KiB take.
//!    One `readv` reads what is there, 45 RTP packets at full speed. Buffers that stay
//!    empty are put back at once. (Media over UDP is received into the same queue, each
//!    datagram as a frame: `source::udp`.)
//! 2. The queue runs the framer over the new bytes where they are. Complete interleaved
//!    frames may be delivered; RTSP messages are cut out. The messages of a direct source
//!    go to its viewer's [session](crate::viewer::Session) by way of `route`, and those of
//!    a shared source to its [`camera`](crate::camera).
//! 3. A *direct* source has one viewer. Every five seconds a few of its frames are
//!    inspected, to report to the camera what has arrived (`source::receipts`). A *shared*
//!    source shows its camera the first bytes of every frame (`source::fan_out`), from
//!    which the camera's cache knows the positions of key frames and pictures.
//! 4. In the same turn, the outlet of each viewer lays out WebSocket headers (in an array
//!    on the stack) and frames (in the pool's buffers), and writes them to the viewer's
//!    stream by one `writev` (`source::outlet`, `media::delivery`). A viewer of a shared
//!    camera that is too far behind is moved to a later picture.
//! 5. What nobody needs any more is released: of a direct source, what its viewer was
//!    sent; of a shared source, what every viewer was sent and the cache does not keep. An
//!    empty buffer goes back to the pool and is the next one taken, for whichever camera,
//!    while it is warm in the processor's cache.
//!
//! A stream that reports itself drained is not read again before its next event, so a
//! batch costs one read and one write. After eight reads the next connection is served.
//!
//! No byte of media is copied between the two system calls, with these exceptions: the two
//! that `media::queue` names, and the rest of a picture that a viewer still gets before it
//! is moved.
//!
//! # Who owns what
//!
//! ```text
//! Server ─┬─ io:      Io       connections by key, each a stream with its role and outbox
//!         ├─ viewers: Viewers  viewers by key: session, keys of its sockets and source
//!         └─ sources: Sources ─┬─ sources by key: key of the link, queue, and the reader: a
//!                              │  viewer's outlet, or a camera and its watchers' outlets
//!                              ├─ UDP ports by key
//!                              └─ pool: the free buffers
//! ```
//!
//! Parts refer to each other's entries by keys, and the key of an entry that is gone finds
//! nothing. A direct source ends with its viewer; a shared one stays while links and
//! watchers come and go. A buffer is its bytes and has one owner: the pool, or the queue
//! that took it. Within a queue, positions divide the bytes: those before `head` were sent,
//! those before `whole` can be sent, and those before `tail` are the beginning of a frame
//! that is still incomplete. Each outlet is at a position between `head` and `whole`, and
//! so is the start of a cache.
//!
//! # What something new touches
//!
//! - **A kind of stream** (TLS, a tunnel): a variant of `io::stream::Stream` with its file,
//!   and `Io::dial` or `Io::accept` where such a stream begins. Nothing above `io` changes:
//!   `Stream::read` says by itself whether it is drained.
//! - **A kind of connection**: a variant of `io::connection::Role` with its name there, a
//!   file in `route` that says how it is served and what happens when its deadline has
//!   passed, and its line in `route::expiry` for how long it may be silent.
//! - **A rule of access**: [`access`](crate::access), which is pure. Each question is asked
//!   in one place: `Web::check` for who may connect, `viewer::admission` for who may watch,
//!   and `source::connect` for which camera.
//!
//! # When something is full
//!
//! | full | consequence |
//! |---|---|
//! | a viewer's TCP window | its frames wait in the queue |
//! | the queue (`backlog`) | the camera is not read, so TCP slows it down, until the viewer has taken something |
//! | `backlog`, for a viewer of a shared camera | whole pictures are left out for it, unless the cache keeps them anyway: see [`camera::shed`](crate::camera::shed) |
//! | nearly that, for a viewer that was not slow lately | the camera is left unread for moments, a tenth of the time at most: see `source::hold` |
//! | the kernel's unsent bytes for such a viewer (64 KiB) | the rest waits in the queue |
//! | the pool (`pool`) | the camera waits in a queue until a buffer is put back; until then only its answers are read. Each configured stream has a share that direct viewers cannot take, and a reserve finishes one long frame at a time: see `media::pool` |
//! | a share of the pool, because others use what was idle | caches beyond their share are given up, then the direct viewer is closed (1013) whose media has waited longest: see `source::relief` |
//! | a viewer's socket that takes nothing for `idle` although bytes wait | it is closed, its viewer ends, its buffers are put back |
//! | an RTSP client that neither sends anything nor takes media for `idle` | it is closed |
//! | a control socket's outbox (256 KiB) | the viewer does not read its replies and is closed |
//! | all outboxes and partial input (2 MiB) | of the network that has most, the connection that has most is closed, until the rest is within the limit: see `io::ledger` |
//! | input of a client in one turn (2 KiB) | the rest waits until all others were served |
//! | requests that the camera has not answered (16) | further WRAPs are answered 503 |
//! | a head (8 KiB), a WSP message (16 KiB), an RTSP message (64 KiB) | 431; close 1009; the camera is given up |
//! | viewers (`viewers`, `per_address`), whatever they speak | INIT is answered 503 and the socket closed with 1013; a client of RTSP is answered 503: see `viewer::admission`. But a viewer of a site with more viewers makes room if it plays nothing, or took none of its media for `handshake` |
//! | connections that ask for nothing (`handshakes`) | of the network that has most, the oldest is closed: see `io::places` |
//! | closing connections (as many as `handshakes`) | the same |
//! | UDP ports (4096) | a camera that sends over UDP is tried again later |
//! | packets that wait for a missing one (16 for each track, 50 ms) | the missing one is given up |
//! | names from viewers that are being resolved (64, and 4 for one network) | INIT is answered 503 |
//! | threads that resolve names (8 for viewers, 24 for cameras, and as many again for names that were slow before) | names wait, and fail after `handshake`: see `source::resolver` |
//! | the connection table, file descriptors, the system's memory | connections that ask for nothing make room, if there are at least 16; otherwise the listeners pause until a connection ends |

mod io;
mod media;
mod operator;
mod route;
mod server;
mod source;
mod viewer;
mod web;

pub use operator::DUMP;
pub use server::{BuiltinCamera, Server};
