//! Effects that must not happen twice: remembered by their id.

use rusqlite::{Connection, OptionalExtension, params};
use wayfare::{Timestamp, engine::effect::EffectId};

use super::{Store, StoreError, run::millis};

/// Whether an effect is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is, and is noted now.
    New,
    /// It was begun before; the reply, if it came to one.
    Before(Option<String>),
}

impl Store {
    /// Notes that an effect begins.
    pub async fn begin_effect(&self, id: EffectId, exp: Timestamp) -> Result<Seen, StoreError> {
        self.write(move |db| begin(db, id, exp)).await
    }

    /// Notes what an effect came to.
    pub async fn end_effect(&self, id: EffectId, reply: String) -> Result<(), StoreError> {
        self.write(move |db| end(db, id, &reply)).await
    }
}

pub(super) fn end(db: &Connection, id: EffectId, reply: &str) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE effect SET reply = ?4 WHERE run = ?1 AND generation = ?2 AND ordinal = ?3",
    )?
    .execute(params![
        id.run.to_be_bytes(),
        i64::from(id.generation),
        i64::from(id.ordinal),
        reply
    ])
    .map(|_| ())
}

pub(super) fn begin(db: &Connection, id: EffectId, exp: Timestamp) -> rusqlite::Result<Seen> {
    let run = id.run.to_be_bytes();
    let (generation, ordinal) = (i64::from(id.generation), i64::from(id.ordinal));
    let new = db
        .prepare_cached(
            "INSERT INTO effect (run, generation, ordinal, exp) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![run, generation, ordinal, millis(exp)])?;
    if new == 1 {
        return Ok(Seen::New);
    }
    seen(db, id)
}

/// Whether an effect was begun, and the reply that is noted with it.
pub(super) fn seen(db: &Connection, id: EffectId) -> rusqlite::Result<Seen> {
    let run = id.run.to_be_bytes();
    db.prepare_cached(
        "SELECT reply FROM effect WHERE run = ?1 AND generation = ?2 AND ordinal = ?3",
    )?
    .query_row(
        params![run, i64::from(id.generation), i64::from(id.ordinal)],
        |row| row.get(0),
    )
    .optional()
    .map(|row| row.map_or(Seen::New, Seen::Before))
}
