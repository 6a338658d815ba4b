//! Steps: each can be taken once.
//!
//! A run has a row from its first claim on. The row says which generation comes next; taking a step moves
//! it by one in a single statement, so of two requests with the same authId one wins. The end of a run is
//! a row that no step matches, kept until the last authId of the run has expired. A purge first writes
//! down until when it purged: whatever expired by then is over, whatever the clock says later.

use rusqlite::{Connection, OptionalExtension, params};
use wayfare::Timestamp;
pub use wayfare_wire::claims::Claimed;

use super::{
    Store, StoreError,
    ending::{self, Since},
    quota::{Room, make_room},
    session, token, transaction,
};

/// How many rows are looked at, or taken away, while others wait to write.
const PURGED_AT_ONCE: i64 = 250;
/// What takes so many rows away that have expired.
const PURGED: [&str; 4] = [
    "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE exp < ?1 LIMIT ?2)",
    "DELETE FROM effect WHERE (run, generation, ordinal) IN
     (SELECT run, generation, ordinal FROM effect WHERE exp < ?1 LIMIT ?2)",
    "DELETE FROM txn WHERE id IN (SELECT id FROM txn WHERE exp < ?1 LIMIT ?2)",
    "DELETE FROM token WHERE hash IN (SELECT hash FROM token WHERE exp < ?1 LIMIT ?2)",
];

/// The generation of a run that has ended.
pub const ENDED: i64 = i64::MAX;

/// A run at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnd {
    /// The run.
    pub run: u128,
    /// When the last authId that was given for it expires.
    pub exp: Timestamp,
}

/// What came of the end of a run in success.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// The session as it was made, what it took from the one before included.
    Made(Box<Made>),
    /// The session that was to be replaced is no longer there, and the run rested on it.
    SessionGone,
    /// The transaction that the run was for is concluded, or its time has passed.
    TransactionOver,
    /// All that the subject had has ended since the login began.
    SubjectEnded,
    /// The subject has as many sessions as there may be; whatever was there stays.
    OverQuota,
}

/// A session that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The session.
    pub session: session::Session,
    /// Those that ended to make room for it.
    pub ended: Vec<session::Session>,
}

impl Store {
    /// Takes a step: moves the run from this generation to the next.
    ///
    /// `exp` is when the authId expires, `keep` until when any authId of the run may be valid.
    pub async fn claim_run(
        &self,
        run: u128,
        generation: u32,
        exp: Timestamp,
        keep: Timestamp,
    ) -> Result<Claimed, StoreError> {
        self.write(move |db| claim(db, run, generation, exp, keep))
            .await
    }

    /// Ends a run without a session.
    pub async fn end_run(&self, end: RunEnd) -> Result<(), StoreError> {
        self.write(move |db| bury(db, end)).await
    }

    /// Ends a run, makes its session, ends the one it replaces and approves its transaction, all or
    /// nothing.
    pub async fn finish_run(
        &self,
        end: Option<RunEnd>,
        new: session::NewSession,
        replaces: Option<session::Replaces>,
        approves: Option<transaction::Approves>,
    ) -> Result<Finished, StoreError> {
        self.write(move |db| {
            if let Some(end) = end {
                bury(db, end)?;
            }
            if let Some(approves) = &approves
                && !approves.is_open(db)?
            {
                return Ok(Finished::TransactionOver);
            }
            let mut session = new.session;
            let since = from_first_step(db, new.since)?;
            if ending::ended(db, session.realm.as_str(), &session.subject, since)? {
                return Ok(Finished::SubjectEnded);
            }
            // The time at which it is made is the time now.
            let now = session.created;
            // One whose time is up hands nothing on.
            let mut old = match &replaces {
                Some(replaces) => session::by_handle(db, &replaces.handle)?,
                None => None,
            };
            if let Some(over) = old.take_if(|old| !old.is_valid(now)) {
                session::take(db, &over.handle)?;
            }
            let released = replaces.as_ref().is_some_and(|replaces| replaces.released);
            let visitor = old.take_if(|old| released && !old.proved && old.realm == session.realm);
            match (&old, &replaces) {
                // Another's session stays as it is.
                (Some(old), _) if old.subject != session.subject || old.realm != session.realm => {
                    return Ok(Finished::SessionGone);
                }
                (None, Some(replaces)) if replaces.required => return Ok(Finished::SessionGone),
                _ => {}
            }
            let handle = old.as_ref().map(|old| &*old.handle);
            let ended = match new.quota {
                None => Vec::new(),
                Some(quota) => match make_room(db, &session, handle, quota, now)? {
                    Room::Made(ended) => ended,
                    Room::None => return Ok(Finished::OverQuota),
                },
            };
            if let Some(visitor) = visitor {
                session::end(db, &visitor.handle)?;
            }
            if let (Some(old), Some(replaces)) = (old, &replaces) {
                session::take(db, &old.handle)?;
                token::hand_on(db, &old.handle, &session.handle)?;
                session.inherit(&old, &replaces.forgets);
            }
            session::insert(db, &new.token, &session)?;
            if let Some(approves) = &approves {
                approves.conclude(db, Some(&session.handle))?;
            }
            Ok(Finished::Made(Box::new(Made { session, ended })))
        })
        .await
    }

    /// Keeps since when a run goes on that has proved somebody before its first step was claimed.
    pub async fn keep_since(
        &self,
        run: u128,
        since: Since,
        exp: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO run (id, generation, exp, since) VALUES (?1, 0, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET since = coalesce(since, excluded.since)",
            )?
            .execute(params![key(run), millis(exp), since.mark()])
            .map(|_| ())
        })
        .await
    }

    /// Keeps sealed state in the row of a run, for an authId that only refers to it.
    pub async fn keep_state(
        &self,
        run: u128,
        generation: u32,
        exp: Timestamp,
        state: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO run (id, generation, exp, state) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state, exp = max(exp, excluded.exp)
                 WHERE generation = excluded.generation",
            )?
            .execute(params![key(run), i64::from(generation), millis(exp), state])
            .map(|_| ())
        })
        .await
    }

    /// The sealed state that a run keeps here at this generation.
    pub fn kept_state(&self, run: u128, generation: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT state FROM run WHERE id = ?1 AND generation = ?2")?
                .query_row(params![key(run), i64::from(generation)], |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })
    }

    /// The generation of a run; `None` where it has no row.
    pub fn generation(&self, run: u128) -> Result<Option<i64>, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT generation FROM run WHERE id = ?1")?
                .query_row([key(run)], |row| row.get(0))
                .optional()
        })
    }

    /// Until when runs have been purged: an authId that expires by then is over.
    pub fn purged_before(&self) -> Result<Timestamp, StoreError> {
        self.read(purged_before)
    }

    /// Forgets what has expired before `now`.
    pub async fn purge(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            let before = millis(now).max(millis(purged_before(db)?));
            db.execute(
                "INSERT INTO meta (key, value) VALUES ('purged_before', ?1)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [before],
            )
            .map(|_| ())
        })
        .await?;
        // The line above is on disk before any row goes. They go in parts, each a change of its own, so that
        // nobody who logs in waits for all of them.
        for part in PURGED {
            // Bounded by the rows there are: each round takes some away.
            while self
                .write(move |db| {
                    let before = millis(purged_before(db)?);
                    let gone = db.prepare_cached(part)?.execute([before, PURGED_AT_ONCE])?;
                    Ok(i64::try_from(gone).unwrap_or(i64::MAX) >= PURGED_AT_ONCE)
                })
                .await?
            {}
        }
        let mut from = Some(session::FIRST);
        // Bounded by the sessions there are: each round begins behind those it has looked at.
        while let Some(token) = from {
            from = self
                .write(move |db| session::purge(db, &token, now, PURGED_AT_ONCE))
                .await?;
        }
        Ok(())
    }
}

fn claim(
    db: &Connection,
    run: u128,
    generation: u32,
    exp: Timestamp,
    keep: Timestamp,
) -> rusqlite::Result<Claimed> {
    if exp <= purged_before(db)? {
        return Ok(Claimed::Lost);
    }
    let keep = millis(keep.max(exp));
    let from = i64::from(generation);
    let moved = if generation == 0 {
        db.prepare_cached(
            "INSERT INTO run (id, generation, exp, since)
             VALUES (?1, 1, ?2, (SELECT coalesce(max(mark), 0) FROM ending))
             ON CONFLICT (id) DO UPDATE SET generation = 1, exp = max(exp, excluded.exp), state = NULL,
                 since = coalesce(since, excluded.since)
             WHERE generation = 0",
        )?
        .execute(params![key(run), keep])?
    } else {
        db.prepare_cached(
            "UPDATE run SET generation = ?2 + 1, exp = max(exp, ?3), state = NULL
             WHERE id = ?1 AND generation = ?2",
        )?
        .execute(params![key(run), from, keep])?
    };
    Ok(if moved == 1 {
        Claimed::Won
    } else {
        Claimed::Lost
    })
}

/// Since when a run goes on: from its first step on, which was claimed before anything was compared.
pub(super) fn from_first_step(db: &Connection, since: Since) -> rusqlite::Result<Since> {
    let Some(run) = since.run() else {
        return Ok(since);
    };
    let kept: Option<Option<i64>> = db
        .prepare_cached("SELECT since FROM run WHERE id = ?1")?
        .query_row([key(run)], |row| row.get(0))
        .optional()?;
    Ok(since.at_most(kept.flatten()))
}

pub(super) fn bury(db: &Connection, end: RunEnd) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO run (id, generation, exp) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE
         SET generation = excluded.generation, exp = max(exp, excluded.exp), state = NULL",
    )?
    .execute(params![key(end.run), ENDED, millis(end.exp)])
    .map(|_| ())
}

fn purged_before(db: &Connection) -> rusqlite::Result<Timestamp> {
    let value: Option<i64> = db
        .prepare_cached("SELECT value FROM meta WHERE key = 'purged_before'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(Timestamp(
        value.and_then(|v| u64::try_from(v).ok()).unwrap_or(0),
    ))
}

fn key(run: u128) -> [u8; 16] {
    run.to_be_bytes()
}

pub(super) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}
