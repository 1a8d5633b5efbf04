//! When a connection is looked at although nothing happens.
//!
//! A connection's deadline is found anew whenever it was served, from what its role
//! waits for; whoever changes that otherwise asks for it by [`Io::invalidate_deadline`].

use std::time::Instant;

use super::Io;
use super::connection::Role;
use super::key::Key;

impl Io {
    /// The next connection whose time has come. Its deadline is to be set anew.
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

    /// When the next one's time comes.
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

    /// Sees to it that a timer stands at or before the deadline.
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

    /// What a connection waits for has changed.
    pub fn invalidate_deadline(&mut self, key: Key) {
        if !self.invalid_deadlines.contains(&key) {
            self.invalid_deadlines.push_back(key);
        }
    }

    /// The next connection whose deadline is to be found anew.
    pub fn next_invalid_deadline(&mut self) -> Option<Key> {
        self.invalid_deadlines.pop_front()
    }

    /// When a viewer's socket must have taken something of what waits for it.
    pub fn progress_deadline(&self, key: Key) -> Option<Instant> {
        let connection = self.connections.get(key)?;
        let is_link = matches!(connection.role, Role::Camera { .. });
        let since = connection.blocked_since.filter(|_| !is_link)?;
        Some(since + self.limits.idle)
    }
}
