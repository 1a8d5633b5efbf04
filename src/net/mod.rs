//! The only module with sockets: one thread, one `poll`, and everything that
//! hangs on it.
//!
//! # How a frame travels
//!
//! 1. The camera's socket becomes readable. [`camera`] has the source's
//!    [`queue`] make room: the rest of its last buffer and as many buffers of the
//!    [`pool`] as 64 KiB take. One `readv` brings what there is: 45 RTP packets
//!    at full speed. Buffers that nothing came into go back at once.
//! 2. The queue runs the framer over the new bytes where they lie. Whole
//!    interleaved frames count as deliverable; RTSP messages are cut out and go
//!    to the viewer's [`channel`](crate::channel).
//! 3. At once, in the same turn, the viewer's [`delivery`] lays out WebSocket
//!    headers (in an array on the stack) and frames (in the pool's buffers) and
//!    hands them to the data socket in one `writev`.
//! 4. What was written is released; an emptied buffer goes back to the pool and
//!    is the next one taken, by whichever camera, warm in the cache.
//!
//! A read that fills less than its room says that the socket is drained, so a
//! batch costs one read and one write. After eight reads it is the next
//! connection's turn.
//!
//! No byte of media is copied between the two system calls, with two exceptions
//! that [`queue`] names.
//!
//! # Who owns what
//!
//! ```text
//! Server ─┬─ connections: Table<Connection>    sockets, each with its role
//!         ├─ viewers:     Table<Viewer>        channel, delivery, keys of its sockets
//!         ├─ sources:     Table<Source>        framer and queue of a camera's link
//!         └─ pool                              the buffers that nobody holds
//! ```
//!
//! They name each other by [`key`]s that go stale instead of dangling. A buffer
//! is its bytes, and has one owner: the pool, or the queue that took it. Within a
//! queue, positions divide the bytes: up to `head` they were sent, up to `whole`
//! they may be, up to `tail` they are the beginning of a frame that is not whole
//! yet.
//!
//! Every five seconds a camera is told how far its media has come: of one that a
//! viewer named, a few frames are looked at for that ([`receipts`]).
//!
//! Media over UDP ([`udp`]) is received into the same queues, one datagram a frame.
//!
//! # When something is full
//!
//! | what | then |
//! |---|---|
//! | a viewer's TCP window | its frames wait in the queue |
//! | the queue (`backlog`) | the camera is not read, TCP slows it down; when the viewer took some, it goes on |
//! | `backlog`, for a viewer of a shared camera | whole pictures are left out for it, unless the cache keeps them anyway: see [`sharing`] |
//! | nearly that, for one who was not slow lately | the camera is left unread for moments, a tenth of the time at most: see [`hold`] |
//! | what the kernel holds for such a viewer and has not sent (64 KiB) | the rest waits in the queue |
//! | the pool (`pool`) | the camera waits in line until a buffer comes back; until then only its answers are read. Each configured stream has a share that direct viewers cannot take, and a reserve finishes one long frame at a time: see [`pool`] |
//! | a share of the pool, by what was idle until then | caches beyond their share are given up, then the direct viewer is closed (1013) whose media has waited longest: see [`relief`] |
//! | a viewer's socket that takes nothing of what waits for it for `idle` | it is closed, its viewer ends, its buffers come back |
//! | a client of RTSP that neither says anything nor takes media for `idle` | it is closed |
//! | a control socket's outbox (256 KiB) | the viewer does not read its replies and is closed |
//! | all outboxes, what came and is not whole, or waits (2 MiB) | of the network that has most of that, whoever has most is closed, until it fits: see [`ledger`] |
//! | what a client says in one turn (2 KiB) | the rest waits until all others had theirs |
//! | requests that the camera has not answered (16) | a WRAP more is answered 503 |
//! | a head (8 KiB), a WSP message (16 KiB), an RTSP message (64 KiB) | 431; close 1009; the camera is given up |
//! | viewers (`viewers`, `per_address`), whatever they speak | INIT is answered 503 and the socket closed with 1013; a client of RTSP is answered 503: see [`admission`]. Of an address that has more, one that plays nothing, or took nothing of it for `handshake`, gives way instead: see [`idlers`] |
//! | connections that ask for nothing (`handshakes`) | the one is closed that waits longest of the network that has most: see [`admission`] |
//! | connections that all was said to (as many as `handshakes`) | the same |
//! | UDP ports (4096) | a camera that sends over UDP is tried again later |
//! | packets before a missing one (16 a track, 50 ms) | the missing one is given up |
//! | names of viewers to be looked up (64, 4 for one address) | INIT is answered 503 |
//! | threads that look names up (8 for what viewers name, 24 for cameras; as many again for names that were slow before) | names wait; what has waited for `handshake` fails: see [`resolver`] |
//! | the connection table, file descriptors, the system's memory | connections that ask for nothing make room, if there are 16 of them; else the listeners pause until a connection ends |
//!
//! # Edge-triggered
//!
//! Every socket is registered once, for both directions. An event sets
//! `readable` or `writable`; only `WouldBlock` (or a short count, which says the
//! same) clears it. Whoever stops for another reason, back-pressure or fairness,
//! leaves it set and is put in line again by what it waits for.

mod admission;
mod answers;
mod camera;
mod closing;
mod connect;
mod connection;
mod control;
mod data;
mod deadline;
mod delivery;
mod flow;
mod hold;
mod idlers;
mod key;
mod ledger;
mod listener;
mod outbox;
mod pool;
mod queue;
mod receipts;
mod relief;
mod reload;
mod resolver;
mod rtsp;
mod server;
mod shared;
mod sharing;
mod signals;
mod status;
mod timer;
mod udp;
mod viewer;
mod watching;
mod web;

pub use server::{Listed, Server};
pub use status::DUMP;
