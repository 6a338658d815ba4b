//! Messages that are on their way: each stands here until it was sent, or was given up.
//!
//! What a message says is sealed before it comes here, and a message to nobody has a row like any other.
//! A row goes together with the note of what came of its effect, so that no effect sends twice. Whoever
//! begins to send says so first: a row whose sending was begun and has no end may have been sent.

use rusqlite::{Connection, OptionalExtension, params};
use wayfare::{Realm, Timestamp, engine::effect::EffectId};

use super::{
    Store, StoreError,
    effect::{self, Seen},
    run::millis,
};

/// A message to keep.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Its effect.
    pub id: EffectId,
    /// Its realm.
    pub realm: Realm,
    /// Until when it is of use.
    pub exp: Timestamp,
    /// Until when it is remembered that it was sent.
    pub keep: Timestamp,
    /// The time now, from which on it is due.
    pub due: Timestamp,
    /// The message, sealed.
    pub data: Vec<u8>,
}

/// What became of a message that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept.
    New,
    /// Its effect was performed before.
    Before,
    /// The realm has as many messages on their way as it may have.
    Full,
}

/// A message that somebody begins to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Until when it is of use.
    pub exp: Timestamp,
    /// How often it was begun to be sent, this time not among them.
    pub tries: u32,
    /// How many of these have no end that is known.
    pub doubts: u32,
    /// The message, sealed.
    pub data: Vec<u8>,
}

impl Store {
    /// Keeps a message, where the realm has less than `most` on their way.
    pub async fn keep_posting(&self, posting: Posting, most: u32) -> Result<Kept, StoreError> {
        self.write(move |db| keep(db, &posting, most)).await
    }

    /// Notes that a message begins to be sent; `None` where it is gone, or not due any more.
    pub async fn take_posting(&self, id: EffectId, due: Due) -> Result<Option<Taken>, StoreError> {
        self.write(move |db| take(db, id, due)).await
    }

    /// Puts a message off; `known` where it is known that it was not sent this time.
    pub async fn delay_posting(
        &self,
        id: EffectId,
        until: Timestamp,
        known: bool,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(
                "UPDATE outbox SET due = ?4, doubts = doubts - ?5
                 WHERE run = ?1 AND generation = ?2 AND ordinal = ?3",
            )?
            .execute(params![
                id.run.to_be_bytes(),
                id.generation,
                id.ordinal,
                millis(until),
                i64::from(known)
            ])
            .map(|_| ())
        })
        .await
    }

    /// Notes what came of a message, and forgets what it said.
    pub async fn end_posting(&self, id: EffectId, came: &'static str) -> Result<(), StoreError> {
        self.write(move |db| {
            effect::end(db, id, came)?;
            db.prepare_cached(
                "DELETE FROM outbox WHERE run = ?1 AND generation = ?2 AND ordinal = ?3",
            )?
            .execute(params![id.run.to_be_bytes(), id.generation, id.ordinal])
            .map(|_| ())
        })
        .await
    }

    /// The messages that are to be sent now with their realms, those that wait the longest first.
    pub fn due_postings(&self, due: Due, most: u32) -> Result<Vec<(EffectId, String)>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT run, generation, ordinal, realm FROM outbox WHERE due <= ?1 OR due > ?2
                 ORDER BY due LIMIT ?3",
            )?
            .query_map(params![millis(due.now), millis(due.never), most], |row| {
                let id = EffectId {
                    run: u128::from_be_bytes(row.get(0)?),
                    generation: row.get(1)?,
                    ordinal: row.get(2)?,
                };
                Ok((id, row.get(3)?))
            })?
            .collect()
        })
    }

    /// How many messages are on their way.
    pub fn postings(&self) -> Result<u64, StoreError> {
        self.read(|db| db.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)))
    }
}

/// What is due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// What was put off until now, or before.
    pub now: Timestamp,
    /// What was put off until later than anything is: the clock has gone back since.
    pub never: Timestamp,
}

fn keep(db: &Connection, posting: &Posting, most: u32) -> rusqlite::Result<Kept> {
    let realm = posting.realm.as_str();
    let there: u32 = db
        .prepare_cached("SELECT count(*) FROM outbox WHERE realm = ?1")?
        .query_row([realm], |row| row.get(0))?;
    if there >= most {
        return Ok(Kept::Full);
    }
    let id = posting.id;
    if effect::begin(db, id, posting.keep)? != Seen::New {
        return Ok(Kept::Before);
    }
    db.prepare_cached(
        "INSERT INTO outbox (run, generation, ordinal, realm, exp, due, tries, doubts, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7)",
    )?
    .execute(params![
        id.run.to_be_bytes(),
        id.generation,
        id.ordinal,
        realm,
        millis(posting.exp),
        millis(posting.due),
        posting.data
    ])?;
    Ok(Kept::New)
}

fn take(db: &Connection, id: EffectId, due: Due) -> rusqlite::Result<Option<Taken>> {
    db.prepare_cached(
        "UPDATE outbox SET tries = tries + 1, doubts = doubts + 1
         WHERE run = ?1 AND generation = ?2 AND ordinal = ?3 AND (due <= ?4 OR due > ?5)
         RETURNING exp, tries - 1, doubts - 1, data",
    )?
    .query_row(
        params![
            id.run.to_be_bytes(),
            id.generation,
            id.ordinal,
            millis(due.now),
            millis(due.never)
        ],
        |row| {
            let exp: i64 = row.get(0)?;
            Ok(Taken {
                exp: Timestamp(u64::try_from(exp).unwrap_or(0)),
                tries: row.get(1)?,
                doubts: row.get(2)?,
                data: row.get(3)?,
            })
        },
    )
    .optional()
}
