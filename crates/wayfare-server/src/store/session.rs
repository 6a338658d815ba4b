//! Sessions: made at success, found by the hash of their token.
//!
//! The token itself is never on disk. A session is valid while it is younger than its longest time and was
//! used within its idle time; whatever is not valid is not there, for every question alike. How many a user
//! may have stands in [`quota`](super::quota).

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value as Json;
use wayfare::{AuthLevel, Realm, Timestamp};

use super::{Store, StoreError, ending::Since, quota::Quota, run::millis, token};

/// The hash under which a session is kept.
pub type TokenHash = [u8; 32];

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// A name for it that lets nobody in.
    pub handle: String,
    /// Its realm.
    pub realm: Realm,
    /// The canonical id of whose it is.
    pub subject: String,
    /// The canonical name.
    pub username: String,
    /// Its level.
    pub level: AuthLevel,
    /// Whether a factor of the subject was proved.
    pub proved: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub accessed: Timestamp,
    /// How long it lasts.
    pub time_max: Duration,
    /// How long it lasts unused.
    pub idle_max: Duration,
    /// Its properties.
    pub properties: BTreeMap<String, Json>,
}

/// The properties that are lists, of journeys, node types and factors.
const UNITED: [&str; 3] = ["Service", "AuthType", "am.protected.wayfare.factors"];

impl Session {
    /// When it ends, used or not.
    pub fn expires(&self) -> Timestamp {
        self.created.plus(self.time_max)
    }

    /// When it ends, if it is not used.
    pub fn idle_expires(&self) -> Timestamp {
        self.accessed.plus(self.idle_max)
    }

    /// Whether it is valid.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires() && now < self.idle_expires()
    }

    /// Takes over what a replaced session hands on: the higher level, and properties that this one does
    /// not set, except those that it `forgets`; the lists of services and node types are united, new ones
    /// first.
    ///
    /// What nobody proved counts for nothing beside what somebody did, on either side: of two sessions of
    /// which one is proved, its level and lists are the ones that are kept. A level that is only taken
    /// over lasts no longer than it would have.
    pub(super) fn inherit(&mut self, old: &Self, forgets: &[String]) {
        let earned = old.proved || !self.proved;
        let renewed = self.proved || !old.proved;
        if earned && (!renewed || old.level > self.level) {
            self.time_max = self.time_max.min(old.expires().since(self.created));
            self.idle_max = self.idle_max.min(old.idle_max);
        }
        if !renewed {
            self.proved = true;
            self.level = old.level;
        } else if earned {
            self.level = self.level.max(old.level);
        }
        for (key, value) in &old.properties {
            if UNITED.contains(&key.as_str()) {
                let kept = match (renewed, earned) {
                    (true, true) => unite(self.properties.get(key), value).map(Json::String),
                    (true, false) => None,
                    (false, _) => Some(value.clone()),
                };
                if let Some(kept) = kept {
                    self.properties.insert(key.clone(), kept);
                }
            } else if !forgets.contains(key) {
                self.properties
                    .entry(key.clone())
                    .or_insert_with(|| value.clone());
            }
        }
        self.properties
            .insert("AuthLevel".to_owned(), Json::String(self.level.to_string()));
    }
}

fn unite(new: Option<&Json>, old: &Json) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for list in [new.and_then(Json::as_str)?, old.as_str()?] {
        for part in list.split('|').filter(|part| !part.is_empty()) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    Some(parts.join("|"))
}

/// A session to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSession {
    /// The hash of its token.
    pub token: TokenHash,
    /// The session.
    pub session: Session,
    /// How many its subject may have; any number where absent.
    pub quota: Option<Quota>,
    /// Since when the login goes on that it is made of.
    pub since: Since,
}

/// The session that a new one replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// Its handle.
    pub handle: String,
    /// Whether the new one rests on it, so that there is none where it has gone.
    pub required: bool,
    /// The properties that are not taken over from it.
    pub forgets: Vec<String>,
    /// Whether it is a visitor's that was let go: where nobody was proved in it, it ends, whoever's it is,
    /// and nothing is taken over.
    pub released: bool,
}

impl Store {
    /// The valid session with this token; one whose time is up is taken away, so that a clock that is put
    /// back does not bring it back.
    pub fn session(
        &self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let found = self.read(|db| by_token(db, token))?;
        self.unless_over(found, now)
    }

    /// The valid session with this handle; likewise.
    pub fn session_by_handle(
        &self,
        handle: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let found = self.read(|db| by_handle(db, handle))?;
        self.unless_over(found, now)
    }

    fn unless_over(
        &self,
        found: Option<Session>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        match found {
            Some(session) if !session.is_valid(now) => {
                self.write_later(move |db| take_expired(db, &session.handle, now))?;
                Ok(None)
            }
            found => Ok(found),
        }
    }

    /// Notes that a session was used; `false` where it is no longer there.
    pub async fn touch_session(&self, handle: String, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE session SET accessed = max(accessed, ?2) WHERE handle = ?1",
                )?
                .execute(params![handle, millis(now)])?;
            Ok(changed == 1)
        })
        .await
    }

    /// Ends a session and its tokens; `false` where there was none.
    pub async fn end_session(&self, handle: String) -> Result<bool, StoreError> {
        self.write(move |db| end(db, &handle).map(|old| old.is_some()))
            .await
    }

    /// Ends sessions of a subject by their handles, and their tokens, all in one transaction, and returns those that ended.
    pub async fn end_sessions(&self, handles: Vec<String>) -> Result<Vec<Session>, StoreError> {
        self.write(move |db| {
            let mut ended = Vec::new();
            for handle in &handles {
                ended.extend(end(db, handle)?);
            }
            Ok(ended)
        })
        .await
    }

    /// Some of the valid sessions of a subject, the first made first.
    pub fn sessions_of(
        &self,
        realm: &Realm,
        subject: &str,
        now: Timestamp,
        page: Page,
    ) -> Result<Vec<Session>, StoreError> {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.read(|db| {
            db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM session
                 WHERE realm = ?1 AND subject = ?2 AND created + time_max > ?3 AND accessed + idle_max > ?3
                 ORDER BY created, handle LIMIT ?4 OFFSET ?5"
            ))?
            .query_map(
                params![
                    realm.as_str(),
                    subject,
                    millis(now),
                    number(page.size),
                    number(page.offset)
                ],
                from_row,
            )?
            .collect()
        })
    }

    /// Sets and removes properties of a session; the session as it is then, or `None` where it ended.
    pub async fn set_properties(
        &self,
        handle: String,
        changes: BTreeMap<String, Option<String>>,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.write(move |db| {
            let Some(mut session) = by_handle(db, &handle)?.filter(|s| s.is_valid(now)) else {
                return Ok(None);
            };
            for (name, value) in changes {
                match value {
                    Some(value) => session.properties.insert(name, Json::String(value)),
                    None => session.properties.remove(&name),
                };
            }
            db.prepare_cached("UPDATE session SET properties = ?2 WHERE handle = ?1")?
                .execute(params![handle, written(&session.properties)?])?;
            Ok(Some(session))
        })
        .await
    }

    /// How many sessions there are, valid or not.
    pub fn session_count(&self) -> Result<u64, StoreError> {
        let count: i64 =
            self.read(|db| db.query_row("SELECT count(*) FROM session", [], |row| row.get(0)))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many are left out at the beginning.
    pub offset: usize,
    /// How many there are at most.
    pub size: usize,
}

pub(super) const COLUMNS: &str = "handle, realm, subject, username, level, proved, created, accessed, time_max, idle_max, properties";

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Session> {
    let realm: String = row.get(1)?;
    let properties: String = row.get(10)?;
    let wrong = |column, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
    };
    let number = |column| -> rusqlite::Result<u64> {
        let value: i64 = row.get(column)?;
        u64::try_from(value).map_err(|_| wrong(column, "a negative number"))
    };
    Ok(Session {
        handle: row.get(0)?,
        realm: Realm::parse(&realm).ok_or_else(|| wrong(1, "not a realm"))?,
        subject: row.get(2)?,
        username: row.get(3)?,
        level: AuthLevel::saturating(row.get(4)?),
        proved: row.get(5)?,
        created: Timestamp(number(6)?),
        accessed: Timestamp(number(7)?),
        time_max: Duration::from_millis(number(8)?),
        idle_max: Duration::from_millis(number(9)?),
        properties: serde_json::from_str(&properties)
            .map_err(|_| wrong(10, "not a JSON object"))?,
    })
}

pub(super) fn insert(
    db: &Connection,
    token: &TokenHash,
    session: &Session,
) -> rusqlite::Result<()> {
    let span = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let properties = written(&session.properties)?;
    db.prepare_cached(&format!(
        "INSERT INTO session (token, {COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    ))?
    .execute(params![
        &token[..],
        session.handle,
        session.realm.as_str(),
        session.subject,
        session.username,
        session.level.number(),
        session.proved,
        millis(session.created),
        millis(session.accessed),
        span(session.time_max),
        span(session.idle_max),
        properties,
    ])
    .map(|_| ())
}

fn written(properties: &BTreeMap<String, Json>) -> rusqlite::Result<String> {
    serde_json::to_string(properties)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn by_token(db: &Connection, token: &TokenHash) -> rusqlite::Result<Option<Session>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM session WHERE token = ?1"))?
        .query_row([&token[..]], from_row)
        .optional()
}

/// Removes a session if its time is up; one that was used meanwhile stays.
fn take_expired(db: &Connection, handle: &str, now: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM session
         WHERE handle = ?1 AND (created + time_max <= ?2 OR accessed + idle_max <= ?2)",
    )?
    .execute(params![handle, millis(now)])
    .map(|_| ())
}

pub(super) fn by_handle(db: &Connection, handle: &str) -> rusqlite::Result<Option<Session>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM session WHERE handle = ?1"))?
        .query_row([handle], from_row)
        .optional()
}

/// Ends a session with its tokens and returns it.
pub(super) fn end(db: &Connection, handle: &str) -> rusqlite::Result<Option<Session>> {
    token::end_of_session(db, handle)?;
    take(db, handle)
}

/// Removes all sessions of a subject but for one, and returns them.
pub(super) fn take_all(
    db: &Connection,
    realm: &str,
    subject: &str,
    spared: Option<&str>,
) -> rusqlite::Result<Vec<Session>> {
    db.prepare_cached(&format!(
        "DELETE FROM session WHERE realm = ?1 AND subject = ?2 AND handle IS NOT ?3
         RETURNING {COLUMNS}"
    ))?
    .query_map(params![realm, subject, spared], from_row)?
    .collect()
}

/// Removes a session and returns it; its tokens are seen to by whoever calls.
pub(super) fn take(db: &Connection, handle: &str) -> rusqlite::Result<Option<Session>> {
    db.prepare_cached(&format!(
        "DELETE FROM session WHERE handle = ?1 RETURNING {COLUMNS}"
    ))?
    .query_row([handle], from_row)
    .optional()
}

/// Before every token.
pub(super) const FIRST: TokenHash = [0; 32];

/// Looks at so many sessions, beginning with this token, and takes away those whose time is up; the token
/// that the next part begins with, if there is one.
pub(super) fn purge(
    db: &Connection,
    from: &TokenHash,
    now: Timestamp,
    most: i64,
) -> rusqlite::Result<Option<TokenHash>> {
    let next: Option<TokenHash> = db
        .prepare_cached(
            "SELECT token FROM session WHERE token >= ?1 ORDER BY token LIMIT 1 OFFSET ?2",
        )?
        .query_row(params![from, most], |row| row.get(0))
        .optional()?;
    // Behind the last there is nothing: no token is so long.
    let end = next.map_or_else(|| vec![u8::MAX; FIRST.len() + 1], Vec::from);
    db.prepare_cached(
        "DELETE FROM session WHERE token >= ?1 AND token < ?2
         AND (created + time_max <= ?3 OR accessed + idle_max <= ?3)",
    )?
    .execute(params![from, end.as_slice(), millis(now)])?;
    Ok(next)
}
