//! The end of all that a subject has: sessions, tokens, signed tokens.
//!
//! It is one change, so that nothing is left that the one who asked for it would have to look for. Setting
//! a user inactive and setting a new password make it a part of their own change. Persistent cookies end
//! with it where a user logs out everywhere; elsewhere they need no end, because they let in nobody who is
//! inactive and none who has another password now.
//!
//! A login that is under way meanwhile must not outlive it: its secret was compared before, and what it
//! makes is kept after. So every end leaves a mark, a number that only grows, in its own transaction;
//! a login knows the mark of the time before it looked anybody up ([`Since`]), and what it makes is kept
//! only if its subject has no later one, asked in the transaction that keeps it. The run that brought an
//! end about, by setting the password, is not over by it.

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension, params};
use wayfare::Realm;

use super::{Store, StoreError, identity, session, session::Session, token};

/// A number that every end of all that somebody has is given; later ones have greater ones.
type Mark = i64;

/// Since when a login goes on: whatever ended after it ends the login, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    mark: Mark,
    run: Option<u128>,
}

impl Since {
    /// Before anything ended: whatever has ended since ends the login. The strictest there is.
    pub const FIRST: Self = Self { mark: 0, run: None };

    /// The same for this run, which is not over by what it ended itself.
    #[must_use]
    pub fn of_run(self, run: u128) -> Self {
        Self {
            run: Some(run),
            ..self
        }
    }

    /// The same from an earlier mark on, where there is one.
    pub(super) fn at_most(self, mark: Option<Mark>) -> Self {
        Self {
            mark: mark.map_or(self.mark, |mark| mark.min(self.mark)),
            ..self
        }
    }

    pub(super) fn mark(self) -> Mark {
        self.mark
    }

    pub(super) fn run(self) -> Option<u128> {
        self.run
    }
}

/// How often all of a subject's has ended, as signed tokens carry it: one that carries another text is
/// over. It is another one too in a store that was put back from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing(String);

impl Standing {
    /// The text that a token carries.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Store {
    /// Ends all that a subject has, persistent cookies too, but for one session and its tokens; the sessions
    /// that have ended.
    pub async fn end_subject(
        &self,
        realm: &Realm,
        subject: String,
        spared: Option<String>,
    ) -> Result<Vec<Session>, StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            identity::void_cookies(db, &realm, &subject)?;
            all(db, &realm, &subject, spared.as_deref(), None)
        })
        .await
    }

    /// The time now, for a login that is about to begin: to be asked before anything is looked up or compared.
    pub fn since(&self) -> Since {
        Since {
            mark: self.inner.latest.mark(),
            run: None,
        }
    }

    /// Whether all that a subject had has ended since then.
    pub fn has_ended(
        &self,
        realm: &Realm,
        subject: &str,
        since: Since,
    ) -> Result<bool, StoreError> {
        self.read(|db| ended(db, realm.as_str(), subject, since))
    }

    /// How a subject stands: what a signed token of theirs carries to be over when all of theirs ends.
    pub fn standing(&self, realm: &Realm, subject: &str) -> Result<Standing, StoreError> {
        let times = self.read(|db| times(db, realm.as_str(), subject))?;
        Ok(self.standing_of(realm, subject, times))
    }

    /// How a subject stands for a login; nothing where all that they had has ended since then.
    pub fn standing_since(
        &self,
        realm: &Realm,
        subject: &str,
        since: Since,
    ) -> Result<Option<Standing>, StoreError> {
        // What is read first is the older: an end between the two makes it void.
        let times = self.read(|db| times(db, realm.as_str(), subject))?;
        let over = self.has_ended(realm, subject, since)?;
        Ok((!over).then(|| self.standing_of(realm, subject, times)))
    }

    fn standing_of(&self, realm: &Realm, subject: &str, times: i64) -> Standing {
        let mut context = Context::new(&SHA256);
        context.update(&self.epoch());
        context.update(&times.to_be_bytes());
        context.update(realm.as_str().as_bytes());
        context.update(&[0]);
        context.update(subject.as_bytes());
        let hash = context.finish();
        Standing(crate::audit::hex(hash.as_ref().iter().take(12)))
    }
}

/// Ends all that a subject has, but for one session and its tokens. `by` is the run that wants it.
pub(crate) fn all(
    db: &Connection,
    realm: &str,
    subject: &str,
    spared: Option<&str>,
    by: Option<u128>,
) -> rusqlite::Result<Vec<Session>> {
    token::end_of_subject(db, realm, subject, spared)?;
    // Of the one who ended last it is kept, beside, what anybody else ended before: that ends them, too.
    db.prepare_cached(
        "INSERT INTO ending (realm, subject, times, mark, run, others) VALUES (?1, ?2, 1, ?3, ?4, 0)
         ON CONFLICT (realm, subject) DO UPDATE SET times = times + 1, mark = excluded.mark,
             run = excluded.run, others = CASE WHEN run IS excluded.run THEN others ELSE mark END",
    )?
    .execute(params![
        realm,
        subject,
        last(db)?.saturating_add(1),
        by.map(u128::to_be_bytes)
    ])?;
    session::take_all(db, realm, subject, spared)
}

/// Whether all that a subject had has ended since then, by anybody but the run itself.
pub(super) fn ended(
    db: &Connection,
    realm: &str,
    subject: &str,
    since: Since,
) -> rusqlite::Result<bool> {
    let mark: Option<Mark> = db
        .prepare_cached(
            "SELECT CASE WHEN run = ?3 THEN others ELSE mark END FROM ending
             WHERE realm = ?1 AND subject = ?2",
        )?
        .query_row(
            params![realm, subject, since.run.map(u128::to_be_bytes)],
            |row| row.get(0),
        )
        .optional()?;
    Ok(mark.is_some_and(|mark| mark > since.mark))
}

/// The last mark of all.
pub(super) fn last(db: &Connection) -> rusqlite::Result<Mark> {
    db.prepare_cached("SELECT coalesce(max(mark), 0) FROM ending")?
        .query_row([], |row| row.get(0))
}

fn times(db: &Connection, realm: &str, subject: &str) -> rusqlite::Result<i64> {
    let times = db
        .prepare_cached("SELECT times FROM ending WHERE realm = ?1 AND subject = ?2")?
        .query_row([realm, subject], |row| row.get(0))
        .optional()?;
    Ok(times.unwrap_or(0))
}
