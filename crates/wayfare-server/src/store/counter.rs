//! Failures: one counter for each realm, subject and kind of secret.
//!
//! A failure is reserved, on disk, before anything is compared; success gives back every failure of its
//! kind. Whoever kills the process between the two loses a try, never gains one.

use rusqlite::{Connection, OptionalExtension, params};
pub use wayfare::engine::lockout::Counter;
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

fn reserved(counter: &mut Counter, lockout: &Lockout, now: Timestamp) -> Reserved {
    if counter.take(lockout, now) {
        Reserved::Taken
    } else {
        Reserved::Spent
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
            let reserved = reserved(&mut counter, &lockout, now);
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
            let reserved = reserved(&mut counter, &lockout, now);
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
