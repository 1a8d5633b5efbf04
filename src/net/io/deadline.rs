//! Deadlines: when to look at a connection even if no event arrives.
//!
//! A connection's deadline depends on its role, and is computed again each time the
//! connection was served. Code that changes what another connection waits for calls
//! [`Io::invalidate_deadline`].

use std::time::Instant;

use super::Io;
use super::connection::Role;
use super::key::Key;

impl Io {
    /// The next connection whose deadline has passed. The caller sets a new one.
    pub fn next_expired(&mut self) -> Option<Key> {
        while let Some((entry, key)) = self.timers.pop(self.now) {
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            if connection.timer != Some(entry) {
                continue;
            }
            connection.timer = None;
            if connection.deadline.is_some_and(|due| due <= self.now) {
                connection.deadline = None;
                return Some(key);
            }
            self.arm(key);
        }
        None
    }

    /// The earliest time in the timer heap.
    pub fn due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Sets or moves a connection's deadline.
    pub fn set_deadline(&mut self, key: Key, due: Option<Instant>) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.deadline = due;
            self.arm(key);
        }
    }

    /// Ensures that the heap has a timer at or before the deadline.
    fn arm(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if let Some(due) = connection.deadline
            && connection.timer.is_none_or(|timer| due < timer)
        {
            connection.timer = Some(due);
            self.timers.set(key, due);
        }
    }

    /// Marks a connection's deadline to be computed again.
    pub fn invalidate_deadline(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key)
            && !connection.deadline_invalid
        {
            connection.deadline_invalid = true;
            self.invalid_deadlines.push_back(key);
        }
    }

    /// The next connection whose deadline has to be computed again.
    pub fn next_invalid_deadline(&mut self) -> Option<Key> {
        while let Some(key) = self.invalid_deadlines.pop_front() {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.deadline_invalid = false;
                return Some(key);
            }
        }
        None
    }

    /// When a blocked viewer's socket is given up unless it takes some bytes before.
    pub fn progress_deadline(&self, key: Key) -> Option<Instant> {
        let connection = self.connections.get(key)?;
        let is_link = matches!(connection.role, Role::Camera { .. });
        let since = connection.blocked_since.filter(|_| !is_link)?;
        Some(since + self.limits.idle)
    }
}
