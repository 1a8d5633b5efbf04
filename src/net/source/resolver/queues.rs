//! The queues of names for the threads that look them up. Names that were slow before
//! have a queue of their own, so that they do not delay others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many slow names are remembered, for viewers and cameras each.
const REMEMBERED: usize = 256;

/// Names that wait for the same threads.
pub(super) struct LookupQueue {
    work: Mutex<Work>,
    /// The maximum number of threads.
    pub(super) max_threads: usize,
}

/// The names that wait in a queue, and the number of its threads.
#[derive(Default)]
pub(super) struct Work {
    pub(super) waiting: VecDeque<(u64, String)>,
    pub(super) threads: usize,
}

/// The two queues for names of cameras, or for those of viewers.
pub(super) struct LookupQueues {
    prompt: Arc<LookupQueue>,
    slow: Arc<LookupQueue>,
    /// Names that were slow, the latest last.
    known_slow: VecDeque<String>,
}

impl LookupQueues {
    /// Two queues, each with at most so many threads.
    pub(super) fn new(max_threads: usize) -> LookupQueues {
        let queue = || {
            Arc::new(LookupQueue {
                work: Mutex::default(),
                max_threads,
            })
        };
        LookupQueues {
            prompt: queue(),
            slow: queue(),
            known_slow: VecDeque::new(),
        }
    }

    pub(super) fn queue_for(&self, host: &str) -> Arc<LookupQueue> {
        let slow = self.known_slow.iter().any(|name| name == host);
        Arc::clone(if slow { &self.slow } else { &self.prompt })
    }

    pub(super) fn remember(&mut self, host: &str, slow: bool) {
        self.known_slow.retain(|name| name != host);
        if slow {
            self.known_slow.push_back(host.to_owned());
        }
        if self.known_slow.len() > REMEMBERED {
            self.known_slow.pop_front();
        }
    }
}

impl LookupQueue {
    /// Locks the queue. Nothing that may panic is done under the lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next name for a thread. `None`: the thread has to end, and no longer counts.
    pub(super) fn next(&self) -> Option<(u64, String)> {
        let mut work = self.lock();
        let next = work.waiting.pop_front();
        work.threads -= usize::from(next.is_none());
        next
    }

    /// Whether this name still waits.
    pub(super) fn contains(&self, number: u64) -> bool {
        self.lock()
            .waiting
            .iter()
            .any(|(other, _)| *other == number)
    }

    /// Removes a name. `false`: it was not waiting.
    pub(super) fn remove(&self, number: u64) -> bool {
        let mut work = self.lock();
        let before = work.waiting.len();
        work.waiting.retain(|(other, _)| *other != number);
        work.waiting.len() < before
    }
}
