//! The only module with sockets: one thread, one `poll`, and everything that
//! hangs on it.
//!
//! # The rooms
//!
//! ```text
//! server ── route ── operator        the loop; what joins the parts; what the operator asks
//!   │
//!   ├─ source   Sources   cameras: their links, queues, UDP ports, names, who reads them
//!   ├─ viewer   Viewers   sessions, whose sockets are whose, who may watch
//!   ├─ web      Web       pages and facts for browsers
//!   │
//!   ├─ media              the pool, a source's queue, a viewer's way through it
//!   └─ io       Io        connections, streams, timers, listeners
//! ```
//!
//! Imports point down; `tests/architecture.py` sees to it. The parts `Sources`, `Viewers`
//! and `Web` know nothing of each other. What one has to tell the others it leaves behind,
//! and [`route`] takes it to them, one thing after the other, until nothing waits
//! (`Server::drain`). Only `server`, `route` and `operator` see the whole.
//!
//! # How a frame travels
//!
//! 1. The camera's stream becomes readable. `source::read` has the source's
//!    `queue` make room: the rest of its last buffer and as many buffers of the
//!    `pool` as 64 KiB take. One `readv` brings what there is: 45 RTP packets
//!    at full speed. Buffers that nothing came into go back at once. (Media over
//!    UDP is received into the same queue, one datagram a frame: `source::udp`.)
//! 2. The queue runs the framer over the new bytes where they lie. Whole
//!    interleaved frames count as deliverable; RTSP messages are cut out. Those of a
//!    direct source go to its viewer's [session](crate::viewer::Session) by way of
//!    `route`, those of a shared one to its [`camera`](crate::camera).
//! 3. A *direct* source has one viewer. Every five seconds a few of its frames are
//!    looked at, to tell the camera how far its media has come (`source::receipts`). A
//!    *shared* source shows its camera the first bytes of every frame
//!    (`source::fan_out`): from these the camera's cache knows the positions of key
//!    frames and pictures.
//! 4. At once, in the same turn, the outlet of each viewer lays out WebSocket headers (in
//!    an array on the stack) and frames (in the pool's buffers) and hands them to the
//!    viewer's stream in one `writev` (`source::outlet`, `media::delivery`). A viewer of a
//!    shared camera that is too far behind is moved to a later picture.
//! 5. What was written is released: of a direct source what its viewer got, of a shared
//!    one what every viewer got and the cache does not keep. An emptied buffer goes
//!    back to the pool and is the next one taken, by whichever camera, warm in the
//!    processor's cache.
//!
//! A stream that says it is drained is not read again before its next event, so a
//! batch costs one read and one write. After eight reads it is the next
//! connection's turn.
//!
//! No byte of media is copied between the two system calls, with these exceptions:
//! the two that `media::queue` names, and the rest of a picture that a viewer still gets
//! before it is moved.
//!
//! # Who owns what
//!
//! ```text
//! Server ─┬─ io:      Io       connections by key, each a stream with its role and outbox
//!         ├─ viewers: Viewers  viewers by key: session, keys of its sockets and source
//!         └─ sources: Sources ─┬─ sources by key: the key of the link, queue, and who reads
//!                              │  that: a viewer's outlet, or a camera and its watchers'
//!                              ├─ UDP ports by key
//!                              └─ pool: the buffers that nobody holds
//! ```
//!
//! They name each other by keys that go stale instead of dangling. A direct source
//! goes with its viewer; a shared one stays while links and watchers come and go. A
//! buffer is its bytes, and has one owner: the pool, or the queue that took it. Within a
//! queue, positions divide the bytes: up to `head` they were sent, up to `whole` they
//! may be, up to `tail` they are the beginning of a frame that is not whole yet. Each
//! outlet is at a position between `head` and `whole`, and so is the start of a cache.
//!
//! # What something new touches
//!
//! - **A kind of stream** (TLS, a tunnel): a variant of `io::stream::Stream` with its file,
//!   and `Io::dial` or `Io::accept` where such a stream begins. Nothing above `io` changes:
//!   `Stream::read` says by itself whether it is drained.
//! - **A kind of connection**: a variant of `io::connection::Role` with its name there, a
//!   file in `route` that says how it is served and what happens when its time has come,
//!   and its line in `route::expiry` for how long it may be silent.
//! - **A rule of access**: [`access`](crate::access), which is pure. Who may come is asked
//!   in `Web::check`, who may watch in `viewer::admission`, and which camera in
//!   `source::connect`; each of them in one place.
//!
//! # When something is full
//!
//! | what | then |
//! |---|---|
//! | a viewer's TCP window | its frames wait in the queue |
//! | the queue (`backlog`) | the camera is not read, TCP slows it down; when the viewer took some, it goes on |
//! | `backlog`, for a viewer of a shared camera | whole pictures are left out for it, unless the cache keeps them anyway: see [`camera::shed`](crate::camera::shed) |
//! | nearly that, for one who was not slow lately | the camera is left unread for moments, a tenth of the time at most: see `source::hold` |
//! | what the kernel holds for such a viewer and has not sent (64 KiB) | the rest waits in the queue |
//! | the pool (`pool`) | the camera waits in line until a buffer comes back; until then only its answers are read. Each configured stream has a share that direct viewers cannot take, and a reserve finishes one long frame at a time: see `media::pool` |
//! | a share of the pool, by what was idle until then | caches beyond their share are given up, then the direct viewer is closed (1013) whose media has waited longest: see `source::relief` |
//! | a viewer's socket that takes nothing of what waits for it for `idle` | it is closed, its viewer ends, its buffers come back |
//! | a client of RTSP that neither says anything nor takes media for `idle` | it is closed |
//! | a control socket's outbox (256 KiB) | the viewer does not read its replies and is closed |
//! | all outboxes, what came and is not whole, or waits (2 MiB) | of the network that has most of that, whoever has most is closed, until it fits: see `io::ledger` |
//! | what a client says in one turn (2 KiB) | the rest waits until all others had theirs |
//! | requests that the camera has not answered (16) | a WRAP more is answered 503 |
//! | a head (8 KiB), a WSP message (16 KiB), an RTSP message (64 KiB) | 431; close 1009; the camera is given up |
//! | viewers (`viewers`, `per_address`), whatever they speak | INIT is answered 503 and the socket closed with 1013; a client of RTSP is answered 503: see `viewer::admission`. Of an address that has more, one that plays nothing, or took nothing of it for `handshake`, gives way instead |
//! | connections that ask for nothing (`handshakes`) | the one is closed that waits longest of the network that has most: see `io::places` |
//! | connections that all was said to (as many as `handshakes`) | the same |
//! | UDP ports (4096) | a camera that sends over UDP is tried again later |
//! | packets before a missing one (16 a track, 50 ms) | the missing one is given up |
//! | names of viewers to be looked up (64, 4 for one address) | INIT is answered 503 |
//! | threads that look names up (8 for what viewers name, 24 for cameras; as many again for names that were slow before) | names wait; what has waited for `handshake` fails: see `source::resolver` |
//! | the connection table, file descriptors, the system's memory | connections that ask for nothing make room, if there are 16 of them; else the listeners pause until a connection ends |

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
