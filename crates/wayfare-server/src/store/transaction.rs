//! Transactions: something that a subject is asked to confirm, once, in a journey.
//!
//! A policy opens one for what it denies, the backchannel opens one for a login elsewhere. A row is
//! created, under way from its first run on, and completed by the first run that ends: any number of runs
//! may be under way at once, one of them counts. What was approved for a policy is used by taking the row
//! away, so there is nothing left that a second use could find. What has expired is over in every state.

use rusqlite::{Connection, OptionalExtension, Row, params};
use wayfare::{Realm, Timestamp};

use super::{
    Store, StoreError,
    ending::{self, Since},
    run::{self, RunEnd, millis},
    session,
};

/// How many transactions of policies a subject may have open; the one that expires first makes room.
pub const OPEN_MAX: i64 = 64;

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nobody has come yet.
    Created,
    /// A run was begun.
    InProgress,
    /// A run has ended, and was the one that counts.
    Completed,
}

/// What a transaction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is open.
    Unknown,
    /// Its subject has confirmed it.
    Approved,
    /// Its run failed.
    Denied,
}

/// What a transaction is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To do once what a policy denied; confirmed beside a session, which stays as it is.
    Policy {
        /// The policy.
        policy: String,
        /// The resource that was denied.
        resource: String,
    },
    /// To log in, asked for by another server.
    Backchannel {
        /// What stands in shared state from the beginning, as a JSON object.
        data: String,
        /// Whether a run that fails leaves it open.
        retry: bool,
    },
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its id.
    pub id: String,
    /// Its realm.
    pub realm: Realm,
    /// The canonical id of the subject.
    pub subject: String,
    /// The name of the subject.
    pub username: String,
    /// Its journey, by its name on the wire.
    pub journey: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Where it is.
    pub state: State,
    /// What it came to.
    pub outcome: Outcome,
    /// What audits call it by: the id that its caller follows it by, then the runs that have ended.
    pub tracking: Vec<String>,
    /// The handle of the session that it led to.
    pub session: Option<String>,
    /// When it is over.
    pub exp: Timestamp,
}

/// A transaction that a run is for, at the end of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approves {
    /// Its realm.
    pub realm: Realm,
    /// Its id.
    pub id: String,
    /// The run, as the audit calls it.
    pub run: Option<String>,
    /// The time now.
    pub now: Timestamp,
}

/// The end of a transaction without a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// The transaction, and the run.
    pub of: Approves,
    /// Whether the run succeeded.
    pub approved: bool,
    /// The handle of the session that it rests on.
    pub session: Option<String>,
    /// Who was proved, and since when the login goes on.
    pub login: Option<(String, Since)>,
    /// The run to end.
    pub end: Option<RunEnd>,
}

impl Transaction {
    /// A new one.
    pub fn new(id: String, realm: Realm, journey: &str, purpose: Purpose, exp: Timestamp) -> Self {
        Self {
            id,
            realm,
            subject: String::new(),
            username: String::new(),
            journey: journey.to_owned(),
            purpose,
            state: State::Created,
            outcome: Outcome::Unknown,
            tracking: Vec::new(),
            session: None,
            exp,
        }
    }

    /// For this subject to confirm.
    pub fn of(mut self, subject: &str, username: &str) -> Self {
        subject.clone_into(&mut self.subject);
        username.clone_into(&mut self.username);
        self
    }
}

impl Store {
    /// Keeps a new transaction.
    pub async fn open_transaction(&self, transaction: Transaction) -> Result<(), StoreError> {
        self.write(move |db| {
            if matches!(transaction.purpose, Purpose::Policy { .. }) {
                make_room(db, &transaction)?;
            }
            insert(db, &transaction)
        })
        .await
    }

    /// Keeps a new transaction of the backchannel, unless its subject has as many open; `false` then.
    pub async fn open_transaction_among(
        &self,
        transaction: Transaction,
        most: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let open: i64 = db
                .prepare_cached(&format!(
                    "SELECT count(*) FROM txn WHERE realm = ?1 AND subject = ?2 AND exp > ?3
                     AND policy IS NULL AND state < {COMPLETED}"
                ))?
                .query_row(
                    params![transaction.realm.as_str(), transaction.subject, millis(now)],
                    |row| row.get(0),
                )?;
            if open >= most {
                return Ok(false);
            }
            insert(db, &transaction).map(|()| true)
        })
        .await
    }

    /// Keeps a word for whoever asks about a transaction of the backchannel; `false` where it is over.
    pub async fn tell(
        &self,
        realm: Realm,
        id: String,
        word: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let told = db
                .prepare_cached(&format!(
                    "UPDATE txn SET told = ?4 WHERE id = ?1 AND realm = ?2 AND exp > ?3
                     AND policy IS NULL AND state = {IN_PROGRESS}"
                ))?
                .execute(params![id, realm.as_str(), millis(now), word])?;
            Ok(told == 1)
        })
        .await
    }

    /// The word that was left for a transaction last.
    pub fn told(&self, realm: &Realm, id: &str) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            let told = db
                .prepare_cached("SELECT told FROM txn WHERE id = ?1 AND realm = ?2")?
                .query_row(params![id, realm.as_str()], |row| row.get(0))
                .optional()?;
            Ok(told.flatten())
        })
    }

    /// A transaction that is not over.
    pub fn transaction(
        &self,
        realm: &Realm,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Transaction>, StoreError> {
        self.read(|db| {
            db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM txn WHERE id = ?1 AND realm = ?2 AND exp > ?3"
            ))?
            .query_row(params![id, realm.as_str(), millis(now)], from_row)
            .optional()
        })
    }

    /// Begins a run for a transaction that is not completed; one of a policy needs a session of its
    /// subject.
    pub async fn begin_transaction(
        &self,
        realm: Realm,
        id: String,
        subject: Option<String>,
        now: Timestamp,
    ) -> Result<Option<Transaction>, StoreError> {
        self.write(move |db| {
            db.prepare_cached(&format!(
                "UPDATE txn SET state = {IN_PROGRESS}
                 WHERE id = ?1 AND realm = ?2 AND exp > ?3 AND state < {COMPLETED}
                 AND (policy IS NULL OR subject = ?4) RETURNING {COLUMNS}"
            ))?
            .query_row(params![id, realm.as_str(), millis(now), subject], from_row)
            .optional()
        })
        .await
    }

    /// Ends a run and its transaction; `false` where the transaction was over, or the session that an
    /// approval rests on is gone: then nothing is approved. The run is over either way.
    pub async fn conclude_transaction(&self, end: Conclusion) -> Result<bool, StoreError> {
        self.write(move |db| {
            if let Some(run) = end.end {
                run::bury(db, run)?;
            }
            if !end.approved {
                return end.of.deny(db);
            }
            if let Some((subject, since)) = &end.login {
                let since = run::from_first_step(db, *since)?;
                if ending::ended(db, end.of.realm.as_str(), subject, since)? {
                    return Ok(false);
                }
            }
            if let Some(handle) = &end.session {
                let valid = session::by_handle(db, handle)?
                    .is_some_and(|session| session.is_valid(end.of.now));
                if !valid {
                    return Ok(false);
                }
            }
            end.of.conclude(db, None)
        })
        .await
    }

    /// Uses an approved transaction of a policy: `true` once, and never again.
    pub async fn use_transaction(
        &self,
        realm: Realm,
        id: String,
        subject: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let used = db
                .prepare_cached(&format!(
                    "DELETE FROM txn WHERE id = ?1 AND realm = ?2 AND subject = ?3 AND exp > ?4
                     AND policy IS NOT NULL AND state = {COMPLETED} AND result = {APPROVED}"
                ))?
                .execute(params![id, realm.as_str(), subject, millis(now)])?;
            Ok(used == 1)
        })
        .await
    }
}

impl Approves {
    /// Whether it may still be approved.
    pub(super) fn is_open(&self, db: &Connection) -> rusqlite::Result<bool> {
        db.prepare_cached(&format!(
            "SELECT 1 FROM txn WHERE id = ?1 AND realm = ?2 AND exp > ?3 AND state = {IN_PROGRESS}"
        ))?
        .exists(params![self.id, self.realm.as_str(), millis(self.now)])
    }

    /// Approves it.
    pub(super) fn conclude(
        &self,
        db: &Connection,
        session: Option<&str>,
    ) -> rusqlite::Result<bool> {
        self.end(db, COMPLETED, APPROVED, session)
    }

    /// Denies it; where it may be tried again it stays open.
    fn deny(&self, db: &Connection) -> rusqlite::Result<bool> {
        let retry: Option<bool> = db
            .prepare_cached("SELECT retry FROM txn WHERE id = ?1 AND realm = ?2")?
            .query_row(params![self.id, self.realm.as_str()], |row| row.get(0))
            .optional()?;
        match retry {
            Some(true) => self.end(db, IN_PROGRESS, UNKNOWN, None),
            _ => self.end(db, COMPLETED, DENIED, None),
        }
    }

    fn end(
        &self,
        db: &Connection,
        state: i64,
        result: i64,
        session: Option<&str>,
    ) -> rusqlite::Result<bool> {
        let changed = db
            .prepare_cached(&format!(
                "UPDATE txn SET state = ?4, result = ?5, session = ?6,
                 tracking = CASE WHEN ?7 IS NULL OR length(tracking) > {TRACKING_BYTES_MAX}
                     THEN tracking ELSE trim(tracking || ' ' || ?7) END
                 WHERE id = ?1 AND realm = ?2 AND exp > ?3 AND state = {IN_PROGRESS}"
            ))?
            .execute(params![
                self.id,
                self.realm.as_str(),
                millis(self.now),
                state,
                result,
                session,
                self.run
            ])?;
        Ok(changed == 1)
    }
}

const CREATED: i64 = 0;
const IN_PROGRESS: i64 = 1;
const COMPLETED: i64 = 2;

const UNKNOWN: i64 = 0;
const APPROVED: i64 = 1;
const DENIED: i64 = 2;

/// How much is kept of the names of runs: one that may be tried again can have many.
const TRACKING_BYTES_MAX: usize = 1_024;

const COLUMNS: &str = "id, realm, subject, username, journey, policy, resource, data, retry, state, result, tracking, session, exp";

fn insert(db: &Connection, transaction: &Transaction) -> rusqlite::Result<()> {
    let (policy, resource, data, retry) = match &transaction.purpose {
        Purpose::Policy { policy, resource } => (Some(policy), Some(resource), "{}", false),
        Purpose::Backchannel { data, retry } => (None, None, data.as_str(), *retry),
    };
    db.prepare_cached(&format!(
        "INSERT INTO txn ({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, {CREATED}, {UNKNOWN}, ?10, NULL, ?11)"
    ))?
    .execute(params![
        transaction.id,
        transaction.realm.as_str(),
        transaction.subject,
        transaction.username,
        transaction.journey,
        policy,
        resource,
        data,
        retry,
        transaction.tracking.join(" "),
        millis(transaction.exp),
    ])
    .map(|_| ())
}

/// Takes away what expires first, so that whoever asks again and again cannot fill the store.
fn make_room(db: &Connection, transaction: &Transaction) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM txn WHERE id IN (SELECT id FROM txn
         WHERE realm = ?1 AND subject = ?2 AND policy IS NOT NULL
         ORDER BY exp DESC, id LIMIT -1 OFFSET ?3)",
    )?
    .execute(params![
        transaction.realm.as_str(),
        transaction.subject,
        OPEN_MAX - 1
    ])
    .map(|_| ())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Transaction> {
    let wrong = |column, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
    };
    let realm: String = row.get(1)?;
    let policy: Option<String> = row.get(5)?;
    let tracking: String = row.get(11)?;
    let names = tracking.split(' ').filter(|name| !name.is_empty());
    let exp: i64 = row.get(13)?;
    let purpose = match policy {
        Some(policy) => Purpose::Policy {
            policy,
            resource: row.get(6)?,
        },
        None => Purpose::Backchannel {
            data: row.get(7)?,
            retry: row.get(8)?,
        },
    };
    Ok(Transaction {
        id: row.get(0)?,
        realm: Realm::parse(&realm).ok_or_else(|| wrong(1, "not a realm"))?,
        subject: row.get(2)?,
        username: row.get(3)?,
        journey: row.get(4)?,
        purpose,
        state: match row.get(9)? {
            CREATED => State::Created,
            IN_PROGRESS => State::InProgress,
            COMPLETED => State::Completed,
            _ => return Err(wrong(9, "not a state")),
        },
        outcome: match row.get(10)? {
            UNKNOWN => Outcome::Unknown,
            APPROVED => Outcome::Approved,
            DENIED => Outcome::Denied,
            _ => return Err(wrong(10, "not a result")),
        },
        tracking: names.map(str::to_owned).collect(),
        session: row.get(12)?,
        exp: Timestamp(u64::try_from(exp).unwrap_or(0)),
    })
}
