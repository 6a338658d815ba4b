//! When failures lock an account.
//!
//! In: a count of failures, the bounds of a realm, and the time. Out: whether a try is left, and the count
//! after it. A try is taken before anything is compared, and a right secret gives back every failure of its
//! kind. Keeping counts is the business of whoever performs effects: a server on disk, a simulation in
//! memory.

use std::time::Duration;

use crate::engine::host::Timestamp;

/// How many failures an account bears, for each kind of secret, before it is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// Failures within the window that lock for a while.
    pub failures: u32,
    /// The window.
    pub window: Duration,
    /// How long the first lock lasts; each further one lasts twice as long.
    pub lock_for: Duration,
    /// How long a lock lasts at most.
    pub lock_max: Duration,
    /// Failures without a success between them that lock for good.
    pub hard: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(5 * 60),
            lock_for: Duration::from_secs(30),
            lock_max: Duration::from_secs(60 * 60),
            hard: 100,
        }
    }
}

/// The failures of one subject with one kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// Failures in the window.
    pub failures: u32,
    /// When the window began.
    pub window_from: Timestamp,
    /// Failures since the last success.
    pub total: u32,
    /// Locks since the last success.
    pub locks: u32,
    /// When the last lock began.
    pub locked_from: Timestamp,
    /// When the last lock ends.
    pub locked_until: Timestamp,
    /// Tries refused since the last success.
    pub refused: u32,
}

impl Counter {
    /// Takes a try; whether there was one.
    pub fn take(&mut self, lockout: &Lockout, now: Timestamp) -> bool {
        let length = self.locked_until.since(self.locked_from);
        // A clock that was put back must not lengthen a lock: it counts from the new time once more.
        if now < self.locked_from {
            self.locked_from = now;
            self.locked_until = now.plus(length);
        }
        if self.total >= lockout.hard || now < self.locked_until {
            self.refused = self.refused.saturating_add(1);
            return false;
        }
        if now < self.window_from {
            self.window_from = now;
        } else if now.since(self.window_from) >= lockout.window {
            self.failures = 0;
            self.window_from = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.total = self.total.saturating_add(1);
        if self.failures >= lockout.failures {
            let times = 1_u32.checked_shl(self.locks.min(20)).unwrap_or(u32::MAX);
            let doubled = lockout.lock_for.saturating_mul(times);
            self.locked_from = now;
            self.locked_until = now.plus(doubled.min(lockout.lock_max));
            self.locks = self.locks.saturating_add(1);
            self.failures = 0;
            self.window_from = self.locked_until;
        }
        true
    }

    /// Whether the next try would be refused.
    pub fn is_spent(mut self, lockout: &Lockout, now: Timestamp) -> bool {
        !self.take(lockout, now)
    }
}
