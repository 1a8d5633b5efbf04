//! Media on its way: the pool that all of it is in, the queue of each source, and a
//! viewer's way through one.

pub mod delivery;
pub mod pool;
pub mod queue;
