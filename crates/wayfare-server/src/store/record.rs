//! What Capture keeps of a user besides the profile: a number, when the record was changed last, and which
//! addresses were verified.
//!
//! It stands apart from the profile, so that it is there for users in a directory, too. What was verified
//! is kept with the value it was verified for: another value is not verified.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use wayfare::{Realm, Timestamp};

use super::{
    Store, StoreError, ending, identity,
    run::millis,
    token::{self, NewToken, Taken, TokenKey},
};

/// What is kept of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The number; no two users ever have the same.
    pub number: i64,
    /// When it was changed last.
    pub updated: Option<Timestamp>,
    /// What was verified, by attribute.
    pub verified: BTreeMap<String, Verified>,
}

/// That somebody has shown that a value is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When.
    pub at: Timestamp,
    /// The value.
    pub of: String,
}

const COLUMNS: &str = "number, updated, verified";

impl Store {
    /// What is kept of a user; made where there is nothing.
    pub async fn record(&self, realm: &Realm, subject: &str) -> Result<Record, StoreError> {
        let found = self.read(|db| find(db, realm.as_str(), subject))?;
        if let Some(found) = found {
            return Ok(found);
        }
        let (realm, subject) = (realm.as_str().to_owned(), subject.to_owned());
        self.write(move |db| made(db, &realm, &subject)).await
    }

    /// The user with this number.
    pub fn record_subject(&self, realm: &Realm, number: i64) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT subject FROM record WHERE realm = ?1 AND number = ?2")?
                .query_row(params![realm.as_str(), number], |row| row.get(0))
                .optional()
        })
    }

    /// Notes that a record was changed.
    pub async fn touch_record(
        &self,
        realm: &Realm,
        subject: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            made(db, &realm, &subject)?;
            db.prepare_cached("UPDATE record SET updated = ?3 WHERE realm = ?1 AND subject = ?2")?
                .execute(params![realm, subject, millis(now)])
                .map(|_| ())
        })
        .await
    }

    /// Notes that a value of an attribute was verified.
    pub async fn verify_record(
        &self,
        realm: &Realm,
        subject: String,
        attribute: String,
        verified: Verified,
    ) -> Result<(), StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| verify(db, &realm, &subject, attribute, verified))
            .await
    }

    /// Exchanges a mailed code for tokens and notes that a value was verified by it, which it had not been
    /// before: whoever has the account so far need not be the owner of the value, so all that they have ends.
    pub async fn recover_record(
        &self,
        key: TokenKey,
        tokens: Vec<NewToken>,
        attribute: String,
        verified: Verified,
    ) -> Result<Taken, StoreError> {
        self.write(move |db| {
            let taken = token::exchange(db, &key, &tokens, verified.at)?;
            if let Taken::Fresh(code) = &taken
                && let Some(subject) = &code.subject
            {
                let realm = code.realm.as_str();
                identity::void_cookies(db, realm, subject)?;
                // What the code is exchanged for is of its own grant.
                ending::all(db, realm, subject, code.session.as_deref(), None)?;
                verify(db, realm, subject, attribute, verified)?;
            }
            Ok(taken)
        })
        .await
    }
}

fn verify(
    db: &Connection,
    realm: &str,
    subject: &str,
    attribute: String,
    verified: Verified,
) -> rusqlite::Result<()> {
    let mut record = made(db, realm, subject)?;
    let at = millis(verified.at);
    record.verified.insert(attribute, verified);
    let text = serde_json::to_string(&record.verified)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    db.prepare_cached(
        "UPDATE record SET verified = ?3, updated = ?4 WHERE realm = ?1 AND subject = ?2",
    )?
    .execute(params![realm, subject, text, at])
    .map(|_| ())
}

fn made(db: &Connection, realm: &str, subject: &str) -> rusqlite::Result<Record> {
    db.prepare_cached(
        "INSERT INTO record (realm, subject, verified) VALUES (?1, ?2, '{}') ON CONFLICT DO NOTHING",
    )?
    .execute([realm, subject])?;
    find(db, realm, subject)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn find(db: &Connection, realm: &str, subject: &str) -> rusqlite::Result<Option<Record>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM record WHERE realm = ?1 AND subject = ?2"
    ))?
    .query_row([realm, subject], from_row)
    .optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Record> {
    let verified: String = row.get(2)?;
    let updated: Option<i64> = row.get(1)?;
    Ok(Record {
        number: row.get(0)?,
        updated: updated.and_then(|at| u64::try_from(at).ok()).map(Timestamp),
        verified: serde_json::from_str(&verified).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                2,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })?,
    })
}
