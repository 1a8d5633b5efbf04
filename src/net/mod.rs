//! The only module with sockets: one thread, one `poll`, and everything that
//! hangs on it.
//!
//! # How a frame travels
//!
//! 1. The camera's socket becomes readable. [`camera`] asks the source's
//!    [`queue`] for room; the queue has some left in its last buffer or takes one
//!    from the [`pool`]. One `read` fills it: 20 RTP packets or so, at full speed.
//! 2. The queue runs the framer over the new bytes where they lie. Whole
//!    interleaved frames count as deliverable; RTSP messages are cut out and go
//!    to the viewer's [`channel`](crate::channel).
//! 3. At once, in the same turn, the viewer's [`delivery`] lays out WebSocket
//!    headers (in an array on the stack) and frames (in the pool's buffers) and
//!    hands them to the data socket in one `writev`.
//! 4. What was written is released; an emptied buffer goes back to the pool and
//!    is the next one taken, by whichever camera.
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
//!         └─ pool                              the bytes
//! ```
//!
//! They name each other by [`key`]s that go stale instead of dangling.
//!
//! # When something is full
//!
//! | what | then |
//! |---|---|
//! | a viewer's TCP window | its frames wait in the queue |
//! | the queue (`backlog`) | the camera is not read; TCP slows it down |
//! | the pool | cameras without a buffer are not read, in turn, until one comes back |
//! | a control socket's outbox | the viewer does not read its replies and is closed |
//! | viewers (`viewers`, `per_address`) | INIT is answered 503 and the socket closed with 1013 |
//! | the connection table, or file descriptors | the listeners pause |
//!
//! # Edge-triggered
//!
//! Every socket is registered once, for both directions. An event sets
//! `readable` or `writable`; only `WouldBlock` (or a short count, which says the
//! same) clears it. Whoever stops for another reason, back-pressure or fairness,
//! leaves it set and is put in line again by what it waits for.

mod camera;
mod closing;
mod connect;
mod connection;
mod control;
mod data;
mod deadline;
mod delivery;
mod key;
mod listener;
mod outbox;
mod pool;
mod queue;
mod resolver;
mod server;
mod signals;
mod status;
mod timer;
mod viewer;
mod web;

pub use server::{Listed, Server};
