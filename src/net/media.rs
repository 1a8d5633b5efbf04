//! Media on its way from a camera to viewers: the pool that holds all of it, the queue
//! of each source, and each viewer's position in a queue.

pub mod delivery;
pub mod pool;
pub mod queue;
