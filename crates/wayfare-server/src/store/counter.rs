//! Failures: one counter for each realm, subject and kind of secret.
//!
//! A failure is reserved, on disk, before anything is compared; success gives back every failure of its
//! kind. Whoever kills the process between the two loses a try, never gains one.

use rusqlite::{Connection, OptionalExtension, params};
use wayfare::{Timestamp, engine::effect::EffectId};

use super::{
    Store, StoreError,
    effect::{self, Seen},
    run::millis,
};
use crate::config::Lockout;

/// Whether there is a try left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// One was taken; compare now.
    Taken,
    /// None is left for now, or for good; do not compare.
    Spent,
    /// The effect was begun before; do not compare.
    Repeated,
}

/// Whose failures, of what kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterKey {
    /// The realm.
    pub realm: String,
    /// The canonical id.
    pub subject: String,
    /// `password`, `otp`, `recovery`
    pub kind: &'static str,
}

/// A counter as it stands.
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
    /// Takes a try, if there is one.
    pub fn reserve(&mut self, lockout: &Lockout, now: Timestamp) -> Reserved {
        let length = self.locked_until.since(self.locked_from);
        // A clock that was put back must not lengthen a lock: it counts from the new time once more.
        if now < self.locked_from {
            self.locked_from = now;
            self.locked_until = now.plus(length);
        }
        if self.total >= lockout.hard || now < self.locked_until {
            self.refused = self.refused.saturating_add(1);
            return Reserved::Spent;
        }
        if now.since(self.window_from) >= lockout.window || now < self.window_from {
            self.failures = if now < self.window_from {
                self.failures
            } else {
                0
            };
            self.window_from = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.total = self.total.saturating_add(1);
        if self.failures >= lockout.failures {
            let doubled = lockout
                .lock_for
                .saturating_mul(1_u32.checked_shl(self.locks.min(20)).unwrap_or(u32::MAX));
            self.locked_from = now;
            self.locked_until = now.plus(doubled.min(lockout.lock_max));
            self.locks = self.locks.saturating_add(1);
            self.failures = 0;
            self.window_from = self.locked_until;
        }
        Reserved::Taken
    }
}

impl Store {
    /// Takes a try of this counter for an effect, on disk, and notes the effect in the same transaction.
    ///
    /// An effect that was begun before takes nothing.
    pub async fn reserve_for(
        &self,
        effect: EffectId,
        exp: Timestamp,
        key: CounterKey,
        lockout: Lockout,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        self.write(move |db| {
            if let Seen::Before(_) = effect::begin(db, effect, exp)? {
                return Ok(Reserved::Repeated);
            }
            let mut counter = read(db, &key)?.unwrap_or_default();
            let reserved = counter.reserve(&lockout, now);
            write(db, &key, &counter)?;
            Ok(reserved)
        })
        .await
    }

    /// Takes a try of this counter, on disk.
    pub async fn reserve(
        &self,
        key: CounterKey,
        lockout: Lockout,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        self.write(move |db| {
            let mut counter = read(db, &key)?.unwrap_or_default();
            let reserved = counter.reserve(&lockout, now);
            write(db, &key, &counter)?;
            Ok(reserved)
        })
        .await
    }

    /// Gives back every failure of this counter.
    ///
    /// Nobody waits for it: it is before every later change, and if the process dies first the account has
    /// a try less, never one more.
    pub fn refund(&self, key: CounterKey) -> Result<(), StoreError> {
        self.write_later(move |db| {
            db.prepare_cached(
                "DELETE FROM counter WHERE realm = ?1 AND subject = ?2 AND kind = ?3",
            )?
            .execute(params![key.realm, key.subject, key.kind])
            .map(|_| ())
        })
    }

    /// The counter as it stands.
    pub fn counter(&self, key: &CounterKey) -> Result<Counter, StoreError> {
        self.read(|db| read(db, key)).map(Option::unwrap_or_default)
    }
}

fn read(db: &Connection, key: &CounterKey) -> rusqlite::Result<Option<Counter>> {
    let at = |value: i64| Timestamp(u64::try_from(value).unwrap_or(0));
    db.prepare_cached(
        "SELECT failures, window_from, total, locks, locked_from, locked_until, refused
         FROM counter WHERE realm = ?1 AND subject = ?2 AND kind = ?3",
    )?
    .query_row(params![key.realm, key.subject, key.kind], |row| {
        Ok(Counter {
            failures: row.get(0)?,
            window_from: at(row.get(1)?),
            total: row.get(2)?,
            locks: row.get(3)?,
            locked_from: at(row.get(4)?),
            locked_until: at(row.get(5)?),
            refused: row.get(6)?,
        })
    })
    .optional()
}

fn write(db: &Connection, key: &CounterKey, counter: &Counter) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO counter
         (realm, subject, kind, failures, window_from, total, locks, locked_from, locked_until, refused)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        key.realm,
        key.subject,
        key.kind,
        counter.failures,
        millis(counter.window_from),
        counter.total,
        counter.locks,
        millis(counter.locked_from),
        millis(counter.locked_until),
        counter.refused,
    ])
    .map(|_| ())
}
